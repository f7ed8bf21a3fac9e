"""`ckptls.explain`: the command that says what is known of a string, or why nothing is."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from lsprotocol import types

from ckptls.features.hover.explain import explain
from ckptls.lsp.handlers.request_context import resolve_document
from ckptls.lsp.protocol.server_capabilities import EXPLAIN
from ckptls.lsp.session.connection import Server


def register(server: Server) -> None:
    """Answers the command."""

    @server.command(EXPLAIN)
    async def explained(ls: Server, uri: str, line: int, character: int) -> dict[str, Any] | None:
        """Returns what is known of the string at a position; its `text` is for the user."""
        found = await resolve_document(ls, uri)
        if found is None:
            return None
        seen = found.seen
        answer = explain(
            seen.opened.document,
            seen.view.offset(types.Position(line, character)),
            lambda analysis: ls.session.workspace.binder(seen.opened, analysis),
        )
        return {**asdict(answer), "text": answer.text}
