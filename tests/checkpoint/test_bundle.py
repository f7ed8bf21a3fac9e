"""V2 indexes: what is read is in tests/oracle; here is what must be refused, and where."""

from __future__ import annotations

import pytest

from checkpoint import crafted
from checkpoint.crafted import FLOAT, bytes_field, number_field, varint
from ckptls.checkpoint.codecs.sstable import FOOTER_BYTES
from ckptls.checkpoint.core.errors import (
    CheckpointDamaged,
    CheckpointError,
    CheckpointIncomplete,
    CheckpointUnsupported,
)
from ckptls.checkpoint.formats.tensorflow.protos import decode_extents, slice_key
from ckptls.checkpoint.formats.tensorflow.v2 import entry_loop
from ckptls.checkpoint.formats.tensorflow.v2.index import parse_index

pytestmark = pytest.mark.usefixtures("each_loop")

VALID = crafted.index([("net/a", FLOAT, [2, 3]), ("net/b", FLOAT, [])])


def index_with(*entries: tuple[bytes, bytes]) -> bytes:
    return crafted.table([(b"", crafted.header()), *entries])


def raw_entry(shape_bytes: bytes) -> bytes:
    return number_field(1, FLOAT) + bytes_field(2, shape_bytes)


def test_names_come_with_dtypes_and_shapes() -> None:
    assert parse_index(VALID) == (["net/a", "net/b"], [("float32", (2, 3)), ("float32", ())])


def test_the_second_reading_of_a_shape_is_the_first() -> None:
    assert parse_index(VALID) == parse_index(VALID)


def test_an_index_of_only_a_header_is_empty() -> None:
    assert parse_index(index_with()) == ([], [])


@pytest.mark.parametrize("count", [0, 1, 47, 48, len(VALID) - 1])
def test_a_cut_off_file_is_incomplete(count: int) -> None:
    with pytest.raises(CheckpointIncomplete):
        parse_index(VALID[:count])


