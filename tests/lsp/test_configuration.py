"""Findings in the files of settings over the wire."""

from __future__ import annotations

import pytest
from lsprotocol import types

from lsp.conftest import current_vscode


@pytest.mark.asyncio
async def test_wrong_settings_are_told_in_their_file_and_taken_back(unstarted):
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
