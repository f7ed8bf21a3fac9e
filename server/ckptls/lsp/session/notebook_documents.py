"""A notebook that is open in an editor: its cells of code in order, read as one program."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from lsprotocol import types

from ckptls.lsp.convert.positions import changed
from ckptls.lsp.convert.views import View
from ckptls.source.document import Cursor
from ckptls.source.notebooks.ipython_magics import plain_python
from ckptls.source.notebooks.notebook import Notebook, join_cells
from ckptls.source.text.repair import missing
from ckptls.source.text.source_text import SourceText
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

    `opened` is that program as a document of the workspace. Cells whose text the client did
    not tell, cells of Markdown and cells of other languages are none of it.
    """

    def __init__(self, opened: OpenDocument) -> None:
        self.opened = opened
        self._order: list[types.NotebookCell] = []
        self._texts: dict[str, CellText] = {}
        self._joined = Notebook("", ())

    @property
    def uris(self) -> list[str]:
        """The addresses of all cells, in order."""
        return [cell.document for cell in self._order]

    def put(
        self,
        start: int,
        num_deleted: int,
        cells: Iterable[types.NotebookCell],
        texts: Iterable[types.TextDocumentItem] = (),
    ) -> list[str]:
        """Puts cells in the place of others; the addresses of those that are gone."""
        before = self.uris
        self._order[start : start + num_deleted] = cells
        for item in texts:
            self._texts[item.uri] = CellText(SourceText(item.text), item.version, item.language_id)
        kept = set(self.uris)
        return [uri for uri in before if uri not in kept]

    def tell(self, cells: Iterable[types.NotebookCell]) -> None:
        """Takes up what is new of cells that stay where they are: their kind."""
        told = {cell.document: cell for cell in cells}
        self._order = [told.get(cell.document, cell) for cell in self._order]

    def text(self, uri: str) -> CellText | None:
        """The text of a cell, which may be changed; call `join` afterwards."""
        return self._texts.get(uri)

    def forget(self, uri: str) -> None:
        """The client has closed the text of a cell."""
        self._texts.pop(uri, None)

    def join(self) -> None:
        """Makes the program what the cells are now."""
        self._joined = join_cells(self._code())
        self._write(self._joined.text)

    def views(self, encoding: str) -> tuple[View, ...]:
        """The cells of code as the client sees them."""
        return tuple(
            self._view(self._order[cell.index].document, cell.start, encoding)
            for cell in self._joined.cells
        )

    def at(self, view: View, offset: int) -> tuple[tuple[Cursor, ...], View]:
        """The names at an offset, and the view by which their places are told.

        A cell that is broken where something is typed is no part of the program as it
        stands: it is asked with what is missing put in.
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
        """(index among all cells, text) of the cells of code."""
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
            start, end, new = changed(before, program)
            self.opened.document.edit(start, end, new)

    def _view(self, uri: str, start: int, encoding: str) -> View:
        text = self._texts[uri]
        return View(uri, text.source, encoding, text.version, start)
