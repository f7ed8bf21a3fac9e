"""Files that change while a client is connected that cannot watch them."""

from __future__ import annotations

import pytest
from pytest_lsp import client_capabilities

from lsp.conftest import HEAD


@pytest.mark.asyncio
async def test_modules_and_settings_that_come_and_change_are_noticed(unstarted):
    abilities = client_capabilities("neovim")
    abilities.workspace.did_change_watched_files = None
    module = unstarted.folder / "paths.py"
    module.write_text("CKPT = input()\n")
    await unstarted.start(abilities)
    unstarted.open(HEAD + 'import paths\ntf.train.load_variable(paths.CKPT, "vgg_16/nothing")\n')
    await unstarted.codes([])
    module.write_text("CKPT = 'vgg_16.ckpt'\n")
    await unstarted.codes(["unknown-variable"], seconds=20)
    settings = unstarted.folder / "ckptls.toml"
    settings.write_text('ignore = ["unknown-variable"]\n')
    await unstarted.codes([], seconds=20)
