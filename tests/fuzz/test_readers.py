"""Whatever a file holds, the readers list it or raise their own error; and nothing else.

TensorFlow is not asked here: it ends the process on some of these files.
"""

from __future__ import annotations

from hypothesis import example, given, settings
from hypothesis import strategies as st

from checkpoint import crafted
from checkpoint.crafted import Knobs
from ckptls.checkpoint.core.dtypes import dtype_name
from ckptls.checkpoint.core.errors import CheckpointError
from ckptls.checkpoint.formats.tensorflow.v1.metadata import read_meta
from ckptls.checkpoint.formats.tensorflow.v2.index import parse_index
from ckptls.checkpoint.layout.state_file import parse_state
from support.random_edits import EDITS, edited

SEGMENT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=12)
NAME = st.lists(SEGMENT, min_size=1, max_size=5).map("/".join)
SHAPE = st.lists(st.integers(0, 1 << 14), max_size=4).map(tuple)
LISTING = st.dictionaries(NAME, st.tuples(st.integers(1, 33), SHAPE), max_size=40)
KNOBS = st.builds(
    Knobs, st.booleans(), st.sampled_from([1, 100, 4096]), st.sampled_from([1, 3, 16])
)

BASES = [
    crafted.index(
        [(f"net/layer_{i}/{leaf}", 1, [i, 3]) for i in range(20) for leaf in ("w", "b")], knobs
    )
    for knobs in (Knobs(), Knobs(True), Knobs(block_bytes=64), Knobs(True, block_bytes=64))
]
V1_BASES = [
    crafted.v1([(f"net/layer_{i}/w", 1, [i, 3]) for i in range(20)], knobs=knobs)
    for knobs in (Knobs(), Knobs(True))
]


def flat(listing: dict[str, tuple[int, tuple[int, ...]]]) -> list[tuple[str, int, tuple[int, ...]]]:
    return [(name, dtype, shape) for name, (dtype, shape) in listing.items()]


@given(listing=LISTING, knobs=KNOBS)
def test_what_was_written_to_an_index_is_read(
    listing: dict[str, tuple[int, tuple[int, ...]]], knobs: Knobs
) -> None:
    names, kinds = parse_index(crafted.index(flat(listing), knobs))
    assert names == sorted(listing)
    assert kinds == [(dtype_name(listing[name][0]), listing[name][1]) for name in names]


@given(listing=LISTING, knobs=KNOBS)
def test_what_was_written_to_a_v1_file_is_read(
    listing: dict[str, tuple[int, tuple[int, ...]]], knobs: Knobs
) -> None:
    data = crafted.v1(flat(listing), knobs=knobs)
    read = read_meta(lambda offset, count: data[offset : offset + count], len(data))
    assert read == {name: (dtype_name(d), shape) for name, (d, shape) in listing.items()}


def read_index_or_refuse(data: bytes) -> None:
    """Read; the reader's own error is an answer, any other exception fails the test."""
    try:
        names, kinds = parse_index(data)
    except CheckpointError as error:
        assert str(error)
        return
    assert len(names) == len(kinds)
    assert names == sorted(names)
    assert all(size >= 0 for _, shape in kinds for size in shape)


def read_v1_or_refuse(data: bytes) -> None:
    def read_at(offset: int, count: int) -> bytes:
        assert offset >= 0
        assert offset + count <= len(data), "asked for bytes beyond the file"
        return data[offset : offset + count]

    try:
        variables = read_meta(read_at, len(data))
    except CheckpointError as error:
        assert str(error)
        return
    assert all(size >= 0 for _, shape in variables.values() for size in shape)


@settings(max_examples=500)
@given(base=st.sampled_from(BASES), edits=EDITS)
@example(base=BASES[0], edits=[(0.0, 255, "d")])
def test_a_mutated_index_is_listed_or_refused(
    base: bytes, edits: list[tuple[float, int, str]]
) -> None:
    read_index_or_refuse(edited(base, edits))


@settings(max_examples=300)
@given(base=st.sampled_from(V1_BASES), edits=EDITS)
def test_a_mutated_v1_file_is_listed_or_refused(
    base: bytes, edits: list[tuple[float, int, str]]
) -> None:
    read_v1_or_refuse(edited(base, edits))


CONTENT = crafted.block(
    [(b"", crafted.header())]
    + [(b"net/layer_%02d" % i, crafted.entry(1 + i % 3, [i, 3, 200 * i])) for i in range(20)]
)
SLICED = crafted.block(
    [
        (b"", crafted.header()),
        (b"\0emb\0\1\1\1\x80\x81", crafted.entry(1, [1])),
        (b"emb", crafted.entry(1, [2]) + crafted.bytes_field(7, b"\x0a\x04\x0a\x02\x10\x01")),
    ]
)


