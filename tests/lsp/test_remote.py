"""Checkpoints on other machines, in a session over standard input and output."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from lsprotocol import types
from pytest_lsp import client_capabilities

from checkpoint import crafted
from checkpoint.crafted import FLOAT
from lsp.conftest import HEAD, Editor
from remote.servers import Site, web_server


@pytest.fixture(autouse=True)
def loopback_needs_no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture
def site() -> Iterator[Site]:
    with web_server(Site({"/m.index": crafted.index([("layer/kernel", FLOAT, [2])])})) as served:
        yield served


async def test_a_server_is_asked_once_the_user_allows_it(unstarted: Editor, site: Site):
    unstarted.client.set_configuration({"ckptls": {"remote": False}})
    await unstarted.start(client_capabilities("visual_studio_code"))
    unstarted.open(HEAD + f"tf.train.load_variable('{site.url}/m<cursor>', 'layer/kernal')\n")
    await unstarted.codes([])
    answer = await unstarted.hover()
    assert answer is not None and isinstance(answer.contents, types.MarkupContent)
    assert "ckptls.remote" in answer.contents.value
    assert not site.requests
    unstarted.client.set_configuration({"ckptls": {"remote": True}})
    unstarted.client.workspace_did_change_configuration(
        types.DidChangeConfigurationParams(settings=None)
    )
    (diagnostic,) = await unstarted.codes(["unknown-variable"])
    assert f"{site.url}/m" in diagnostic.message
    answer = await unstarted.hover()
    assert answer is not None and isinstance(answer.contents, types.MarkupContent)
    assert "V2 checkpoint" in answer.contents.value


async def test_servers_that_do_not_answer_keep_nothing_else_waiting(
    unstarted: Editor, site: Site, tmp_path_factory: pytest.TempPathFactory
):
    elsewhere = tmp_path_factory.mktemp("elsewhere")  # so that no scan has read it before
    (elsewhere / "m.index").write_bytes(site.files["/m.index"])
    site.wait_seconds = 60.0
    unstarted.client.set_configuration({"ckptls": {"remote": True}})
    await unstarted.start(client_capabilities("visual_studio_code"))
    slow = "".join(f"tf.train.load_checkpoint('{site.url}/{n}/m')\n" for n in range(12))
    unstarted.open(HEAD + slow)
    while not site.arrivals:
        await asyncio.sleep(0.02)
    wrong = f"tf.train.load_variable('{elsewhere}/m', 'layer/kernal')\n"
    unstarted.edit(len(unstarted.text), len(unstarted.text), wrong)
    await unstarted.codes(["unknown-variable"])
    assert not site.requests, "an answer was waited for"
