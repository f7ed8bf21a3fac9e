"""`textDocument/hover`: what is known of the name at a position."""

from __future__ import annotations

from lsprotocol import types

from ckptls.features.hover.assignment_text import assigned_at
from ckptls.features.hover.hover import hover
from ckptls.lsp.convert import to_proto
from ckptls.lsp.handlers.request_context import log_failures, resolve_cursor
from ckptls.lsp.session.connection import Server

# Comparing so many names with a pattern takes long, and is done in a thread.
_MANY = 10_000


def register(server: Server) -> None:
    """Answers if anything is known."""

    @server.feature(types.TEXT_DOCUMENT_HOVER)
    @log_failures
    async def hovered(ls: Server, params: types.HoverParams) -> types.Hover | None:
        found = await resolve_cursor(ls, params, is_patient=True)
        if found is None:
            return None
        assigned = assigned_at(found.cursor, found.binder.bind)
        if sum(map(len, found.binding.checkpoints)) > _MANY:
            answer = await ls.session.scheduler.cpu.run(
                hover, found.cursor, found.binding, assigned
            )
        else:
            answer = hover(found.cursor, found.binding, assigned)
        if answer is None:
            return None
        return to_proto.hover(answer, found.view, ls.session.client)
