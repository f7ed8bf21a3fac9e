"""The loop over the entries of an index: from the bytes of its blocks to names and kinds.

This is the hot path of the package. A block is decoded once, as latin-1, so that a key is
two slices of a string; the part of a value that holds dtype and shape is looked up in a memo,
since few distinct ones occur; where the bytes of a variable lie is left undecoded.

The loop is there twice, here and in `_loop.c`, which need not be built. The one in C knows
only what is common, and leaves every other entry to the one in Python: rules and errors are
in one place, here.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from math import prod
from operator import lt

from ckptls.checkpoint.codecs.protobuf_wire import LENGTH, VARINT, fields, read_varint
from ckptls.checkpoint.codecs.sstable import Block, entry_header
from ckptls.checkpoint.core.dtypes import dtype_name
from ckptls.checkpoint.core.errors import CheckpointDamaged, CheckpointError
from ckptls.checkpoint.core.types import Kind, Shape
from ckptls.checkpoint.formats.tensorflow.protos import decode_shape
from ckptls.checkpoint.formats.tensorflow.v2 import compiled_loop

MAX_ENTRIES = 5_000_000
_MAX_NAMES_BYTES = 512 * 1024 * 1024
_STRETCH_BYTES = 32 * 1024  # after so many bytes of a block the limits are looked at again

# The start of a value, as latin-1, and what it means. It outlives a call: the next
# checkpoint mostly has the same kinds, and then shares the tuples of this one.
MEMO: dict[str, Kind] = {}
_MAX_MEMO = 10_000


def read_entries(
    blocks: Sequence[Block], start: int, names: list[str], kinds: list[Kind] | None
) -> None:
    """Append the names (as latin-1) and kinds of all entries, from `start` in the first block on.

    With `kinds` None, that each value lies in its block is checked, what is in it is not.

    Raises:
        CheckpointDamaged: an entry is corrupt, or the names are too many or not ascending.
    """
    names_bytes = 0
    read_stretch = _stretch_in_python if compiled_loop.stretch is None else _stretch_in_c
    for block in blocks:
        pos, key = start, ""
        start = 0
        while pos < block.end:
            before = names[-1] if names else ""
            first = len(names)
            pos, key, added = read_stretch(block, pos, key, names, kinds)
            names_bytes += added
            check_limits(len(names), names_bytes, block)
            if len(names) > first and names[first] <= before:
                raise _disorder(block)


def check_limits(count: int, names_bytes: int, block: Block) -> None:
    """Refuse more names than any model has."""
    if count > MAX_ENTRIES or names_bytes > _MAX_NAMES_BYTES:
        raise CheckpointDamaged("more names than any model has", where=block.where)


def check_order(names: list[str], block: Block) -> None:
    """Refuse names, of `block` and perhaps of those before, that do not ascend."""
    if not all(map(lt, names, islice(names, 1, None))):
        raise _disorder(block)


def _disorder(block: Block) -> CheckpointDamaged:
    return CheckpointDamaged("its names are not in ascending order", where=block.where)


# A stretch is a part of a block, some `_STRETCH_BYTES` from `pos` on. Of its entries it appends
# names and kinds, and tells where it stopped, the last key, and how long the names are together.
_Stretch = tuple[int, str, int]


def _stretch_in_c(
    block: Block, pos: int, key: str, names: list[str], kinds: list[Kind] | None
) -> _Stretch:
    assert compiled_loop.stretch is not None
    stop = min(block.end, pos + _STRETCH_BYTES)
    pos, key, added = compiled_loop.stretch(
        block.data, pos, stop, block.end, key, names, kinds, MEMO
    )
    if pos < stop:  # at an entry that is not common
        pos, key = _read_until(pos + 1, block, pos, key, names, kinds)
        added += len(key)
        check_order(names[-2:], block)
    return pos, key, added


def _stretch_in_python(
    block: Block, pos: int, key: str, names: list[str], kinds: list[Kind] | None
) -> _Stretch:
    first = len(names)
    pos, key = _read_until(min(block.end, pos + _STRETCH_BYTES), block, pos, key, names, kinds)
    added = names[first:]
    check_order(added, block)
    return pos, key, sum(map(len, added))


def _read_until(
    stop: int, block: Block, pos: int, key: str, names: list[str], kinds: list[Kind] | None
) -> tuple[int, str]:
    """Append the entries that begin between `pos` and `stop`; where it stopped, last key."""
    if kinds is None:
        return _skip_until(stop, block, pos, key, names)
    return _parse_until(stop, block, pos, key, names, kinds)


def _parse_until(
    stop: int, block: Block, pos: int, key: str, names: list[str], kinds: list[Kind]
) -> tuple[int, str]:
    """As `_read_until`.

    Everything that is not the common case leaves the loop's straight line: lengths of more
    than one byte, and a dtype and shape that were not met before.
    """
    data, text, end = block.data, block.text, block.end
    if len(MEMO) > _MAX_MEMO:
        MEMO.clear()
    known, add_name, add_kind = MEMO.get, names.append, kinds.append
    length = len(key)
    while pos < stop:
        shared = data[pos]
        unshared = data[pos + 1]
        size = data[pos + 2]
        value = pos + 3 + unshared
        if shared > length or (shared | unshared | size) > 127 or value + size > end:
            start, shared, unshared, size = entry_header(block, pos, length)
            value = start + unshared
        length = shared + unshared
        pos = value + size
        key = key[:shared] + text[value - unshared : value]
        # A value begins 08 <dtype> 12 <length> <shape>; a hit proves that this one does.
        shape_end = value + 4 + data[value + 3]
        kind = known(text[value:shape_end])
        if kind is None or shape_end > pos:
            kind = _common_kind(data, value, pos)
            if kind is None:
                kind = decode_kind(block, value, pos)
            else:
                MEMO[text[value:shape_end]] = kind
        add_name(key)
        add_kind(kind)
    return pos, key


def _skip_until(stop: int, block: Block, pos: int, key: str, names: list[str]) -> tuple[int, str]:
    """As `_read_until`, past the values."""
    data, text, end = block.data, block.text, block.end
    add_name = names.append
    length = len(key)
    while pos < stop:
        shared = data[pos]
        unshared = data[pos + 1]
        size = data[pos + 2]
        value = pos + 3 + unshared
        if shared > length or (shared | unshared | size) > 127:
            start, shared, unshared, size = entry_header(block, pos, length)
            value = start + unshared
        length = shared + unshared
        key = key[:shared] + text[value - unshared : value]
        pos = value + size
        add_name(key)
    if pos > end:
        raise CheckpointDamaged("an entry does not fit in its block", where=block.place(end))
    return pos, key


def _common_kind(data: bytes, value: int, end: int) -> Kind | None:
    """dtype and shape of a value that is laid out as TensorFlow writes it, else None.

    That is: a dtype of one byte, then a shape of less than 128 bytes, each of its
    dimensions a size of 1 or more, and less than 2^63 elements.
    """
    if value + 4 > end or data[value] != 0x08 or data[value + 2] != 0x12:
        return None
    pos = value + 4
    shape_end = pos + data[value + 3]
    if data[value + 1] > 127 or data[value + 3] > 127 or shape_end > end:
        return None
    sizes = []
    while pos < shape_end:
        length = data[pos + 1]
        after = pos + 2 + length
        if data[pos] != 0x12 or after > shape_end:
            return None
        if length < 2 or data[pos + 2] != 0x08 or data[after - 1] > 127:
            return None
        size, stop = data[pos + 3], pos + 4
        if size > 127:
            size, stop = read_varint(data, pos + 3, after)
        if stop != after:
            return None
        sizes.append(size)
        pos = after
    if 0 in sizes or prod(sizes) >> 63:
        return None
    return dtype_name(data[value + 1]), tuple(sizes)


def decode_kind(block: Block, start: int, end: int) -> Kind:
    """dtype and shape in one BundleEntryProto (or in the header, where they mean nothing)."""
    number = 0
    shape: Shape = ()
    try:
        for field, wire, a, b in fields(block.data, start, end):
            if field == 1 and wire == VARINT:
                number = a
            elif field == 2 and wire == LENGTH:
                shape = decode_shape(block.data, a, b)
    except CheckpointError as error:
        raise CheckpointDamaged(error.what, where=block.place(error.where or start)) from error
    return dtype_name(number), shape
