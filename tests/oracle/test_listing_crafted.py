"""Files that TensorFlow reads but does not write: the reader agrees with it on them too."""

from __future__ import annotations

from pathlib import Path

import pytest
import tensorflow as tf

import ckptls
from checkpoint import crafted
from checkpoint.crafted import FLOAT, INT64, STRING, Knobs

VARIABLES = [
    *((f"net/layer_{i:03d}/{leaf}", FLOAT, [3, i]) for i in range(150) for leaf in ("w", "b")),
    ("global_step", INT64, []),
    ("words", STRING, [2]),
    ("zero", FLOAT, [0, 3]),
]
LAYOUTS = [
    Knobs(is_compressed, block_bytes, restart_interval)
    for is_compressed in (False, True)
    for block_bytes in (1, 1000, 1 << 20)
    for restart_interval in (1, 16)
]


def assert_same(path: Path) -> list[tuple[str, list[int]]]:
    expected = tf.train.list_variables(str(path))
    assert ckptls.list_variables(path) == expected
    return expected


@pytest.mark.parametrize("knobs", LAYOUTS, ids=str)
def test_an_index_in_any_layout(tmp_path: Path, knobs: Knobs) -> None:
    (tmp_path / "m.index").write_bytes(crafted.index(VARIABLES, knobs))
    assert len(assert_same(tmp_path / "m")) == len(VARIABLES)


@pytest.mark.parametrize("knobs", LAYOUTS, ids=str)
def test_a_v1_file_in_any_layout(tmp_path: Path, knobs: Knobs) -> None:
    tensors = [(b"\x00" + name.encode(), b"x" * 500) for name, _, _ in sorted(VARIABLES)]
    (tmp_path / "m").write_bytes(crafted.v1(VARIABLES, tensors, knobs))
    assert len(assert_same(tmp_path / "m")) == len(VARIABLES)


def test_v1_shards_that_list_parts_of_one_variable(tmp_path: Path) -> None:
    for i, extra in enumerate((("a", FLOAT, [1]), ("b", FLOAT, [2]))):
        name = f"m-{i:05d}-of-00002"
        (tmp_path / name).write_bytes(crafted.v1([extra]))
    assert assert_same(tmp_path / "m-?????-of-00002") == [("a", [1]), ("b", [2])]


@pytest.mark.parametrize(
    "value",
    [
        crafted.bytes_field(2, crafted.number_field(3, 1)) + crafted.number_field(1, FLOAT),
        crafted.number_field(1, FLOAT) + crafted.bytes_field(2, crafted.number_field(3, 1)),
        crafted.number_field(1, 101) + crafted.bytes_field(2, crafted.shape_message([2])),
        crafted.number_field(1, FLOAT)
        + crafted.bytes_field(
            2, crafted.bytes_field(2, crafted.number_field(1, 2) + crafted.bytes_field(2, b"rows"))
        ),
        crafted.number_field(1, FLOAT) + crafted.bytes_field(2, b"\x12\x03\x08\x85\x00"),
        crafted.number_field(1, FLOAT) + crafted.bytes_field(2, crafted.shape_message([9] * 18)),
        crafted.number_field(1, FLOAT) + crafted.bytes_field(2, crafted.shape_message([1] * 60)),
        crafted.number_field(1, FLOAT) + crafted.bytes_field(2, crafted.shape_message([1 << 40])),
    ],
    ids=[
        "order",
        "no rank",
        "reference",
        "dimension name",
        "long varint",
        "9^18",
        "rank 60",
        "2^40",
    ],
)
def test_an_entry_that_is_laid_out_unusually(tmp_path: Path, value: bytes) -> None:
    entries = [(b"", crafted.header()), (b"a", value), (b"b", crafted.entry(FLOAT, [2]))]
    (tmp_path / "m.index").write_bytes(crafted.table(entries))
    assert len(assert_same(tmp_path / "m")) == 2
    dtypes = tf.train.load_checkpoint(str(tmp_path / "m")).get_variable_to_dtype_map()
    assert ckptls.open(tmp_path / "m")["a"].dtype == dtypes["a"].name


def test_a_key_with_a_leading_nul_that_is_no_slice(tmp_path: Path) -> None:
    entries = [
        (b"", crafted.header()),
        (b"\x00lonely", crafted.entry(FLOAT, [2])),
        (b"b", crafted.entry(FLOAT, [3])),
    ]
    (tmp_path / "m.index").write_bytes(crafted.table(entries))
    assert assert_same(tmp_path / "m") == [("\x00lonely", [2]), ("b", [3])]


def test_a_header_that_says_big_endian(tmp_path: Path) -> None:
    head = crafted.header() + crafted.number_field(2, 1)
    (tmp_path / "m.index").write_bytes(crafted.index([("a", FLOAT, [2])], head=head))
    assert assert_same(tmp_path / "m") == [("a", [2])]
