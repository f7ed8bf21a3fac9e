"""`ckptls check`: what it prints, and its exit codes."""

from __future__ import annotations

import contextlib
import io
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ckptls.cli.main import main

EXAMPLE = Path(__file__).parents[2] / "examples" / "vgg16"
HEAD = "import tensorflow as tf\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copy(EXAMPLE / "ckpts" / "vgg_16.ckpt.index", tmp_path / "vgg_16.ckpt.index")
    (tmp_path / "good.py").write_text(
        HEAD + 'tf.train.load_variable("vgg_16.ckpt", "vgg_16/mean_rgb")\n'
    )
    (tmp_path / "bad.py").write_text(
        HEAD + "é = '😀'; tf.train.load_variable('vgg_16.ckpt', 'vgg_16/fc8/weigths')\n", "utf-8"
    )
    return tmp_path


def check(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "ckptls", "check", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, encoding="utf-8", check=False)


def test_a_folder_is_checked_and_findings_make_the_exit_code_1(folder):
    done = check(folder)
    assert done.returncode == 1
    assert done.stdout == (
        "bad.py:2:49: error [unknown-variable] `vgg_16/fc8/weigths` is not in checkpoint"
        " `vgg_16.ckpt`; did you mean `vgg_16/fc8/weights`?\n"
    )
    assert "1 finding, 2 files checked" in done.stderr


def test_nothing_found_makes_it_0(folder):
    done = check(folder, "good.py")
    assert (done.returncode, done.stdout) == (0, "")


def test_json_goes_to_an_output_that_has_no_encoding(folder, monkeypatch):
    monkeypatch.chdir(folder)
    with contextlib.redirect_stdout(io.StringIO()) as output:
        assert main(["check", "--format", "json", "bad.py"]) == 1
    assert json.loads(output.getvalue())[0]["code"] == "unknown-variable"


def test_json_has_the_agreed_shape(folder):
    done = check(folder, "--format", "json", "bad.py")
    assert done.returncode == 1
    (finding,) = json.loads(done.stdout)
    assert finding == {
        "path": "bad.py",
        # Characters count UTF-16 units: the emoji takes two.
        "range": {"start": {"line": 1, "character": 49}, "end": {"line": 1, "character": 67}},
        "code": "unknown-variable",
        "severity": "error",
        "message": finding["message"],
        "suggestions": finding["suggestions"],
        "checkpoint": str(folder / "vgg_16.ckpt"),
    }
    assert finding["suggestions"][0] == "vgg_16/fc8/weights"
    assert check(folder, "--format", "json", "good.py").stdout.strip() == "[]"


def test_fail_on_lets_lesser_findings_pass(folder):
    (folder / "ckptls.toml").write_text('severity = { unknown-variable = "warning" }\n')
    assert check(folder).returncode == 1
    assert check(folder, "--fail-on", "error").returncode == 0


def test_a_checkpoint_given_by_hand_is_a_pin(folder):
    (folder / "table.py").write_text(
        HEAD + "import sys\ntf.train.load_variable(sys.argv[1], 'vgg_16/fc8/weigths')\n"
    )
    assert check(folder, "table.py").returncode == 0
    assert check(folder, "--checkpoint", "vgg_16.ckpt", "table.py").returncode == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere.py"], "no file or folder `nowhere.py`"),
        (["--checkpoint", "vgg_61.ckpt", "good.py"], "vgg_61.ckpt"),
        (["--format", "yaml"], "invalid choice"),
    ],
)
def test_what_cannot_run_says_why_and_makes_it_2(folder, arguments, said):
    done = check(folder, *arguments)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_files_of_other_encodings_and_with_errors_are_checked(folder):
    line = HEAD + "tf.train.load_variable('vgg_16.ckpt', 'no/such')\n"
    (folder / "latin.py").write_bytes(("# é\n" + line).encode("latin-1"))
    (folder / "bom.py").write_text("\ufeff" + line, "utf-8")
    (folder / "broken.py").write_text("def (:\n" + line)
    (folder / "nul.py").write_bytes(b"\0" + line.encode())
    done = check(folder, "latin.py", "bom.py", "broken.py", "nul.py", "--format", "json")
    assert {each["path"] for each in json.loads(done.stdout)} >= {"latin.py", "bom.py", "broken.py"}


def test_rules_are_listed_and_explained(folder):
    command = [sys.executable, "-m", "ckptls", "rule"]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "misspelled-scope" in listed
    told = subprocess.run([*command, "unknown-scope"], capture_output=True, text=True, check=True)
    assert told.stdout.startswith("# unknown-scope\n")
    unknown = subprocess.run([*command, "no-such"], capture_output=True, text=True, check=False)
    assert unknown.returncode == 2
    assert "unknown-variable" in unknown.stderr
