"""The state of one client: documents, findings, scans, and work in the background."""
