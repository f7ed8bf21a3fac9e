"""Checkpoints in several files: which file is meant, and what is wrong with which of them."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import h5py
import numpy as np
import pytest
from safetensors.numpy import save_file

import ckptls
from ckptls.checkpoint.core.errors import CheckpointAmbiguous, CheckpointError
from ckptls.checkpoint.data_locations import placements, places
from ckptls.checkpoint.locate.locate import locate
from ckptls.checkpoint.verify.verify import verify
from cli.command import ckptls_command
from support.pointers import LFS, POINTER
from support.problems import sentences

INDEX = "model.safetensors.index.json"
SHARDS = ("model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors")
BROKEN = {
    "cut": (b'{"weight_map": {"a": "model-00', "is not valid JSON"),
    "lfs": (POINTER, LFS),
    "empty": (b"", "it is empty"),
    "no map": (b'{"metadata": {}}', "no map of its variables"),
    "html": (b"<!DOCTYPE html><html>" + b" " * 99, "it is a web page (HTML)"),
    "outside": (b'{"weight_map": {"a": "../m.safetensors"}}', "not beside it"),
}


@pytest.fixture
def sharded(tmp_path: Path) -> Path:
    """A directory with a checkpoint in two files of safetensors."""
    folder = tmp_path / "sharded"
    folder.mkdir()
    for name, shard in zip("ab", SHARDS, strict=True):
        save_file({name: np.arange(6.0, dtype=np.float32)}, folder / shard)
    (folder / INDEX).write_text(json.dumps({"weight_map": dict(zip("ab", SHARDS, strict=True))}))
    return folder


@pytest.fixture
def keras(tmp_path: Path) -> Path:
    """A directory with weights of Keras in two files."""
    folder = tmp_path / "keras"
    folder.mkdir()
    weight_map = {}
    for number, layer in enumerate(("dense", "dense_1")):
        with h5py.File(folder / f"m_{number:05}.weights.h5", "w") as file:
            file[f"layers/{layer}/vars/0"] = np.arange(6.0, dtype=np.float32)
        weight_map[f"/layers/{layer}/vars"] = [f"m_{number:05}.weights.h5"]
    (folder / "m.weights.json").write_text(json.dumps({"weight_map": weight_map}))
    return folder


@pytest.mark.parametrize(("content", "said"), BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_index_is_the_error_of_its_directory(
    sharded: Path, content: bytes, said: str
) -> None:
    (sharded / INDEX).write_bytes(content)
    with pytest.raises(CheckpointError) as raised:
        locate(sharded)
    assert raised.value.path.endswith(INDEX)
    assert said in str(raised.value)
    assert f"name one of its 2 files, such as `{sharded / SHARDS[0]}`" in raised.value.hint


def test_shards_without_any_index_are_a_choice(sharded: Path) -> None:
    (sharded / INDEX).unlink()
    (sharded / "config.json").write_text("{}")
    with pytest.raises(CheckpointAmbiguous, match="holds 2 checkpoints"):
        locate(sharded)


def test_a_broken_index_beside_whole_checkpoints_is_noted(tmp_path: Path) -> None:
    save_file({"a": np.zeros(1)}, tmp_path / "model.safetensors")
    (tmp_path / INDEX).write_bytes(POINTER)
    (problem,) = sentences(ckptls.open(tmp_path))
    assert f"{INDEX}` cannot be read: it is a Git LFS pointer" in problem
    assert verify(locate(tmp_path)).is_sound
    save_file({"a": np.zeros(1)}, tmp_path / "other.safetensors")
    with pytest.raises(CheckpointAmbiguous, match=r"holds 2 checkpoints, and .*Git LFS pointer"):
        locate(tmp_path)


def test_a_directory_with_an_index_alone_says_what_is_wrong_with_it(tmp_path: Path) -> None:
    (tmp_path / INDEX).write_bytes(POINTER)
    with pytest.raises(CheckpointError) as raised:
        locate(tmp_path)
    assert f"`{INDEX}`: {LFS}" in str(raised.value)


def test_problems_name_their_shard(sharded: Path) -> None:
    with open(sharded / SHARDS[1], "ab") as file:
        file.write(b"more")
    (problem,) = sentences(ckptls.open(sharded))
    assert problem.startswith(f"`{SHARDS[1]}`: 4 bytes follow")
    (found,) = verify(locate(sharded)).problems
    assert (found.path, found.what[:14]) == (str(sharded / SHARDS[1]), "4 bytes follow")
    done = ckptls_command("ls", str(sharded))
    assert f"`{SHARDS[1]}`: 4 bytes" in done.stderr


@pytest.mark.parametrize("content", [POINTER, b"\x89HDF\r\n\x1a\n" + b"x" * 99, b"x\0y" * 99])
def test_a_bad_shard_of_keras_is_named(keras: Path, content: bytes) -> None:
    (keras / "m_00001.weights.h5").write_bytes(content)
    with pytest.raises(CheckpointError) as raised:
        ckptls.list_variables(keras)
    assert raised.value.path.endswith("m_00001.weights.h5")
    (found,) = verify(locate(keras / "m.weights.json")).problems
    assert found.path.endswith("m_00001.weights.h5")


def test_a_group_that_no_shard_holds_is_a_problem(keras: Path) -> None:
    assert verify(locate(keras)).is_sound
    index = keras / "m.weights.json"
    stated = json.loads(index.read_text())
    stated["weight_map"]["/layers/dense_2/vars"] = ["m_00001.weights.h5"]
    index.write_text(json.dumps(stated))
    (problem,) = sentences(ckptls.open(keras))
    assert "`/layers/dense_2/vars`" in problem


def test_what_is_odd_about_a_shard_is_no_fault(keras: Path) -> None:
    """A data set beside the layers belongs to no layer, which is a remark in a single file too."""
    with h5py.File(keras / "m_00000.weights.h5", "a") as file:
        file["layers/dense/extra/0"] = np.zeros(1)
        file["layers/dense"].attrs["name"] = "dense"
    report = verify(locate(keras))
    assert report.is_sound


@pytest.mark.parametrize("kind", ["sharded", "keras"])
def test_each_variable_lies_in_its_shard(kind: str, request: pytest.FixtureRequest) -> None:
    folder: Path = request.getfixturevalue(kind)
    checkpoint = ckptls.open(folder)
    found = [places(checkpoint, each)[0].path for each in checkpoint.variables()]
    names = SHARDS if kind == "sharded" else ("m_00000.weights.h5", "m_00001.weights.h5")
    assert [Path(path).name for path in found] == list(names)
    assert [each.path for each in placements(checkpoint).values()] == found


def test_a_variable_of_a_lost_shard_is_placed_at_the_index(sharded: Path) -> None:
    checkpoint = ckptls.open(sharded)
    (sharded / SHARDS[1]).unlink()
    (place,) = places(checkpoint, checkpoint["b"])
    assert place.path.endswith((INDEX, SHARDS[1]))


def test_one_file_is_its_own_place(tmp_path: Path) -> None:
    save_file({"a": np.zeros(1)}, tmp_path / "m.safetensors")
    checkpoint = ckptls.open(tmp_path)
    (place,) = places(checkpoint, checkpoint["a"])
    assert place.path == str(tmp_path / "m.safetensors")


@pytest.mark.parametrize("make", [os.mkdir, os.mkfifo], ids=["a directory", "a named pipe"])
def test_an_index_that_is_no_file_is_named(
    tmp_path: Path, make: object, request: pytest.FixtureRequest
) -> None:
    make(tmp_path / "m.index")  # type: ignore[operator]
    kind = request.node.callspec.id
    for given in (tmp_path, tmp_path / "m", tmp_path / "m.index"):
        with pytest.raises(CheckpointError) as raised:
            locate(given)
        assert f"it is {kind}; the index of a checkpoint is a regular file" in str(raised.value)


def test_a_data_file_that_is_a_directory_is_named(tmp_path: Path) -> None:
    from checkpoint import crafted

    (tmp_path / "m.index").write_bytes(crafted.index([("w", crafted.FLOAT, [2])]))
    (tmp_path / "m.data-00000-of-00001").mkdir()
    done = ckptls_command("ls", str(tmp_path / "m"))
    assert "`m.data-00000-of-00001` is a directory" in done.stderr


def test_ordinary_folders_are_not_named(tmp_path: Path) -> None:
    for name in ("src", "assets.d", "checkpoint"):
        (tmp_path / name).mkdir()
    with pytest.raises(CheckpointError) as raised:
        locate(tmp_path)
    assert "regular file" not in str(raised.value)


@pytest.mark.parametrize("prefixes", [(), ("m-1",), ("m-1", "m-2")])
def test_a_pointer_in_place_of_the_state_file_is_said(
    tmp_path: Path, prefixes: tuple[str, ...]
) -> None:
    from checkpoint import crafted

    (tmp_path / "checkpoint").write_bytes(POINTER)
    for prefix in prefixes:
        index = crafted.index([("w", crafted.FLOAT, [2])])
        (tmp_path / f"{prefix}.index").write_bytes(index)
    done = ckptls_command("ls", str(tmp_path))
    assert LFS in done.stderr
    assert done.returncode == (0 if len(prefixes) == 1 else 2)


def test_an_invalid_state_file_is_no_other_kind_of_file(tmp_path: Path) -> None:
    from checkpoint import crafted

    (tmp_path / "checkpoint").write_text("model_checkpoint_path: m-1\n")
    for prefix in ("m-1", "m-2"):
        index = crafted.index([("w", crafted.FLOAT, [2])])
        (tmp_path / f"{prefix}.index").write_bytes(index)
    done = ckptls_command("ls", str(tmp_path))
    assert "no state file that says which" in done.stderr
    assert "text file" not in done.stderr


def test_one_kind_of_shard_is_not_mistaken_for_others(sharded: Path, keras: Path) -> None:
    """An index of one checkpoint and the files of another: the index alone is broken."""
    for file in keras.iterdir():
        shutil.copy(file, sharded / file.name)
    (sharded / INDEX).write_bytes(POINTER)
    with pytest.raises(CheckpointAmbiguous) as raised:
        locate(sharded)
    assert "m.weights.json" in str(raised.value)
