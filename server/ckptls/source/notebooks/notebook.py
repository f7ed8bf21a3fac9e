"""Notebooks: the cells of code as one program in order, with every place kept.

What joins the cells keeps them apart: whatever one of them leaves open or gets wrong ends
with it. The join is of text alone, so that a file and an editor's cells are joined alike.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from ckptls.source.notebooks.ipython_magics import plain_python
from ckptls.source.syntax.syntax_tree import Syntax
from ckptls.source.text.source_text import SourceText

if TYPE_CHECKING:
    from tree_sitter import Node

# Statements at the margin end every block before them, and no `else` behind them finds its
# `if`. A parser that recovers from an error does not get beyond these two (tried by pairs).
_BETWEEN = "\ndel _\npass\n"
# How a parser recovers depends on what follows: each of these is to be found whole.
_PROBES = (
    "_ = 0\n",
    "y = 1\n",
    "_(0)\n",
    "import _\n",
    "for _ in _:\n    _\n",
    "def _():\n    _\n",
)
# IPython takes away the indentation of a cell that begins with one; here a block is put
# around it, so that nothing moves.
_BLOCK = "with _:\n"
_INDENTED = re.compile(r"\A(?:[ \t\f]*(?:#[^\r\n]*)?(?:\r\n|\n|\r(?!\n)))*[ \t]+[^\s#]")
# Characters of broken cells, of all together, that are tried with each probe: errors are the most
# that a parser can be given to do, and a cell that is tried is parsed up to nine times.
_MAX_TRIED = 100_000
_OTHER_KERNEL = re.compile(r"(?i)^(?:ir\b|julia|bash|js|javascript|deno|scala|spylon|octave|\.net)")


class NotebookError(ValueError):
    """A file that is no notebook; the text says why."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of code: its index among all cells, its text, where it begins in the program."""

    index: int
    source: str
    start: int

    @property
    def end(self) -> int:
        return self.start + len(self.source)


@dataclass(frozen=True, slots=True)
class Notebook:
    """The program of a notebook and the cells that it is made of.

    `text` has, from a cell's `start` on, as many characters as the cell: its own, or blanks
    for what is not Python. Offsets are code points.
    """

    text: str
    cells: tuple[Cell, ...]

    def place(self, offset: int) -> tuple[Cell, int] | None:
        """The cell that an offset of the program lies in, and the offset in it."""
        found = bisect_right(self.cells, offset, key=lambda cell: cell.start) - 1
        if found < 0 or offset > self.cells[found].end:
            return None
        return self.cells[found], offset - self.cells[found].start

    def offset(self, index: int, offset: int) -> int | None:
        """The offset in the program of one in the cell with that index; None if it is no code."""
        for cell in self.cells:
            if cell.index == index:
                return cell.start + min(offset, len(cell.source))
        return None


def join_cells(cells: Iterable[tuple[int, str]]) -> Notebook:
    """A notebook from its cells of code: (index among all cells, text), in order.

    Where broken cells, one after the other, reach further than each of them does alone, all
    broken ones are left blank. Of broken cells beyond the first 100,000 characters of them, what
    stands before the first broken statement is kept.
    """
    given = list(cells)
    parts: list[_Part] = []
    room = _MAX_TRIED
    for _, source in given:
        parts.append(_apart(source, is_tried=len(source) <= room))
        room -= len(source) if parts[-1].is_broken else 0
    joined = _joined(given, parts)
    if any(part.is_broken for part in parts) and _is_mixed(joined, parts):
        blank = [_Part("", _blanked(s), _BETWEEN) for _, s in given]
        pairs = zip(parts, blank, strict=True)
        joined = _joined(given, [empty if part.is_broken else part for part, empty in pairs])
    return joined


class _Part(NamedTuple):
    """A cell as Python, with what goes before and after it in the program."""

    before: str
    body: str
    after: str
    is_broken: bool = False


def _joined(given: list[tuple[int, str]], parts: list[_Part]) -> Notebook:
    pieces: list[str] = []
    cells: list[Cell] = []
    length = 0
    for (index, source), (before, body, after, _) in zip(given, parts, strict=True):
        cells.append(Cell(index, source, length + len(before)))
        pieces += (before, body, after)
        length += len(before) + len(body) + len(after)
    return Notebook("".join(pieces), tuple(cells))


def _is_mixed(joined: Notebook, parts: list[_Part]) -> bool:
    """Whether a broken statement begins in a sound cell, or goes on into another."""
    source = SourceText(joined.text)
    starts = [source.byte(cell.start - len(part.before)) for cell, part in _pairs(joined, parts)]
    for child in Syntax(source).tree.root_node.children:
        if child.has_error:
            first = bisect_right(starts, child.start_byte) - 1
            last = bisect_right(starts, max(child.end_byte - 1, child.start_byte)) - 1
            if first != last or not parts[first].is_broken:
                return True
    return False


