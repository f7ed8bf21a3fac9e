"""The page of the commands: every command is on it, and every example is what it says."""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path

import numpy as np
import pytest

from checkpoint import crafted_values
from cli.command import ckptls_command, lines_of

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "commands.md"
_EXAMPLE = re.compile(r"^\$ (ckptls [^\n]*)\n((?:(?!\$ |```).*\n)*)", re.MULTILINE)


def examples() -> list[tuple[str, str]]:
    """(command, what it prints) of each example whose output is shown."""
    return [(each[1], each[2].rstrip("\n")) for each in _EXAMPLE.finditer(PAGE.read_text("utf-8"))]


def save(prefix: Path, step: int, seconds: int) -> None:
    """One step of a small run: a model, its head, and Adam's slots."""
    kernel = np.linspace(-1, 1, 27 * 64, dtype=np.float32).reshape(3, 3, 3, 64)
    kernel[0, 0, 0, 0] += step / 1_000_000
    crafted_values.bundle(
        prefix,
        {
            "global_step": np.array(step, np.int64),
            "model/conv1/kernel": kernel,
            "model/conv1/kernel/Adam": kernel * 0,
            "model/conv1/kernel/Adam_1": kernel * 0,
            "model/head/bias": np.zeros(10, np.float32),
        },
    )
    os.utime(f"{prefix}.index", (1_700_000_000 + seconds,) * 2)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the examples run: the example workspace, and a run that is saving step 3000."""
    folder = tmp_path_factory.mktemp("page")
    (folder / "examples").symlink_to(ROOT / "examples")
    run = folder / "run"
    run.mkdir()
    for step in (0, 1000, 2000):
        save(run / f"model.ckpt-{step}", step, step)
    (run / "model.ckpt-3000_temp").mkdir()
    names = "".join(
        f'{field}: "model.ckpt-{step}"\n'
        for field, step in (
            ("model_checkpoint_path", 2000),
            ("all_model_checkpoint_paths", 1000),
            ("all_model_checkpoint_paths", 2000),
        )
    )
    (run / "checkpoint").write_text(names)
    crafted_values.bundle(
        folder / "tuned.ckpt",
        {
            "net/conv1/weights": np.zeros([3, 3, 3, 64], np.float32),
            "net/conv1/biases": np.zeros([64], np.float32),
            "net/fc/weights": np.zeros([64, 10], np.float32),
            "extra": np.zeros([], np.float32),
        },
    )
    crafted_values.bundle(
        folder / "base.ckpt",
        {
            "vgg/conv1/weights": np.zeros([3, 3, 3, 64], np.float32),
            "vgg/conv1/biases": np.zeros([64], np.float32),
            "vgg/fc/weights": np.zeros([64, 1000], np.float32),
        },
    )
    return folder


def test_every_command_has_a_section() -> None:
    listed = re.findall(r"(?m)^ {4}(\w+) {2,}", ckptls_command("--help").stdout)
    assert "ls" in listed
    pages = [PAGE, ROOT / "docs" / "values.md"]
    text = "\n".join(page.read_text("utf-8") for page in pages if page.is_file())
    sections = set(re.findall(r"(?m)^#+ `?(?:ckptls )?(\w+)\b", text))
    assert not set(listed) - sections


def test_every_option_of_these_commands_is_on_the_page() -> None:
    text = PAGE.read_text("utf-8")
    for command in ("ls", "tree", "diff", "latest"):
        section = text.partition(f"\n## {command}\n")[2].partition("\n## ")[0]
        options = set(re.findall(r"--[a-z-]+", ckptls_command(command, "--help").stdout))
        assert not {each for each in options - {"--help"} if f"`{each}" not in section}


@pytest.mark.parametrize(("command", "shown"), examples(), ids=[each[0] for each in examples()])
def test_every_example_is_true(
    folder: Path, monkeypatch: pytest.MonkeyPatch, command: str, shown: str
) -> None:
    monkeypatch.chdir(folder)
    _, *arguments = shlex.split(command)
    result = ckptls_command(*arguments, COLUMNS="100")
    assert lines_of(result.stdout + result.stderr) == lines_of(shown)