def test_every_flipped_bit_is_noticed_where_it_matters() -> None:
    footer = len(VALID) - FOOTER_BYTES
    metaindex = range(footer - 100, footer)
    for i in range(len(VALID) * 8):
        broken = bytearray(VALID)
        broken[i // 8] ^= 1 << i % 8
        try:
            assert parse_index(bytes(broken)) == parse_index(VALID)
        except CheckpointError:
            continue
        assert i // 8 >= metaindex.start, f"byte {i // 8} is not covered by any check"


def test_a_wrong_checksum_says_which_block() -> None:
    broken = VALID.replace(b"net/a", b"net/x")
    with pytest.raises(CheckpointDamaged, match=r"does not match its checksum \(at byte 0\)"):
        parse_index(broken)


@pytest.mark.parametrize(
    ("what", "data"),
    [
        ("header", crafted.table([(b"a", crafted.entry(FLOAT, []))])),
        ("empty", crafted.table([])),
        ("ascending", index_with((b"b", b""), (b"a", b""))),
        ("ascending", index_with((b"a", b""), (b"a", b""))),
        ("ascending", index_with((b"\0b", b""), (b"\0a", b""))),
        ("dimension of -1", index_with((b"a", raw_entry(bytes_field(2, number_field(1, -1)))))),
        ("2\\^63", index_with((b"a", raw_entry(crafted.shape_message([1 << 32, 1 << 31]))))),
        ("300 dimensions", index_with((b"a", raw_entry(crafted.shape_message([1] * 300))))),
        ("4,200 bytes", index_with((b"n" * 4200, crafted.entry(FLOAT, [])))),
        ("past its message", index_with((b"a", b"\x12\x7f"))),
        ("inside a number", index_with((b"a", b"\x08"))),
        ("shards", crafted.index([], head=crafted.header(shards=1 << 40))),
    ],
)
def test_content_that_breaks_the_format_is_damage(what: str, data: bytes) -> None:
    with pytest.raises(CheckpointDamaged, match=what) as caught:
        parse_index(data)
    assert caught.value.where is not None


def test_a_format_version_to_come_is_unsupported() -> None:
    head = crafted.header(min_consumer=9)
    with pytest.raises(CheckpointUnsupported, match="version 9"):
        parse_index(crafted.index([("a", FLOAT, [])], head=head))


def test_a_known_field_of_another_wire_type_is_an_unknown_field() -> None:
    value = bytes_field(1, b"x") + number_field(2, 5) + crafted.entry(FLOAT, [4])
    assert parse_index(index_with((b"a", value))) == (["a"], [("float32", (4,))])


def test_a_shape_that_overruns_its_entry_is_damage_even_if_known() -> None:
    parse_index(index_with((b"a", crafted.entry(FLOAT, [2, 2]))))
    cut = crafted.entry(FLOAT, [2, 2])[:8]
    with pytest.raises(CheckpointDamaged):
        parse_index(index_with((b"a", cut), (b"b", crafted.entry(FLOAT, [2, 2]))))


def test_what_is_remembered_from_one_reading_to_the_next_is_bounded() -> None:
    parse_index(crafted.index([(f"{i:06d}", FLOAT, [i + 1]) for i in range(25_000)]))
    assert len(entry_loop.MEMO) < 15_000


def test_a_shape_that_the_next_entry_happens_to_complete_is_damage() -> None:
    """Its length reaches over the end of its entry, where bytes follow that would fit."""
    parse_index(index_with((b"a", crafted.entry(FLOAT, [2]))))
    name = b"n" * 0x12
    entries = b"\x00\x00\x00" + b"\x00\x01\x09a" + crafted.entry(FLOAT, [])
    entries += b"\x00\x12\x04" + name + b"\x08\x01\x12\x04"
    entries += b"\x12\x02\x08" + b"\x02z" + b"\x08\x01\x12\x00\x20\x01\x28\x01"
    with pytest.raises(CheckpointDamaged, match="past its message"):
        parse_index(block_index(entries + crafted.block([])))


def test_slices_are_hidden_and_only_those_that_a_variable_lists() -> None:
    extents = ((0, 3), (0, -1))
    part = bytes_field(1, number_field(2, 3)) + bytes_field(1, b"")
    whole = crafted.entry(FLOAT, [3, 4]) + bytes_field(7, part)
    entries = [
        (slice_key(b"emb", extents), crafted.entry(FLOAT, [3, 4])),
        (slice_key(b"other", extents), crafted.entry(FLOAT, [1])),
        (b"emb", whole),
    ]
    names, kinds = parse_index(index_with(*entries))
    assert names == [
        entries[1][0].decode("latin-1").encode("latin-1").decode("utf-8", "backslashreplace"),
        "emb",
    ]
    assert kinds == [("float32", (1,)), ("float32", (3, 4))]


def block_index(content: bytes) -> bytes:
    return crafted.table_of_blocks([(b"z", content)])


FIRST_ENTRIES = b"\x00\x00\x00" + b"\x00\x01\x09a" + crafted.entry(FLOAT, [])


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\0\0\0",
        (1 << 30).to_bytes(4, "little"),  # more restarts than bytes
        FIRST_ENTRIES
        + b"\x02\x01\x09b"
        + crafted.entry(FLOAT, [])
        + crafted.block([]),  # shares more than there is
        FIRST_ENTRIES + b"\x00\x7f\x00b" + crafted.block([]),  # a key beyond the block
        FIRST_ENTRIES
        + b"\x00\x01\x0bb"
        + crafted.entry(FLOAT, [])
        + crafted.block([]),  # a value beyond the block
        FIRST_ENTRIES + b"\x00\x01" + crafted.block([]),  # half an entry
        varint(1 << 33) + b"\x00\x00" + crafted.block([]),
    ],
)
def test_a_block_that_breaks_the_format_is_damage(content: bytes) -> None:
    with pytest.raises(CheckpointDamaged):
        parse_index(block_index(content))


