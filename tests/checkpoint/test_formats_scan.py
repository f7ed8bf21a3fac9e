"""What a scan finds of formats beyond TensorFlow's: by usual names and first bytes."""

from __future__ import annotations

import os
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest

import ckptls
from checkpoint import crafted
from ckptls.checkpoint.core.errors import CheckpointNotFound
from ckptls.checkpoint.core.types import Format
from ckptls.checkpoint.formats.detection import may_be_in, prefixes_in
from ckptls.workspace.folder_scan import scan_checkpoints
from support.formats import FIXTURES, write_each, write_shards

ENDS = {
    Format.KERAS: (".keras.h5", ".weights.h5"),
    Format.HDF5: (".h5", ".hdf5"),
    Format.SAFETENSORS: (".safetensors",),
    Format.NPZ: (".npz",),
    Format.PYTORCH: (".pt", ".pth", ".bin", ".ckpt"),
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_each_format_is_found_under_its_usual_names(folder: Path) -> None:
    written = write_each(folder)
    wanted = set()
    for form, ends in ENDS.items():
        for end in ends:
            shutil.copy(written[form], f"m{end}")
            wanted.add(f"m{end}")
    assert may_be_in(os.listdir())
    assert set(prefixes_in("")) == wanted
    assert set(scan_checkpoints(".")) == {os.path.join(".", name) for name in wanted} | {
        os.path.join(".", written[form].name) for form in (Format.ORBAX, Format.PYTORCH_DISTRIBUTED)
    }


def test_a_directory_of_orbax_is_one_checkpoint(folder: Path) -> None:
    shutil.copytree(FIXTURES / "orbax", "run")
    shutil.copytree("run/manager/10", "run/manager/11.orbax-checkpoint-tmp-1")
    found = scan_checkpoints("run")
    assert os.path.join("run", "database") in found
    assert os.path.join("run", "manager", "10", "default") in found
    assert os.path.join("run", "manager") not in found
    assert not any("tmp" in path for path in found)
    assert all(ckptls.list_names(path) for path in found)


def test_what_is_no_checkpoint_is_passed_by(folder: Path) -> None:
    for name in ("firmware.bin", "notes.pt", "half.keras", "readme.h5", "o.safetensors", "x.ckpt"):
        Path(name).write_bytes(b"PK\x03\x04 and no more")
    with zipfile.ZipFile("sources.bin", "w") as archive:
        archive.writestr("main.c", "int main;")
    Path("a.weights.json").write_text("{}")
    assert prefixes_in(".") == ()
    assert scan_checkpoints(".") == ()


def test_many_arrays_are_data_and_few_are_checkpoints(folder: Path) -> None:
    np.savez("a.npz", w=np.ones(2))
    assert prefixes_in("") == ("a.npz",)
    for i in range(100):
        shutil.copy("a.npz", f"sample_{i}.npz")
    assert prefixes_in("") == ()


def test_shards_are_one_checkpoint(folder: Path) -> None:
    index = write_shards(folder, {"a": "m-1.safetensors", "b": "m-2.safetensors"})
    assert prefixes_in("") == (index.name,)


def test_tensorflow_s_go_first(folder: Path) -> None:
    np.savez("a.npz", w=np.ones(2))
    Path("z.index").write_bytes(crafted.index([("w", crafted.FLOAT, [2])]))
    assert [os.path.basename(path) for path in scan_checkpoints(".")] == ["z", "a.npz"]


def test_a_misspelt_name_is_told_which_file_is_there(folder: Path) -> None:
    np.savez("weights.npz", w=np.ones(2))
    with pytest.raises(CheckpointNotFound) as caught:
        ckptls.list_variables("wieghts.npz")
    assert caught.value.hint == "did you mean `weights.npz`?"


def test_a_step_before_an_extension_is_told_which_steps_there_are(folder: Path) -> None:
    written = write_each(folder)
    for step in (1, 2):
        shutil.copy(written[Format.KERAS], f"epoch_{step}.weights.h5")
        shutil.copy(written[Format.KERAS], f"other_{step}.weights.h5")
    with pytest.raises(CheckpointNotFound) as caught:
        ckptls.list_variables("epoch_3.weights.h5")
    assert caught.value.hint == "its steps there are 1 and 2"
    assert caught.value.candidates[:2] == ("epoch_2.weights.h5", "epoch_1.weights.h5")
