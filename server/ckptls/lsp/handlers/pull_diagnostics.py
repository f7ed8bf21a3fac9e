"""`textDocument/diagnostic`: findings for clients that request them; others get them published.

Such a client must support `workspace/diagnostic/refresh`, because checkpoints are read and change
without any edit.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b

from lsprotocol import types

from ckptls.lsp.convert import to_proto
from ckptls.lsp.handlers.request_context import resolve_document
from ckptls.lsp.session.connection import Server

Report = types.RelatedFullDocumentDiagnosticReport | types.RelatedUnchangedDocumentDiagnosticReport
_NOTHING = types.RelatedFullDocumentDiagnosticReport([])


def register(server: Server) -> None:
    """Answers `textDocument/diagnostic`."""

    @server.feature(types.TEXT_DOCUMENT_DIAGNOSTIC)
    async def pulled(ls: Server, params: types.DocumentDiagnosticParams) -> Report:
        # A failure is answered with an error: an empty answer would clear the findings.
        uri = params.text_document.uri
        seen = ls.session.seen(uri)
        if seen is not None:
            await ls.session.findings.wait_until_settled(seen.key)
        await resolve_document(ls, uri)
        return await _report(ls, uri, params.previous_result_id)


def clear(ls: Server, uris: Iterable[str]) -> None:
    """Clears the published findings of texts; requested ones the client drops itself."""
    if not ls.session.client.pulls_diagnostics:
        for uri in uris:
            ls.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri, []))


async def _report(ls: Server, uri: str, known: str | None) -> Report:
    seen = ls.session.seen(uri)
    found = await ls.session.findings.find(seen.key) if seen is not None else []
    seen, client = ls.session.seen(uri), ls.session.client
    if seen is None:  # perhaps closed while we waited
        return _NOTHING
    items = to_proto.diagnostics(found, seen.view, seen.views, client)
    result = blake2b(repr(items).encode("utf-8", "replace"), digest_size=12).hexdigest()
    if result == known:
        return types.RelatedUnchangedDocumentDiagnosticReport(result)
    return types.RelatedFullDocumentDiagnosticReport(items, result_id=result)