@settings(max_examples=1500)
@given(content=st.sampled_from([CONTENT, SLICED]), edits=EDITS, is_compressed=st.booleans())
def test_a_mutated_block_under_a_right_checksum_is_listed_or_refused(
    content: bytes, edits: list[tuple[float, int, str]], is_compressed: bool
) -> None:
    block = edited(content, edits)
    data = crafted.table_of_blocks([(b"z", block)], is_compressed=is_compressed)
    read_index_or_refuse(data)
    read_v1_or_refuse(data)


def kind_or_refusal(*entries: tuple[bytes, bytes]) -> tuple[str, tuple[int, ...]] | None:
    """What the last entry of an index is, None if the index is refused."""
    try:
        return parse_index(crafted.table([(b"", crafted.header()), *entries]))[1][-1]
    except CheckpointError:
        return None


FIELDS = st.one_of(
    SHAPE.map(lambda shape: crafted.bytes_field(2, crafted.shape_message(shape))),
    st.binary(max_size=6).map(lambda content: crafted.bytes_field(2, content)),
    st.builds(crafted.number_field, st.integers(1, 7), st.integers(0, 1 << 63)),
    st.binary(max_size=4),
)
VALUES = st.builds(
    lambda dtype, rest: crafted.number_field(1, dtype) + b"".join(rest),
    st.integers(1, 200),
    st.lists(FIELDS, max_size=3),
)


@settings(max_examples=1500)
@given(value=VALUES | st.builds(edited, VALUES, EDITS))
@example(value=crafted.number_field(1, 1) + crafted.number_field(4, 4) + b"\x12\x02\x08\x05")
@example(value=crafted.number_field(1, 0x905) + b"\x02\x12\x00\x12\x00")
@example(value=crafted.entry(1, [1 << 20] * 4))
@example(value=crafted.entry(1, [1 << 20] * 4 + [0]))
@example(value=crafted.entry(1, [0] + [1 << 20] * 4))
@example(value=b"\x08\x01\x12\x1c" + crafted.shape_message([1 << 20] * 4) + b"\x12\x02\x08\x00")
@example(value=crafted.entry(1, [-1]))
@example(value=crafted.entry(1, [-1, 0]))
@example(value=crafted.number_field(1, 1) + crafted.bytes_field(2, b"\x12\x04\x08\x05\x08\x06"))
def test_the_quick_way_and_the_thorough_one_agree(value: bytes) -> None:
    """An index whose second key starts with NUL is read without the tricks of the other.

    They may differ in one thing: the quick way does not look at what follows dtype and shape.
    """
    quick = kind_or_refusal((b"a", crafted.entry(1, [])), (b"b", value))
    thorough = kind_or_refusal((b"\0", crafted.entry(1, [])), (b"b", value))
    if quick != thorough:
        dtype_and_shape = value[: 4 + value[3]]
        thorough = kind_or_refusal((b"\0", crafted.entry(1, [])), (b"b", dtype_and_shape))
    assert quick == thorough


@settings(max_examples=500)
@given(edits=EDITS)
def test_a_mutated_v1_list_under_a_right_checksum_is_listed_or_refused(
    edits: list[tuple[float, int, str]],
) -> None:
    meta = edited(crafted.v1_meta([("a/w", 1, [3, 300]), ("b", 9, [])]), edits)
    read_v1_or_refuse(crafted.table([(b"", meta)]))


@settings(max_examples=500)
@given(payload=st.binary(max_size=80))
def test_any_bytes_said_to_be_snappy_are_listed_or_refused(payload: bytes) -> None:
    checked = payload + b"\x01"
    body = checked + crafted.masked_crc(checked).to_bytes(4, "little")
    handle = crafted.varint(0) + crafted.varint(len(payload))
    index = crafted.stored(crafted.block([(b"z", handle)], 1), is_compressed=False)
    footer = bytes(2) + crafted.varint(len(body)) + crafted.varint(len(index) - 5)
    data = body + index + footer.ljust(40, b"\0") + crafted.MAGIC
    read_index_or_refuse(data)
    read_v1_or_refuse(data)


@given(data=st.binary(max_size=400))
def test_any_bytes_are_listed_or_refused(data: bytes) -> None:
    read_index_or_refuse(data)
    read_v1_or_refuse(data)
    read_index_or_refuse(data + crafted.MAGIC)
    read_v1_or_refuse(data + crafted.MAGIC)


@given(data=st.binary(max_size=200))
def test_any_bytes_are_a_state_file_or_none(data: bytes) -> None:
    parse_state(data)
    parse_state(b'model_checkpoint_path: "' + data)
