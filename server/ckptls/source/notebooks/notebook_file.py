"""Places in the file of a notebook: where in the JSON a character of a cell stands.

Edits go into the very strings that hold the cells, so that all other bytes of the file stay
as they are: indentation, the order of keys, outputs, the line end at the end.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

_TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"?|[\[\]{},]', re.S)
_CHARACTER = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\.|[^\\]", re.S
)
_Path = tuple[str | int, ...]


class CellEdit(NamedTuple):
    """`new` is to stand for the code points from `start` to `end` of the cell with that index."""

    cell: int
    start: int
    end: int
    new: str


@dataclass(frozen=True, slots=True)
class _Line:
    """One string of a cell: where it begins in the cell, and between its quotes in the file."""

    offset: int
    raw: int
    written: str
    length: int

    def raw_offset(self, offset: int) -> int:
        """Where in the file the character of the cell at `offset` is written."""
        raw = self.raw
        for _ in range(offset - self.offset):
            found = _CHARACTER.match(self.written, raw - self.raw)
            if found is None:
                break
            raw += len(found[0])
        return raw


class NotebookFile:
    """The text of a notebook file, valid JSON, with the places of its cells' strings."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._cells = _cells(text)

    def raw_offset(self, index: int, offset: int) -> int:
        """Where in the file a character of the cell with that index is written."""
        lines = self._cells.get(index, [])
        for line in lines:
            if offset < line.offset + line.length:
                return line.raw_offset(offset)
        return lines[-1].raw_offset(offset) if lines else 0

    def edited(self, edits: Iterable[CellEdit]) -> str:
        """The file's text after edits that do not overlap."""
        changes: list[tuple[int, int, str]] = []
        for edit in edits:
            new = json.dumps(edit.new, ensure_ascii=self.text.isascii())[1:-1]
            for line in self._cells.get(edit.cell, []):
                start = max(edit.start, line.offset)
                end = min(edit.end, line.offset + line.length)
                if start < end or (edit.start == edit.end == start and start <= end and new):
                    changes.append((line.raw_offset(start), line.raw_offset(end), new))
                    new = ""  # an edit over several lines puts its text into the first
        text = self.text
        for start, end, new in sorted(changes, reverse=True):
            text = text[:start] + new + text[end:]
        return text


def _cells(text: str) -> Mapping[int, list[_Line]]:
    """The strings of each cell's source, by the cell's index among all."""
    found: dict[_Path, dict[_Path, tuple[int, str]]] = {}
    order: dict[_Path, None] = {}
    for path, start, written in _strings(text):
        place = _place(path)
        if place is None:
            continue
        cell, line = place
        order[cell] = None
        if line is not None:
            found.setdefault(cell, {})[line] = start, written
    cells: dict[int, list[_Line]] = {}
    for number, cell in enumerate(order):
        index = cell[1] if len(cell) == 2 and isinstance(cell[1], int) else number
        offset = 0
        for start, written in found.get(cell, {}).values():
            length = len(json.loads(f'"{written}"', strict=False))
            cells.setdefault(index, []).append(_Line(offset, start, written, length))
            offset += length
    return cells


def _place(path: _Path) -> tuple[_Path, _Path | None] | None:
    """The cell that a path leads into, and which string of its source it is, if it is one."""
    if path[:1] == ("cells",) and len(path) >= 2:
        cell, rest = path[:2], path[2:]
    elif path[:1] == ("worksheets",) and path[2:3] == ("cells",) and len(path) >= 4:
        cell, rest = path[:4], path[4:]
    else:
        return None
    return cell, rest[1:] if rest[:1] in (("source",), ("input",)) and len(rest) <= 2 else None


def _strings(text: str) -> Iterable[tuple[_Path, int, str]]:
    """(path, offset behind the quote, text between the quotes) of each string that is a value;
    for the beginning of each array's item its path too, with an empty text."""
    path: list[str | int] = []
    awaits_key: list[bool] = []
    for token in _TOKEN.finditer(text):
        first = token[0][0]
        if first == '"':
            if awaits_key and awaits_key[-1]:
                path[-1] = json.loads(token[0], strict=False)
                awaits_key[-1] = False
            else:
                yield tuple(path), token.start() + 1, token[0][1:-1]
        elif first in "[{":
            if path and isinstance(path[-1], int):
                yield (*path, ""), token.start(), ""
            path.append(0 if first == "[" else "")
            awaits_key.append(first == "{")
        elif first == ",":
            if isinstance(path[-1], int):
                path[-1] += 1
            else:
                awaits_key[-1] = True
        else:
            path.pop()
            awaits_key.pop()
