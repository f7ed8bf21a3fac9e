"""JupyterLab: the entry point, asked by jupyter-lsp's own manager, and what its client is told.

What becomes of the texts in the browser is seen in tests/e2e/jupyter.
"""

from __future__ import annotations

import asyncio
import shutil

import pytest
import pytest_asyncio
from jupyter_lsp import LanguageServerManager
from lsprotocol import types
from pytest_lsp import client_capabilities

from lsp.conftest import EXAMPLE, HEAD


@pytest.fixture
def manager() -> LanguageServerManager:
    manager = LanguageServerManager()
    manager.initialize()
    return manager


def test_the_server_is_listed_beside_that_of_the_user(manager):
    listed = [
        key for key, spec in manager.language_servers.items() if "python" in spec["languages"]
    ]
    assert {"pylsp", "zz-ckptls"} <= set(listed)
    assert manager.language_servers["zz-ckptls"]["argv"][-1] == "server"


def test_the_server_of_the_user_is_the_one_that_jupyterlab_asks(manager):
    # JupyterLab asks the first by name of those that its user did not rank.
    servers = [
        key for key, spec in manager.all_language_servers.items() if "python" in spec["languages"]
    ]
    assert len(servers) > 3
    assert sorted(servers)[-1] == "zz-ckptls"


@pytest_asyncio.fixture
async def jupyterlab(unstarted):
    """A client that says hello as jupyterlab-lsp does: without its name or a process."""
    await hello(unstarted)
    return unstarted


async def hello(editor, **known):
    client, capabilities = editor.client, client_capabilities("emacs")
    client.capabilities = capabilities
    params = types.InitializeParams(capabilities, root_uri=editor.folder.as_uri(), **known)
    await client.initialize_async(params)
    client.initialized(types.InitializedParams())


@pytest.mark.asyncio
async def test_a_second_window_is_answered_and_works(jupyterlab):
    """jupyter-lsp has all windows share one server, and each introduces itself."""
    params = types.InitializeParams(
        jupyterlab.client.capabilities, root_uri=jupyterlab.folder.as_uri()
    )
    answer = await jupyterlab.client.initialize_async(params)
    assert answer.capabilities.hover_provider
    jupyterlab.client.initialized(types.InitializedParams())
    jupyterlab.open(HEAD + 'tf.train.load_variable("vgg_16.ckpt", "vgg_16/fc8/bi<cursor>ases")\n')
    told = await jupyterlab.hover()
    assert "[1000]" in told.contents.value


def opened(editor, literal: str, name: str) -> None:
    editor.uri = (editor.folder / name).as_uri()
    editor.open(HEAD + f"tf.train.load_variable('vgg_16.ckpt', {literal}\n")


# The literal with the cursor in it, an item, and what replaces the literal, which is this text
# with the rest of the literal taken off its end.
WITHOUT_SLASH = [
    ("'<cursor>", "vgg_16/", "'vgg_16/"),
    ("'vg<cursor>", "vgg_16/", "'vgg_16/"),
    ("'<cursor>')", "vgg_16/", "'vgg_16/''"),
    ("'vg<cursor>')", "vgg_16/", "'vgg_16/''"),
    ("'gl<cursor>bal')", "global_step", "'global_step'bal'"),
    ("r'vg<cursor>')", "vgg_16/", "r'vgg_16/''"),
]
# So in f-strings too, slashes or not, as long as there is no field in them.
FORMATTED = [
    ("f'vgg_16/fc<cursor>", "fc8/", "f'vgg_16/fc8/"),
    ("f'vgg_16/fc<cursor>')", "fc8/", "f'vgg_16/fc8/''"),
]
# The same, and what is put behind the last slash before the cursor.
WITH_SLASH = [
    ("'vgg_16/<cursor>", "fc8/", "fc8/"),
    ("'vgg_16/<cursor>')", "fc8/", "fc8/"),
    ("'vgg_16/fc<cursor>')", "fc8/", "fc8/"),
    ("'vgg_16/fc<cursor>8/biases')", "fc8/", "fc8/'"),
    ('"""vgg_16/fc<cursor>""")', "fc8/", 'fc8/""'),
]
# JupyterLab finds no token in an open string with more behind it, or behind the field of an
# f-string: what is missing is put there.
NO_TOKEN = [
    ("'vg<cursor>)", "vgg_16/", "g_16/"),
    ("'vgg_16/fc<cursor>, 1)", "fc8/", "8/"),
    ("f'vgg_16/fc{6}/w<cursor>')", "weights", "eights"),
]
CASES = [*WITHOUT_SLASH, *FORMATTED, *WITH_SLASH, *NO_TOKEN]


@pytest.mark.asyncio
async def test_jupyterlab_is_told_what_becomes_of_the_literal(jupyterlab):
    told, expected = {}, {}
    for number, (literal, label, text) in enumerate(CASES):
        opened(jupyterlab, literal, f"train_{number}.py")
        items = {each.label: each for each in await jupyterlab.complete()}
        told[literal] = items[label].insert_text if label in items else sorted(items)
        expected[literal] = text
    assert told == expected


@pytest.mark.asyncio
async def test_items_that_a_kernel_offers_too_keep_the_closing_quote(jupyterlab):
    opened(jupyterlab, "'<cursor>')", "explore.ipynb")
    items = {each.label: each for each in await jupyterlab.complete()}
    assert items["vgg_16/"].insert_text == "'vgg_16/'"


@pytest.mark.asyncio
async def test_a_kernel_completes_files_too(unstarted):
    shutil.copytree(EXAMPLE / "ckpts", unstarted.folder / "ckpts")
    await hello(unstarted)
    told = {}
    for number, path in enumerate(["'ck<cursor>')", "'ckpts/v<cursor>')"]):
        unstarted.uri = (unstarted.folder / f"paths_{number}.ipynb").as_uri()
        unstarted.open(HEAD + f"tf.train.load_checkpoint({path}\n")
        for _ in range(1200):  # until the folder has been looked through
            if items := await unstarted.complete():
                break
            await asyncio.sleep(0.05)
        told |= {each.label: each.insert_text for each in items}
    assert told == {"ckpts/": "'ckpts/'", "vgg_16.ckpt": "'ckpts/vgg_16.ckpt"}


@pytest.mark.asyncio
async def test_items_that_jupyterlab_would_insert_wrongly_are_not_offered(jupyterlab):
    opened(jupyterlab, "'vgg_16/conv1/conv1_1/w<cursor>')", "train.py")
    assert [each.label for each in await jupyterlab.complete()] == ["weights"]
    opened(jupyterlab, "'fc8w<cursor>')", "other.py")
    assert not await jupyterlab.complete()


@pytest.mark.asyncio
async def test_a_client_that_says_its_name_is_told_whole_names(unstarted):
    await hello(unstarted, client_info=types.ClientInfo("helix"))
    opened(unstarted, "'vgg_16/fc<cursor>')", "train.py")
    items = await unstarted.complete()
    assert "vgg_16/fc8/" in [each.label for each in items]
    assert all(each.insert_text is None for each in items)
