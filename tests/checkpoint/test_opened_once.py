"""Values are read from files that are opened once, however many variables there are."""

from __future__ import annotations

import io
import pickle
import shutil
import subprocess
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import h5py
import numpy as np
import pytest
import safetensors.numpy

import ckptls
from checkpoint.crafted_values import bundle, v1_file
from ckptls.checkpoint.locate.locate import locate
from ckptls.checkpoint.storage.local_file import OpenFile
from ckptls.checkpoint.verify.verify import verify
from ckptls.cli.main import main

FIXTURES = Path(__file__).parent / "fixtures"
Values = dict[str, np.ndarray]


def write_hdf5(path: Path, values: Values) -> str:
    with h5py.File(path, "w") as file:
        for name, value in values.items():
            file[name] = value
    return str(path)


def write_keras(path: Path, values: Values) -> str:
    weights = io.BytesIO()
    with h5py.File(weights, "w") as file:
        for name, value in values.items():
            file[name] = value
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("metadata.json", '{"keras_version": "3.0.0"}')
        archive.writestr("config.json", "{}")
        archive.writestr("model.weights.h5", weights.getvalue())
    return str(path)


def write_torch(path: Path, values: Values) -> str:
    """As torch.save writes float32 tensors of three elements, each with a storage of its own."""
    pickled = b"\x80\x02}("
    with zipfile.ZipFile(path, "w") as archive:
        for name, value in values.items():
            pickled += text(name) + b"ctorch._utils\n_rebuild_tensor_v2\n((" + text("storage")
            pickled += b"ctorch\nFloatStorage\n" + text(name) + text("cpu") + b"K\x03tQK\0"
            pickled += b"K\x03\x85K\x01\x85\x89ccollections\nOrderedDict\n)RtR"
            archive.writestr(f"m/data/{name}", value.tobytes())
        archive.writestr("m/data.pkl", pickled + b"u.")
        archive.writestr("m/version", "3\n")
    return str(path)


def write_old_torch(path: Path, values: Values) -> str:
    """The same before PyTorch 1.6: pickles, and the storages behind them."""
    pickled = b"\x80\x02}("
    for name in values:
        pickled += text(name) + b"ctorch._utils\n_rebuild_tensor_v2\n((" + text("storage")
        pickled += b"ctorch\nFloatStorage\n" + text(name) + text("cpu") + b"K\x03NtQK\0"
        pickled += b"K\x03\x85K\x01\x85\x89ccollections\nOrderedDict\n)RtR"
    start = [0x1950A86A20F9469CFC6C, 1001, {"protocol_version": 1001, "little_endian": True}]
    data = b"".join(pickle.dumps(each, 2) for each in start) + pickled + b"u."
    data += pickle.dumps(list(values), 2)
    for value in values.values():
        data += value.size.to_bytes(8, "little") + value.tobytes()
    path.write_bytes(data)
    return str(path)


def text(value: str) -> bytes:
    """A text in a pickle."""
    return b"X" + len(value).to_bytes(4, "little") + value.encode()


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
    "keras": write_keras,
    "npz": write_npz,
    "PyTorch": write_torch,
    "old PyTorch": write_old_torch,
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
