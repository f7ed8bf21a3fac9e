"""Every real checkpoint in the folder that CKPTLS_REAL_CHECKPOINTS names."""

from __future__ import annotations

import csv
import os
from pathlib import Path

import h5py
import pytest
import tensorflow as tf

import ckptls
from oracle.conftest import REAL_CHECKPOINTS, real_hdf5_files, real_prefixes
from support.values import read_value

PREFIXES = real_prefixes()


TABLE_FORMATS = ("V1", "V2", "TF2 object")


def catalogued() -> dict[str, int]:
    """prefix -> number of variables, by the folder's own INDEX.tsv if it has one."""
    root = Path(os.environ.get(REAL_CHECKPOINTS, os.devnull))
    index = root / "INDEX.tsv"
    if not index.is_file():
        return {}
    with index.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    return {
        str(root / row["prefix"]): int(row["variables"])
        for row in rows
        if row["format"] in TABLE_FORMATS
    }


def test_every_catalogued_checkpoint_is_covered_and_has_its_variables() -> None:
    expected = catalogued()
    assert expected.keys() <= set(PREFIXES)
    assert {prefix: len(ckptls.list_names(prefix)) for prefix in expected} == expected


def test_the_folder_holds_checkpoints() -> None:
    assert PREFIXES, f"{REAL_CHECKPOINTS} names a folder without checkpoints"


@pytest.mark.parametrize("prefix", PREFIXES)
def test_a_real_checkpoint_is_listed_as_by_tensorflow(prefix: str) -> None:
    dtypes = tf.train.load_checkpoint(prefix).get_variable_to_dtype_map()
    checkpoint = ckptls.open(prefix)
    expected = tf.train.list_variables(prefix)
    assert ckptls.list_variables(prefix) == expected
    assert ckptls.list_names(prefix) == [name for name, _ in expected]
    assert {v.name: v.dtype for v in checkpoint.variables()} == {
        name: dtype.name for name, dtype in dtypes.items()
    }


@pytest.mark.parametrize("path", real_hdf5_files())
def test_a_real_hdf5_file_is_listed_as_by_h5py(path: str) -> None:
    data_sets: dict[str, h5py.Dataset] = {}
    with h5py.File(path) as file:
        file.visititems(
            lambda name, item: data_sets.update({name: item}) if hasattr(item, "shape") else None
        )
        # A layer's weights are listed without the name of its group before them.
        layers = [name.decode() for name in file.attrs.get("layer_names", [])]
        expected = {
            name.partition("/")[2] if name.split("/")[0] in layers else name: (
                item.dtype.name,
                item.shape,
                item[()].tobytes(),
            )
            for name, item in data_sets.items()
        }
    checkpoint = ckptls.open(path)
    assert [layer.name for layer in checkpoint.layers] == layers
    assert {
        v.name: (v.dtype, v.shape, read_value(path, v.name).tobytes())
        for v in checkpoint.variables()
    } == expected
