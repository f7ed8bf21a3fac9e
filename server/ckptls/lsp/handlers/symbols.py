"""Symbols: the scopes of a document, and the variables of all known checkpoints."""

from __future__ import annotations

import asyncio

from lsprotocol import types
from pygls.uris import from_fs_path

from ckptls.checkpoint.core.printable import printable
from ckptls.checkpoint.model.checkpoint import Checkpoint
from ckptls.checkpoint.storage.filesystem import is_remote, split
from ckptls.features.navigation.document_symbols import Symbol, outline
from ckptls.features.navigation.workspace_symbols import Hit, best_hits, search
from ckptls.lsp.convert.views import View
from ckptls.lsp.handlers import text_document_content
from ckptls.lsp.handlers.folding_range import symbols_of
from ckptls.lsp.handlers.request_context import log_failures
from ckptls.lsp.session.connection import Server

_START = types.Range(types.Position(0, 0), types.Position(0, 0))


def register(server: Server) -> None:
    """Answers for a document and for the workspace."""
    _register_document(server)
    _register_workspace(server)


def _register_document(server: Server) -> None:
    @server.feature(types.TEXT_DOCUMENT_DOCUMENT_SYMBOL)
    @log_failures
    async def outlined(
        ls: Server, params: types.DocumentSymbolParams
    ) -> list[types.DocumentSymbol] | list[types.SymbolInformation] | None:
        seen = ls.session.seen(params.text_document.uri)
        if seen is None:
            return await symbols_of(ls, params.text_document.uri)
        view = seen.view
        found = outline(seen.opened.document.analysis(), view.holds)
        if ls.session.client.nested_symbols:
            return [_nested(each, view) for each in found]
        return _flat(found, view)


def _nested(symbol: Symbol, view: View) -> types.DocumentSymbol:
    return types.DocumentSymbol(
        name=printable(symbol.name),
        kind=_kind(symbol),
        range=view.range(symbol.whole),
        selection_range=view.range(symbol.span),
        detail=printable(symbol.detail) or None,
        children=[_nested(each, view) for each in symbol.children] or None,
    )


def _flat(symbols: list[Symbol], view: View) -> list[types.SymbolInformation]:
    found = []
    for symbol in symbols:
        place = types.Location(view.uri, view.range(symbol.whole))
        parent = symbol.full_name[: -len(symbol.name)].rstrip("/") or None
        found.append(
            types.SymbolInformation(
                place,
                printable(symbol.name),
                _kind(symbol),
                container_name=printable(parent) if parent is not None else None,
            )
        )
        found += _flat(symbol.children, view)
    return found


def _kind(symbol: Symbol) -> types.SymbolKind:
    return types.SymbolKind.Namespace if symbol.is_scope else types.SymbolKind.Variable


def _register_workspace(server: Server) -> None:
    @server.feature(types.WORKSPACE_SYMBOL)
    @log_failures
    async def searched(
        ls: Server, params: types.WorkspaceSymbolParams
    ) -> list[types.SymbolInformation]:
        hits: list[Hit] = []
        for checkpoint in ls.session.workspace.store.checkpoints():
            await asyncio.sleep(0)  # many names: other requests may be answered in between
            hits += search(params.query, checkpoint)
        found = (_information(ls, hit) for hit in best_hits(params.query, hits))
        return [each for each in found if each is not None]


def _information(ls: Server, hit: Hit) -> types.SymbolInformation | None:
    place = _place(ls, hit.checkpoint, hit.name)
    if place is None:
        return None
    container = printable(split(hit.checkpoint.prefix)[1])
    return types.SymbolInformation(
        place, printable(hit.name), types.SymbolKind.Variable, container_name=container
    )


def _place(ls: Server, checkpoint: Checkpoint, name: str) -> types.Location | None:
    """Returns the line of the listing, or the file for a client that does not show listings."""
    if ls.session.client.text_contents:
        return text_document_content.location(checkpoint, name)
    path = checkpoint.files[0] if checkpoint.files else ""
    uri = from_fs_path(path) if path and not is_remote(path) else None
    return types.Location(uri, _START) if uri is not None else None
