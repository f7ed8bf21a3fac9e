"""`textDocument/inlayHint`: shapes behind names, where the user wants them."""

from __future__ import annotations

from lsprotocol import types

from ckptls.features.inlay import hints
from ckptls.lsp.connection import Server, answered, bound

SETTING = "inlayHints"


def offer(server: Server) -> None:
    """Answers where the client shows hints."""
    if not server.session.client.inlay_hints:
        return

    @server.feature(types.TEXT_DOCUMENT_INLAY_HINT, types.InlayHintOptions())
    @answered
    async def hinted(ls: Server, params: types.InlayHintParams) -> list[types.InlayHint]:
        if ls.session.option(SETTING) is not True:
            return []
        found = await bound(ls, params.text_document.uri)
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
