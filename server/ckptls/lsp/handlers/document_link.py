"""`textDocument/documentLink`: links from paths to checkpoints."""

from __future__ import annotations

from lsprotocol import types
from pygls.uris import from_fs_path

from ckptls.checkpoint.core.printable import printable
from ckptls.features.navigation.document_links import Link, links
from ckptls.lsp.handlers.request_context import log_failures, resolve_document
from ckptls.lsp.handlers.text_document_content import address_of
from ckptls.lsp.session.connection import Server


def register(server: Server) -> None:
    """Answers with the links of a document."""

    @server.feature(types.TEXT_DOCUMENT_DOCUMENT_LINK)
    @log_failures
    async def linked(ls: Server, params: types.DocumentLinkParams) -> list[types.DocumentLink]:
        found = await resolve_document(ls, params.text_document.uri)
        if found is None:
            return []
        view, has_tooltips = found.seen.view, ls.session.client.link_tooltips
        return [
            types.DocumentLink(
                view.range(link.span),
                _target(ls, link),
                printable(link.tooltip) if has_tooltips else None,
            )
            for link in links(found.binder)
            if view.holds(link.span)
        ]


def _target(ls: Server, link: Link) -> str | None:
    """Returns the listing of a checkpoint if the client can show it; an index is not text."""
    if link.checkpoint is not None and ls.session.client.text_contents:
        return address_of(link.checkpoint.prefix)
    uri: str | None = from_fs_path(link.target)
    return uri
