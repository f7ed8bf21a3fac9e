"""Checkpoints that hypothesis makes up, written by TensorFlow, listed as TensorFlow lists them.

The examples are few and rich, and the same in each run; a failing one is printed with what
is needed to replay it.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import ckptls
from checkpoint import crafted
from checkpoint.crafted import Knobs
from ckptls.checkpoint.codecs.sstable import data_handles, entries, read_block

v1 = tf.compat.v1
RICH = {
    "deadline": None,
    "derandomize": True,
    "print_blob": True,
    "database": None,
    "suppress_health_check": list(HealthCheck),
}

# Every type that TensorFlow saves.
DTYPES = [
    tf.as_dtype(name)
    for name in (
        "bfloat16", "bool", "complex64", "complex128", "float16", "float32", "float64", "int4",
        "int8", "int16", "int32", "int64", "uint4", "uint8", "uint16", "uint32", "uint64",
        "string", "qint8", "quint8", "qint16", "quint16", "qint32", "float8_e4m3fn",
        "float8_e5m2", "float8_e4m3fnuz", "float8_e4m3b11fnuz", "float8_e5m2fnuz", "int2",
        "uint2", "float4_e2m1fn",
    )
]  # fmt: skip

SEGMENT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8) | (
    st.sampled_from(
        ["", "a", "b.c", ".", "x y", "kernel", "é", "名前", ":0", "w" * 130, ".ATTRIBUTES", "10"]
    )
)
# Slashes before, behind and doubled come from empty segments.
NAME = st.lists(SEGMENT, min_size=1, max_size=4).map("/".join).filter(bool)
SHAPE = st.lists(st.sampled_from([0, 1, 2, 3, 7, 130]), max_size=4).map(tuple)
VARIABLES = st.dictionaries(
    NAME, st.tuples(st.sampled_from(DTYPES), SHAPE.filter(lambda s: size_of(s) < 20_000))
)


def size_of(shape: tuple[int, ...]) -> int:
    count = 1
    for size in shape:
        count *= size
    return count


def tensor(dtype: tf.DType, shape: tuple[int, ...]) -> tf.Tensor:
    """Zeros of any type, or texts."""
    if dtype == tf.string:
        return tf.fill(shape, "text")
    return tf.constant(np.zeros(shape, dtype.as_numpy_dtype), dtype=dtype)


@contextmanager
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="ckptls-oracle-") as path:
        yield Path(path)


def assert_same(path: Path | str) -> int:
    """Names, order, shapes and dtypes as TensorFlow has them; how many."""
    expected = tf.train.list_variables(str(path))
    dtypes = tf.train.load_checkpoint(str(path)).get_variable_to_dtype_map()
    assert ckptls.list_variables(path) == expected
    assert ckptls.list_names(path) == [name for name, _ in expected]
    assert {v.name: v.dtype for v in ckptls.open(path).variables()} == {
        name: dtype.name for name, dtype in dtypes.items()
    }
    return len(expected)


def save(prefix: Path, names: list[str], slices: list[str], tensors: list[tf.Tensor]) -> None:
    tf.raw_ops.SaveV2(
        prefix=str(prefix), tensor_names=names, shape_and_slices=slices, tensors=tensors
    )


def compressed(data: bytes, block_bytes: int) -> bytes:
    """TensorFlow's own index again, in snappy blocks of another size."""

    def read_at(offset: int, count: int) -> bytes:
        return data[offset : offset + count]

    found = [
        (key, block.data[start:end])
        for handle in data_handles(read_at, len(data))
        for block in [read_block(read_at, handle)]
        for key, start, end in entries(block)
    ]
    return crafted.table(found, Knobs(is_compressed=True, block_bytes=block_bytes))


@pytest.mark.parametrize("dtype", DTYPES, ids=lambda dtype: dtype.name)
def test_every_type_that_tensorflow_saves(tmp_path: Path, dtype: tf.DType) -> None:
    save(tmp_path / "m", ["a", "b"], [""] * 2, [tensor(dtype, ()), tensor(dtype, (2, 3))])
    assert assert_same(tmp_path / "m") == 2


def test_a_variant(tmp_path: Path) -> None:
    variant = tf.raw_ops.EmptyTensorList(
        element_shape=[2], max_num_elements=3, element_dtype=tf.float32
    )
    save(tmp_path / "m", ["list"], [""], [variant])
    assert assert_same(tmp_path / "m") == 1
    assert ckptls.open(tmp_path / "m")["list"].dtype == "variant"


@settings(max_examples=40, **RICH)
@given(variables=VARIABLES.filter(bool), block_bytes=st.sampled_from([1, 300, 1 << 18]))
def test_any_variables_in_one_file_and_compressed(
    variables: dict[str, tuple[tf.DType, tuple[int, ...]]], block_bytes: int
) -> None:
    with folder() as path:
        tensors = [tensor(dtype, shape) for dtype, shape in variables.values()]
        save(path / "m", list(variables), [""] * len(variables), tensors)
        assert assert_same(path / "m") == len(variables)
        again = compressed((path / "m.index").read_bytes(), block_bytes)
        (path / "packed.index").write_bytes(again)
        assert assert_same(path / "packed") == len(variables)


@st.composite
def partitions(draw: st.DrawFn) -> tuple[list[int], int, list[int]]:
    """A shape, the axis along which it is cut, and the lengths of the parts."""
    lengths = draw(st.lists(st.sampled_from([1, 2, 63, 64, 65, 200]), min_size=1, max_size=4))
    shape = draw(st.lists(st.sampled_from([1, 2, 5]), min_size=1, max_size=3))
    axis = draw(st.integers(0, len(shape) - 1))
    shape[axis] = sum(lengths)
    return shape, axis, lengths


