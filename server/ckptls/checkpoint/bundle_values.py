"""Values of V2 checkpoints: raw bytes in the data files, where the index says.

Source: tensorflow/core/util/tensor_bundle/tensor_bundle.cc (BundleReader::GetValue).
"""

from __future__ import annotations

from math import prod

from ckptls.checkpoint.arrays import (
    array_of,
    assembled,
    load_numpy,
    numpy_dtype,
    shaped,
)
from ckptls.checkpoint.crc32c import Checksum
from ckptls.checkpoint.dtypes import STRING
from ckptls.checkpoint.entries import Entry, Header, IndexReader, data_path
from ckptls.checkpoint.errors import CheckpointDamaged, CheckpointIncomplete, CheckpointNotFound
from ckptls.checkpoint.files import OpenFile, open_file
from ckptls.checkpoint.listing import INDEX_SUFFIX
from ckptls.checkpoint.model import Checkpoint, Variable
from ckptls.checkpoint.slices import slice_entries
from ckptls.checkpoint.stored import check_inside, read_stored
from ckptls.checkpoint.strings import read_strings, strings_checksum
from ckptls.checkpoint.values import check_listed

TYPE_CHECKING = False  # as typing's, without importing typing
if TYPE_CHECKING:
    import numpy as np


def read_value(checkpoint: Checkpoint, variable: Variable) -> np.ndarray:
    """The values of one variable; see `values.read_value`."""
    prefix = checkpoint.prefix
    numpy_dtype(variable.dtype)  # before anything is read: are there values at all?
    with IndexReader(prefix + INDEX_SUFFIX) as index:
        check_listed(checkpoint, index.stamp)
        header = index.header()
        entry = index.find(variable.name)
        if entry is None:
            raise CheckpointDamaged(f"its blocks hide `{variable.name}`", index.path)
        slices = slice_entries(index, entry) if entry.slices else []
        index.check_unchanged()
    if not entry.slices:
        return _read_entry(prefix, header, entry)
    _check_bytes(prefix, header, entry, [part for _, part in slices])
    parts = ((extents, _read_entry(prefix, header, part)) for extents, part in slices)
    return assembled(entry.shape, entry.dtype, parts)


def open_shard(prefix: str, header: Header, entry: Entry) -> OpenFile:
    """The data file in which an entry's bytes lie, known to reach as far as they do.

    Raises:
        CheckpointNotFound: it is not there.
        CheckpointIncomplete: it ends too early.
    """
    if entry.shard >= header.shards:
        raise CheckpointDamaged(
            f"`{entry.name}` lies in data file {entry.shard} of {header.shards}",
            prefix + INDEX_SUFFIX,
        )
    path = data_path(prefix, entry.shard, header.shards)
    try:
        file = open_file(path)
    except CheckpointNotFound as error:
        what = f"the data file `{path}` is not there, so only names and shapes can be read"
        raise CheckpointNotFound(what, path) from error
    try:
        check_inside(file, entry.offset_bytes, entry.size_bytes, f"`{entry.name}`")
    except CheckpointIncomplete:
        file.close()
        raise
    return file


def _read_entry(prefix: str, header: Header, entry: Entry) -> np.ndarray:
    """The values of a variable or a slice that is stored in one piece."""
    with open_shard(prefix, header, entry) as file:
        if entry.dtype == STRING:
            return _read_strings(file, header, entry)
        data = read_stored(file, entry.offset_bytes, entry.size_bytes)
        checksum = Checksum()
        checksum.add(data)
        _check(checksum, entry, file)
    return array_of(data, entry.dtype, entry.shape, is_big_endian=header.is_big_endian)


def _read_strings(file: OpenFile, header: Header, entry: Entry) -> np.ndarray:
    numpy = load_numpy()

    def read_at(offset: int, count: int) -> bytes:
        return file.read_at(entry.offset_bytes + offset, count)

    count, order = prod(entry.shape), header.byte_order
    try:
        texts = read_strings(read_at, entry.size_bytes, count, order)
        _check(strings_checksum(read_at, entry.size_bytes, count, order), entry, file)
    except CheckpointDamaged as error:
        where = entry.offset_bytes + (error.where or 0)
        raise CheckpointDamaged(f"`{entry.name}`: {error.what}", file.path, where) from error
    values = numpy.empty(count, object)
    values[:] = texts
    return shaped(values, entry.shape)


def _check(checksum: Checksum, entry: Entry, file: OpenFile) -> None:
    if not checksum.matches(entry.crc32c):
        raise CheckpointDamaged(
            f"the values of `{entry.name}` do not match their checksum",
            file.path,
            entry.offset_bytes,
        )


def _check_bytes(prefix: str, header: Header, entry: Entry, parts: list[Entry]) -> None:
    """Make sure that no more memory is asked for than there are bytes in the files.

    Slices that share bytes would make a large array of a small file.
    """
    available = 0
    for part in {part.shard: part for part in parts}.values():
        with open_shard(prefix, header, part) as file:
            available += file.size
    if sum(part.size_bytes for part in parts) > available:
        raise CheckpointDamaged(f"the slices of `{entry.name}` overlap", prefix + INDEX_SUFFIX)
