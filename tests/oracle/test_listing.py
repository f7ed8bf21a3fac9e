"""What TensorFlow has written is listed as TensorFlow lists it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

import ckptls
from support.saved_checkpoints import (
    on_two_devices,
    partitioned,
    save_v2,
    save_with_saver,
    two_scopes,
    v1,
)

CASTABLE = [
    "bfloat16", "bool", "complex128", "complex64", "float16", "float32", "float64", "float8_e4m3fn",
    "float8_e5m2", "int16", "int32", "int4", "int64", "int8", "uint16", "uint32", "uint4", "uint64",
    "uint8",
]  # fmt: skip
ODD_NAMES = [
    "/leading", "a//b", "a/", "a", "a-b", "a.b", "a0", "a/b", "A", "é/ü", "名前/重み", "tab\there",
    "x y", "a:0", "\x7f", "\U0001f600", "...", "w" * 300, "\x01low", "trailing ", "%s", "[1]",
    "new\nline",
]  # fmt: skip


def assert_same(path: Path | str) -> list[tuple[str, list[int]]]:
    """Names, order, shapes and dtypes as TensorFlow has them."""
    expected = tf.train.list_variables(str(path))
    dtypes = tf.train.load_checkpoint(str(path)).get_variable_to_dtype_map()
    assert ckptls.list_variables(path) == expected
    assert {v.name: v.dtype for v in ckptls.open(path).variables()} == {
        name: dtype.name for name, dtype in dtypes.items()
    }
    assert expected
    return expected


def test_all_dtypes_that_can_be_cast(tmp_path: Path) -> None:
    ones = {True: tf.ones([2, 3], tf.int8), False: tf.ones([2, 3])}
    tensors = {f"t/{name}": tf.cast(ones["int" in name], name) for name in CASTABLE}
    save_v2(tmp_path / "m", tensors)
    assert len(assert_same(tmp_path / "m")) == len(CASTABLE)


def test_strings_scalars_and_empty_tensors(tmp_path: Path) -> None:
    tensors = {
        "words": tf.constant([["a", "bb"], ["", "dddd"]]),
        "word": tf.constant("x" * 5000),
        "scalar": tf.constant(1.5),
        "none": tf.zeros([0]),
        "none/inside": tf.zeros([3, 0, 2]),
        "deep": tf.zeros([1] * 8),
    }
    save_v2(tmp_path / "m", tensors)
    assert_same(tmp_path / "m")


def test_odd_names(tmp_path: Path) -> None:
    save_v2(tmp_path / "m", {name: tf.zeros([i]) for i, name in enumerate(ODD_NAMES)})
    assert len(assert_same(tmp_path / "m")) == len(ODD_NAMES)


@pytest.mark.parametrize("size", [127, 128, 16383, 16384, 2097151, 2097152])
def test_sizes_at_the_edges_of_a_varint(tmp_path: Path, size: int) -> None:
    save_v2(tmp_path / "m", {"a": tf.zeros([size], tf.int8), "b": tf.zeros([1, size], tf.int8)})
    assert_same(tmp_path / "m")


def test_a_thousand_names_in_many_restarts(tmp_path: Path) -> None:
    tensors = {f"layer_{i // 7}/mlp/{'k' * (i % 5)}/{i}": tf.zeros([i % 3]) for i in range(1200)}
    save_v2(tmp_path / "m", tensors)
    assert_same(tmp_path / "m")


def test_several_blocks(tmp_path: Path) -> None:
    tensors = {f"{i:05d}/" + "long" * 60: np.float32(i) for i in range(4000)}
    save_v2(tmp_path / "m", tensors)
    assert (tmp_path / "m.index").stat().st_size > 2 * 2**17
    assert_same(tmp_path / "m")


def test_partitioned_variables_through_saveops(tmp_path: Path) -> None:
    slices = ["7 4 0,3:-", "7 4 3,4:-"]
    tf.raw_ops.SaveV2(
        prefix=str(tmp_path / "m"),
        tensor_names=["emb", "emb"],
        shape_and_slices=slices,
        tensors=[tf.zeros([3, 4]), tf.zeros([4, 4])],
    )
    assert assert_same(tmp_path / "m") == [("emb", [7, 4])]


@pytest.mark.parametrize("is_sharded", [False, True])
@pytest.mark.parametrize("build", [two_scopes, partitioned])
def test_a_saver_of_tensorflow_1(tmp_path: Path, build: object, is_sharded: bool) -> None:
    assert_same(save_with_saver(tmp_path / "m", build, sharded=is_sharded))
    assert_same(tmp_path)


@pytest.mark.parametrize("build", [two_scopes, partitioned])
def test_a_v1_file(tmp_path: Path, build: object) -> None:
    version = v1.train.SaverDef.V1
    prefix = save_with_saver(tmp_path / "m", build, write_version=version)
    assert ckptls.open(prefix).format.value == "V1"
    assert_same(prefix)
    assert_same(tmp_path)


def save_v1_shards(folder: Path) -> str:
    config = v1.ConfigProto(device_count={"CPU": 2})
    with tf.Graph().as_default(), v1.Session(config=config) as session:
        on_two_devices()
        session.run(v1.global_variables_initializer())
        saver = v1.train.Saver(sharded=True, write_version=v1.train.SaverDef.V1)
        return str(saver.save(session, str(folder / "m"), write_meta_graph=False))


def test_v1_shards_by_pattern_state_file_and_single_shard(tmp_path: Path) -> None:
    pattern = save_v1_shards(tmp_path)
    assert pattern.endswith("m-?????-of-00002")
    assert len(assert_same(pattern)) == 2
    assert len(assert_same(tmp_path)) == 2
    assert len(assert_same(tmp_path / "m-00000-of-00002")) == 1
    assert len(assert_same(tmp_path / "m-*")) == 2


def test_v1_shards_by_their_bare_prefix(tmp_path: Path) -> None:
    pattern = save_v1_shards(tmp_path)
    assert ckptls.list_variables(tmp_path / "m") == tf.train.list_variables(pattern)


def test_v1_shards_of_which_one_is_missing(tmp_path: Path) -> None:
    pattern = save_v1_shards(tmp_path)
    (tmp_path / "m-00001-of-00002").unlink()
    assert [name for name, _ in assert_same(pattern)] == ["a/w"]
    assert ckptls.open(pattern).problems


class Net(tf.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers = [tf.Variable(tf.zeros([2, 3])), tf.Variable(tf.zeros([3]))]
        self.words = tf.Variable(["a", "b"])

    @tf.function(input_signature=[tf.TensorSpec([None, 2])])
    def __call__(self, x: tf.Tensor) -> tf.Tensor:
        return x @ self.layers[0] + self.layers[1]


def test_a_checkpoint_of_objects(tmp_path: Path) -> None:
    prefix = tf.train.Checkpoint(net=Net(), step=tf.Variable(1)).save(str(tmp_path / "ckpt"))
    assert_same(prefix)
    assert_same(tmp_path)
    assert ckptls.open(tmp_path).is_object_based


def test_a_saved_model(tmp_path: Path) -> None:
    tf.saved_model.save(Net(), str(tmp_path / "export"))
    expected = tf.train.list_variables(str(tmp_path / "export/variables/variables"))
    assert expected
    for path in (
        "export",
        "export/variables",
        "export/saved_model.pb",
        "export/variables/variables",
    ):
        assert ckptls.list_variables(tmp_path / path) == expected


def test_an_index_without_its_data(tmp_path: Path) -> None:
    save_v2(tmp_path / "m", {"a/b": tf.zeros([2, 2])})
    (tmp_path / "m.data-00000-of-00001").unlink()
    assert_same(tmp_path / "m")


def test_the_latest_of_several_by_state_file(tmp_path: Path) -> None:
    for step in (1, 2):
        save_v2(tmp_path / f"m-{step}", {"w": tf.zeros([step])})
    v1.train.update_checkpoint_state(str(tmp_path), str(tmp_path / "m-2"))
    assert assert_same(tmp_path) == [("w", [2])]


def test_a_prefix_that_is_called_checkpoint(tmp_path: Path) -> None:
    save_v2(tmp_path / "checkpoint", {"w": tf.zeros([5])})
    assert assert_same(tmp_path / "checkpoint") == [("w", [5])]
    assert ckptls.list_variables(tmp_path) == [("w", [5])]


def test_a_symbolic_link_to_an_index(tmp_path: Path) -> None:
    save_v2(tmp_path / "m", {"w": tf.zeros([5])})
    (tmp_path / "link.index").symlink_to(tmp_path / "m.index")
    assert_same(tmp_path / "link")
