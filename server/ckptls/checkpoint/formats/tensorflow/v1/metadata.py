"""V1 checkpoints: one table a shard, whose first entry lists what the shard holds.

The tensors lie in the same table, so a file may have hundreds of megabytes. Only its end,
its index block and the first few KB of its first block are read.

Source: tensorflow/core/util/{tensor_slice_reader,saved_tensor_slice_util}.cc,
saved_tensor_slice.proto.
"""

from __future__ import annotations

from ckptls.checkpoint.codecs import snappy
from ckptls.checkpoint.codecs.protobuf_wire import LENGTH, VARINT, fields, read_varint32
from ckptls.checkpoint.codecs.sstable import (
    MAX_BLOCK_BYTES,
    SNAPPY,
    TRAILER_BYTES,
    UNCOMPRESSED,
    Handle,
    ReadAt,
    data_handles,
    verify,
)
from ckptls.checkpoint.core.dtypes import dtype_name
from ckptls.checkpoint.core.errors import CheckpointDamaged, CheckpointError, CheckpointUnsupported
from ckptls.checkpoint.core.types import Shape
from ckptls.checkpoint.formats.tensorflow.protos import decode_shape
from ckptls.checkpoint.model.contents import Contents
from ckptls.checkpoint.model.location import Location
from ckptls.checkpoint.storage.filesystem import open_file
from ckptls.checkpoint.storage.foreign_files import explaining

_HEAD_BYTES = 4096

Kind = tuple[str, Shape]

# The bytes of a shape and a dtype, and what they mean.
_MEMO: dict[bytes, Kind] = {}
_MAX_MEMO = 10_000


def read(location: Location) -> Contents:
    """The listing of a V1 checkpoint in one file or in shards.

    Raises:
        CheckpointError: a file cannot be read, is damaged, or was rewritten meanwhile.
    """
    variables: dict[str, Kind] = {}
    stamps = []
    for path in location.files:
        try:
            with open_file(path) as file:
                with explaining(file):
                    merge(variables, read_meta(file.read_at, file.size))
                file.check_unchanged()
        except CheckpointError as error:
            raise error.named(path) from None
        stamps.append(file.stamp)
    names = sorted(variables)
    return Contents(names, [variables[name] for name in names], stamps)


def read_meta(read_at: ReadAt, file_bytes: int) -> dict[str, Kind]:
    """name -> (dtype, shape) of what one V1 file lists, in its own order.

    Raises:
        CheckpointDamaged: no table, or a corrupt one.
        CheckpointUnsupported: an unknown compression.
    """
    meta, where = read_list(read_at, data_handles(read_at, file_bytes))
    variables: dict[str, Kind] = {}
    try:
        for number, wire, a, b in fields(meta, 0, len(meta)):
            if number == 1 and wire == LENGTH:
                _add_tensors(meta, a, b, variables)
    except CheckpointDamaged as error:
        raise CheckpointDamaged(error.what, where=where) from error
    return variables


def merge(into: dict[str, Kind], shard: dict[str, Kind]) -> None:
    """Add the variables of one more shard of the same checkpoint.

    Raises:
        CheckpointDamaged: the shards disagree about a variable.
    """
    for name, kind in shard.items():
        if into.setdefault(name, kind) != kind:
            raise CheckpointDamaged(f"its shards disagree about the shape or dtype of `{name}`")


def read_list(read_at: ReadAt, handles: list[Handle]) -> tuple[bytes, int]:
    """The value of the table's first entry, whose key is empty; and where its block lies.

    It is a SavedTensorSlices message that lists what the file holds. A checksum covers a
    whole block; it is verified where the whole block was needed.
    """
    if not handles:
        raise CheckpointDamaged("the table is empty", where=0)
    handle = handles[0]
    compression = read_at(handle.offset + handle.size, 1)[0]
    if compression not in (UNCOMPRESSED, SNAPPY):
        raise CheckpointUnsupported(
            f"a block has compression type {compression}", where=handle.offset
        )
    count = min(handle.size, _HEAD_BYTES)
    while True:
        stored = _read_head(read_at, handle, count)
        content = stored if compression == UNCOMPRESSED else _decoded(stored, handle)
        start, needed = _value_span(content, handle.offset, is_whole=count == handle.size)
        if len(content) >= start + needed:
            return content[start : start + needed], handle.offset
        if count == handle.size:
            raise CheckpointDamaged("its list of variables is cut off", where=handle.offset)
        wanted = start + needed if compression == UNCOMPRESSED else count * 4
        count = min(handle.size, max(wanted, count * 2))


