"""Values are read from files that are opened once, however many variables there are."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import h5py
import numpy as np
import pytest
import safetensors.numpy

import ckptls
from checkpoint.crafted_values import bundle, v1_file
from ckptls.checkpoint.files import OpenFile
from ckptls.checkpoint.locate import locate
from ckptls.checkpoint.verify import verify

Values = dict[str, np.ndarray]


def write_hdf5(path: Path, values: Values) -> str:
    with h5py.File(path, "w") as file:
        for name, value in values.items():
            file[name] = value
    return str(path)


def write_npz(path: Path, values: Values) -> str:
    with path.open("wb") as file:
        np.savez(file, allow_pickle=False, **values)
    return str(path)


def write_safetensors(path: Path, values: Values) -> str:
    safetensors.numpy.save_file(values, path)
    return str(path)


def write_v1(path: Path, values: Values) -> str:
    path.write_bytes(v1_file(values))
    return str(path)


WRITERS: dict[str, Callable[[Path, Values], str]] = {
    "V2": bundle,
    "V1": write_v1,
    "hdf5": write_hdf5,
    "npz": write_npz,
    "safetensors": write_safetensors,
}


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


@pytest.mark.parametrize("use", [read_all, verify_all])
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
    path = WRITERS[form](tmp_path / "m", {"w": np.ones(2, np.float32)})
    checkpoint = ckptls.open(path)
    assert checkpoint.read("w").tolist() == [1, 1]
    opened.clear()
    assert checkpoint.read("w").tolist() == [1, 1] and opened == []
    checkpoint.close()
    assert checkpoint.read("w").tolist() == [1, 1] and opened
