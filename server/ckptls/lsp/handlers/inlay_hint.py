"""`textDocument/inlayHint`: shapes behind names, if the user enables that."""

from __future__ import annotations

from lsprotocol import types

from ckptls.features.annotations.inlay_hints import hints
from ckptls.lsp.handlers.request_context import log_failures, resolve_document
from ckptls.lsp.session.connection import Server

SETTING = "inlayHints"


def register(server: Server) -> None:
    """Answers with hints, if the user wants them."""

    @server.feature(types.TEXT_DOCUMENT_INLAY_HINT)
    @log_failures
    async def hinted(ls: Server, params: types.InlayHintParams) -> list[types.InlayHint]:
        if ls.session.settings.option(SETTING) is not True:
            return []
        found = await resolve_document(ls, params.text_document.uri)
        if found is None:
            return []
        view = found.seen.view
        return [
            types.InlayHint(
                view.position(hint.offset),
                hint.label,
                kind=types.InlayHintKind.Type,
                tooltip=hint.tooltip,
                padding_left=True,
            )
            for hint in hints(found.binder, view.span(params.range))
        ]
