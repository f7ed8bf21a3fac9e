"""Registers all handlers. Importing them takes longer than `initialize` may."""

from __future__ import annotations

from collections.abc import Sequence

from ckptls.lsp.handlers import (
    code_action,
    code_lens,
    completion,
    document_link,
    explain_command,
    folding_range,
    goto_and_references,
    hover,
    inlay_hint,
    lifecycle,
    pull_diagnostics,
    rename,
    semantic_tokens,
    settings_diagnostics,
    symbols,
    text_document_content,
    text_sync,
    workspace_diagnostics,
)
from ckptls.lsp.protocol.client_capabilities import Client
from ckptls.lsp.session.connection import Server
from ckptls.lsp.session.session import Session

# Each answers every client; `server_capabilities` says what a client may request.
_GROUPS = (
    *(lifecycle, text_sync, completion, hover, pull_diagnostics, workspace_diagnostics),
    *(
        code_action,
        goto_and_references,
        rename,
        symbols,
        folding_range,
        document_link,
        text_document_content,
    ),
    *(code_lens, inlay_hint, semantic_tokens, explain_command),
)


def equip(server: Server, client: Client, folders: Sequence[str]) -> Session:
    """Registers all handlers, and returns the session that they work on."""
    session = Session(
        lambda views, found: lifecycle.publish(server, views, found),
        lambda: lifecycle.refresh(server),
        lambda: settings_diagnostics.report(server),
        client,
        server.protocol.foreground,
    )
    for uri in folders:
        session.add_folder(uri)
    for group in _GROUPS:
        group.register(server)
    return session
