"""What `check` prints of a finding in a file."""

from __future__ import annotations

from ckptls.cli.checking.file_checker import Found


def message_in_file(found: Found) -> str:
    """The message, with the cell for readers who see the JSON of a notebook alone."""
    if found.cell is None:
        return found.message
    return f"cell {found.cell + 1}, line {found.extent.start.line + 1}: {found.message}"