def test_a_handle_beyond_the_file_is_damage() -> None:
    handles = varint(0) + varint(0) + varint(1 << 40) + varint(9)
    data = b"x" * 60 + handles.ljust(40, b"\0") + crafted.MAGIC
    with pytest.raises(CheckpointDamaged, match="should end at byte"):
        parse_index(data)


def test_an_unknown_compression_is_unsupported() -> None:
    content = crafted.block([(b"", crafted.header())])
    payload = content + b"\x07"
    body = payload + crafted.masked_crc(payload).to_bytes(4, "little")
    index = crafted.stored(
        crafted.block([(b"z", varint(0) + varint(len(content)))], 1), is_compressed=False
    )
    handles = varint(0) + varint(0) + varint(len(body)) + varint(len(index) - 5)
    data = body + index + handles.ljust(40, b"\0") + crafted.MAGIC
    with pytest.raises(CheckpointUnsupported, match="compression type 7"):
        parse_index(data)


def test_blocks_that_alias_one_another_are_refused() -> None:
    """One stored block named by many handles would otherwise be decoded without end."""
    content = crafted.block([(b"", crafted.header()), (b"a", b"x" * (1 << 20))])
    body = crafted.stored(content, is_compressed=True)
    handle = varint(0) + varint(len(body) - 5)
    keys = [(i.to_bytes(3, "big"), handle) for i in range(2000)]
    index = crafted.stored(crafted.block(keys, 1), is_compressed=False)
    handles = varint(0) + varint(0) + varint(len(body)) + varint(len(index) - 5)
    with pytest.raises(CheckpointDamaged, match="its blocks overlap"):
        parse_index(body + index + handles.ljust(40, b"\0") + crafted.MAGIC)


def test_names_that_expand_without_measure_are_refused() -> None:
    """Each entry shares a 4,000-byte name with the last: three bytes stored, 4,000 in memory."""
    entries = bytearray(b"\x00\x00\x00" + b"\x00" + varint(4000) + b"\x00" + b"n" * 4000)
    for suffix in range(200_000):
        entries += varint(4000) + b"\x03\x00" + suffix.to_bytes(3, "big")
    with pytest.raises(CheckpointDamaged, match="more names than any model has"):
        parse_index(block_index(bytes(entries) + crafted.block([])))


def test_invalid_utf_8_is_listed_with_escapes() -> None:
    data = index_with(
        (b"a\xc3\xa9", crafted.entry(FLOAT, [1])), (b"a\xff", crafted.entry(FLOAT, [2]))
    )
    assert parse_index(data) == (["a\\xff", "aé"], [("float32", (2,)), ("float32", (1,))])


@pytest.mark.parametrize(
    ("number", "name"),
    [(99, "unknown(99)"), (0, "unknown(0)"), (101, "float32_ref"), (19, "float16")],
)
def test_a_dtype_is_named_whatever_its_number(number: int, name: str) -> None:
    data = index_with((b"a", crafted.entry(number, [1])))
    assert parse_index(data)[1] == [(name, (1,))]


@pytest.mark.parametrize(
    ("extents", "key"),
    [
        (((0, 3), (0, 4)), b"\x00emb\x00\x01\x01\x02\x80\x83\x80\x84"),
        (((150, 1), (0, -1)), b"\x00emb\x00\x01\x01\x02\xc0\x96\x81\x80\x7f"),
        ((), b"\x00emb\x00\x01\x00"),
    ],
)
def test_slice_keys_are_tensorflows(extents: tuple[tuple[int, int], ...], key: bytes) -> None:
    assert slice_key(b"emb", extents) == key


def test_a_slice_key_escapes_the_bytes_that_end_a_name() -> None:
    assert slice_key(b"\x00\xff", ()) == b"\x00\x00\xff\xff\x00\x00\x01\x00"


def test_extents_know_a_full_dimension_from_one_that_starts_at_zero() -> None:
    message = bytes_field(1, b"") + bytes_field(1, number_field(2, 0))
    assert decode_extents(message, 0, len(message)) == ((0, -1), (0, 0))
