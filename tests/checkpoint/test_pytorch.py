"""PyTorch's files: every kind of object that holds tensors, as PyTorch itself says of them.

The files and their truth are written by `fixtures/make_pytorch_kinds.py`.
"""

from __future__ import annotations

import json
import os
import pickle
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest

import ckptls
from ckptls.checkpoint.core.errors import (
    CheckpointDamaged,
    CheckpointIncomplete,
    CheckpointUnsupported,
)
from ckptls.checkpoint.core.types import Format
from ckptls.checkpoint.formats.pytorch import pickle_machine, torch_names
from support.formats import TORCH_TENSOR, flat, listed, write_torch
from support.problems import sentences
from support.values import read_value

KINDS = Path(__file__).parent / "fixtures" / "pytorch_kinds"
NAMES = sorted(path.stem for path in KINDS.glob("*.json"))

# What is said of the kinds that are not understood wholly; nothing is said of any other.
PROBLEMS = {
    "alone": "it holds one tensor without a name, listed as `tensor`",
    "lazy": "loading it would call `torch.nn.parameter.UninitializedParameter`",
    "module": "attributes of modules that are no parameters, buffers or modules are not listed, "
    "though they hold tensors: `loose`",
    "nested": "nested tensors are listed as the buffer of all their parts: `strided` and 1 more",
    "optimizer": "of keys that are not texts or numbers the places are shown: `state`",
    "own": "loading it would call `__main__.make_own`",
    "storages": "storages, which are not tensors, are not listed: `untyped`",
}


def path_of(name: str) -> Path:
    path = KINDS / f"{name}.pt"
    return path if path.exists() else KINDS / name


def test_there_are_files_of_all_kinds() -> None:
    assert len(NAMES) > 35


@pytest.mark.parametrize("name", NAMES)
def test_a_file_is_listed_as_by_pytorch(name: str) -> None:
    rows = json.loads((KINDS / f"{name}.json").read_text())
    path = path_of(name)
    assert listed(path) == {k: (row["dtype"], tuple(row["shape"])) for k, row in rows.items()}
    for key, row in rows.items():
        if row["values"] is not None:
            assert flat(read_value(str(path), key)) == row["values"], key


@pytest.mark.parametrize("name", NAMES)
def test_a_problem_is_named_only_where_something_is_not_understood(name: str) -> None:
    found = sentences(ckptls.open(path_of(name)))
    expected = PROBLEMS.get(name.removesuffix("_before_1_6"), "")
    assert bool(found) == bool(expected)
    assert all(expected in problem for problem in found)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


# -- calls and keys -------------------------------------------------------------------------


def tensor_under(key: bytes, other: bytes) -> bytes:
    """A dictionary of two entries of the same tensor, with these pickled keys."""
    tensor = TORCH_TENSOR[TORCH_TENSOR.index(b"ctorch._utils") : -2]
    return b"\x80\x02}" + key + tensor + b"s" + other + tensor + b"s."


def test_keys_of_different_types_with_one_text_are_told(folder: Path) -> None:
    write_torch(Path("m"), tensor_under(b"K\x01", b"X\x01\0\0\x001"))
    checkpoint = ckptls.open("m")
    assert checkpoint.names == ("1",)
    assert sentences(checkpoint) == ("several tensors have one name; the first is listed: `1`",)


def test_equal_keys_are_one_entry(folder: Path) -> None:
    write_torch(Path("m"), tensor_under(b"K\x01", b"K\x01"))
    checkpoint = ckptls.open("m")
    assert checkpoint.names == ("1",)
    assert sentences(checkpoint) == ()


class Evil:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, ("touch touched",)


@pytest.mark.parametrize("protocol", range(6))
def test_a_call_is_told_even_if_its_result_is_dropped(folder: Path, protocol: int) -> None:
    call = pickle.dumps(Evil(), protocol)
    body = call[2:-1] if protocol >= 2 else call[:-1]
    write_torch(Path("m"), b"\x80\x02" + body + b"0" + TORCH_TENSOR[2:])
    checkpoint = ckptls.open("m")
    assert checkpoint.names == ("w",)
    assert "would call `posix.system`" in sentences(checkpoint)[0]
    assert not Path("touched").exists()


@pytest.mark.parametrize(
    "state",
    [np.float64(3), {1, 2}, range(3), b"x", 1 + 2j, Path("x")],
    ids=lambda state: type(state).__name__,
)
def test_an_object_that_makes_no_tensor_is_no_problem(folder: Path, state: object) -> None:
    write_torch(Path("m"), pickle.dumps({"state": state}, 2))
    checkpoint = ckptls.open("m")
    assert checkpoint.names == ()
    assert sentences(checkpoint) == ()


