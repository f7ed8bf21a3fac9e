"""An open notebook: its code cells in order, read as one program."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from lsprotocol import types

from ckptls.lsp.convert.views import View
from ckptls.source.document import Cursor
from ckptls.source.notebooks.ipython_magics import plain_python
from ckptls.source.notebooks.notebook import Notebook, join_cells
from ckptls.source.text.repair import missing
from ckptls.source.text.source_text import SourceText
from ckptls.source.text.text_edit import find_edit
from ckptls.workspace.workspace import OpenDocument

_CODE = ("python", "ipython")


@dataclass(slots=True)
class CellText:
    """The text of one cell as the client has it."""

    source: SourceText
    version: int | None
    language: str


class OpenNotebook:
    """The cells of one notebook and the program that they make up.

    `opened` is that program as a document of the workspace. It leaves out cells whose text the
    client did not send, and cells of Markdown and other languages.
    """

    def __init__(self, opened: OpenDocument) -> None:
        self.opened = opened
        self._order: list[types.NotebookCell] = []
        self._texts: dict[str, CellText] = {}
        self._joined = Notebook("", ())

    @property
    def uris(self) -> list[str]:
        """The URIs of all cells, in order."""
        return [cell.document for cell in self._order]

    def put(
        self,
        start: int,
        num_deleted: int,
        cells: Iterable[types.NotebookCell],
        texts: Iterable[types.TextDocumentItem] = (),
    ) -> list[str]:
        """Replaces cells by others, and returns the URIs of those that were removed."""
        before = self.uris
        self._order[start : start + num_deleted] = cells
        for item in texts:
            self._texts[item.uri] = CellText(SourceText(item.text), item.version, item.language_id)
        kept = set(self.uris)
        return [uri for uri in before if uri not in kept]

    def update_cells(self, cells: Iterable[types.NotebookCell]) -> None:
        """Replaces cells that stay where they are, whose kind may have changed."""
        updated = {cell.document: cell for cell in cells}
        self._order = [updated.get(cell.document, cell) for cell in self._order]

    def text(self, uri: str) -> CellText | None:
        """Returns the text of a cell; call `join` after changing it."""
        return self._texts.get(uri)

    def forget(self, uri: str) -> None:
        """Drops the text of a cell that the client has closed."""
        self._texts.pop(uri, None)

    def join(self) -> None:
        """Rebuilds the program from the cells."""
        self._joined = join_cells(self._code())
        self._write(self._joined.text)

    def views(self, encoding: str) -> tuple[View, ...]:
        """Returns the views of the code cells."""
        return tuple(
            self._view(self._order[cell.index].document, cell.start, encoding)
            for cell in self._joined.cells
        )

    def at(self, view: View, offset: int) -> tuple[tuple[Cursor, ...], View]:
        """Returns the names at an offset, and the view that has their positions.

        A cell that is broken where something is typed is not part of the program; it is
        analyzed with the missing text inserted.
        """
        document, whole = self.opened.document, self._joined
        inside = offset - view.start
        insertion = missing(SourceText(plain_python(view.source.text).text), inside)
        if insertion is None:
            return document.at(offset), view
        mended = view.source.text
        mended = mended[: insertion.offset] + insertion.text + mended[insertion.offset :]
        index = self.uris.index(view.uri)
        joined = join_cells(
            (each, mended if each == index else text) for each, text in self._code()
        )
        place = joined.offset(index, inside)
        if place is None:
            return (), view
        try:
            self._write(joined.text)
            return document.at(place), self._view(view.uri, place - inside, view.encoding)
        finally:
            self._write(whole.text)

    def _code(self) -> list[tuple[int, str]]:
        """Returns (index among all cells, text) of the code cells."""
        found = []
        for index, cell in enumerate(self._order):
            text = self._texts.get(cell.document)
            is_code = cell.kind == types.NotebookCellKind.Code
            if text is not None and is_code and text.language.lower() in _CODE:
                found.append((index, text.source.text))
        return found

    def _write(self, program: str) -> None:
        before = self.opened.document.text
        if program != before:
            start, end, new = find_edit(before, program)
            self.opened.document.edit(start, end, new)

    def _view(self, uri: str, start: int, encoding: str) -> View:
        text = self._texts[uri]
        return View(uri, text.source, encoding, text.version, start)
