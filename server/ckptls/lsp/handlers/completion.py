"""`textDocument/completion`: names at the cursor, and the documentation of the selected one."""

from __future__ import annotations

from dataclasses import replace

from lsprotocol import types

from ckptls.features.common.results import Completion
from ckptls.features.completion.by_segment import in_segments
from ckptls.features.completion.checkpoint_paths import path_completion
from ckptls.features.completion.variable_names import completion
from ckptls.features.hover.hover import about
from ckptls.lsp.convert import to_proto
from ckptls.lsp.convert.jupyterlab_completion import literal_at
from ckptls.lsp.handlers.request_context import CursorContext, log_failures, resolve_cursor
from ckptls.lsp.protocol.language_server_protocol import Ready
from ckptls.lsp.session.connection import Server
from ckptls.source.semantics.sites import Role

SETTING = "completionBySegments"
# How many checkpoints that are offered as paths are read, to show their contents.
_MOST_READ = 8


def register(server: Server) -> None:
    """Answers `completion`, and `completionItem/resolve` with documentation."""
    _register_documentation(server)

    @server.feature(types.TEXT_DOCUMENT_COMPLETION)
    @log_failures
    async def complete(ls: Server, params: types.CompletionParams) -> Ready | None:
        found = await resolve_cursor(ls, params, is_patient=False)
        answer = _answer(ls, found, params.text_document.uri) if found is not None else None
        if found is None or answer is None or not (answer.items or answer.is_incomplete):
            return None
        if _by_segments(ls):
            answer = in_segments(answer, found.cursor)
        literal = None
        if ls.session.client.replaces_literals:
            place = found.view.offset(params.position)
            is_file = found.cursor.site.role is Role.PATH
            literal = literal_at(answer, found.cursor.part, found.view, place, is_file)
        if literal is not None:
            answer = replace(answer, items=tuple(literal.fitting(answer.items)))
        client = ls.session.client
        return to_proto.completion_list(answer, found.view, params.position, client, literal)


def _answer(ls: Server, asked: CursorContext, uri: str) -> Completion | None:
    cursor = asked.cursor
    if cursor.site.role is not Role.PATH:
        return completion(cursor, asked.binding)
    seen = ls.session.seen(uri)
    if seen is None:
        return None
    binder = ls.session.workspace.binder(seen.opened, cursor.analysis)
    answer = path_completion(cursor, binder)
    if answer is not None:
        # Their contents are shown with them from the next keystroke on.
        offered = dict.fromkeys(item.checkpoint for item in answer.items[:_MOST_READ])
        ls.session.read(prefix for prefix in offered if binder.lookup(prefix) is None)
    return answer


def _by_segments(ls: Server) -> bool:
    """Whether to complete by segments: as the user sets it, else as the client needs it."""
    wanted = ls.session.settings.option(SETTING)
    client = ls.session.client
    if client.replaces_literals:
        return True
    return wanted if isinstance(wanted, bool) else client.by_segments


def _register_documentation(server: Server) -> None:
    @server.feature(types.COMPLETION_ITEM_RESOLVE)
    async def resolved(ls: Server, item: types.CompletionItem) -> types.CompletionItem:
        data = item.data
        if isinstance(data, list | tuple) and len(data) == 2:
            prefix, name = map(str, data)
            entry = ls.session.workspace.store.peek(prefix)
            if entry is not None and entry.checkpoint is not None:
                text = await ls.session.scheduler.cpu.run(about, name, entry.checkpoint)
                if text:
                    item.documentation = to_proto.markup(text, ls.session.client)
        return item
