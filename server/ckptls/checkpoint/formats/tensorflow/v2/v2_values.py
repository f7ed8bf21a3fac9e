"""Values of V2 checkpoints: raw bytes in the data files, where the index says.

Source: tensorflow/core/util/tensor_bundle/tensor_bundle.cc (BundleReader::GetValue).
"""

from __future__ import annotations

from math import prod

from ckptls.checkpoint.arrays.numpy_arrays import (
    array_of,
    assembled,
    load_numpy,
    numpy_dtype,
    shaped,
)
from ckptls.checkpoint.arrays.stored_bytes import check_inside, read_stored
from ckptls.checkpoint.codecs.crc32c import Checksum
from ckptls.checkpoint.core.dtypes import STRING
from ckptls.checkpoint.core.errors import CheckpointDamaged, CheckpointError, CheckpointNotFound
from ckptls.checkpoint.core.types import Extents
from ckptls.checkpoint.formats.tensorflow.string_tensors import read_strings, strings_checksum
from ckptls.checkpoint.formats.tensorflow.v2.index_reader import (
    Entry,
    Header,
    IndexReader,
    data_path,
    slice_entries,
)
from ckptls.checkpoint.layout.directory_files import INDEX_SUFFIX
from ckptls.checkpoint.model.checkpoint import Checkpoint
from ckptls.checkpoint.model.listed_files import check_listed
from ckptls.checkpoint.model.value_reader import Place
from ckptls.checkpoint.storage.local_file import Closing, OpenFile
from ckptls.checkpoint.storage.open_file_pool import OpenFiles

TYPE_CHECKING = False  # as typing's, without importing typing
if TYPE_CHECKING:
    import numpy as np


def open_values(checkpoint: Checkpoint) -> BundleValues:
    """The values of a V2 checkpoint; see `ValueReader`."""
    return BundleValues(checkpoint)


class BundleValues(Closing):
    """An index and the data files beside it, each of which is opened when it is needed."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        self._index = IndexReader(checkpoint.prefix + INDEX_SUFFIX)
        try:
            check_listed(checkpoint, self._index.stamp)
            self._header = self._index.header()
        except CheckpointError:
            self._index.close()
            raise
        self._files = OpenFiles()
        self._prefix = checkpoint.prefix
        self._checkpoint = checkpoint

    def close(self) -> None:
        """See Closing."""
        self._index.close()
        self._files.close()

    def read(self, name: str) -> np.ndarray:
        """The value of one variable, compared with its checksum."""
        entry = self._entry(name)
        numpy_dtype(entry.dtype)  # before anything is read: are there values at all?
        if not entry.slices:
            return self._read_entry(entry)
        slices = slice_entries(self._index, entry)
        self._check_bytes(entry, [part for _, part in slices])
        parts = ((extents, self._read_entry(part)) for extents, part in slices)
        return assembled(entry.shape, entry.dtype, parts)

    def verify(self, name: str) -> int:
        """As `read`; `verify/tensorflow_v2` has a way of its own."""
        return self.read(name).nbytes

    def verify_rest(self) -> None:
        """Nothing else."""

    def places(self, name: str) -> list[Place]:
        """Where a variable lies, by the index alone; several places if it is partitioned."""
        entry = self._index.find(name)
        self._index.check_unchanged_lately()
        if entry is None:
            return []
        parts: list[tuple[Extents | None, Entry]] = [(None, entry)]
        if entry.slices:
            parts = [*slice_entries(self._index, entry)]
        return [self._place(extents, part) for extents, part in parts]

    def _place(self, extents: Extents | None, part: Entry) -> Place:
        path = data_path(self._prefix, part.shard, self._header.shards)
        return Place(path, part.offset_bytes, part.size_bytes, extents)

    def _entry(self, name: str) -> Entry:
        entry = self._index.find(name)
        self._index.check_unchanged_lately()
        if entry is None:
            if name not in self._checkpoint:
                raise KeyError(name)
            raise CheckpointDamaged(f"its blocks hide `{name}`", self._index.path)
        return entry

    def _read_entry(self, entry: Entry) -> np.ndarray:
        """The values of a variable or a slice that is stored in one piece."""
        file = self._open_shard(entry)
        if entry.dtype == STRING:
            return _read_strings(file, self._header, entry)
        data = read_stored(file, entry.offset_bytes, entry.size_bytes)
        checksum = Checksum()
        checksum.add(data)
        _check(checksum, entry, file)
        is_big_endian = self._header.is_big_endian
        return array_of(data, entry.dtype, entry.shape, is_big_endian=is_big_endian)

    def _open_shard(self, entry: Entry) -> OpenFile:
        """The data file in which an entry's bytes lie, known to reach as far as they do.

        Raises:
            CheckpointNotFound: it is not there.
            CheckpointIncomplete: it ends too early.
        """
        if entry.shard >= self._header.shards:
            raise CheckpointDamaged(
                f"`{entry.name}` lies in data file {entry.shard} of {self._header.shards}",
                self._prefix + INDEX_SUFFIX,
            )
        path = data_path(self._prefix, entry.shard, self._header.shards)
        try:
            file = self._files.open(path)
        except CheckpointNotFound as error:
            what = f"the data file `{path}` is not there, so only names and shapes can be read"
            raise CheckpointNotFound(what, path) from error
        check_inside(file, entry.offset_bytes, entry.size_bytes, f"`{entry.name}`")
        return file

    def _check_bytes(self, entry: Entry, parts: list[Entry]) -> None:
        """Make sure that no more memory is asked for than there are bytes in the files.

        Slices that share bytes would make a large array of a small file.
        """
        shards = {part.shard: part for part in parts}.values()
        available = sum(self._open_shard(part).size for part in shards)
        if sum(part.size_bytes for part in parts) > available:
            raise CheckpointDamaged(
                f"the slices of `{entry.name}` overlap", self._prefix + INDEX_SUFFIX
            )


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
