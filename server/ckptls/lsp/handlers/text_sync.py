"""Documents and notebooks that the client opens, edits and closes."""

from __future__ import annotations

from lsprotocol import types

from ckptls.lsp.handlers import pull_diagnostics, settings_diagnostics
from ckptls.lsp.session.connection import Server
from ckptls.lsp.session.documents import is_settings_file


def register(server: Server) -> None:
    """Handles the notifications of all clients; only some send notebooks."""
    _register_documents(server)
    _register_notebooks(server)


def _register_documents(server: Server) -> None:
    @server.feature(types.TEXT_DOCUMENT_DID_OPEN)
    def did_open(ls: Server, params: types.DidOpenTextDocumentParams) -> None:
        ls.session.open(params.text_document)
        if is_settings_file(params.text_document.uri):
            ls.session.settings_reporting.ask()

    @server.feature(types.TEXT_DOCUMENT_DID_CHANGE)
    def did_change(ls: Server, params: types.DidChangeTextDocumentParams) -> None:
        ls.session.change(params)
        if is_settings_file(params.text_document.uri):
            settings_diagnostics.report_open(ls, params.text_document.uri)

    @server.feature(types.TEXT_DOCUMENT_DID_CLOSE)
    def did_close(ls: Server, params: types.DidCloseTextDocumentParams) -> None:
        uri = params.text_document.uri
        ls.session.close(uri)
        if is_settings_file(uri):
            ls.session.settings_reporting.ask()  # what was not saved is gone
        else:
            pull_diagnostics.clear(ls, [uri])


def _register_notebooks(server: Server) -> None:
    @server.feature(types.NOTEBOOK_DOCUMENT_DID_OPEN)
    def did_open(ls: Server, params: types.DidOpenNotebookDocumentParams) -> None:
        ls.session.open_notebook(params)

    @server.feature(types.NOTEBOOK_DOCUMENT_DID_CHANGE)
    def did_change(ls: Server, params: types.DidChangeNotebookDocumentParams) -> None:
        pull_diagnostics.clear(ls, ls.session.change_notebook(params))

    @server.feature(types.NOTEBOOK_DOCUMENT_DID_CLOSE)
    def did_close(ls: Server, params: types.DidCloseNotebookDocumentParams) -> None:
        pull_diagnostics.clear(ls, ls.session.close_notebook(params.notebook_document.uri))
