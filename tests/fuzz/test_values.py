"""Whatever the files hold, values are read or our own error is raised; verify ends either way."""

from __future__ import annotations

import contextlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from checkpoint import crafted
from checkpoint.crafted_values import (
    FULL,
    Part,
    bfloat16,
    bundle,
    data_file,
    full_entry,
    slice_key,
    strings,
    tensor_message,
    v1_file,
    v1_value,
)
from ckptls.checkpoint.core.errors import CheckpointError
from ckptls.checkpoint.data_locations import places
from ckptls.checkpoint.formats.tensorflow.v2.index_reader import all_entries, find_entry, num_shards
from ckptls.checkpoint.locate.locate import locate
from ckptls.checkpoint.reader import read_checkpoint
from ckptls.checkpoint.verify.verify import verify
from support.random_edits import EDITS, edited

VALUES = {
    "a/w": np.arange(6, dtype=np.float32).reshape(2, 3),
    "b": bfloat16([1, 2]),
    "n": np.array(5),
    "s": strings(b"abc", b"", b"x" * 140),
}
HALVES = [Part(((0, 2), FULL), np.ones((2, 2))), Part(((2, 2), FULL), np.zeros((2, 2)))]
Edits = list[tuple[float, int, str]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fuzz")


def read_or_refuse(path: Path) -> None:
    """Every way to values, each of which may raise a CheckpointError and nothing else."""
    try:
        checkpoint = read_checkpoint(path, is_patient=False)
    except CheckpointError:
        pass
    else:
        for variable in checkpoint.variables():
            for ask in (lambda v: checkpoint.read(v.name), lambda v: places(checkpoint, v)):
                with contextlib.suppress(CheckpointError):
                    ask(variable)
    with contextlib.suppress(CheckpointError):
        verify(locate(path))


def find_or_refuse(index: str) -> None:
    for ask in (num_shards, lambda path: list(all_entries(path))):
        with contextlib.suppress(CheckpointError):
            ask(index)
    for name in ("a/w", "b", "w", "zz", "\\xff"):
        with contextlib.suppress(CheckpointError):
            find_entry(index, name)


many = settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow], deadline=None)


@many
@given(edits=EDITS, is_compressed=st.booleans())
def test_a_mutated_index(folder: Path, edits: Edits, is_compressed: bool) -> None:
    knobs = crafted.Knobs(is_compressed, block_bytes=40, restart_interval=2)
    prefix = bundle(folder / "m", VALUES, {"w": ((4, 2), HALVES)}, knobs=knobs)
    index = Path(f"{prefix}.index")
    index.write_bytes(edited(index.read_bytes(), edits))
    find_or_refuse(str(index))
    read_or_refuse(folder / "m")


@many
@given(edits=EDITS)
def test_a_mutated_data_file(folder: Path, edits: Edits) -> None:
    prefix = bundle(folder / "m", VALUES, {"w": ((4, 2), HALVES)})
    data_file(prefix).write_bytes(edited(data_file(prefix).read_bytes(), edits))
    read_or_refuse(folder / "m")


PLAIN_ENTRY = crafted.entry(1, [2, 3], 0, 24)
STRING_ENTRY = crafted.entry(7, [3], 0, 40)
PARTED_ENTRY = full_entry((4, 2), "float64", HALVES)
HEADER = crafted.header(1)


@many
@given(
    plain=st.builds(edited, st.just(PLAIN_ENTRY), EDITS) | st.just(PLAIN_ENTRY),
    text=st.builds(edited, st.just(STRING_ENTRY), EDITS) | st.just(STRING_ENTRY),
    parted=st.builds(edited, st.just(PARTED_ENTRY), EDITS) | st.just(PARTED_ENTRY),
    header=st.builds(edited, st.just(HEADER), EDITS) | st.just(HEADER),
    data=st.binary(max_size=80),
)
@example(
    plain=crafted.entry(1, [1 << 40], 0, 1 << 42),
    text=crafted.entry(7, [1 << 60], 0, 1 << 61),
    parted=PARTED_ENTRY,
    header=HEADER,
    data=b"",
)
@example(
    plain=crafted.entry(1, [0, 1 << 62]),
    text=crafted.entry(7, [0, 1 << 62], 0, 4),
    parted=PARTED_ENTRY,
    header=HEADER,
    data=bytes(80),
)
def test_mutated_entries_under_right_checksums(
    folder: Path, plain: bytes, text: bytes, parted: bytes, header: bytes, data: bytes
) -> None:
    part = crafted.entry(2, [2, 2], 0, 32)
    rows = [(b"", header), *((slice_key("w", half.extents), part) for half in HALVES)]
    rows += [(b"a/w", plain), (b"s", text), (b"w", parted)]
    (folder / "m.index").write_bytes(crafted.table(rows))
    data_file(folder / "m").write_bytes(data)
    find_or_refuse(str(folder / "m.index"))
    read_or_refuse(folder / "m")


@many
@given(edits=EDITS, is_compressed=st.booleans(), block_bytes=st.sampled_from([1, 1 << 20]))
def test_a_mutated_v1_file(
    folder: Path, edits: Edits, is_compressed: bool, block_bytes: int
) -> None:
    data = v1_file(VALUES, crafted.Knobs(is_compressed, block_bytes))
    (folder / "v1.ckpt").write_bytes(edited(data, edits))
    read_or_refuse(folder / "v1.ckpt")


V1_VALUES = [
    (crafted.FLOAT, [2, 3], tensor_message(VALUES["a/w"])),
    (crafted.INT32, [3], tensor_message(np.array([1, -1, 300], np.int32))),
    (crafted.STRING, [3], tensor_message(VALUES["s"])),
    (10, [2], tensor_message(np.array([True, False]))),
    (19, [2], tensor_message(np.array([1, 2], np.float16))),
]


@many
@given(kind=st.sampled_from(V1_VALUES), edits=EDITS, meta_edits=EDITS, is_meta=st.booleans())
def test_mutated_v1_messages_under_right_checksums(
    folder: Path,
    kind: tuple[int, list[int], bytes],
    edits: Edits,
    meta_edits: Edits,
    is_meta: bool,
) -> None:
    dtype, shape, tensor = kind
    extents = [FULL] * len(shape)
    value = v1_value("a", extents, tensor)
    meta = crafted.v1_meta([("a", dtype, shape)])
    if is_meta:
        meta = edited(meta, meta_edits)
    else:
        value = edited(value, edits)
    rows = [(b"", meta), (slice_key("a", extents), value)]
    (folder / "v1.ckpt").write_bytes(crafted.table(rows))
    read_or_refuse(folder / "v1.ckpt")


@many
@given(edits=EDITS)
def test_the_headers_in_a_large_v1_block(folder: Path, edits: Edits) -> None:
    """Which is not verified before it is searched, so that anything may be in it."""
    value = v1_value("a", [FULL], crafted.bytes_field(5, bytes(1 << 21)))
    block = crafted.block(
        [(b"", crafted.v1_meta([("a", 1, [1 << 19])])), (slice_key("a", [FULL]), value)]
    )
    head, tail = edited(block[:120], edits), block[120:]
    index = crafted.table_of_blocks([(b"\1", head + tail)])
    (folder / "v1.ckpt").write_bytes(index)
    read_or_refuse(folder / "v1.ckpt")