def _read_head(read_at: ReadAt, handle: Handle, count: int) -> bytes:
    if count > MAX_BLOCK_BYTES:
        raise CheckpointDamaged("its list of variables exceeds 64 MiB", where=handle.offset)
    if count < handle.size:
        return read_at(handle.offset, count)
    stored = read_at(handle.offset, count + TRAILER_BYTES)
    verify(stored, handle.offset)
    return stored[:-TRAILER_BYTES]


def _decoded(stored: bytes, handle: Handle) -> bytes:
    try:
        return snappy.decode_prefix(stored, MAX_BLOCK_BYTES)
    except CheckpointDamaged as error:
        raise CheckpointDamaged(error.what, where=handle.offset + (error.where or 0)) from error


def _value_span(content: bytes, where: int, *, is_whole: bool) -> tuple[int, int]:
    """(start, length) of the first entry's value; more than there is asks for more bytes."""
    if len(content) < 15 and not is_whole:  # three varints of at most 5 bytes
        return 15, 0
    try:
        shared, pos = read_varint32(content, 0, len(content))
        unshared, pos = read_varint32(content, pos, len(content))
        length, pos = read_varint32(content, pos, len(content))
    except CheckpointDamaged as error:
        raise CheckpointDamaged("its first block is corrupt", where=where) from error
    if shared or unshared:
        raise CheckpointDamaged(
            "it is a table without a list of variables, so no V1 checkpoint", where=where
        )
    if length > MAX_BLOCK_BYTES:
        raise CheckpointDamaged(f"a list of variables of {length:,} bytes", where=where)
    return pos, length


def _add_tensors(meta: bytes, start: int, end: int, variables: dict[str, Kind]) -> None:
    pos = start
    while pos < end:
        common = _common_tensor(meta, pos, end)
        if common is not None:
            name, kind, pos = common
        else:
            number, wire, a, pos = next(fields(meta, pos, end))
            if number != 1 or wire != LENGTH:
                continue
            name, kind = _tensor(meta, a, pos)
        if variables.setdefault(name, kind) != kind:
            raise CheckpointDamaged(f"it lists `{name}` twice, differently")


def _common_tensor(meta: bytes, pos: int, end: int) -> tuple[str, Kind, int] | None:
    """Name and kind of the SavedSliceMeta at `pos`, and what comes behind it.

    None if it is not laid out as TensorFlow writes it: name, shape, dtype and slices in this
    order, all shorter than 128 bytes but for itself. What a shape and a dtype mean is kept.
    """
    if pos + 4 > end or meta[pos] != 0x0A:
        return None
    size, start = meta[pos + 1], pos + 2
    if size > 127:
        size, start = size & 127 | meta[start] << 7, start + 1
    stop = start + size
    if size > 16383 or stop > end or size < 2 or meta[start] != 0x0A or meta[start + 1] > 127:
        return None
    shape = start + 2 + meta[start + 1]
    if shape + 2 > stop or meta[shape] != 0x12 or meta[shape + 1] > 127:
        return None
    dtype = shape + 2 + meta[shape + 1]
    if dtype + 2 > stop or meta[dtype] != 0x18 or meta[dtype + 1] > 127:
        return None
    after = dtype + 2
    while after + 2 <= stop and meta[after] == 0x22 and meta[after + 1] <= 127:
        after += 2 + meta[after + 1]
    if after != stop:
        return None
    known = _MEMO.get(meta[shape : dtype + 2])
    if known is None:
        known = _tensor(meta, shape, dtype + 2)[1]
        if len(_MEMO) < _MAX_MEMO:
            _MEMO[meta[shape : dtype + 2]] = known
    return meta[start + 2 : shape].decode("utf-8", "backslashreplace"), known, stop


def _tensor(meta: bytes, start: int, end: int) -> tuple[str, Kind]:
    """Name and kind of one SavedSliceMeta; its slices are parts of the shape it states."""
    name, number = "", 0
    shape: Shape = ()
    for field, wire, a, b in fields(meta, start, end):
        if field == 1 and wire == LENGTH:
            name = meta[a:b].decode("utf-8", "backslashreplace")
        elif field == 2 and wire == LENGTH:
            shape = decode_shape(meta, a, b)
        elif field == 3 and wire == VARINT:
            number = a
    return name, (dtype_name(number), shape)
