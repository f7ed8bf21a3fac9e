"""Renaming, and references in files that are not open, over the wire."""

from __future__ import annotations

import pytest
from lsprotocol import types
from pygls.exceptions import JsonRpcException

from lsp.conftest import HEAD, current_vscode


async def rename(editor, new: str) -> types.WorkspaceEdit | None:
    return await editor.client.text_document_rename_async(
        types.RenameParams(
            types.TextDocumentIdentifier(editor.uri), editor.position(editor.cursor), new
        )
    )


async def prepare(editor):
    return await editor.client.text_document_prepare_rename_async(
        types.PrepareRenameParams(
            types.TextDocumentIdentifier(editor.uri), editor.position(editor.cursor)
        )
    )


@pytest.mark.asyncio
async def test_a_variable_is_renamed_in_open_and_closed_files(unstarted):
    use = 'tf.train.init_from_checkpoint("vgg_16.ckpt", {"vgg_16/mean_rgb": "net/mean"})\n'
    (unstarted.folder / "other.py").write_text(HEAD + use)
    (unstarted.folder / "none.py").write_text(HEAD + "mean = 1\n")
    await unstarted.start(current_vscode())
    unstarted.open(HEAD + 'tf.compat.v1.get_variable("net/me<cursor>an", [3])\n')
    found = await prepare(unstarted)
    assert found.placeholder == "mean"
    assert unstarted.slice(found.range) == "mean"
    answer = await rename(unstarted, "average")
    by_uri = {each.text_document.uri: each for each in answer.document_changes}
    assert set(by_uri) == {unstarted.uri, (unstarted.folder / "other.py").as_uri()}
    assert by_uri[unstarted.uri].text_document.version == unstarted.version
    other = by_uri[(unstarted.folder / "other.py").as_uri()]
    assert other.text_document.version is None
    [edit] = other.edits
    place = HEAD.count("\n"), use.index('/mean"') + 1
    assert (edit.range.start.line, edit.range.start.character) == place
    assert edit.new_text == "average"


@pytest.mark.asyncio
async def test_names_of_a_checkpoint_and_wrong_names_are_refused_with_a_reason(editor):
    editor.open(HEAD + 'tf.train.load_variable("vgg_16.ckpt", "vgg_16/me<cursor>an_rgb")\n')
    with pytest.raises(JsonRpcException, match="a variable of a checkpoint"):
        await prepare(editor)
    with pytest.raises(JsonRpcException, match="a variable of a checkpoint"):
        await rename(editor, "x")


@pytest.mark.asyncio
async def test_a_string_that_names_nothing_is_left_to_other_servers(editor):
    editor.open(HEAD + 'print("me<cursor>an")\n')
    assert await prepare(editor) is None
    assert await rename(editor, "x") is None


@pytest.mark.asyncio
async def test_references_are_found_in_files_that_are_not_open(editor):
    use = 'tf.train.load_variable("vgg_16.ckpt", "vgg_16/mean_rgb")\n'
    (editor.folder / "other.py").write_text(HEAD + use)
    editor.open(HEAD + use.replace("mean", "me<cursor>an"))
    found = await editor.client.text_document_references_async(
        types.ReferenceParams(
            types.ReferenceContext(include_declaration=True),
            types.TextDocumentIdentifier(editor.uri),
            editor.position(editor.cursor),
        )
    )
    assert [each.uri for each in found] == [
        editor.uri,
        (editor.folder / "other.py").as_uri(),
    ]
    assert editor.slice(found[1].range) == "vgg_16/mean_rgb"