def _pairs(joined: Notebook, parts: list[_Part]) -> Iterable[tuple[Cell, _Part]]:
    return zip(joined.cells, parts, strict=True)


@lru_cache(maxsize=1024)
def _apart(source: str, *, is_tried: bool) -> _Part:
    """A cell as Python, kept apart from its neighbours.

    One that would reach beyond its end all the same, or is not tried, loses its broken
    statements, from the first one on, then all of its text.
    """
    plain = plain_python(source)
    before = _BLOCK if _INDENTED.match(plain.text) else ""
    body, after = plain.text, plain.lacks + _BETWEEN
    text = SourceText(before + body + after)
    root = Syntax(text).tree.root_node
    is_broken = root.has_error
    broken = None
    if is_broken:
        broken = _first_broken(before, body, after) if is_tried else _error_in(root, text, before)
    if broken is not None:
        body, after = body[:broken] + _blanked(body[broken:]), _BETWEEN
        if _first_broken(before, body, after) is not None:
            body = _blanked(body)
    return _Part(before, body, after, is_broken)


def _first_broken(before: str, body: str, after: str) -> int | None:
    """Where the first broken statement of a cell begins; None if the cell keeps to itself."""
    for probe in _PROBES:
        source = SourceText(before + body + after + probe)
        root = Syntax(source).tree.root_node
        if not root.has_error:
            return None
        children = root.named_children
        start = len(source.data) - len(probe)
        if children[-1].has_error or children[-1].start_byte != start:
            return _error_in(root, source, before)
    return None


def _error_in(root: Node, source: SourceText, before: str) -> int:
    """Where in a cell the first broken statement of a tree begins."""
    first = next((child.start_byte for child in root.named_children if child.has_error), 0)
    return max(source.char(first) - len(before), 0)


def _blanked(text: str) -> str:
    return re.sub(r"[^\r\n]", " ", text)


def read_notebook(data: bytes) -> Notebook:
    """The program in a notebook file of nbformat 3 or 4; empty if its kernel is not Python.

    Raises: NotebookError.
    """
    if not data.strip():
        return Notebook("", ())
    content = _content(data)
    if not _is_python(content.get("metadata")):
        return Notebook("", ())
    cells = cells_of(content)
    return join_cells(
        (index, _text(cell.get("source", cell.get("input"))))
        for index, cell in enumerate(cells)
        if isinstance(cell, Mapping) and _is_code(cell)
    )


def cells_of(content: Mapping[str, Any]) -> list[Any]:
    """All cells of a notebook, whatever they are, in order.

    Raises: NotebookError.
    """
    if isinstance(content.get("cells"), list):
        return list(content["cells"])
    sheets = content.get("worksheets")  # nbformat 3
    if not isinstance(sheets, list):
        raise NotebookError("it has neither `cells` nor `worksheets`")
    return [
        cell
        for sheet in sheets
        if isinstance(sheet, Mapping) and isinstance(sheet.get("cells"), list)
        for cell in sheet["cells"]
    ]


def _content(data: bytes) -> Mapping[str, Any]:
    try:
        content = json.loads(data.decode("utf-8-sig"))
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise NotebookError(f"it is not valid JSON ({where}: {error.msg})") from error
    except UnicodeDecodeError as error:
        raise NotebookError(f"it is not UTF-8 (byte {error.start})") from error
    except (RecursionError, ValueError) as error:  # too deep; a number of too many digits
        raise NotebookError("its JSON is nested too deeply, or a number is too long") from error
    if not isinstance(content, Mapping):
        raise NotebookError("it is not a JSON object")
    return content


def _is_python(metadata: object) -> bool:
    """Whether the kernel of a notebook runs Python; one that says nothing does."""
    if not isinstance(metadata, Mapping):
        return True
    info, kernel = metadata.get("language_info"), metadata.get("kernelspec")
    language = info.get("name") if isinstance(info, Mapping) else None
    if language is None and isinstance(kernel, Mapping):
        language = kernel.get("language")
        if language is None:
            return not _OTHER_KERNEL.match(str(kernel.get("name", "")))
    return language is None or str(language).lower() in ("python", "ipython")


def _is_code(cell: Mapping[str, Any]) -> bool:
    if cell.get("cell_type") != "code":
        return False
    metadata = cell.get("metadata")
    editor = metadata.get("vscode") if isinstance(metadata, Mapping) else None
    language = editor.get("languageId") if isinstance(editor, Mapping) else None
    return str(language or cell.get("language") or "python").lower() in ("python", "ipython")


def _text(source: object) -> str:
    if isinstance(source, str):
        return source
    if isinstance(source, list):
        return "".join(line for line in source if isinstance(line, str))
    return ""
