"""All that answers a client. Loading it takes longer than `initialize` may."""

from __future__ import annotations

from collections.abc import Sequence

from ckptls.lsp import (
    actions,
    completions,
    contents,
    diagnostics,
    explanations,
    folding,
    hints,
    hovers,
    lenses,
    lifecycle,
    links,
    navigation,
    renaming,
    symbols,
    synchronization,
    tokens,
    workspace_diagnostics,
)
from ckptls.lsp.client import Client
from ckptls.lsp.connection import Server
from ckptls.lsp.session import Session

# Each answers every client that asks; `capabilities` tells clients what they may ask for.
_GROUPS = (
    *(lifecycle, synchronization, completions, hovers, diagnostics, workspace_diagnostics),
    *(actions, navigation, renaming, symbols, folding, links, contents),
    *(lenses, hints, tokens, explanations),
)


def equip(server: Server, client: Client, folders: Sequence[str]) -> Session:
    """Registers all handlers; the session that they work on."""
    session = Session(
        lambda views, found: lifecycle.publish(server, views, found),
        lambda: lifecycle.refresh(server),
        client,
        server.protocol.foreground,
    )
    for uri in folders:
        session.add_folder(uri)
    for group in _GROUPS:
        group.register(server)
    return session