def test_arrays_of_numpy_are_named_as_not_listed(folder: Path) -> None:
    state = {"model": {"w": np.ones(2), "b": np.zeros(3)}, "best": np.float64(1)}
    write_torch(Path("m"), pickle.dumps(state, 2))
    checkpoint = ckptls.open("m")
    assert checkpoint.names == ()
    assert sentences(checkpoint) == ("arrays of NumPy are not listed: `model.w` and 1 more",)
    assert checkpoint.problems[0].is_note


def test_an_array_of_objects_may_hold_tensors(folder: Path) -> None:
    array = pickle.dumps(np.array([None], dtype=object), 2)
    tensor = TORCH_TENSOR[TORCH_TENSOR.index(b"ctorch._utils") : -2]
    at = array.index(b"N", array.index(b"]"))
    write_torch(Path("m"), array[:at] + tensor + array[at + 1 :])
    checkpoint = ckptls.open("m")
    assert len(checkpoint) == 1
    assert not any("NumPy" in problem for problem in sentences(checkpoint))


class Module:
    """An object with the attributes of a module of PyTorch."""

    def __init__(self, **others: object) -> None:
        self.__dict__ = {"_parameters": {}, "_buffers": {}, "_modules": {}, **others}


TENSOR = "a tensor"


def write_module(path: Path, module: object) -> None:
    """Write a pickle with the same tensor in the place of each `TENSOR`."""
    data = pickle.dumps(module, 2)
    text = pickle.dumps(TENSOR, 2)[2:-3]  # without protocol, memo and end
    tensor = TORCH_TENSOR[TORCH_TENSOR.index(b"ctorch._utils") : -2]
    first = data.index(text)
    memo = data[first + len(text) : first + len(text) + 2]  # BINPUT: later ones refer to it
    assert memo[:1] == b"q"
    write_torch(path, data.replace(text, tensor))


def test_a_module_whose_weights_are_other_attributes_names_them(folder: Path) -> None:
    packed = Module(_packed_params=(TENSOR, "dtype"))
    write_module(Path("m"), Module(_modules={"0": packed}))
    checkpoint = ckptls.open("m")
    assert checkpoint.names == ()
    assert sentences(checkpoint) == (
        "attributes of modules that are no parameters, buffers or modules are not listed, though "
        "they hold tensors: `0._packed_params`",
    )
    assert checkpoint.problems[0].is_note


def test_an_attribute_that_is_a_parameter_too_is_no_problem(folder: Path) -> None:
    """As `_flat_weights` of recurrent layers."""
    weight = TENSOR
    write_module(Path("m"), Module(_parameters={"w": weight}, _flat_weights=[weight], name="x"))
    checkpoint = ckptls.open("m")
    assert checkpoint.names == ("w",)
    assert sentences(checkpoint) == ()


def test_constants_of_torchscript_are_named_as_not_listed(folder: Path) -> None:
    shutil.copy(KINDS / "script.pt", "m")
    with zipfile.ZipFile("m", "a") as archive:
        root = archive.namelist()[0].partition("/")[0]
        archive.writestr(f"{root}/constants/0", bytes(4))
    assert sentences(ckptls.open("m")) == (
        "tensors that are constants of its code are not listed: 1",
    )
    assert sentences(ckptls.open(KINDS / "script.pt")) == ()


def test_a_type_that_pytorch_does_not_know_is_a_problem(folder: Path) -> None:
    write_torch(Path("m"), TORCH_TENSOR.replace(b"FloatStorage", b"FloodStorage"))
    checkpoint = ckptls.open("m")
    assert sentences(checkpoint) == ("PyTorch does not know its type of elements: `w`",)
    assert not checkpoint.problems[0].is_note


def test_a_name_with_control_characters_is_shown_without_them(folder: Path) -> None:
    write_torch(Path("m"), b"\x80\x02cos\n\x1b[31mred\n)R.")
    assert sentences(ckptls.open("m"))[0].startswith(r"loading it would call `os.\x1b[31mred`")


# -- limits ---------------------------------------------------------------------------------


def test_lists_that_hold_each_other_have_more_ways_than_are_followed(folder: Path) -> None:
    doubled = b"]" + b"q\0]h\0ah\0a" * 60
    write_torch(Path("m"), doubled + b".")
    assert listed("m") == {}
    write_torch(Path("m"), TORCH_TENSOR[:-1] + b"q\0]h\0ah\0a" * 60 + b".")
    with pytest.raises(CheckpointUnsupported, match="hold each other without end"):
        ckptls.open("m")


