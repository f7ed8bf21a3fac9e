"""Keras files: names, shapes, dtypes, layers and values against the Keras that wrote them."""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import keras
import ml_dtypes
import numpy as np
import pytest
import tf_keras

import ckptls
from ckptls.checkpoint.core.errors import CheckpointDamaged
from ckptls.checkpoint.core.types import Format
from support.values import read_value, read_values

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


def built(library: Any) -> Any:
    """A functional model with what makes layouts differ: nesting, wrappers, layers of one class."""
    layers = library.layers
    inner = library.Sequential(
        [layers.Input((8,)), *(layers.Dense(8, name=f"inner_{n}") for n in range(3))],
        name="encoder",
    )
    images = library.Input((4, 3), name="images")
    x = layers.Bidirectional(layers.LSTM(4, name="memory"), name="both_ways")(images)
    x = inner(x)
    x = layers.Dense(5, name="zeta")(x)
    x = layers.BatchNormalization(name="norm")(x)
    x = layers.Dropout(0.5, name="drop")(x)
    x = layers.Dense(2, name="alpha")(x)
    model = library.Model(images, x, name="whole")
    model.compile("adam", "mse")
    model.fit(np.zeros((2, 4, 3)), np.zeros((2, 2)), verbose=0)
    return model


@pytest.fixture(scope="module", params=[keras, tf_keras], ids=["keras3", "tf_keras"])
def library(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.fixture(scope="module")
def model(library: Any) -> Any:
    return built(library)


@pytest.fixture(scope="module")
def folder(model: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("keras")
    model.save(folder / "m.keras")
    model.save(folder / "m.h5")
    model.save_weights(folder / "m.weights.h5")
    return folder


def data_sets(file: h5py.File) -> Iterator[tuple[str, h5py.Dataset]]:
    found: list[tuple[str, h5py.Dataset]] = []
    file.visititems(
        lambda name, item: found.append((name, item)) if hasattr(item, "shape") else None
    )
    yield from found


def check(path: Path, expected: dict[str, np.ndarray]) -> None:
    checkpoint = ckptls.open(path)
    assert checkpoint.format is Format.KERAS
    assert checkpoint.names == tuple(sorted(expected))
    values = dict(read_values(str(path), checkpoint.names))
    for variable in checkpoint.variables():
        value = expected[variable.name]
        assert (variable.dtype, variable.shape) == (value.dtype.name, value.shape)
        read = values[variable.name]
        assert read.dtype == value.dtype
        assert read.tobytes() == value.tobytes()


def names_of(model: Any) -> list[str]:
    return [layer.name for layer in model.layers]


@pytest.mark.parametrize("name", ["m.keras", "m.weights.h5"])
def test_numbered_variables_are_listed_by_their_paths(folder: Path, name: str) -> None:
    path = folder / name
    if name.endswith(".keras"):
        with zipfile.ZipFile(path) as archive:
            archive.extract("model.weights.h5", folder)
    inner = folder / "model.weights.h5" if name.endswith(".keras") else path
    with h5py.File(inner) as file:
        check(path, {each: item[()] for each, item in data_sets(file)})


def test_a_legacy_file_is_listed_by_the_names_of_weights(
    folder: Path, library: Any, model: Any
) -> None:
    with h5py.File(folder / "m.h5") as file:
        expected = {}
        for group in (*file["model_weights"].values(), file["optimizer_weights"]):
            for weight in group.attrs["weight_names"]:
                expected[weight] = group[weight][()]
    check(folder / "m.h5", expected)
    assert {w.path if library is keras else w.name for w in model.weights} <= set(expected)


def test_the_layers_of_a_whole_model_are_the_model_s_in_its_order(folder: Path, model: Any) -> None:
    for name in ("m.keras", "m.h5"):
        assert [layer.name for layer in ckptls.open(folder / name).layers] == names_of(model)


def test_the_layers_of_a_weights_file_are_the_model_s_where_it_names_them(
    folder: Path, library: Any, model: Any
) -> None:
    layers = ckptls.open(folder / "m.weights.h5").layers
    expected = sorted(names_of(model)) if library is keras else []  # tf_keras notes no names
    assert sorted(layer.name for layer in layers) == expected


@pytest.mark.parametrize("name", ["m.keras", "m.h5", "m.weights.h5"])
def test_a_layer_has_the_variables_that_keras_gives_it(folder: Path, model: Any, name: str) -> None:
    path = folder / name
    checkpoint = ckptls.open(path)
    read = dict(read_values(str(path), checkpoint.names))
    for layer in checkpoint.layers:
        values = [read[each] for each in layer.variables]
        weights = model.get_layer(layer.name).get_weights()
        assert sorted(map(key_of, values)) == sorted(map(key_of, weights)), layer.name


def key_of(value: np.ndarray) -> tuple[tuple[int, ...], bytes]:
    return value.shape, value.tobytes()


def test_bfloat16_is_told_and_read(tmp_path: Path) -> None:
    dense = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3, dtype="bfloat16")])
    for name in ("m.keras", "m.weights.h5", "m.h5"):
        path = tmp_path / name
        dense.save_weights(path) if "weights" in name else dense.save(path)
        kernel = next(v for v in ckptls.open(path).variables() if v.shape == (2, 3))
        assert kernel.dtype == "bfloat16"
        value = read_value(str(path), kernel.name)
        assert value.dtype == ml_dtypes.bfloat16
        assert value.tobytes() == np.asarray(dense.get_weights()[0]).tobytes()


