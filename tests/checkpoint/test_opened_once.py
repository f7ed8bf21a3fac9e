"""Values are read from files that are opened once, however many variables there are."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

import ckptls
from ckptls.checkpoint.locate.locate import locate
from ckptls.checkpoint.storage.local_file import OpenFile
from ckptls.checkpoint.verify.verify import verify
from ckptls.cli.main import main
from support.format_writers import WRITERS

FIXTURES = Path(__file__).parent / "fixtures"


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The files and processes that were opened so far."""
    seen: list[str] = []
    open_file, start = OpenFile.__init__, subprocess.Popen.__init__

    def counting_file(self: OpenFile, path: str) -> None:
        seen.append(path)
        open_file(self, path)

    def counting_process(self, *args, **options):  # type: ignore[no-untyped-def]
        seen.append("process")
        start(self, *args, **options)

    monkeypatch.setattr(OpenFile, "__init__", counting_file)
    monkeypatch.setattr(subprocess.Popen, "__init__", counting_process)
    yield seen


def read_all(path: str) -> None:
    with ckptls.open(path) as checkpoint:
        for name in checkpoint:
            assert checkpoint.read(name)[0] == int(name[1:])


def verify_all(path: str) -> None:
    assert verify(locate(path)).problems == []


def show_all(path: str) -> None:
    assert main(["show", path, "*"]) == 0


def diff_all(path: str) -> None:
    assert main(["diff", path, path, "--values"]) == 0


@pytest.mark.parametrize("use", [read_all, verify_all, show_all, diff_all])
@pytest.mark.parametrize("form", WRITERS)
def test_forty_variables_open_as_many_files_as_four(
    tmp_path: Path, opened: list[str], form: str, use: Callable[[str], None]
) -> None:
    counts = []
    for count in (4, 40):
        values = {f"w{number}": np.full(3, number, np.float32) for number in range(count)}
        path = WRITERS[form](tmp_path / f"m{count}", values)
        opened.clear()
        use(path)
        counts.append(len(opened))
    assert counts[0] == counts[1] > 0


@pytest.mark.parametrize("form", WRITERS)
def test_a_closed_checkpoint_opens_its_files_again(
    tmp_path: Path, opened: list[str], form: str
) -> None:
    path = WRITERS[form](tmp_path / "m", {"w": np.ones(3, np.float32)})
    checkpoint = ckptls.open(path)
    assert checkpoint.read("w").tolist() == [1, 1, 1]
    opened.clear()
    assert checkpoint.read("w").tolist() == [1, 1, 1] and opened == []
    checkpoint.close()
    assert checkpoint.read("w").tolist() == [1, 1, 1] and opened


def test_all_values_of_an_orbax_database_open_as_many_files_as_one(opened: list[str]) -> None:
    with ckptls.open(FIXTURES / "orbax" / "database") as checkpoint:
        numbers = [each.name for each in checkpoint.variables() if each.dtype != "string"]
        checkpoint.read(numbers[0])
        files = set(opened)
        opened.clear()
        for name in numbers:
            checkpoint.read(name)
    assert len(numbers) > 3 and not [path for path in opened if path in files]


def test_a_value_in_an_orbax_directory_opens_its_own_files(
    tmp_path: Path, opened: list[str]
) -> None:
    counts = []
    for count in (4, 40):
        root = shutil.copytree(FIXTURES / "orbax" / "files", tmp_path / f"m{count}")
        (root / "_METADATA").unlink()
        for number in range(count):
            shutil.copytree(root / "step", root / f"w{number}")
        opened.clear()
        with ckptls.open(root) as checkpoint:
            for number in range(count):
                checkpoint.read(f"w{number}")
        counts.append(len(opened))
    assert counts[1] - counts[0] <= 3 * 36  # its description, once more for the value, a chunk
