"""Weight files of all formats, written by their own libraries or by hand."""

from __future__ import annotations

import json
import os
import shutil
import zipfile
from pathlib import Path

import h5py
import numpy as np
from safetensors.numpy import save_file

import ckptls
from ckptls.checkpoint.core.types import Format
from ckptls.checkpoint.formats import registry

FIXTURES = Path(__file__).parents[1] / "checkpoint" / "fixtures"
OTHERS = [form for form in registry.FORMATS if form not in (Format.V1, Format.V2)]


def listed(path: str | os.PathLike[str]) -> dict[str, tuple[str, tuple[int, ...]]]:
    return {v.name: (v.dtype, v.shape) for v in ckptls.open(path).variables()}


def flat(value: np.ndarray) -> list[float]:
    if value.dtype.kind == "c":
        value = value.view(value.real.dtype)
    return [float(item) for item in value.astype(np.float64).ravel()]


def write_each(folder: Path) -> dict[Format, Path]:
    """One small file of each format, under names that tell nothing."""
    names: dict[Format, Path] = {}
    for form in OTHERS:
        names[form] = folder / f"{form.value.lower().replace(' ', '_')}.weights"
    save_file({"w": np.ones((2, 3), np.float32)}, names[Format.SAFETENSORS])
    with names[Format.NPZ].open("wb") as file:
        np.savez(file, w=np.ones((2, 3), np.float32))
    with h5py.File(names[Format.HDF5], "w") as file:
        file["w"] = np.ones((2, 3), np.float32)
    with h5py.File(names[Format.KERAS], "w") as file:
        file.attrs["layer_names"] = ["dense"]
        file.create_group("dense").attrs["weight_names"] = ["w"]
        file["dense/w"] = np.ones((2, 3), np.float32)
    write_torch(names[Format.PYTORCH], TORCH_TENSOR)
    shutil.copytree(FIXTURES / "orbax" / "files", names[Format.ORBAX])
    distributed = names[Format.PYTORCH_DISTRIBUTED]
    shutil.copytree(FIXTURES / "pytorch_kinds" / "distributed", distributed)
    return names


# {"w": a float32 tensor [2, 3]}, as torch.save writes it.
TORCH_TENSOR = (
    b"\x80\x02}X\x01\0\0\0wctorch._utils\n_rebuild_tensor_v2\n((X\x07\0\0\0storagectorch\n"
    b"FloatStorage\nX\x01\0\0\0" + b"0X\x03\0\0\0cpuK\x06tQK\0K\x02K\x03\x86K\x03K\x01\x86\x89"
    b"ccollections\nOrderedDict\n)RtRs."
)


def write_torch(path: Path, pickled: bytes, storage: bytes = bytes(24)) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("m/data.pkl", pickled)
        archive.writestr("m/data/0", storage)
        archive.writestr("m/version", "3\n")


def write_shards(folder: Path, weight_map: dict[str, object]) -> Path:
    save_file({"a": np.zeros(1, np.float32)}, folder / "m-1.safetensors")
    save_file({"b": np.ones(2, np.float32)}, folder / "m-2.safetensors")
    path = folder / "m.safetensors.index.json"
    path.write_text(json.dumps({"metadata": {}, "weight_map": weight_map}))
    return path
