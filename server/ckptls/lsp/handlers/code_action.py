"""`textDocument/codeAction`: fixes of findings, one or all, comments that silence ckptls, and
missing entries of a map."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from lsprotocol import types

from ckptls.checkpoint.core.printable import printable
from ckptls.features.code_actions.code_actions import fixes
from ckptls.features.code_actions.fill_assignment_map import fillings
from ckptls.features.code_actions.pragma_actions import Remark, binding_remarks, fix_all, ignoring
from ckptls.features.common.results import Finding, Fix
from ckptls.lsp.convert import to_proto
from ckptls.lsp.convert.views import Seen
from ckptls.lsp.handlers.request_context import DocumentContext, log_failures, resolve_document
from ckptls.lsp.protocol.client_capabilities import Client
from ckptls.lsp.protocol.server_capabilities import FIX_ALL, REWRITE
from ckptls.lsp.session.connection import Server
from ckptls.source.text.source_text import Span


def register(server: Server) -> None:
    """Answers every client: old ones ignore actions that they do not know."""

    @server.feature(types.TEXT_DOCUMENT_CODE_ACTION)
    @log_failures
    async def code_actions(
        ls: Server, params: types.CodeActionParams
    ) -> list[types.CodeAction] | None:
        uri = params.text_document.uri
        before = ls.session.seen(uri)
        rewritten: list[types.CodeAction] = []
        if _wants(params.context, REWRITE.value):
            rewritten = _fillings(await resolve_document(ls, uri), params.range)
        findings = await ls.session.findings.find(before.key) if before is not None else []
        seen = ls.session.seen(uri)
        if before is None or seen is None or seen.view.source is not before.view.source:
            return None
        found: list[types.CodeAction] = []
        if _wants(params.context, types.CodeActionKind.QuickFix.value):
            found += _quick_fixes(ls, seen, seen.view.span(params.range), findings)
        found += rewritten
        if _wants(params.context, FIX_ALL):
            found += _fix_all(ls, seen, findings)
        return found


def _wants(context: types.CodeActionContext, kind: str) -> bool:
    """Whether actions of a kind are requested; a kind includes those below it."""
    return not context.only or any(
        asked in ("", kind) or kind.startswith(f"{asked}.") for asked in map(_text, context.only)
    )


def _text(kind: types.CodeActionKind | str) -> str:
    return str(getattr(kind, "value", kind))


def _quick_fixes(
    ls: Server, seen: Seen, span: Span, findings: Iterable[Finding]
) -> list[types.CodeAction]:
    session, document = ls.session, seen.opened.document
    found = [
        finding
        for finding in findings
        if finding.span.start <= span.end and span.start <= finding.span.end
    ]
    actions = [_fix(fix, seen, session.client) for fix in fixes(found)]
    binder = session.workspace.binder(seen.opened, document.analysis())
    remarks = [*ignoring(document.source, found), *binding_remarks(binder, span)]
    actions += [_remark(remark, seen, session.client) for remark in remarks]
    return [action for action in actions if action.edit is not None]


def _fix(fix: Fix, seen: Seen, client: Client) -> types.CodeAction:
    return types.CodeAction(
        title=printable(fix.title),
        kind=types.CodeActionKind.QuickFix,
        diagnostics=_diagnostics([fix.finding], seen, client),
        is_preferred=fix.is_preferred,
        edit=_edit(seen, [(fix.span, fix.new_text)]),
    )


def _remark(remark: Remark, seen: Seen, client: Client) -> types.CodeAction:
    silenced = [remark.finding] if remark.finding is not None else []
    return types.CodeAction(
        title=printable(remark.title),
        kind=types.CodeActionKind.QuickFix,
        diagnostics=_diagnostics(silenced, seen, client) or None,
        edit=_edit(seen, [(remark.span, remark.new_text)]),
    )


def _fillings(known: DocumentContext | None, place: types.Range) -> list[types.CodeAction]:
    if known is None:
        return []
    seen = known.seen
    actions = [
        types.CodeAction(printable(filling.title), REWRITE, edit=_edit(seen, filling.edits))
        for filling in fillings(known.binder, seen.view.span(place))
    ]
    return [action for action in actions if action.edit is not None]


def _fix_all(ls: Server, seen: Seen, findings: Iterable[Finding]) -> list[types.CodeAction]:
    found = [each for each in findings if seen.view.holds(each.span)]
    chosen = fix_all(fixes(found))
    if not chosen:
        return []
    return [
        types.CodeAction(
            title="Fix all checkpoint names",
            kind=FIX_ALL,
            diagnostics=_diagnostics([fix.finding for fix in chosen], seen, ls.session.client),
            edit=_edit(seen, [(fix.span, fix.new_text) for fix in chosen]),
        )
    ]


def _edit(seen: Seen, changes: Iterable[tuple[Span, str]]) -> types.WorkspaceEdit | None:
    """Returns the edits by text; None if one of them is outside of all texts."""
    edits: dict[str, list[types.TextEdit]] = {}
    for span, new in changes:
        place = seen.location(span)
        if place is None:
            return None
        edits.setdefault(place.uri, []).append(types.TextEdit(place.range, new))
    return types.WorkspaceEdit(changes=edits)


def _diagnostics(found: Sequence[Finding], seen: Seen, client: Client) -> list[types.Diagnostic]:
    return to_proto.diagnostics(found, seen.view, seen.views, client)
