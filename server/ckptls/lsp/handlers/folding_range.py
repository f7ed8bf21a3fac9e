"""Scopes in the listings of checkpoints: folding ranges and symbols."""

from __future__ import annotations

from lsprotocol import types

from ckptls.checkpoint.core.printable import printable
from ckptls.features.navigation.checkpoint_listing import Fold, folds
from ckptls.lsp.handlers.request_context import log_failures
from ckptls.lsp.session.connection import Server


def register(server: Server) -> None:
    """Answers with the scopes of a listing."""

    @server.feature(types.TEXT_DOCUMENT_FOLDING_RANGE)
    @log_failures
    async def folded(ls: Server, params: types.FoldingRangeParams) -> list[types.FoldingRange]:
        found = await folds_of(ls, params.text_document.uri)
        return [types.FoldingRange(e.first, e.last) for e in found if e.last > e.first]


async def folds_of(ls: Server, uri: str) -> list[Fold]:
    """Returns the scopes of a listing that the client shows; none for other documents."""
    shown = ls.session.listings.get(uri)
    if shown is None:
        return []
    return await ls.session.scheduler.cpu.run(folds, shown[1])


async def symbols_of(ls: Server, uri: str) -> list[types.DocumentSymbol]:
    """Returns the scopes of a listing as a tree."""
    top: list[types.DocumentSymbol] = []
    around: list[tuple[Fold, types.DocumentSymbol]] = []
    for fold in await folds_of(ls, uri):
        while around and not fold.name.startswith(around[-1][0].name + "/"):
            around.pop()
        symbol = _symbol(fold)
        if around:
            parent = around[-1][1]
            parent.children = [*(parent.children or ()), symbol]
        else:
            top.append(symbol)
        around.append((fold, symbol))
    return top


def _symbol(fold: Fold) -> types.DocumentSymbol:
    first = types.Position(fold.first, 0)
    return types.DocumentSymbol(
        name=printable(fold.name.rpartition("/")[2]) or "/",
        kind=types.SymbolKind.Namespace,
        range=types.Range(first, types.Position(fold.last + 1, 0)),
        selection_range=types.Range(first, first),
    )
