"""Values are those that TensorFlow reads, bit for bit, wherever it reads them at all."""

from __future__ import annotations

from pathlib import Path

import ml_dtypes
import numpy as np
import pytest
import tensorflow as tf

import ckptls
from checkpoint import crafted
from checkpoint.crafted_values import DTYPES, bundle, strings, tensor_message, v1_value
from ckptls.checkpoint.core.errors import CheckpointDamaged
from ckptls.checkpoint.formats.tensorflow.protos import slice_key
from ckptls.checkpoint.locate.locate import locate
from ckptls.checkpoint.verify.verify import verify
from oracle.values import assert_same_value, assert_same_values
from support.saved_checkpoints import (
    on_two_devices,
    partitioned,
    save_v2,
    save_with_saver,
    two_scopes,
)

v1 = tf.compat.v1
NUMBERS = np.random.default_rng(7).normal(scale=90, size=(3, 5))
PLAIN = [
    "float16", "float32", "float64", "complex64", "complex128", "int8", "int16", "int32", "int64",
    "uint8", "uint16", "uint32", "uint64",
]  # fmt: skip
OF_ML_DTYPES = [
    "bfloat16", "float8_e5m2", "float8_e4m3fn", "float8_e4m3fnuz", "float8_e4m3b11fnuz",
    "float8_e5m2fnuz", "float4_e2m1fn", "int4", "uint4", "int2", "uint2",
]  # fmt: skip
# What TensorFlow reads from V1 files; it writes some more.
IN_V1 = ["float32", "float64", "int8", "int16", "int32", "int64", "uint8", "bool"]
WRITTEN_IN_V1 = [*IN_V1, "float16", "complex64", "complex128", "uint16"]


def typed(name: str, numbers: np.ndarray) -> np.ndarray:
    if name == "bool":
        return numbers > 0
    if name in OF_ML_DTYPES:
        small = numbers % 2 if "int" in name else numbers / 100
        return small.astype(np.float32).astype(getattr(ml_dtypes, name))
    return numbers.astype(np.int64 if name.startswith("u") else numbers.dtype).astype(name)


def in_all_ranks(name: str) -> dict[str, np.ndarray]:
    values = {"matrix": NUMBERS, "scalar": NUMBERS[0, 0], "empty": np.zeros((0, 3))}
    return {f"{name}/{rank}": typed(name, np.asarray(each)) for rank, each in values.items()}


def test_every_dtype(tmp_path: Path) -> None:
    tensors: dict[str, object] = {}
    for name in (*PLAIN, "bool", *OF_ML_DTYPES):
        tensors |= in_all_ranks(name)
    save_v2(tmp_path / "m", tensors)
    assert assert_same_values(tmp_path / "m") == 3 * (len(PLAIN) + 1 + len(OF_ML_DTYPES))
    assert verify(locate(tmp_path / "m")).is_sound


@pytest.mark.parametrize("kind", ["qint8", "quint8", "qint16", "quint16", "qint32"])
def test_quantized_integers(tmp_path: Path, kind: str) -> None:
    plain = tf.constant([[1, 2, 100]], kind.removeprefix("q"))
    save_v2(tmp_path / "m", {"q": tf.bitcast(plain, kind), "s": tf.bitcast(plain[0, 0], kind)})
    assert_same_values(tmp_path / "m")


def test_not_a_number_infinity_and_signed_zero_keep_their_bits(tmp_path: Path) -> None:
    bits = np.array([0x7FC00001, 0xFFC12345, 0x7F800000, 0x80000000, 1], np.uint32)
    save_v2(tmp_path / "m", {"a": bits.view(np.float32)})
    assert_same_values(tmp_path / "m")


def test_strings(tmp_path: Path) -> None:
    tensors = {
        "words": tf.constant([["a", "bb"], ["", "dddd"]]),
        "unicode": tf.constant(["é", "名前", "\U0001f600"]),
        "bytes": tf.constant([b"\xff\x00\x80"]),
        "long": tf.constant("x" * 200_000),
        "many": tf.constant([f"{i}" * (i % 5) for i in range(3000)]),
        "none": tf.constant([], tf.string),
    }
    save_v2(tmp_path / "m", tensors)
    assert_same_values(tmp_path / "m")
    assert verify(locate(tmp_path / "m")).is_sound


def test_odd_names_find_their_values(tmp_path: Path) -> None:
    names = ["/leading", "a//b", "a/", "a", "é/ü", "名前/重み", "tab\there", "\x7f", "w" * 300]
    save_v2(tmp_path / "m", {name: tf.constant([i, -i]) for i, name in enumerate(names)})
    assert assert_same_values(tmp_path / "m") == len(names)


@pytest.mark.parametrize("is_sharded", [False, True])
@pytest.mark.parametrize("build", [two_scopes, partitioned])
def test_a_saver_of_tensorflow_1(tmp_path: Path, build: object, is_sharded: bool) -> None:
    assert_same_values(save_with_saver(tmp_path / "m", build, sharded=is_sharded))
    assert verify(locate(tmp_path), directory=str(tmp_path)).is_sound


@pytest.mark.parametrize("is_sharded", [False, True])
@pytest.mark.parametrize("build", [two_scopes, partitioned])
def test_a_saver_of_v1_files(tmp_path: Path, build: object, is_sharded: bool) -> None:
    version = v1.train.SaverDef.V1
    save_with_saver(tmp_path / "m", build, write_version=version, sharded=is_sharded)
    location = locate(tmp_path)
    assert location.format.value == "V1"
    assert_same_values(location.prefix)
    assert verify(location, directory=str(tmp_path)).is_sound


