"""The state of one client: documents, findings, scans, and the work in the background."""
