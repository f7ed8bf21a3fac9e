"""Completion of variable names and of checkpoint paths."""
