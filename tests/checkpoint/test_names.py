"""`list_names`: the first column of the listing, without the others."""

from __future__ import annotations

from pathlib import Path

import pytest

import ckptls
from checkpoint import crafted
from checkpoint.crafted import FLOAT, Knobs
from ckptls.checkpoint.core.errors import CheckpointDamaged
from ckptls.checkpoint.formats.tensorflow.v2.index import parse_names

pytestmark = pytest.mark.usefixtures("each_loop")

VARIABLES = [(f"网络/layer_{i}/{'w' * (i % 200)}", FLOAT, [i, 3]) for i in range(300)]
SLICED = crafted.table(
    [
        (b"", crafted.header()),
        (b"\0emb\0\1\1\1\x80\x81", crafted.entry(FLOAT, [1])),
        (b"emb", crafted.entry(FLOAT, [1]) + crafted.bytes_field(7, b"\x0a\x02\x10\x01")),
    ]
)
FILES = {
    "plain": crafted.index(VARIABLES),
    "small blocks": crafted.index(VARIABLES, Knobs(block_bytes=50)),
    "compressed": crafted.index(VARIABLES, Knobs(is_compressed=True)),
    "empty": crafted.index([]),
    "partitioned": SLICED,
}


@pytest.mark.parametrize("data", FILES.values(), ids=FILES)
def test_names_are_those_of_the_listing(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "m.index").write_bytes(data)
    listing = ckptls.list_variables(tmp_path / "m")
    assert ckptls.list_names(tmp_path / "m") == [name for name, _ in listing]


def test_names_of_a_v1_file(tmp_path: Path) -> None:
    (tmp_path / "m.ckpt").write_bytes(crafted.v1([("b", FLOAT, [2]), ("a", FLOAT, [])]))
    assert ckptls.list_names(tmp_path / "m.ckpt") == ["a", "b"]


def one_block(entries: bytes) -> bytes:
    head = b"\0\0" + crafted.varint(len(crafted.header())) + crafted.header()
    content = head + entries + bytes(4) + b"\1\0\0\0"
    return crafted.table_of_blocks([(b"z", content)])


@pytest.mark.parametrize(
    "entries",
    [b"\x00\x01\x7fa" + b"v" * 20, b"\x05\x01\x01ab", b"\x00\x01", b"\x00\x01\x01bv\x00\x01\x01av"],
    ids=["value beyond the block", "shares too much", "cut off", "descending"],
)
def test_a_broken_structure_is_refused(entries: bytes) -> None:
    with pytest.raises(CheckpointDamaged):
        parse_names(one_block(entries))


def test_what_is_in_a_value_is_not_looked_at() -> None:
    assert parse_names(one_block(b"\x00\x01\x03a\xff\xff\xff")) == ["a"]
