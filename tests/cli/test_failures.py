"""What is not a finding: errors of ours, files that are none, a system that refuses."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from cli.checking import BAD, HEAD, check, make_folder, notebook
from cli.command import ckptls_command
from special_files import SPECIAL, make_hostile_folder

# A command with a fault of ours: the module that runs it raises.
_BROKEN = """
import sys
from ckptls.cli import main
from ckptls.cli.commands import ls
def run(args): raise {error}
ls.run = run
sys.exit(main.main(sys.argv[1:]))
"""


def broken(error: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", _BROKEN.format(error=error), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            "RuntimeError('odd\\nvery')",
            "internal error: RuntimeError: odd (<string>:5); `--debug` shows",
        ),
        ("RecursionError()", "internal error: RecursionError (<string>:5)"),
        ("MemoryError()", "out of memory"),
        ("OSError(28, 'No space left on device')", "system error: No space left on device"),
        (
            "OSError(5, 'Input/output error', 'a\\x1bb')",
            "system error for `a\\x1bb`: Input/output",
        ),
    ],
)
def test_an_error_of_ours_is_one_sentence_and_exit_code_2(error: str, said: str) -> None:
    done = broken(error, "ls", "m")
    assert done.returncode == 2
    assert done.stderr.startswith(f"ckptls: {said}")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("arguments", [("--debug", "ls", "m"), ("ls", "m", "--debug")])
def test_its_traceback_is_shown_on_request(arguments: tuple[str, ...]) -> None:
    done = broken("RuntimeError('odd')", *arguments)
    assert done.returncode == 2
    assert done.stderr.startswith("Traceback (most recent call last):\n")
    assert done.stderr.splitlines()[-1].startswith("ckptls: internal error: ")


def test_a_full_disk_is_no_finding(tmp_path: Path) -> None:
    make_folder(tmp_path)
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "ckptls", "check", str(tmp_path)],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 2
    assert done.stderr.endswith("ckptls: system error: No space left on device\n")


@pytest.mark.parametrize("kind", SPECIAL)
def test_what_is_no_file_is_passed_over_whatever_its_name(tmp_path: Path, kind: str) -> None:
    make_hostile_folder(tmp_path, kind)
    done = subprocess.run(
        [sys.executable, "-m", "ckptls", "check", "--format", "json"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=100,  # they would wait for ever
    )
    assert done.returncode == 1
    assert "unknown-variable" in [each["code"] for each in json.loads(done.stdout)]
    assert f"`x.py` is skipped: it is {kind}, not a regular file" in done.stderr
    assert f"`n.ipynb` is skipped: it is {kind}, not a regular file" in done.stderr
    assert f"ckptls.toml: cannot be read: it is {kind}, not a regular file" in done.stderr
    assert "internal error" not in done.stderr


@pytest.mark.parametrize(("kind", "make"), SPECIAL.items(), ids=SPECIAL)
def test_what_is_no_file_and_named_is_refused(
    tmp_path: Path, kind: str, make: Callable[[Path], None]
) -> None:
    make(tmp_path / "x.py")
    done = check(tmp_path, "x.py")
    assert (done.returncode, done.stdout) == (2, "")
    assert f"`x.py` is {kind}, not a regular file; use `-` for standard input" in done.stderr


@pytest.mark.parametrize("command", ["ls", "tree", "verify", "latest"])
@pytest.mark.parametrize(("kind", "make"), SPECIAL.items(), ids=SPECIAL)
def test_what_is_no_file_is_no_checkpoint(
    tmp_path: Path, command: str, kind: str, make: Callable[[Path], None]
) -> None:
    make(tmp_path / "x.ckpt")
    done = ckptls_command(command, str(tmp_path / "x.ckpt"))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("ckptls: ")
    assert "Traceback" not in done.stderr
    if command != "latest":  # which wants a directory
        assert f"it is {kind}, not a regular file" in done.stderr


def test_a_large_file_is_not_read_whole(tmp_path: Path) -> None:
    make_folder(tmp_path)
    for name in ("big.py", "big.ipynb", "ckptls.toml", ".gitignore"):
        with (tmp_path / name).open("wb") as file:
            file.write(b"import tensorflow\n")
            file.truncate(1 << 40)  # a hole of a terabyte
    done = check(tmp_path)
    assert done.returncode == 1
    assert "`big.py` is skipped: it has more than 20,000,000 bytes" in done.stderr
    assert "`big.ipynb` is skipped: it has more than 100,000,000 bytes" in done.stderr
    assert "ckptls.toml: cannot be read: it has more than 500 kB" in done.stderr
    assert "1 finding, 2 files checked, 2 skipped" in done.stderr


WRONG_NOTEBOOKS = {
    "deep": (b'{"tensorflow": ' + b"[" * 100_000, "nested too deeply"),
    "deep cells": (b'{"tensorflow":' + b"[" * 5000 + b"]" * 5000 + b"}", "nested too deeply"),
    "digits": (b'{"tensorflow": ' + b"9" * 5000 + b', "cells": []}', "a number is too long"),
    "bytes": (b'\xff\xfe{"tensorflow"}', "it is not UTF-8 (byte 0)"),
    "array": (b'["tensorflow"]', "it is not a JSON object"),
    "no cells": (b'{"tensorflow": 1}', "it has neither `cells` nor `worksheets`"),
    "cut off": (notebook(HEAD + BAD).encode()[:-30], "it is not valid JSON (line "),
}


@pytest.mark.parametrize(("content", "said"), WRONG_NOTEBOOKS.values(), ids=WRONG_NOTEBOOKS)
def test_a_wrong_notebook_is_a_sentence(tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "n.ipynb").write_bytes(content)
    done = check(tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "`n.ipynb` is not a valid notebook: " in done.stderr
    assert said in done.stderr


def test_an_odd_notebook_is_checked_as_far_as_it_goes(tmp_path: Path) -> None:
    make_folder(tmp_path)
    cells = json.loads(notebook(HEAD, BAD))["cells"]
    odd = [
        *({"cell_type": "code", "source": 5}, 7, None, [], {"source": "x"}),
        *({"cell_type": "code", "source": ["a\n", 1]}, {"cell_type": 3, "source": {}}),
        {"cell_type": "code", "source": "'\ud800' + '\udfff\x00'\n", "metadata": 3},
    ]
    content = {"cells": [*odd, *cells], "metadata": [], "nbformat": "x", "extra": 1 << 9999}
    (tmp_path / "odd.ipynb").write_text(json.dumps(content))
    # Of a key that occurs twice the last one counts.
    twice = '{"cells": [], ' + notebook(HEAD, BAD).lstrip()[1:]
    (tmp_path / "twice.ipynb").write_text(twice)
    done = check(tmp_path, "odd.ipynb", "twice.ipynb", "--format", "json")
    assert [(each["path"], each["cell"]) for each in json.loads(done.stdout)] == [
        ("odd.ipynb", 10),
        ("twice.ipynb", 2),
    ]
    fixed = check(tmp_path, "odd.ipynb", "twice.ipynb", "--fix")
    assert "Traceback" not in fixed.stderr and "internal error" not in fixed.stderr
