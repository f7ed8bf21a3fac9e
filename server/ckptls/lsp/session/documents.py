"""The texts that a client has open: documents and the cells of notebooks."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from lsprotocol import types
from pygls.uris import to_fs_path

from ckptls.lsp.convert.content_changes import to_edit
from ckptls.lsp.convert.views import Seen, View
from ckptls.lsp.session.notebook_documents import OpenNotebook
from ckptls.lsp.session.revision import Input, Revision
from ckptls.source.document import Cursor, Document
from ckptls.source.text.source_text import SourceText
from ckptls.workspace.settings import SETTING_FILES
from ckptls.workspace.workspace import Workspace

logger = logging.getLogger(__name__)
_COPIES = ".virtual_documents"


class Documents:
    """The open texts, each program under the URI of its document or notebook.

    encoding: returns how the client counts characters.
    settings: files of settings, which are not programs, by URI.
    revision: counts edits, and texts that go away.
    """

    def __init__(
        self, workspace: Workspace, revision: Revision, encoding: Callable[[], str]
    ) -> None:
        self.versions: dict[str, int | None] = {}
        self.notebooks: dict[str, OpenNotebook] = {}
        self.settings: dict[str, SourceText] = {}
        self._revision = revision
        self._cells: dict[str, str] = {}
        self._workspace = workspace
        self._encoding = encoding

    def seen(self, uri: str) -> Seen | None:
        """Returns the text with that URI, if it is open."""
        key = self._cells.get(uri, uri)
        opened = self._workspace.documents.get(key)
        if opened is None:
            return None
        views = self.views(key)
        for view in views:
            if view.uri == uri:
                return Seen(key, opened, view, views)
        return None

    def views(self, key: str) -> tuple[View, ...]:
        """Returns all texts of a program."""
        notebook = self.notebooks.get(key)
        if notebook is not None:
            return notebook.views(self._encoding())
        opened = self._workspace.documents.get(key)
        if opened is None:
            return ()
        return (View(key, opened.document.source, self._encoding(), self.versions.get(key)),)

    def at(self, seen: Seen, offset: int) -> tuple[tuple[Cursor, ...], View]:
        """Returns the names at an offset of a program, and the view that has their positions."""
        notebook = self.notebooks.get(seen.key)
        if notebook is not None:
            return notebook.at(seen.view, offset)
        return seen.opened.document.at(offset), seen.view

    def programs(self, first: str = "") -> Iterator[str]:
        """Yields the keys of all programs in order, that of the text `first` before the others."""
        first = self._cells.get(first, first)
        yield from sorted(self._workspace.documents, key=lambda key: (key != first, key))

    # Documents

    def open(self, item: types.TextDocumentItem) -> None:
        if is_settings_file(item.uri):
            self.settings[item.uri] = SourceText(item.text)
            self.versions[item.uri] = item.version
            return
        self._workspace.open(item.uri, path_of(item.uri), item.text)
        self.versions[item.uri] = item.version

    def change(self, params: types.DidChangeTextDocumentParams) -> bool:
        """Applies an edit; returns False if no such program is open."""
        uri = params.text_document.uri
        if uri in self.settings:
            self.settings[uri] = self._changed(self.settings[uri], params.content_changes)
            self.versions[uri] = params.text_document.version
            return False
        opened = self._workspace.documents.get(uri)
        if opened is None or uri in self.notebooks:
            logger.warning("edit of a document that is not open: %s", uri)
            return False
        for change in params.content_changes:
            self._apply(opened.document, change)
        self.versions[uri] = params.text_document.version
        self._revision.advance(Input.TEXT)
        return True

    def close(self, uri: str) -> None:
        self.settings.pop(uri, None)
        if uri not in self.notebooks:
            self._workspace.close(uri)
            self.versions.pop(uri, None)
            self._revision.advance(Input.TEXT)

    def _apply(self, document: Document, change: types.TextDocumentContentChangeEvent) -> None:
        if isinstance(change, types.TextDocumentContentChangeWholeDocument):
            document.replace(change.text)
        else:
            document.edit(*to_edit(document.source, change, self._encoding()))

    # Notebooks

    def open_notebook(self, params: types.DidOpenNotebookDocumentParams) -> None:
        uri = params.notebook_document.uri
        notebook = OpenNotebook(self._workspace.open(uri, path_of(uri), ""))
        self.notebooks[uri] = notebook
        notebook.put(0, 0, params.notebook_document.cells, params.cell_text_documents)
        self._joined(uri)

    def change_notebook(self, params: types.DidChangeNotebookDocumentParams) -> list[str] | None:
        """Applies a change; returns the URIs of removed cells, None for an unknown notebook."""
        uri, cells = params.notebook_document.uri, params.change.cells
        notebook = self.notebooks.get(uri)
        if notebook is None:
            logger.warning("edit of a notebook that is not open: %s", uri)
            return None
        gone: list[str] = []
        if cells is not None and cells.structure is not None:
            new = cells.structure.array
            opened = cells.structure.did_open or ()
            gone = notebook.put(new.start, new.delete_count, new.cells or (), opened)
            for closed in cells.structure.did_close or ():
                notebook.forget(closed.uri)
        if cells is not None:
            notebook.update_cells(cells.data or ())
            for each in cells.text_content or ():
                self._change_cell(notebook, each)
        for cell in gone:
            self._cells.pop(cell, None)
        self._joined(uri)
        self._revision.advance(Input.TEXT)
        return gone

    def close_notebook(self, uri: str) -> list[str]:
        """Forgets a notebook, and returns the URIs of its cells."""
        notebook = self.notebooks.pop(uri, None)
        if notebook is None:
            return []
        self._workspace.close(uri)
        for cell in notebook.uris:
            self._cells.pop(cell, None)
        self._revision.advance(Input.TEXT)
        return notebook.uris

    def _change_cell(
        self, notebook: OpenNotebook, change: types.NotebookDocumentCellContentChanges
    ) -> None:
        text = notebook.text(change.document.uri)
        if text is None:
            logger.warning("edit of a cell that is not open: %s", change.document.uri)
            return
        text.source = self._changed(text.source, change.changes)
        text.version = change.document.version

    def _changed(
        self, source: SourceText, changes: Sequence[types.TextDocumentContentChangeEvent]
    ) -> SourceText:
        for change in changes:
            if isinstance(change, types.TextDocumentContentChangeWholeDocument):
                source = SourceText(change.text)
            else:
                start, end, new = to_edit(source, change, self._encoding())
                source = SourceText(source.text[:start] + new + source.text[end:])
        return source

    def _joined(self, uri: str) -> None:
        notebook = self.notebooks[uri]
        self._cells.update(dict.fromkeys(notebook.uris, uri))
        notebook.join()


def is_settings_file(uri: str) -> bool:
    """Whether a URI is that of a file of settings."""
    return uri.rpartition("/")[2] in dict(SETTING_FILES)


def path_of(uri: str) -> Path | None:
    """Returns the path of a `file:` URI; None for documents that are not on a disk.

    jupyterlab-lsp sends servers that read files the URIs of notebooks in a folder of copies.
    """
    if not uri.startswith("file:"):
        return None
    path = to_fs_path(uri)
    if not path:
        return None
    found = Path(os.path.normpath(path))
    if _COPIES in found.parts:
        at = found.parts.index(_COPIES)
        return Path(*found.parts[:at], *found.parts[at + 1 :])
    return found


def paths_of(uris: Iterable[str]) -> list[str]:
    """Returns the paths of those URIs that are on a disk."""
    return [str(path) for path in map(path_of, uris) if path is not None]