@pytest.mark.parametrize("version", [v1.train.SaverDef.V1, v1.train.SaverDef.V2])
def test_shards_of_two_devices(tmp_path: Path, version: int) -> None:
    config = v1.ConfigProto(device_count={"CPU": 2})
    with tf.Graph().as_default(), v1.Session(config=config) as session:
        on_two_devices()
        session.run(v1.global_variables_initializer())
        saver = v1.train.Saver(sharded=True, write_version=version)
        prefix = saver.save(session, str(tmp_path / "m"), write_meta_graph=False)
    assert assert_same_values(prefix) == 2
    assert verify(locate(tmp_path), directory=str(tmp_path)).files == 2 + (version == 2)


def save_v1(path: Path, tensors: dict[str, np.ndarray]) -> None:
    with tf.Graph().as_default(), v1.Session() as session:
        data = [tf.constant(values) for values in tensors.values()]
        session.run(tf.raw_ops.Save(filename=str(path), tensor_names=list(tensors), data=data))


def test_every_dtype_that_tensorflow_reads_from_v1_files(tmp_path: Path) -> None:
    tensors: dict[str, np.ndarray] = {"words": strings(b"a", b"", b"x" * 70_000)}
    for name in IN_V1:
        tensors |= in_all_ranks(name)
    save_v1(tmp_path / "m.ckpt", tensors)
    assert assert_same_values(tmp_path / "m.ckpt") == len(tensors)


def test_every_dtype_that_tensorflow_writes_to_v1_files(tmp_path: Path) -> None:
    tensors: dict[str, np.ndarray] = {}
    for name in WRITTEN_IN_V1:
        tensors |= in_all_ranks(name)
    save_v1(tmp_path / "m.ckpt", tensors)
    for name, values in tensors.items():
        read = ckptls.open(tmp_path / "m.ckpt").read(name)
        assert_same_value(read, np.asarray(values))


def test_large_tensors_in_a_v1_file(tmp_path: Path) -> None:
    numbers = np.random.default_rng(3).integers(-(2**40), 2**40, 3_000_000)
    tensors = {"f": numbers.astype(np.float32), "i": numbers, "j": numbers.astype(np.int32)}
    save_v1(tmp_path / "m.ckpt", tensors)
    assert_same_values(tmp_path / "m.ckpt")
    assert verify(locate(tmp_path / "m.ckpt")).is_sound


@pytest.mark.parametrize("count", [0, 2, 3, 4])
def test_a_v1_value_of_another_count_is_refused_by_both(tmp_path: Path, count: int) -> None:
    key = slice_key(b"a", ((0, -1),))
    value = v1_value("a", [(0, -1)], tensor_message(np.ones(count, np.float32)))
    (tmp_path / "m").write_bytes(crafted.v1([("a", crafted.FLOAT, [3])], [(key, value)]))
    if count == 3:
        assert_same_values(tmp_path / "m")
        return
    with pytest.raises(CheckpointDamaged):
        ckptls.open(tmp_path / "m").read("a")
    with pytest.raises(tf.errors.NotFoundError):
        tf.train.load_variable(str(tmp_path / "m"), "a")


def test_an_object_based_checkpoint(tmp_path: Path) -> None:
    layer = tf.keras.layers.Dense(3)
    layer.build([None, 4])
    counter = tf.Variable(5, dtype=tf.int64)
    root = tf.train.Checkpoint(layer=layer, counter=counter, words=tf.Variable(["a", "b"]))
    prefix = root.save(str(tmp_path / "ck"))
    assert assert_same_values(prefix) >= 5
    assert verify(locate(tmp_path), directory=str(tmp_path)).is_sound


def test_a_big_endian_bundle(tmp_path: Path) -> None:
    """Its data are swapped; TensorFlow reads it so, and so do we."""
    head = crafted.header() + crafted.number_field(2, 1)
    values = {name: typed(name, NUMBERS).byteswap() for name in PLAIN if name in DTYPES}
    prefix = bundle(tmp_path / "m", values, head=head)
    assert_same_values(prefix)


def test_values_crafted_for_other_tests_are_such_that_tensorflow_reads_them(tmp_path: Path) -> None:
    values = {name: typed(name, NUMBERS) for name in PLAIN} | {"words": strings(b"a", b"bc")}
    assert_same_values(bundle(tmp_path / "m", values, shards=3, knobs=crafted.SNAPPY))


def test_variants_are_verified_though_they_have_no_values(tmp_path: Path) -> None:
    one = tf.raw_ops.TensorListFromTensor(tensor=tf.ones([2, 2]), element_shape=[2])
    save_v2(tmp_path / "m", {"one": one, "two": tf.stack([one, one])})
    report = verify(locate(tmp_path / "m"))
    assert (report.is_sound, report.tensors) == (True, 2)


def test_load_variable_is_that_of_tensorflow(tmp_path: Path) -> None:
    save_v2(tmp_path / "m", {"n": tf.constant(3), "s": tf.constant("text"), "v": tf.ones([2])})
    for name in ("n", "s", "v"):
        theirs = tf.train.load_variable(str(tmp_path / "m"), name)
        assert_same_value(ckptls.load_variable(tmp_path / "m", name), theirs)
