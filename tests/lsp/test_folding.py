"""Scopes of a listing over the wire."""

from __future__ import annotations

import pytest
from lsprotocol import types

from lsp.conftest import current_vscode


@pytest.mark.asyncio
async def test_the_scopes_of_a_listing_fold_and_are_its_symbols(unstarted):
    await unstarted.start(current_vscode())
    client = unstarted.client
    uri = f"ckptls:{unstarted.folder.as_posix()}/vgg_16.ckpt"
    content = await client.workspace_text_document_content_async(
        types.TextDocumentContentParams(uri)
    )
    lines = content.text.splitlines()
    document = types.TextDocumentIdentifier(uri)
    client.text_document_did_open(
        types.DidOpenTextDocumentParams(types.TextDocumentItem(uri, "plaintext", 1, content.text))
    )
    ranges = await client.text_document_folding_range_async(types.FoldingRangeParams(document))
    assert ("vgg_16/fc8/biases", "vgg_16/fc8/weights") in [
        (lines[each.start_line].split()[0], lines[each.end_line].split()[0]) for each in ranges
    ]
    [top] = await client.text_document_document_symbol_async(types.DocumentSymbolParams(document))
    assert top.name == "vgg_16"
    assert [child.name for child in top.children][-3:] == ["fc6", "fc7", "fc8"]