def parts(shape: list[int], axis: int, lengths: list[int]) -> Iterator[tuple[str, list[int]]]:
    """What SaveV2 wants to know of each part, and its shape."""
    start = 0
    for length in lengths:
        extents = ["-"] * len(shape)
        extents[axis] = f"{start},{length}"
        part = [*shape]
        part[axis] = length
        yield f"{' '.join(map(str, shape))} {':'.join(extents)}", part
        start += length


@settings(max_examples=25, **RICH)
@given(
    cut=st.dictionaries(NAME, partitions(), min_size=1, max_size=4),
    whole=st.dictionaries(NAME, SHAPE.filter(lambda s: size_of(s) < 1000), max_size=5),
    shards=st.integers(1, 3),
)
def test_partitioned_variables_over_several_shards(
    cut: dict[str, tuple[list[int], int, list[int]]],
    whole: dict[str, tuple[int, ...]],
    shards: int,
) -> None:
    entries = [
        (name, text, tf.zeros(part))
        for name, partition in cut.items()
        for text, part in parts(*partition)
    ]
    entries += [(name, "", tf.zeros(shape)) for name, shape in whole.items() if name not in cut]
    with folder() as path:
        prefixes = []
        for shard in range(shards):
            mine = entries[shard::shards]
            if mine:
                names, slices, tensors = (list(column) for column in zip(*mine, strict=True))
                prefixes.append(str(path / f"part{shard}"))
                save(Path(prefixes[-1]), names, slices, tensors)
        tf.raw_ops.MergeV2Checkpoints(
            checkpoint_prefixes=prefixes, destination_prefix=str(path / "m")
        )
        assert assert_same(path / "m") == len(cut.keys() | whole.keys())
        packed = compressed((path / "m.index").read_bytes(), 50)
        (path / "packed.index").write_bytes(packed)
        assert_same(path / "packed")


# What SaveV1 takes: one slice specification a tensor, and its own types.
V1_DTYPES = [tf.float32, tf.float64, tf.int32, tf.uint8, tf.int16, tf.int8, tf.int64, tf.bool]
V1_DTYPES += [tf.complex64, tf.float16, tf.string, tf.quint8, tf.qint32, tf.qint8]


@settings(max_examples=25, **RICH)
@given(
    whole=st.dictionaries(
        NAME,
        st.tuples(st.sampled_from(V1_DTYPES), SHAPE.filter(lambda s: 0 < size_of(s) < 1000)),
        max_size=8,
    ),
    cut=st.dictionaries(NAME, partitions(), min_size=1, max_size=2),
    shards=st.integers(1, 3),
)
def test_v1_files_single_sharded_and_partitioned(
    whole: dict[str, tuple[tf.DType, tuple[int, ...]]],
    cut: dict[str, tuple[list[int], int, list[int]]],
    shards: int,
) -> None:
    entries = [(name, text, tf.zeros(part)) for name, p in cut.items() for text, part in parts(*p)]
    entries += [(name, "", tensor(*kind)) for name, kind in whole.items() if name not in cut]
    shards = min(shards, len(entries))
    with folder() as path:
        for shard in range(shards):
            names, slices, tensors = (
                list(column) for column in zip(*entries[shard::shards], strict=True)
            )
            file = "m" if shards == 1 else f"m-{shard:05d}-of-{shards:05d}"
            tf.raw_ops.SaveSlices(
                filename=str(path / file),
                tensor_names=names,
                shapes_and_slices=slices,
                data=tensors,
            )
        pattern = "m" if shards == 1 else f"m-?????-of-{shards:05d}"
        assert assert_same(path / pattern) == len(cut.keys() | whole.keys())


SCOPES = ["layer", "Encoder.0", "名前", "", "x y", "attention/self", "w" * 90]


@pytest.mark.parametrize("count", [1, 17, 1_000, 10_000])
def test_any_number_of_variables(tmp_path: Path, count: int) -> None:
    random = Random(count)
    names: dict[str, tf.Tensor] = {}
    while len(names) < count:
        depth = random.randint(1, 5)
        scopes = "/".join(random.choice(SCOPES) for _ in range(depth))
        shape = [random.choice((0, 1, 2, 3)) for _ in range(random.randint(0, 4))]
        names[f"{scopes}_{random.randint(0, count)}"] = tf.zeros(shape)
    save(tmp_path / "m", list(names), [""] * count, list(names.values()))
    assert assert_same(tmp_path / "m") == count
    packed = compressed((tmp_path / "m.index").read_bytes(), 1 << 18)
    (tmp_path / "packed.index").write_bytes(packed)
    assert assert_same(tmp_path / "packed") == count


@pytest.mark.parametrize("endianness", [0, 1])
@pytest.mark.parametrize("min_consumer", [0, 1])
def test_headers_of_either_endianness_and_of_known_versions(
    tmp_path: Path, endianness: int, min_consumer: int
) -> None:
    head = crafted.header(min_consumer=min_consumer) + crafted.number_field(2, endianness)
    (tmp_path / "m.index").write_bytes(crafted.index([("a/b", crafted.FLOAT, [2])], head=head))
    assert assert_same(tmp_path / "m") == 1


def test_a_version_to_come_is_refused_as_by_tensorflow(tmp_path: Path) -> None:
    head = crafted.header(min_consumer=2)
    (tmp_path / "m.index").write_bytes(crafted.index([("a", crafted.FLOAT, [2])], head=head))
    with pytest.raises(Exception, match="min consumer"):
        tf.train.list_variables(str(tmp_path / "m"))
    for read in (ckptls.list_variables, ckptls.list_names):
        with pytest.raises(ckptls.CheckpointError, match="version 2"):
            read(tmp_path / "m")
