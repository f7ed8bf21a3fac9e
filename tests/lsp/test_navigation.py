"""Links, navigation, symbols and listings over a real connection."""

from __future__ import annotations

import asyncio
import os

import pytest
from lsprotocol import types

from checkpoint import crafted
from lsp.conftest import HEAD, Editor, current_vscode

CODE = (
    HEAD
    + """with tf.variable_scope('vgg_16/fc8'):
    tf.get_variable('weights', [1000])
é😀 = tf.train.load_variable('vgg_16.ckpt', 'vgg_16/fc8/wei<cursor>ghts')
"""
)


def here(editor: Editor) -> dict[str, object]:
    return {
        "text_document": types.TextDocumentIdentifier(editor.uri),
        "position": editor.position(editor.cursor),
    }


async def text_at(editor: Editor, place: types.Location) -> str:
    """The line of a listing that a location points to."""
    answer = await editor.client.workspace_text_document_content_async(
        types.TextDocumentContentParams(place.uri)
    )
    return answer.text.splitlines()[place.range.start.line]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-32"])
async def test_a_client_that_shows_listings(unstarted: Editor, encoding: str):
    abilities = current_vscode()
    abilities.general.position_encodings = [types.PositionEncodingKind(encoding)]
    await unstarted.start(abilities)
    editor, client = unstarted, unstarted.client
    editor.open(CODE)
    definition, listed = await client.text_document_definition_async(
        types.DefinitionParams(**here(editor))
    )
    assert (definition.uri, editor.slice(definition.range)) == (editor.uri, "weights")
    assert (await text_at(editor, listed)).split()[0] == "vgg_16/fc8/weights"

    references = await client.text_document_references_async(
        types.ReferenceParams(types.ReferenceContext(False), **here(editor))
    )
    assert [editor.slice(each.range) for each in references] == ["vgg_16/fc8/weights"]

    (link,) = await client.text_document_document_link_async(
        types.DocumentLinkParams(types.TextDocumentIdentifier(editor.uri))
    )
    assert editor.slice(link.range) == "vgg_16.ckpt"
    assert link.target.startswith("ckptls:/") and "34 variables" in link.tooltip

    hits = await client.workspace_symbol_async(types.WorkspaceSymbolParams("fc8w"))
    assert hits[0].name == "vgg_16/fc8/weights" and len(hits) <= 100
    assert (await text_at(editor, hits[0].location)).split()[0] == "vgg_16/fc8/weights"

    unknown = await client.workspace_text_document_content_async(
        types.TextDocumentContentParams("ckptls:/nowhere/x.ckpt")
    )
    assert unknown.text.startswith("# ")


async def test_a_client_that_does_not_show_listings(editor: Editor):
    client = editor.client
    editor.open(CODE)
    (definition,) = await client.text_document_definition_async(
        types.DefinitionParams(**here(editor))
    )
    assert editor.slice(definition.range) == "weights"
    (link,) = await client.text_document_document_link_async(
        types.DocumentLinkParams(types.TextDocumentIdentifier(editor.uri))
    )
    assert link.target == (editor.folder / "vgg_16.ckpt.index").as_uri()
    (hit, *_) = await client.workspace_symbol_async(types.WorkspaceSymbolParams("fc8w"))
    assert hit.location.uri == link.target
    highlights = await client.text_document_document_highlight_async(
        types.DocumentHighlightParams(**here(editor))
    )
    assert [(editor.slice(each.range), each.kind.name) for each in highlights] == [
        ("weights", "Write"),
        ("vgg_16/fc8/weights", "Read"),
    ]
    (scope,) = await client.text_document_document_symbol_async(
        types.DocumentSymbolParams(types.TextDocumentIdentifier(editor.uri))
    )
    assert isinstance(scope, types.DocumentSymbol) and scope.name == "vgg_16/fc8"
    assert [(each.name, each.detail) for each in scope.children] == [("weights", "[1000]")]


async def test_other_open_documents_are_looked_through(editor: Editor):
    other = editor.open_beside("model.py", CODE.replace("<cursor>", ""))
    editor.open(HEAD + "tf.train.load_variable('vgg_16.ckpt', 'vgg_16/fc8/wei<cursor>ghts')\n")
    (definition,) = await editor.client.text_document_definition_async(
        types.DefinitionParams(**here(editor))
    )
    assert definition.uri == other
    references = await editor.client.text_document_references_async(
        types.ReferenceParams(types.ReferenceContext(True), **here(editor))
    )
    assert [each.uri for each in references] == [editor.uri, other, other]


async def test_a_minimal_client_is_offered_nothing_of_it(unstarted: Editor):
    answer = await unstarted.client.initialize_session(
        types.InitializeParams(capabilities=types.ClientCapabilities())
    )
    offered = answer.capabilities
    assert offered.hover_provider and offered.completion_provider
    for absent in (
        offered.definition_provider,
        offered.document_link_provider,
        offered.document_symbol_provider,
        offered.workspace_symbol_provider,
        offered.diagnostic_provider,
        offered.workspace.text_document_content,
    ):
        assert absent is None


async def test_a_listing_is_asked_for_again_when_its_checkpoint_changes(unstarted: Editor):
    asked: list[str] = []

    def ask_again(params: types.TextDocumentContentRefreshParams) -> None:
        asked.append(params.uri)

    unstarted.client.feature(types.WORKSPACE_TEXT_DOCUMENT_CONTENT_REFRESH)(ask_again)
    await unstarted.start(current_vscode())
    unstarted.open(CODE)
    _, listed = await unstarted.client.text_document_definition_async(
        types.DefinitionParams(**here(unstarted))
    )
    await text_at(unstarted, listed)
    assert asked == []
    index = crafted.index([("vgg_16/fc8/weights", crafted.FLOAT, [2])])
    (unstarted.folder / "new").write_bytes(index)
    os.replace(unstarted.folder / "new", unstarted.folder / "vgg_16.ckpt.index")
    for _ in range(500):
        if asked:
            break
        await asyncio.sleep(0.02)
    assert asked[0] == listed.uri
    answer = await unstarted.client.workspace_text_document_content_async(
        types.TextDocumentContentParams(listed.uri)
    )
    assert "1 variable" in answer.text


async def test_a_definition_that_is_the_only_one_is_its_own(editor: Editor):
    editor.open(
        HEAD + "with tf.variable_scope('net'):\n    tf.get_variable('we<cursor>ights', [1])\n"
    )
    (definition,) = await editor.client.text_document_definition_async(
        types.DefinitionParams(**here(editor))
    )
    assert editor.slice(definition.range) == "weights"
