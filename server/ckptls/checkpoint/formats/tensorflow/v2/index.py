"""V2 checkpoints: the `.index` file, whose values say what each variable is.

Here are its header, partitioned variables and names that are no ASCII; the loop over the
entries is in `entry_loop`.

Source: tensorflow/core/util/tensor_bundle/tensor_bundle.cc,
tensorflow/core/protobuf/tensor_bundle.proto, tensorflow/c/checkpoint_reader.cc.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ckptls.checkpoint.codecs.protobuf_wire import LENGTH, VARINT, fields
from ckptls.checkpoint.codecs.sstable import Block, data_handles, entries, read_block
from ckptls.checkpoint.core.errors import (
    CheckpointDamaged,
    CheckpointError,
    CheckpointTooLarge,
    CheckpointUnsupported,
)
from ckptls.checkpoint.core.gc_pause import CollectorPaused
from ckptls.checkpoint.core.types import FileStamp, Kind
from ckptls.checkpoint.formats.tensorflow.protos import decode_extents, slice_key
from ckptls.checkpoint.formats.tensorflow.v2.entry_loop import (
    check_limits,
    check_order,
    decode_kind,
    read_entries,
)
from ckptls.checkpoint.model.contents import Contents
from ckptls.checkpoint.model.location import Location
from ckptls.checkpoint.storage.filesystem import open_file
from ckptls.checkpoint.storage.foreign_files import explaining

TYPE_CHECKING = False  # as typing's, without importing typing
if TYPE_CHECKING:
    from typing import TypeVar

    _T = TypeVar("_T")

MAX_INDEX_BYTES = 1 << 30
_MAX_SHARDS = 100_000
_MAX_DECODED_BYTES = 1 << 30

# Headers that were found to be in order; nearly all files have one and the same.
_SOUND_HEADERS: set[bytes] = set()
_MAX_SOUND_HEADERS = 100

Columns = tuple[list[str], list[Kind]]


def read(location: Location) -> Contents:
    """The listing of a V2 checkpoint.

    Raises:
        CheckpointError: its index cannot be read, is damaged, or was rewritten meanwhile.
    """
    (names, kinds), stamp = _read_index(location.files[0], parse_index)
    return Contents(names, kinds, (stamp,))


def read_names(location: Location) -> list[str]:
    """The names in a V2 checkpoint, ascending; see `parse_names`.

    Raises:
        CheckpointError: as `read`.
    """
    return _read_index(location.files[0], parse_names)[0]


def _read_index(path: str, parse: Callable[[bytes], _T]) -> tuple[_T, FileStamp]:
    """What `parse` makes of an index, and the stamp of the file."""
    try:
        with open_file(path) as file:
            if file.size > MAX_INDEX_BYTES:
                raise CheckpointTooLarge("an index of more than 1 GiB is not read")
            with explaining(file):
                parsed = parse(file.read_at(0, file.size))
            file.check_unchanged()
    except CheckpointError as error:
        raise error.named(path) from None
    return parsed, file.stamp


def parse_index(data: bytes) -> Columns:
    """The names in a V2 index, ascending, and beside each its dtype and shape.

    The slices of partitioned variables are hidden, as TensorFlow hides them.

    Raises:
        CheckpointDamaged: not an index, or corrupt.
        CheckpointUnsupported: of a version to come, or with unknown compression.
    """
    blocks = _blocks(data)
    start, has_slices = _header(blocks)
    names: list[str] = []
    kinds: list[Kind] = []
    with CollectorPaused():
        if has_slices:
            names, kinds = _parse_sliced(blocks)
        else:
            read_entries(blocks, start, names, kinds)
    return _as_text(names, kinds)


def parse_names(data: bytes) -> list[str]:
    """The names that `parse_index` lists, in less time.

    That each value lies in its block is checked, what is in it is not.

    Raises:
        CheckpointError: as `parse_index`, but for damage inside of values.
    """
    blocks = _blocks(data)
    start, has_slices = _header(blocks)
    if has_slices:
        return parse_index(data)[0]
    names: list[str] = []
    with CollectorPaused():
        read_entries(blocks, start, names, None)
    return _as_text(names, [])[0]


def _blocks(data: bytes) -> list[Block]:
    if len(data) > MAX_INDEX_BYTES:
        raise CheckpointTooLarge(f"an index of {len(data):,} bytes; 1 GiB is the limit")

    def read_at(offset: int, count: int) -> bytes:
        return data[offset : offset + count]

    blocks = []
    stored = decoded = 0
    for handle in data_handles(read_at, len(data)):
        stored += handle.size
        if stored > len(data):
            raise CheckpointDamaged("its blocks overlap", where=handle.offset)
        block = read_block(read_at, handle)
        decoded += len(block.data)
        if decoded > _MAX_DECODED_BYTES:
            raise CheckpointTooLarge("its blocks add up to more than 1 GiB", where=handle.offset)
        blocks.append(block)
    return blocks


def _header(blocks: list[Block]) -> tuple[int, bool]:
    """Where the entry of the header ends, and whether any variable is partitioned.

    The keys of slices start with NUL, right after the header.
    """
    if not blocks:
        raise CheckpointDamaged("the index is empty: not even a header is in it", where=0)
    first = blocks[0]
    keys = entries(first)
    header = next(keys, None)
    if header is None or header[0]:
        raise CheckpointDamaged("the index does not start with a header", where=first.where)
    value = first.data[header[1] : header[2]]
    if value not in _SOUND_HEADERS:
        _check_header(first, header[1], header[2])
        if len(_SOUND_HEADERS) < _MAX_SOUND_HEADERS and len(value) < 100:
            _SOUND_HEADERS.add(value)
    second = next(keys, None)
    return header[2], second is not None and second[0][:1] == b"\x00"


def _check_header(block: Block, start: int, end: int) -> None:
    shards = 0
    for number, wire, a, b in fields(block.data, start, end):
        if number == 1 and wire == VARINT:
            shards = a
        elif number == 3 and wire == LENGTH:
            check_version(block, a, b)
    if shards > _MAX_SHARDS:
        raise CheckpointDamaged(f"the header speaks of {shards:,} shards", where=block.place(start))


def check_version(block: Block, start: int, end: int) -> None:
    """Refuse a header whose VersionDef, in block.data[start:end], asks for a later reader."""
    for number, wire, needed, _ in fields(block.data, start, end):
        if number == 2 and wire == VARINT and needed > 1:
            raise CheckpointUnsupported(
                f"it needs a reader of format version {needed}; this one knows version 1",
                where=block.place(start),
            )


def _parse_sliced(blocks: list[Block]) -> Columns:
    """Names (as latin-1) and kinds without the slices of partitioned variables."""
    names: list[str] = []
    kinds: list[Kind] = []
    hidden: set[str] = set()
    names_bytes = 0
    for block in blocks:
        for raw, start, end in entries(block):
            key = raw.decode("latin-1")
            names.append(key)
            kinds.append(decode_kind(block, start, end))
            names_bytes += len(key)
            for slice_name in _slice_keys(block, raw, start, end):
                hidden.add(slice_name)
                names_bytes += len(slice_name)
                check_limits(len(hidden), names_bytes, block)
            check_limits(len(names), names_bytes, block)
    check_order(names, blocks[0])
    shown = [i for i in range(1, len(names)) if names[i] not in hidden]
    return [names[i] for i in shown], [kinds[i] for i in shown]


def _slice_keys(block: Block, name: bytes, start: int, end: int) -> Iterator[str]:
    """The keys under which the parts of a partitioned variable are stored."""
    if not name:
        return
    for number, wire, a, b in fields(block.data, start, end):
        if number == 7 and wire == LENGTH:
            yield slice_key(name, decode_extents(block.data, a, b)).decode("latin-1")


def _as_text(names: list[str], kinds: list[Kind]) -> Columns:
    """Names that stand for UTF-8 bytes, decoded; what is no UTF-8 becomes `\\xNN`."""
    if "".join(names).isascii():
        return names, kinds
    decoded = [name.encode("latin-1").decode("utf-8", "backslashreplace") for name in names]
    order = sorted(range(len(decoded)), key=decoded.__getitem__)
    return [decoded[i] for i in order], [kinds[i] for i in order] if kinds else []
