"""`workspace/textDocumentContent`: listings of checkpoints as read-only documents.

Their URIs are `ckptls:` with the prefix as the path. With a line and a document as the query it is
what the restore on that line finds. Clients that do not support such documents get no such URI.
"""

from __future__ import annotations

import logging
from urllib.parse import quote, unquote, urlsplit

from lsprotocol import types

from ckptls.checkpoint.model.checkpoint import Checkpoint
from ckptls.checkpoint.storage.filesystem import is_remote
from ckptls.features.annotations.code_lens import Lens, lenses, report
from ckptls.features.navigation.checkpoint_listing import line_of, listing
from ckptls.lsp.handlers.request_context import resolve_document
from ckptls.lsp.protocol.server_capabilities import SCHEME
from ckptls.lsp.session.connection import Server

logger = logging.getLogger(__name__)
# How many listings are kept up to date.
_MAX_KEPT = 32


def register(server: Server) -> None:
    """Answers with the text of a listing."""

    @server.feature(types.WORKSPACE_TEXT_DOCUMENT_CONTENT)
    async def content(
        ls: Server, params: types.TextDocumentContentParams
    ) -> types.TextDocumentContentResult:
        try:
            text = await _text(ls, params.uri)
        except Exception:
            logger.exception("making the text of %s failed", params.uri)
            text = f"# cannot show {params.uri}\n"
        return types.TextDocumentContentResult(text)


def address_of(prefix: str) -> str:
    """Returns the URI of a checkpoint's listing."""
    return f"{SCHEME}:/{quote(prefix.lstrip('/'))}"


def location(checkpoint: Checkpoint, name: str) -> types.Location | None:
    """Returns the line of a variable or scope in the checkpoint's listing."""
    line = line_of(checkpoint, name)
    if line is None:
        return None
    here = types.Position(line, 0)
    return types.Location(address_of(checkpoint.prefix), types.Range(here, here))


def address_of_restore(prefix: str, uri: str, line: int) -> str:
    """Returns the URI of what the restore on a line of a document finds."""
    return f"{address_of(prefix)}?{quote(f'{line} {uri}', safe='')}"


async def lens_at(ls: Server, uri: str, line: int) -> Lens | None:
    """Returns the lens of the restore that begins on a line of an open text."""
    known = await resolve_document(ls, uri)
    if known is None:
        return None
    view = known.seen.view
    for lens in lenses(known.binder):
        if view.holds(lens.span) and view.line_of(lens.span.start) == line:
            return lens
    return None


async def _text(ls: Server, uri: str) -> str:
    store, scheduler = ls.session.workspace.store, ls.session.scheduler
    parts = urlsplit(uri)
    line, _, document = unquote(parts.query).partition(" ")
    if line.isdecimal():
        lens = await lens_at(ls, document, int(line))
        return report(lens) if lens is not None else "# the code has changed\n"
    path = unquote(parts.path)
    if is_remote(path.lstrip("/")):
        path = path.lstrip("/")
    known = store.peek(path)
    if known is None:
        if is_remote(path):
            return f"# {path} has not been read\n"
        known = await scheduler.lane_of(path).run(store.load, path)
    listings = ls.session.listings
    if known.checkpoint is not None:
        listings.pop(uri, None)
        listings[uri] = (path, known.checkpoint)
        while len(listings) > _MAX_KEPT:
            listings.pop(next(iter(listings)))
    if known.checkpoint is None:
        return f"# {known.error}\n"
    return await scheduler.cpu.run(listing, known.checkpoint)
