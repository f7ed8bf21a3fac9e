"""safetensors, NumPy and HDF5 files against the libraries that wrote them."""

from __future__ import annotations

from pathlib import Path

import h5py
import ml_dtypes
import numpy as np
import pytest
import safetensors.numpy
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

import ckptls
from support.values import read_value, read_values

NAME = st.text(st.characters(codec="utf-8", exclude_characters="\0/"), min_size=1, max_size=12)
PLAIN = [
    "float16",
    "float32",
    "float64",
    "int8",
    "int16",
    "int32",
    "int64",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
    "bool",
]
SMALL = arrays.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=5)


def values(dtypes: list[str]) -> st.SearchStrategy[dict[str, np.ndarray]]:
    value = st.sampled_from(dtypes).flatmap(lambda name: arrays.arrays(name, SMALL))
    return st.dictionaries(NAME, value, max_size=6)


def check(path: Path, expected: dict[str, np.ndarray]) -> None:
    checkpoint = ckptls.open(path)
    assert checkpoint.names == tuple(sorted(expected))
    stored = dict(read_values(str(path), checkpoint.names))
    for variable in checkpoint.variables():
        value = np.asarray(expected[variable.name])
        assert (variable.dtype, variable.shape) == (value.dtype.name, value.shape)
        read = stored[variable.name]
        assert (read.dtype, read.shape) == (value.dtype.newbyteorder("="), value.shape)
        assert read.tobytes() == value.astype(read.dtype).tobytes()


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("arrays") / "weights"


several = settings(max_examples=60, suppress_health_check=list(HealthCheck), deadline=None)


@several
@given(tensors=values([*PLAIN, "complex64"]))
def test_safetensors(path: Path, tensors: dict[str, np.ndarray]) -> None:
    tensors.pop("__metadata__", None)
    safetensors.numpy.save_file(tensors, path, {"format": "np"})
    check(path, tensors)


def test_safetensors_of_small_floats(path: Path) -> None:
    names = ["bfloat16", "float8_e4m3fn", "float8_e5m2"]
    tensors = {name: np.arange(6).reshape(2, 3).astype(getattr(ml_dtypes, name)) for name in names}
    safetensors.numpy.save_file(tensors, path)
    check(path, tensors)


@several
@given(tensors=values([*PLAIN, ">f4", ">i8", "complex128"]), is_packed=st.booleans())
def test_numpy(path: Path, tensors: dict[str, np.ndarray], is_packed: bool) -> None:
    tensors = {name: value for name, value in tensors.items() if not name.endswith(".npy")}
    tensors["in_columns"] = np.asfortranarray(np.arange(6.0).reshape(2, 3))
    save = np.savez_compressed if is_packed else np.savez
    with path.open("wb") as file:
        save(file, allow_pickle=False, **{name: v for name, v in tensors.items() if name != "file"})
    tensors.pop("file", None)
    check(path, tensors)


def test_numpy_texts(path: Path) -> None:
    texts = {"u": np.array(["a", "bc"]), "s": np.array([b"xyz", b""])}
    with path.open("wb") as file:
        np.savez(file, **texts)
    assert [(v.name, v.dtype, v.shape) for v in ckptls.open(path).variables()] == [
        ("s", "string", (2,)),
        ("u", "string", (2,)),
    ]
    assert read_value(str(path), "u").tolist() == ["a", "bc"]


def test_hdf5(path: Path) -> None:
    tensors = {f"group/{name}": np.ones((2, 3), name) for name in [*PLAIN, ">f4", ">i2"]}
    tensors["scalar"] = np.array(3.5)
    tensors["empty"] = np.zeros((0, 3), np.float32)
    with h5py.File(path, "w") as file:
        for name, value in tensors.items():
            file[name] = value
        file.create_dataset("packed", data=np.arange(1000), chunks=(100,), compression="gzip")
    check(path, {**tensors, "packed": np.arange(1000)})


def test_hdf5_texts_and_structures(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file["texts"] = ["a", "bç"]
        file["fixed"] = np.array([b"ab", b"c"])
        file["rows"] = np.zeros(2, [("a", "f4"), ("b", "i4")])
        file["nothing"] = h5py.Empty("f4")
    assert {v.name: (v.dtype, v.shape) for v in ckptls.open(path).variables()} == {
        "fixed": ("string", (2,)),
        "nothing": ("unknown(empty)", ()),
        "rows": ("unknown(structured)", (2,)),
        "texts": ("string", (2,)),
    }
    assert read_value(str(path), "texts").tolist() == [b"a", "bç".encode()]
    assert read_value(str(path), "fixed").tolist() == [b"ab", b"c"]


@pytest.mark.parametrize("version", ["earliest", "latest"])
def test_hdf5_of_old_and_new_layouts(path: Path, version: str) -> None:
    with h5py.File(path, "w", libver=version) as file:
        for number in range(300):
            file[f"many/{number}"] = np.full(2, number, np.int32)
    check(path, {f"many/{number}": np.full(2, number, np.int32) for number in range(300)})
