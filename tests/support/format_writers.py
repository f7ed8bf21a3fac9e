"""Writers of one weight file of each format."""

from __future__ import annotations

import io
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import safetensors.numpy

from checkpoint.crafted_values import bundle, v1_file

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
