"""Documentation of completion items, paths, and clients that filter by words, over the wire."""

from __future__ import annotations

import asyncio

import pytest
from lsprotocol import types
from pytest_lsp import client_capabilities

from lsp.conftest import HEAD

NAME = HEAD + 'tf.train.load_variable("vgg_16.ckpt", "vgg_16/fc<cursor>")\n'


@pytest.mark.asyncio
async def test_an_item_is_documented_when_it_is_asked_for(editor):
    assert editor.offered.completion_provider.resolve_provider
    editor.open(NAME)
    item = next(each for each in await editor.complete() if each.label == "vgg_16/fc8/biases")
    assert item.documentation is None
    resolved = await editor.client.completion_item_resolve_async(item)
    assert "1,000 parameters" in resolved.documentation.value


@pytest.mark.asyncio
async def test_the_checkpoints_of_the_workspace_are_offered_as_paths(editor):
    editor.open(HEAD + 'tf.train.load_checkpoint("<cursor>")\n')
    for _ in range(200):  # until the folder has been looked through
        if items := await editor.complete():
            break
        await asyncio.sleep(0.05)
    assert [(each.label, each.kind) for each in items] == [
        ("vgg_16.ckpt", types.CompletionItemKind.File)
    ]
    for _ in range(200):  # until what is offered has been read
        (item,) = await editor.complete()
        if "34 variables" in (item.detail or ""):
            break
        await asyncio.sleep(0.05)
    assert "V2 · 34 variables" in item.detail


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("info", "option", "expected"),
    [
        (types.ClientInfo("Neovim", "0.7.2"), None, "fc8/"),
        (types.ClientInfo("Neovim", "0.11.0"), None, "vgg_16/fc8/"),
        (types.ClientInfo("Eglot", "1.17"), None, "fc8/"),
        (types.ClientInfo("Eglot"), False, "vgg_16/fc8/"),
        (None, True, "fc8/"),
        (None, "yes", "vgg_16/fc8/"),
    ],
)
async def test_clients_that_filter_by_word_are_completed_by_segments(
    unstarted, info, option, expected
):
    await unstarted.client.initialize_session(
        types.InitializeParams(
            capabilities=client_capabilities("neovim"),
            client_info=info,
            workspace_folders=[types.WorkspaceFolder(unstarted.folder.as_uri(), "project")],
            initialization_options={"completionBySegments": option},
        )
    )
    unstarted.open(NAME)
    assert expected in [each.label for each in await unstarted.complete()]
