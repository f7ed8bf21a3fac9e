"""What a person sees in Neovim with the snippet of docs/editors.md and nothing else."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pynvim
import pytest

from e2e.conftest import until
from e2e.snippets import snippet

LEAF = "vgg_16/conv1/conv1_1/weights"
READ = "reader = tf.train.load_checkpoint(CHECKPOINT)"
FLOATING = """
local found = {}
for _, window in ipairs(vim.api.nvim_list_wins()) do
  if vim.api.nvim_win_get_config(window).relative ~= '' then
    local buffer = vim.api.nvim_win_get_buf(window)
    vim.list_extend(found, vim.api.nvim_buf_get_lines(buffer, 0, -1, true))
  end
end
return found
"""


@pytest.fixture(scope="module")
def process(example: Path, environment: dict[str, str]) -> Iterator[pynvim.Nvim]:
    """A Neovim without a screen, into which keys are typed as into any other."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(example)
        for name in environment.keys() - os.environ.keys():
            patch.delenv(name, raising=False)
        for name, value in environment.items():
            patch.setenv(name, value)
        nvim = pynvim.attach("child", argv=["nvim", "--embed", "--headless", "--clean"])
    nvim.exec_lua(snippet("0.7 to 0.10", "lua"))
    nvim.command("filetype on")
    yield nvim
    nvim.close()


@pytest.fixture
def nvim(process: pynvim.Nvim, example: Path) -> pynvim.Nvim:
    """With the script as it is on the disk, but for one misspelt name."""
    script = (example / "finetune.py").read_text("utf-8")
    process.input("<Esc>")
    process.command("edit! finetune.py")
    process.current.buffer[:] = script.replace("mean_rgb", "mean_rbg").splitlines()
    until("the slip is found", lambda: findings(process))
    return process


def findings(nvim: pynvim.Nvim) -> list[str]:
    return [each["message"] for each in nvim.exec_lua("return vim.diagnostic.get(0)")]


def complete(nvim: pynvim.Nvim, typed: str) -> list[dict[str, str]]:
    """Types a name on a new last line and asks for completion; what is offered."""
    nvim.input(f"<Esc>Go{READ}<CR>reader.get_tensor('{typed}")
    until("it is typed", lambda: nvim.current.line.endswith(f"'{typed}"))
    nvim.input("<C-x><C-o>")
    found: list[dict[str, str]] = until("a list", lambda: nvim.eval("complete_info().items"))
    return found


@pytest.mark.parametrize("typed", ["", "vgg_16/con", "vgg_16/conv1/conv1_1/", "vgg_16/mean"])
def test_what_is_chosen_goes_on_from_what_was_typed(nvim: pynvim.Nvim, typed: str) -> None:
    assert complete(nvim, typed)
    nvim.input("<C-y>")
    line = until("it is written", lambda: longer_than(nvim, f"reader.get_tensor('{typed}"))
    name = line.partition("get_tensor('")[2]
    assert name.startswith(typed) and name.count("vgg_16/") == 1


def longer_than(nvim: pynvim.Nvim, text: str) -> str:
    line = str(nvim.current.line).strip()
    return line if len(line) > len(text) else ""


def test_a_variable_is_offered_with_its_shape(nvim: pynvim.Nvim) -> None:
    (item,) = complete(nvim, "vgg_16/conv1/conv1_1/w")
    assert "float32 [3, 3, 3, 64]" in item["menu"]
    nvim.input("<C-y>")
    until("it is written", lambda: nvim.current.line.endswith(f"get_tensor('{LEAF}"))


def test_k_tells_the_shape(nvim: pynvim.Nvim) -> None:
    nvim.input(f"<Esc>Go{READ}<CR>reader.get_tensor('{LEAF}')<Esc>")
    until("it is typed", lambda: LEAF in nvim.current.line)
    nvim.input("0fvK")
    text = "\n".join(until("the window opens", lambda: nvim.exec_lua(FLOATING)))
    assert "float32" in text and "[3, 3, 3, 64]" in text


def test_a_slip_is_marked_until_it_is_mended(nvim: pynvim.Nvim) -> None:
    (message,) = findings(nvim)
    assert "`vgg_16/mean_rbg`" in message and "`vgg_16/mean_rgb`" in message
    nvim.command("%s/mean_rbg/mean_rgb/")
    until("the mark goes", lambda: not findings(nvim))
