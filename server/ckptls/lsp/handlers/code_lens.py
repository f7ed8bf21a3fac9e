"""`textDocument/codeLens`: what a restore finds, shown above it, and the command of the lens."""

from __future__ import annotations

from lsprotocol import types

from ckptls.checkpoint.core.printable import printable
from ckptls.features.annotations.code_lens import Lens, lenses
from ckptls.lsp.handlers import text_document_content
from ckptls.lsp.handlers.request_context import log_failures, resolve_document
from ckptls.lsp.protocol.server_capabilities import SHOW_RESTORE
from ckptls.lsp.session.connection import Server

_MAX_NAMED = 10


def register(server: Server) -> None:
    """Answers with lenses, and runs their command."""

    @server.feature(types.TEXT_DOCUMENT_CODE_LENS)
    @log_failures
    async def seen(ls: Server, params: types.CodeLensParams) -> list[types.CodeLens]:
        uri = params.text_document.uri
        known = await resolve_document(ls, uri)
        if known is None:
            return []
        view = known.seen.view
        found = []
        for lens in lenses(known.binder):
            if view.holds(lens.span):
                line = view.line_of(lens.span.start)
                command = types.Command(printable(lens.title), SHOW_RESTORE, arguments=[uri, line])
                found.append(types.CodeLens(view.range(lens.span), command))
        return found

    @server.command(SHOW_RESTORE)
    async def show(ls: Server, uri: str, line: int) -> None:
        """Shows what the restore on that line finds and what is missing."""
        lens = await text_document_content.lens_at(ls, uri, line)
        if lens is None:
            return
        client = ls.session.client
        if client.text_contents and client.shows_documents:
            address = text_document_content.address_of_restore(lens.checkpoint.prefix, uri, line)
            await ls.window_show_document_async(types.ShowDocumentParams(address, take_focus=True))
        else:
            message = types.ShowMessageParams(types.MessageType.Info, printable(_in_short(lens)))
            ls.window_show_message(message)


def _in_short(lens: Lens) -> str:
    if not lens.missing:
        return lens.title
    more = ", …" if len(lens.missing) > _MAX_NAMED else ""
    return f"{lens.title}: {', '.join(lens.missing[:_MAX_NAMED])}{more}"
