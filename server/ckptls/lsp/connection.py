"""A connection's server, and what its handlers have in common."""

from __future__ import annotations

import asyncio
import functools
import logging
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple, Protocol, TypeVar

from lsprotocol import types
from pygls.exceptions import JsonRpcException
from pygls.lsp.server import LanguageServer

from ckptls._version import __version__
from ckptls.features.answers import Finding
from ckptls.features.diagnostics import unread
from ckptls.lsp import to_lsp
from ckptls.lsp.notebooks import NOTEBOOKS
from ckptls.lsp.protocol import Protocol as OurProtocol
from ckptls.lsp.session import Session
from ckptls.lsp.views import Seen, View
from ckptls.source.document import Cursor
from ckptls.workspace.binding import Binder, Binding

logger = logging.getLogger(__name__)
Answer = TypeVar("Answer")


class Server(LanguageServer):
    """A connection's server, with its session."""

    protocol: OurProtocol

    def __init__(self) -> None:
        super().__init__(
            "ckptls",
            __version__,
            notebook_document_sync=NOTEBOOKS,
            protocol_cls=OurProtocol,
        )
        self.session = Session(self._publish, self._refresh)
        # Whether it is the child of its client, and must not outlive it.
        self.ends_with_client = False

    def _publish(self, views: tuple[View, ...], found: list[Finding]) -> None:
        for view in views:
            items = to_lsp.diagnostics(found, view, views, self.session.client)
            self.text_document_publish_diagnostics(
                types.PublishDiagnosticsParams(view.uri, items, view.version)
            )

    async def _refresh(self) -> None:
        """Asks the client to ask again for what it has shown."""
        client = self.session.client
        asked = [
            ask(None)
            for ask, is_known in (
                (self.workspace_diagnostic_refresh_async, client.pulls_diagnostics),
                (self.workspace_code_lens_refresh_async, client.refreshes_lenses),
                (self.workspace_inlay_hint_refresh_async, client.refreshes_hints),
                (self.workspace_semantic_tokens_refresh_async, client.refreshes_tokens),
            )
            if is_known
        ]
        asked += [
            self.workspace_text_document_content_refresh_async(
                types.TextDocumentContentRefreshParams(uri)
            )
            for uri in self.session.outdated_listings()
        ]
        for answer in await asyncio.gather(*asked, return_exceptions=True):
            if isinstance(answer, Exception):
                logger.warning("the client did not ask again: %s", answer)

    def report_server_error(self, error: Exception, source: Any) -> None:
        """Only to the log: telling a client that may be gone would fail in turn."""
        logger.error("%s", error, exc_info=error)
        if source is JsonRpcException and isinstance(error, (ValueError, RecursionError)):
            self.protocol.refuse_unreadable(error)


def answered(
    handler: Callable[[Server, Any], Awaitable[Answer]],
) -> Callable[[Server, Any], Awaitable[Answer | None]]:
    """A crash while answering becomes a line in the log and an empty answer."""

    @functools.wraps(handler)
    async def safely(ls: Server, params: Any) -> Answer | None:
        try:
            return await handler(ls, params)
        except Exception:
            logger.exception("%s failed", handler.__name__)
            return None

    return safely


class Placed(Protocol):
    """A request about a place in an open text."""

    text_document: types.TextDocumentIdentifier
    position: types.Position


class Asked(NamedTuple):
    """The name at a place and its binding; `view` tells where its places are, `binder` binds
    other names of the same text."""

    cursor: Cursor
    binding: Binding
    view: View
    binder: Binder


async def asked_at(ls: Server, place: Placed, is_patient: bool) -> Asked | None:
    """What a client asks about at a place; waits for a checkpoint that is being read
    where nothing else is known, or where the asker is patient."""
    session = ls.session
    source = None
    for attempt in range(2):
        seen = session.seen(place.text_document.uri)
        if seen is None or (attempt and seen.view.source is not source):
            # The text went on while we waited; what we would answer is about the past.
            return None
        source = seen.view.source
        cursors, view = session.documents.at(seen, seen.view.offset(place.position))
        if not cursors:
            return None
        cursor = cursors[0]
        binder = session.workspace.binder(seen.opened, cursor.analysis)
        binding = binder.bind(cursor.site)
        if attempt or not binding.pending or (binding.checkpoints and not is_patient):
            session.read(binding.pending)
            return Asked(cursor, binding, view, binder)
        await session.wait_for(binding.pending)
    return None


class Bound(NamedTuple):
    """An open text, and what binds the names of its program."""

    binder: Binder
    seen: Seen


async def bound(ls: Server, uri: str) -> Bound | None:
    """What binds the sites of an open text, once its checkpoints have been read or a
    moment has passed."""
    seen = ls.session.seen(uri)
    if seen is None:
        return None
    binder = _binder(ls, seen)
    pending = unread(binder)
    if not pending:
        return Bound(binder, seen)
    await ls.session.wait_for(pending)
    seen = ls.session.seen(uri)
    return Bound(_binder(ls, seen), seen) if seen is not None else None


def _binder(ls: Server, seen: Seen) -> Binder:
    return ls.session.workspace.binder(seen.opened, seen.opened.document.analysis())
