"""Findings in the files of settings over the wire."""

from __future__ import annotations

import pytest
from lsprotocol import types

from lsp.conftest import current_vscode
from lsp.wire import Wire


@pytest.mark.asyncio
async def test_wrong_settings_are_reported_in_their_file_and_cleared(unstarted):
    file = unstarted.folder / "ckptls.toml"
    file.write_text("exclude = []\ncheckpoint = []\n")
    await unstarted.start(current_vscode())
    unstarted.uri = file.as_uri()
    [found] = await unstarted.codes(["unknown-setting"])
    assert found.range == types.Range(types.Position(1, 0), types.Position(1, 10))
    file.write_text("exclude = []\n")
    unstarted.client.workspace_did_change_watched_files(
        types.DidChangeWatchedFilesParams(
            [types.FileEvent(file.as_uri(), types.FileChangeType.Changed)]
        )
    )
    await unstarted.codes([])


def opened(editor, text: str) -> None:
    editor.version += 1
    item = types.TextDocumentItem(editor.uri, "toml", editor.version, text)
    editor.client.text_document_did_open(types.DidOpenTextDocumentParams(item))
    editor.text = text


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("name", "head"), [("ckptls.toml", ""), ("pyproject.toml", "[tool.ckptls]\n")]
)
async def test_settings_are_checked_while_they_are_typed(unstarted, name, head):
    file = unstarted.folder / name
    file.write_text(head + "exclude = []\n")
    await unstarted.start(current_vscode())
    unstarted.uri = file.as_uri()
    opened(unstarted, head + "exclude = []\n")
    unstarted.edit(len(head), len(head) + 7, "exclud")
    (found,) = await unstarted.codes(["unknown-setting"])
    assert unstarted.slice(found.range) == "exclud"
    unstarted.edit(len(head) + 6, len(head) + 6, "e = [] # é😀\nselect = 3 #")
    await unstarted.codes(["wrong-setting"])
    # What was not saved is gone with the editor that had it.
    unstarted.client.text_document_did_close(
        types.DidCloseTextDocumentParams(types.TextDocumentIdentifier(unstarted.uri))
    )
    await unstarted.codes([])


@pytest.mark.asyncio
async def test_settings_files_outside_the_folders_are_ignored(unstarted):
    await unstarted.start(current_vscode())
    unstarted.uri = (unstarted.folder / "elsewhere" / "ckptls.toml").as_uri()
    opened(unstarted, "nothing = 1\n")
    beside = (unstarted.folder / "ckptls.toml").as_uri()
    item = types.TextDocumentItem(beside, "toml", 1, "nothing = 1\n")
    unstarted.client.text_document_did_open(types.DidOpenTextDocumentParams(item))
    elsewhere, unstarted.uri = unstarted.uri, beside
    await unstarted.codes(["unknown-setting"])
    assert elsewhere not in unstarted.client.diagnostics


def test_client_is_asked_to_sync_files_of_settings():
    wire = Wire()
    try:
        wire.start({"textDocument": {"synchronization": {"dynamicRegistration": True}}})
        asked = wire.request("client/registerCapability")["params"]["registrations"]
    finally:
        wire.kill()
    selectors = {
        each["method"]: [part["pattern"] for part in each["registerOptions"]["documentSelector"]]
        for each in asked
    }
    files = ["**/ckptls.toml", "**/pyproject.toml"]
    assert selectors == {f"textDocument/did{what}": files for what in ("Open", "Change", "Close")}
