"""What the commands print with: numbers, tables, colours."""