def test_weights_in_several_files_are_one_checkpoint(tmp_path: Path) -> None:
    model = keras.Sequential(
        [keras.Input((2,)), *(keras.layers.Dense(3, name=f"d{n}") for n in range(12))]
    )
    path = tmp_path / "m.weights.json"
    model.save_weights(path, max_shard_size=1e-7)
    whole = tmp_path / "whole.weights.h5"
    model.save_weights(whole)
    sharded, one = ckptls.open(path), ckptls.open(whole)
    assert len(sharded.files) > 3
    assert list(sharded.variables()) == list(one.variables())
    assert sharded.layers == one.layers
    assert [layer.name for layer in one.layers] == [f"d{n}" for n in range(12)]
    last = sharded.names[-1]
    assert (read_value(str(path), last) == read_value(str(whole), last)).all()


class Subclass(keras.Model):
    def __init__(self) -> None:
        super().__init__()
        self.head = keras.layers.Dense(2, name="named_head")
        self.blocks = [keras.layers.Dense(3, name=f"block_{n}") for n in range(11)]

    def call(self, inputs: Any) -> Any:
        for block in self.blocks:
            inputs = block(inputs)
        return self.head(inputs)


def test_the_layers_of_a_subclass_are_found_below_its_attributes(tmp_path: Path) -> None:
    model = Subclass()
    model(np.zeros((1, 3)))
    model.save_weights(tmp_path / "m.weights.h5")
    checkpoint = ckptls.open(tmp_path / "m.weights.h5")
    assert "head/vars/0" in checkpoint
    names = [layer.name for layer in checkpoint.layers]
    assert names == [*(f"block_{n}" for n in range(11)), "named_head"]


def test_many_layers_whose_names_keras_cuts_into_parts(tmp_path: Path) -> None:
    long = "x" * 500
    model = tf_keras.Sequential(
        [tf_keras.Input((1,)), *(tf_keras.layers.Dense(1, name=f"{long}{n}") for n in range(150))]
    )
    model.save_weights(tmp_path / "m.h5")
    with h5py.File(tmp_path / "m.h5") as file:
        assert "layer_names1" in file.attrs
    assert [layer.name for layer in ckptls.open(tmp_path / "m.h5").layers] == names_of(model)


def test_the_configuration_is_data_and_may_be_broken(folder: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(folder / "m.keras") as archive:
        weights = archive.read("model.weights.h5")
    for config in ("no json", "[]", json.dumps({"config": {"layers": [1]}})):
        path = tmp_path / "m"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("config.json", config)
            archive.writestr("model.weights.h5", weights)
        assert len(ckptls.open(path)) > 5
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", "{}")
        archive.writestr("model.weights.h5", weights[:1000])
    with pytest.raises(CheckpointDamaged):
        ckptls.open(path)
