from __future__ import annotations

from pathlib import Path

import pytest

import ckptls
from checkpoint import crafted
from checkpoint.crafted import FLOAT, INT64, SNAPPY, bytes_field
from ckptls.checkpoint.core.errors import CheckpointDamaged, CheckpointError
from ckptls.checkpoint.formats.tensorflow.v1.metadata import merge, read_meta

MANY = [(f"layer_{i:04d}/weights", FLOAT, [i, 2]) for i in range(2000)]


def read(data: bytes) -> dict[str, tuple[str, tuple[int, ...]]]:
    return read_meta(lambda offset, count: data[offset : offset + count], len(data))


def test_a_list_that_exceeds_what_is_read_first_is_read_on() -> None:
    assert len(read(crafted.v1(MANY))) == 2000


def test_only_the_list_is_read_of_a_block_that_holds_tensors_too() -> None:
    tensors = [(b"\x00t", bytes(1 << 20))]
    data = crafted.v1(MANY, tensors, crafted.Knobs(block_bytes=1 << 30))
    counts: list[int] = []

    def read_and_count(offset: int, count: int) -> bytes:
        counts.append(count)
        return data[offset : offset + count]

    assert len(read_meta(read_and_count, len(data))) == 2000
    assert sum(counts) < 10_000 + len(crafted.v1_meta(MANY))


def test_a_compressed_list_is_read_without_the_tensors_behind_it() -> None:
    tensors = [(b"\x00t", bytes(range(256)) * 4000)]
    data = crafted.v1([("a", INT64, [])], tensors, crafted.Knobs(True, block_bytes=1 << 30))
    assert read(data) == {"a": ("int64", ())}


def test_a_long_compressed_list_is_read() -> None:
    assert len(read(crafted.v1(MANY, knobs=SNAPPY))) == 2000


def test_damage_in_a_small_block_is_found() -> None:
    data = crafted.v1([("weights", FLOAT, [2])]).replace(b"weights", b"wEights")
    with pytest.raises(CheckpointDamaged, match="checksum"):
        read(data)


@pytest.mark.parametrize(
    ("what", "data"),
    [
        ("empty", crafted.table([])),
        ("list of variables", crafted.table([(b"a", b"x")])),
        ("wire type", crafted.table([(b"", bytes_field(1, b"\x0b"))])),
        (
            "twice",
            crafted.v1([("a", FLOAT, [1]), ("a", FLOAT, [2])]),
        ),
        ("too few", b"short"),
        ("bad magic", b"x" * 100),
    ],
)
def test_what_is_no_v1_checkpoint_is_damage(what: str, data: bytes) -> None:
    with pytest.raises(CheckpointDamaged, match=what):
        read(data)


def test_any_cut_of_a_v1_file_is_refused() -> None:
    data = crafted.v1([("a", FLOAT, [1])])
    for count in range(len(data)):
        with pytest.raises(CheckpointError):
            read(data[:count])


def test_shards_that_disagree_are_damage() -> None:
    variables = {"a": ("float32", (1,))}
    merge(variables, {"a": ("float32", (1,)), "b": ("int32", ())})
    assert list(variables) == ["a", "b"]
    with pytest.raises(CheckpointDamaged, match="disagree"):
        merge(variables, {"a": ("float32", (2,))})


def test_a_damaged_shard_is_named(tmp_path: Path) -> None:
    (tmp_path / "m-00000-of-00002").write_bytes(crafted.v1([("a", FLOAT, [1])]))
    broken = tmp_path / "m-00001-of-00002"
    broken.write_bytes(crafted.v1([("b", FLOAT, [1])])[:-1] + b"?")
    with pytest.raises(CheckpointDamaged) as caught:
        ckptls.open(tmp_path / "m")
    assert caught.value.path == str(broken)
