"""Resolves what a request is about: the name at a position, or all names of an open text."""

from __future__ import annotations

import asyncio
import functools
import logging
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple, Protocol, TypeVar

from lsprotocol import types

from ckptls.features.diagnostics.diagnostics import find_unread_places
from ckptls.lsp.convert.views import Seen, View
from ckptls.lsp.session.connection import Server
from ckptls.lsp.session.session import PATIENCE_SECONDS
from ckptls.source.document import Cursor
from ckptls.workspace.binding import Binder, Binding

logger = logging.getLogger(__name__)
Answer = TypeVar("Answer")


def log_failures(
    handler: Callable[[Server, Any], Awaitable[Answer]],
) -> Callable[[Server, Any], Awaitable[Answer | None]]:
    """Returns a handler that logs an exception and answers with nothing."""

    @functools.wraps(handler)
    async def safely(ls: Server, params: Any) -> Answer | None:
        try:
            return await handler(ls, params)
        except Exception:
            logger.exception("%s failed", handler.__name__)
            return None

    return safely


class PositionParams(Protocol):
    """The parameters of a request about a position in an open text."""

    text_document: types.TextDocumentIdentifier
    position: types.Position


class CursorContext(NamedTuple):
    """The name at a position and its binding; `view` converts positions, `binder` binds other
    names of the same text."""

    cursor: Cursor
    binding: Binding
    view: View
    binder: Binder


async def resolve_cursor(
    ls: Server, place: PositionParams, is_patient: bool
) -> CursorContext | None:
    """Returns the name at a position with its binding, None if there is no name.

    Waits for a checkpoint that is being read if there is no other, or if `is_patient`.
    """
    session = ls.session
    deadline = asyncio.get_running_loop().time() + PATIENCE_SECONDS
    source, has_waited = None, False
    while True:
        seen = session.seen(place.text_document.uri)
        if seen is None or (source is not None and seen.view.source is not source):
            # The text was edited meanwhile; an answer would be about the old one.
            return None
        source = seen.view.source
        cursors, view = session.documents.at(seen, seen.view.offset(place.position))
        if not cursors:
            if await session.is_more_known(deadline):
                continue
            return None
        binder = session.workspace.binder(seen.opened, cursors[0].analysis)
        binding = binder.bind(cursors[0].site)
        is_answer = bool(binding.checkpoints) and not is_patient
        if not is_answer and await session.is_more_known(deadline):
            continue
        if is_answer or has_waited or not binding.pending:
            session.read(binding.pending)
            return CursorContext(cursors[0], binding, view, binder)
        await session.wait_for(binding.pending, place.text_document.uri)
        has_waited = True


class DocumentContext(NamedTuple):
    """An open text, and the binder of its program."""

    binder: Binder
    seen: Seen


async def resolve_document(ls: Server, uri: str) -> DocumentContext | None:
    """Returns an open text with its binder, once its checkpoints have been read or a moment has
    passed."""
    deadline = asyncio.get_running_loop().time() + PATIENCE_SECONDS
    has_waited = False
    while (seen := ls.session.seen(uri)) is not None:
        binder = _binder(ls, seen)
        if await ls.session.is_more_known(deadline):
            continue
        pending = () if has_waited else find_unread_places(binder)
        if not pending:
            return DocumentContext(binder, seen)
        await ls.session.wait_for(pending)
        has_waited = True
    return None


def _binder(ls: Server, seen: Seen) -> Binder:
    return ls.session.workspace.binder(seen.opened, seen.opened.document.analysis())
