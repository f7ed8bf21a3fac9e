"""Findings that are asked for, and those that are told without being asked."""

from __future__ import annotations

import asyncio
import os

import pytest_asyncio
from lsprotocol import types
from pytest_lsp import client_capabilities

from checkpoint import crafted
from lsp.conftest import HEAD, Editor, current_vscode

WRONG = HEAD + "tf.train.load_variable('vgg_16.ckpt', 'vgg_16/fc8/weigths')\n"
USE = HEAD + "from paths import BEST\ntf.train.load_variable(BEST, 'vgg_16/fc8/weigths')\n"


@pytest_asyncio.fixture
async def asking(unstarted: Editor) -> Editor:
    """A started editor that asks for findings."""
    await unstarted.start(current_vscode())
    return unstarted


async def until_asked_again(editor: Editor, count: int) -> None:
    """Waits until the server has asked `count` times to be asked again."""
    for _ in range(500):
        if editor.client.diagnostic_refresh_count >= count:
            return
        await asyncio.sleep(0.02)
    raise AssertionError(f"asked {editor.client.diagnostic_refresh_count} times, wanted {count}")


async def pulled(editor: Editor, expected: list[str]) -> list[types.Diagnostic]:
    """Asks, and asks again when told to, until these codes are found."""
    for _ in range(500):
        report = await editor.pull()
        assert isinstance(report, types.RelatedFullDocumentDiagnosticReport)
        if [each.code for each in report.items] == expected:
            return list(report.items)
        await asyncio.sleep(0.02)
    raise AssertionError(f"found {[each.code for each in report.items]}, wanted {expected}")


async def test_client_that_pulls_diagnostics_gets_none_published(asking: Editor):
    asking.open(WRONG)
    (diagnostic,) = await pulled(asking, ["unknown-variable"])
    assert asking.slice(diagnostic.range) == "vgg_16/fc8/weigths"
    (related,) = diagnostic.related_information or ()
    assert related.message == "the checkpoint is named here"
    assert asking.slice(related.location.range) == "vgg_16.ckpt"
    await asyncio.sleep(0.4)
    assert asking.uri not in asking.client.diagnostics


async def test_diagnostics_that_are_unchanged_are_not_sent_again(asking: Editor):
    asking.open(WRONG)
    await pulled(asking, ["unknown-variable"])
    first = await asking.pull()
    again = await asking.pull(first.result_id)
    assert isinstance(again, types.RelatedUnchangedDocumentDiagnosticReport)
    asking.edit(0, 0, "# a line above\n")
    moved = await asking.pull(first.result_id)
    assert isinstance(moved, types.RelatedFullDocumentDiagnosticReport)


async def test_changed_checkpoint_makes_the_client_refresh(asking: Editor):
    asking.open(WRONG)
    await pulled(asking, ["unknown-variable"])
    before = asking.client.diagnostic_refresh_count
    index = crafted.index([("vgg_16/fc8/weigths", crafted.FLOAT, [2])])
    (asking.folder / "new").write_bytes(index)
    os.replace(asking.folder / "new", asking.folder / "vgg_16.ckpt.index")
    await until_asked_again(asking, before + 1)
    await pulled(asking, [])


async def test_changed_setting_makes_the_client_refresh(asking: Editor):
    asking.open(WRONG)
    await pulled(asking, ["unknown-variable"])
    before = asking.client.diagnostic_refresh_count
    asking.client.set_configuration({"ckptls": {"ignore": ["unknown-variable"]}})
    asking.client.workspace_did_change_configuration(
        types.DidChangeConfigurationParams(settings=None)
    )
    await until_asked_again(asking, before + 1)
    await pulled(asking, [])


async def test_changed_module_on_disk_makes_the_client_refresh(asking: Editor):
    module = asking.folder / "paths.py"
    module.write_text("BEST = 'other.ckpt'\n")
    asking.open(USE)
    await pulled(asking, [])
    before = asking.client.diagnostic_refresh_count
    module.write_text("BEST = 'vgg_16.ckpt'\n")
    change = types.FileEvent(module.as_uri(), types.FileChangeType.Changed)
    asking.client.workspace_did_change_watched_files(types.DidChangeWatchedFilesParams([change]))
    await until_asked_again(asking, before + 1)
    await pulled(asking, ["unknown-variable"])


async def test_edited_module_renews_published_diagnostics(editor: Editor):
    (editor.folder / "paths.py").write_text("BEST = 'other.ckpt'\n")
    module = editor.open_beside("paths.py", "BEST = 'other.ckpt'\n")
    editor.open(USE)
    await editor.codes([])
    edit = types.TextDocumentContentChangeWholeDocument("BEST = 'vgg_16.ckpt'\n")
    editor.client.text_document_did_change(
        types.DidChangeTextDocumentParams(types.VersionedTextDocumentIdentifier(2, module), [edit])
    )
    await editor.codes(["unknown-variable"])


async def test_client_without_refresh_gets_diagnostics_published(unstarted: Editor):
    await unstarted.start(client_capabilities("neovim@v0.11"))
    unstarted.open(WRONG)
    await unstarted.codes(["unknown-variable"])


async def test_a_document_that_is_not_open_has_no_findings(asking: Editor):
    report = await asking.pull()
    assert isinstance(report, types.RelatedFullDocumentDiagnosticReport)
    assert list(report.items) == []
