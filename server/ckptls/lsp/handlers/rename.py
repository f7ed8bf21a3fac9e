"""`textDocument/rename`: renames variables of the model in all files of the folders."""

from __future__ import annotations

from collections.abc import Iterable

from lsprotocol import types
from pygls.exceptions import JsonRpcException

from ckptls.features.navigation.rename import CannotRenameError, Target, check_name, places, target
from ckptls.lsp.convert.views import View
from ckptls.lsp.handlers.request_context import PositionParams
from ckptls.lsp.session.closed_file_search import search_closed_files
from ckptls.lsp.session.connection import Server
from ckptls.source.document import Analysis
from ckptls.source.text.source_text import Span


def register(server: Server) -> None:
    """Answers `rename` and `prepareRename`."""
    _register_prepare(server)

    @server.feature(types.TEXT_DOCUMENT_RENAME)
    async def renamed(ls: Server, params: types.RenameParams) -> types.WorkspaceEdit | None:
        found = _target(ls, params)
        if found is None:
            return None
        try:
            check_name(params.new_name)
            return await _edit(ls, found[0], params.new_name, params.work_done_token)
        except CannotRenameError as reason:
            raise _refusal(reason) from reason


def _register_prepare(server: Server) -> None:
    @server.feature(types.TEXT_DOCUMENT_PREPARE_RENAME)
    async def prepared(
        ls: Server, params: types.PrepareRenameParams
    ) -> types.PrepareRenamePlaceholder | None:
        found = _target(ls, params)
        if found is None:
            return None
        return types.PrepareRenamePlaceholder(found[1].range(found[0].span), found[0].text)


def _target(ls: Server, place: PositionParams) -> tuple[Target, View] | None:
    """Returns what is to be renamed; None if it is not a name, so that other servers may answer."""
    seen = ls.session.seen(place.text_document.uri)
    if seen is None:
        return None
    cursors, view = ls.session.documents.at(seen, seen.view.offset(place.position))
    if not cursors:
        return None
    # One string may be several sites: a scope of the model and one of a checkpoint.
    refused: CannotRenameError | None = None
    for cursor in cursors:
        try:
            return target(cursor), view
        except CannotRenameError as reason:
            refused = refused or reason
    assert refused is not None
    raise _refusal(refused)


def _refusal(reason: CannotRenameError) -> JsonRpcException:
    return JsonRpcException(str(reason), int(types.LSPErrorCodes.RequestFailed))


async def _edit(
    ls: Server, renamed: Target, new: str, token: int | str | None
) -> types.WorkspaceEdit:
    closed = await search_closed_files(ls, renamed.name, f"Renaming {renamed.text}", token)
    texts, analyses = _open(ls)
    texts += [(_closed(uri, analysis, ls),) for uri, analysis in closed]
    analyses += [analysis for _, analysis in closed]
    found = zip(texts, places(renamed.name, analyses), strict=True)
    edits = [_of_text(view, spans, new) for views, spans in found for view in views]
    return _workspace_edit(ls, [each for each in edits if each.edits])


def _open(ls: Server) -> tuple[list[tuple[View, ...]], list[Analysis]]:
    documents = ls.session.workspace.documents
    return (
        [ls.session.documents.views(key) for key in documents],
        [opened.document.analysis() for opened in documents.values()],
    )


def _closed(uri: str, analysis: Analysis, ls: Server) -> View:
    return View(uri, analysis.source, ls.session.client.encoding)


def _of_text(view: View, spans: Iterable[Span], new: str) -> types.TextDocumentEdit:
    edits = [types.TextEdit(view.range(span), new) for span in spans if view.holds(span)]
    document = types.OptionalVersionedTextDocumentIdentifier(view.uri, view.version)
    return types.TextDocumentEdit(document, edits)


def _workspace_edit(ls: Server, edits: list[types.TextDocumentEdit]) -> types.WorkspaceEdit:
    """Returns the edits with the versions of their documents, if the client supports that."""
    if ls.session.client.versioned_edits:
        return types.WorkspaceEdit(document_changes=edits)
    changes = {
        each.text_document.uri: [edit for edit in each.edits if isinstance(edit, types.TextEdit)]
        for each in edits
    }
    return types.WorkspaceEdit(changes=changes)
