"""Findings: the rules, and which of their findings are shown."""