def test_a_pickle_beyond_the_limits_is_not_called_damaged(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_torch(Path("m"), TORCH_TENSOR)
    monkeypatch.setattr(pickle_machine, "MAX_OPCODES", 10)
    with pytest.raises(CheckpointUnsupported, match="more than 10 opcodes"):
        ckptls.open("m")
    monkeypatch.undo()
    monkeypatch.chdir(folder)
    monkeypatch.setattr(pickle_machine, "MAX_OBJECTS", 3)
    with pytest.raises(CheckpointUnsupported, match="more than 3 objects"):
        ckptls.open("m")


def test_a_tensor_below_too_many_others_is_told(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deep = TORCH_TENSOR[:-1] + b"\x85" * 30 + b"."
    write_torch(Path("m"), deep)
    assert list(listed("m")) == ["0." * 30 + "w"]
    monkeypatch.setattr(torch_names, "MAX_DEPTH", 20)
    checkpoint = ckptls.open("m")
    assert checkpoint.names == ()
    assert sentences(checkpoint)[0].startswith(
        "tensors inside of 20 containers are not listed: `0.0"
    )


# -- before PyTorch 1.6 ---------------------------------------------------------------------


def test_an_old_file_that_ends_early_is_incomplete(folder: Path) -> None:
    data = (KINDS / "shared_before_1_6.pt").read_bytes()
    for end in (len(data) - 1, len(data) - 40, 300, 60):
        Path("m").write_bytes(data[:end])
        with pytest.raises(CheckpointIncomplete):
            ckptls.open("m")


def test_an_old_file_whose_storages_have_other_sizes_is_damaged(folder: Path) -> None:
    data = bytearray((KINDS / "shared_before_1_6.pt").read_bytes())
    at = data.index((12).to_bytes(8, "little") + np.arange(2, dtype="<f4").tobytes())
    data[at] = 11
    Path("m").write_bytes(data)
    with pytest.raises(CheckpointDamaged, match="has 11 elements, its pickle says 12"):
        read_value("m", "base")


def test_an_old_file_with_a_pickle_of_many_blocks_is_read(folder: Path) -> None:
    data = (KINDS / "alone_before_1_6.pt").read_bytes()
    start = data.index(b"ctorch._utils\n_rebuild_tensor_v2")
    text = b"X" + (300_000).to_bytes(4, "little") + b"a" * 300_000
    # behind the protocol of the object's pickle: a text that is dropped
    Path("m").write_bytes(data[:start] + text + b"0" + data[start:])
    assert flat(read_value("m", "tensor")) == [0, 1, 2]


def test_a_tar_archive_of_something_else_is_not_a_checkpoint(folder: Path) -> None:
    shutil.make_archive("other", "tar", KINDS, "own.json")
    with pytest.raises(CheckpointUnsupported, match="a tar archive; unpack it"):
        ckptls.open("other.tar")


# -- TorchScript ----------------------------------------------------------------------------


def test_a_script_without_its_sources_is_listed_whole(folder: Path) -> None:
    with zipfile.ZipFile(KINDS / "script.pt") as archive, zipfile.ZipFile("m", "w") as copy:
        for name in archive.namelist():
            if "/code/" not in name:
                copy.writestr(name, archive.read(name))
    names = set(listed("m"))
    assert names > set(listed(KINDS / "script.pt"))
    assert {"loose", "weights.0", "table.a"} <= names


# -- distributed ----------------------------------------------------------------------------


def test_each_file_of_a_distributed_checkpoint_means_all_of_it() -> None:
    for name in ("", ".metadata", "__0_0.distcp", "__1_0.distcp"):
        checkpoint = ckptls.open(KINDS / "sharded" / name)
        assert checkpoint.format is Format.PYTORCH_DISTRIBUTED
        assert checkpoint.names == ("model.columns", "model.copied", "model.split")


def test_a_file_of_a_distributed_checkpoint_without_metadata_is_refused(folder: Path) -> None:
    shutil.copy(KINDS / "sharded" / "__0_0.distcp", folder)
    with pytest.raises(CheckpointUnsupported, match=r"without its `\.metadata`"):
        ckptls.open("__0_0.distcp")


def test_a_distributed_checkpoint_without_one_of_its_files_is_told(folder: Path) -> None:
    shutil.copytree(KINDS / "sharded", "m")
    os.remove("m/__1_0.distcp")
    checkpoint = ckptls.open("m")
    assert len(checkpoint) == 3
    assert sentences(checkpoint)[0].startswith("its files do not hold all elements of `model.")


def test_a_distributed_checkpoint_with_a_file_cut_short_is_told(folder: Path) -> None:
    shutil.copytree(KINDS / "distributed", "m")
    assert sentences(ckptls.open("m")) == ()
    Path("m/__0_0.distcp").write_bytes(Path("m/__0_0.distcp").read_bytes()[:200])
    assert "do not hold all elements of" in sentences(ckptls.open("m"))[0]


@pytest.mark.parametrize("path", ["../../secret", "/etc/passwd0"])
def test_a_distributed_checkpoint_leads_nowhere_else(folder: Path, path: str) -> None:
    shutil.copytree(KINDS / "sharded", "m")
    data = Path("m/.metadata").read_bytes()
    for name in (b"__0_0.distcp", b"__1_0.distcp"):
        data = data.replace(name, path.encode())
    assert path.encode() in data
    Path("m/.metadata").write_bytes(data)
    with pytest.raises(CheckpointDamaged, match="outside of its directory"):
        read_value("m", "model.split")
