"""The pages about `ckptls check` and notebooks: each example is what it says."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path

import pytest
import yaml

from cli.checking import BAD, HEAD, check, make_folder, notebook

DOCS = Path(__file__).parents[2] / "docs"
CHECK = (DOCS / "check.md").read_text("utf-8")
PAGES = CHECK + (DOCS / "notebooks.md").read_text("utf-8")
EXAMPLES = re.findall(r"^\$ ckptls check([^\n]*)\n((?:(?!\$ |```).*\n)*)", PAGES, re.MULTILINE)
YAML = [yaml.safe_load(each) for each in re.findall(r"```yaml\n(.*?)```", CHECK, re.DOTALL)]


def run_example(folder: Path, arguments: str) -> subprocess.CompletedProcess[str]:
    written, _, stdin = arguments.partition(" < ")
    data = (folder / stdin).read_bytes() if stdin else b""
    return check(folder, *shlex.split(written), stdin=data)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    make_folder(tmp_path)
    (tmp_path / "bad.py").unlink()
    (tmp_path / "ckptls.toml").touch()
    more = "tf.train.load_variable('vgg_16.ckpt', 'vgg_16/mean_rgb')\n"
    (tmp_path / "train.py").write_text(f"{HEAD}\n{BAD}{more}")
    (tmp_path / "net").mkdir()
    opening = "r = tf.train.load_checkpoint('vgg_16.ckpt')\n"
    text = HEAD + opening + "r.get_tensor('vgg_16/fc8/biasse')\n"
    (tmp_path / "net" / "eval.ipynb").write_text(notebook(text), "utf-8")
    return tmp_path


@pytest.mark.parametrize(("arguments", "shown"), EXAMPLES, ids=[each[0] for each in EXAMPLES])
def test_every_example_is_true(folder: Path, arguments: str, shown: str) -> None:
    done = run_example(folder, arguments)
    assert (done.stdout + done.stderr).splitlines() == shown.splitlines()


def test_every_option_is_on_the_page() -> None:
    options = set(re.findall(r"--[a-z-]+", check(DOCS, "--help").stdout)) - {"--help"}
    assert not {each for each in options if f"`{each}" not in CHECK}


def test_the_configuration_for_pre_commit_names_the_hook() -> None:
    hooks = yaml.safe_load((DOCS.parent / ".pre-commit-hooks.yaml").read_text("utf-8"))
    (used,) = YAML[0]["repos"][0]["hooks"]
    assert used["id"] == hooks[0]["id"]


def test_the_steps_of_the_workflow_run(folder: Path) -> None:
    steps = YAML[1]["jobs"]["check"]["steps"]
    commands = [step["run"] for step in steps if step.get("run", "").startswith("ckptls check")]
    assert len(commands) == 2
    for command in commands:
        arguments = shlex.split(command.partition(" > ")[0].removeprefix("ckptls check"))
        assert check(folder, *arguments).returncode == 1
        assert check(folder, *arguments, "good.py").returncode == 0
