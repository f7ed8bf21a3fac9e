"""Where the bytes of a variable lie: single entries of a V2 `.index`.

`index` lists names and shapes and leaves the rest undecoded. Here one entry is decoded
whole, and found without reading the others: the index block says which data block may hold
a key, and the restart points of that block say where in it.

A partitioned variable has an entry that lists its slices and owns no bytes; each slice has
an entry of its own, under `messages.slice_key`.

Source: tensorflow/core/protobuf/tensor_bundle.proto,
tensorflow/core/util/tensor_bundle/{tensor_bundle.cc,naming.h}, tensorflow/core/lib/io/block.cc.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from math import prod

from ckptls.checkpoint.codecs.protobuf_wire import (
    FIXED32,
    LENGTH,
    VARINT,
    fields,
    read_varint,
    signed,
)
from ckptls.checkpoint.codecs.sstable import (
    Block,
    Handle,
    block_index,
    entries,
    find_value,
    read_block,
)
from ckptls.checkpoint.core.dtypes import dtype_name, item_bytes
from ckptls.checkpoint.core.errors import (
    CheckpointDamaged,
    CheckpointError,
    CheckpointTooLarge,
)
from ckptls.checkpoint.core.types import Extents, Shape
from ckptls.checkpoint.formats.tensorflow.protos import decode_extents, decode_shape, slice_key
from ckptls.checkpoint.formats.tensorflow.tensor_slices import (
    check_cover,
    resolve,
    shape_of,
)
from ckptls.checkpoint.formats.tensorflow.v2.entry_loop import MAX_ENTRIES
from ckptls.checkpoint.formats.tensorflow.v2.index import MAX_INDEX_BYTES, check_version
from ckptls.checkpoint.storage.filesystem import open_file
from ckptls.checkpoint.storage.local_file import Closing, OpenFile

TYPE_CHECKING = False  # as typing's, without importing typing
if TYPE_CHECKING:
    from ckptls.checkpoint.formats.tensorflow.string_tensors import ByteOrder

MAX_SHARDS = 100_000
_MAX_SLICES = 100_000
_MAX_KEYS_BYTES = 512 * 1024 * 1024
_MAX_DECODED_BYTES = 1 << 30


@dataclass(frozen=True, slots=True)
class Entry:
    """One variable, or one slice of a partitioned one, and where its bytes lie.

    Attributes:
        name: as in the listing; of a slice its key, in which bytes show as `\\xNN`.
        dtype: TensorFlow's name of the element type.
        shape: in elements; of a slice its own shape.
        shard: the number of the data file, from 0.
        offset_bytes: where in that file the value starts.
        size_bytes: how many bytes it takes there.
        crc32c: checksum of those bytes, masked as it is stored; 0 where there is none.
        slices: the (start, length) pairs of each slice if the variable is partitioned. Its
            bytes lie under the keys of the slices then, and shard, offset and size are 0.
        key: the bytes under which the table holds it.
    """

    name: str
    dtype: str
    shape: Shape
    shard: int
    offset_bytes: int
    size_bytes: int
    crc32c: int
    slices: tuple[Extents, ...] = ()
    key: bytes = b""

    def slice_keys(self) -> list[bytes]:
        """The keys under which its slices are stored, in the order of `slices`."""
        return [slice_key(self.key, extents) for extents in self.slices]


@dataclass(frozen=True, slots=True)
class Header:
    """What an index says about its data files."""

    shards: int
    is_big_endian: bool

    @property
    def byte_order(self) -> ByteOrder:
        """As `int.from_bytes` takes it."""
        return "big" if self.is_big_endian else "little"


class IndexReader(Closing):
    """An open index in which entries are looked up; use it in a `with` statement.

    Its index block is read when it is opened, data blocks when they are asked for.

    Raises:
        CheckpointError: from each method, with the path of the index.
    """

    __slots__ = ("_block", "_ends", "_escaped", "_file", "_handles", "_spans", "path")

    def __init__(self, path: str) -> None:
        self.path = path
        self._block: Block | None = None
        self._spans: dict[bytes, tuple[int, int]] | None = None
        self._escaped: dict[str, Entry] | None = None
        self._file = open_file(path)
        try:
            self._ends, self._handles = _block_index(self._file)
        except CheckpointError as error:
            self._file.close()
            raise error.named(path) from None

    def close(self) -> None:
        """See Closing."""
        self._file.close()

    @property
    def stamp(self) -> tuple[str, int, int, int]:
        """What the file was when it was opened, as in `Checkpoint.stamp`."""
        return self._file.stamp

    def check_unchanged(self) -> None:
        """Make sure that the path still names what was read; see `OpenFile`."""
        self._file.check_unchanged()

    def check_unchanged_lately(self) -> None:
        """The same, once a millisecond; see `OpenFile`."""
        self._file.check_unchanged_lately()

    def header(self) -> Header:
        """How many data files there are, and their byte order."""
        try:
            if not self._handles:
                raise CheckpointDamaged("the index is empty: not even a header is in it", where=0)
            block = self._read(self._handles[0])
            key, start, end = next(entries(block), (b"", 0, 0))
            if key or end == 0:
                raise CheckpointDamaged("the index does not start with a header", where=block.where)
            return _header(block, start, end)
        except CheckpointError as error:
            raise error.named(self.path) from None

    def find(self, name: str) -> Entry | None:
        """The entry of the variable that the listing calls `name`; None if there is none."""
        try:
            key = name.encode("utf-8")
        except UnicodeEncodeError:
            return None
        found = self.find_key(key) if key else None
        if found is None and "\\x" in name:  # perhaps a name that is not UTF-8
            if self._escaped is None:
                inside = (each for each in self.entries() if "\\x" in each.name)
                self._escaped = {entry.name: entry for entry in inside}
            found = self._escaped.get(name)
        return found

    def find_key(self, key: bytes) -> Entry | None:
        """The entry under exactly this key; one data block is read for it."""
        try:
            position = bisect_left(self._ends, key)
            if position == len(self._handles):
                return None
            span, block = self._find(self._handles[position], key)
            return None if span is None else _entry(block, key, *span)
        except CheckpointError as error:
            raise error.named(self.path) from None

    def entries(self) -> Iterator[Entry]:
        """Every entry but the header, in key order; slices too, each under its own key."""
        try:
            yield from self._entries()
        except CheckpointError as error:
            raise error.named(self.path) from None

    def _entries(self) -> Iterator[Entry]:
        count = decoded_bytes = 0
        previous: bytes | None = None
        for handle in self._handles:
            block = self._read(handle)
            decoded_bytes += len(block.data)
            for key, start, end in entries(block):
                if previous is not None and key <= previous:
                    raise CheckpointDamaged(
                        "its names are not in ascending order", where=block.place(start)
                    )
                previous = key
                count += 1
                if key:
                    yield _entry(block, key, start, end)
            if count > MAX_ENTRIES or decoded_bytes > _MAX_DECODED_BYTES:
                raise CheckpointTooLarge("more names than any model has", where=block.where)

    def _find(self, handle: Handle, key: bytes) -> tuple[tuple[int, int] | None, Block]:
        """Where the value under `key` is in the block at `handle`.

        The first key of a block is searched for; at the second one all keys are noted, which
        makes the others cheap.
        """
        is_first = self._block is None or self._block.where != handle.offset
        block = self._read(handle)
        if is_first:
            return find_value(block, key), block
        if self._spans is None:
            self._spans = {each: (start, end) for each, start, end in entries(block)}
        return self._spans.get(key), block

    def _read(self, handle: Handle) -> Block:
        """The data block there; the latest one is kept, since neighbours are often asked for."""
        if self._block is None or self._block.where != handle.offset:
            self._block = read_block(self._file.read_at, handle)
            self._spans = None
        return self._block


def find_entry(index_path: str, name: str) -> Entry | None:
    """The entry of one variable, found without reading the rest of the index.

    `name` is written as in the listing. Of a partitioned variable it is the entry that
    lists the slices; `IndexReader.find_key` finds each of its `slice_keys`.

    Raises:
        CheckpointError: the index is not there, or damaged where it was read.
    """
    with IndexReader(index_path) as index:
        entry = index.find(name)
        index.check_unchanged()
    return entry


def all_entries(index_path: str) -> Iterator[Entry]:
    """The entries of all variables, by name; slices are those of their variable, not listed.

    Raises:
        CheckpointError: the index is not there, or damaged.
    """
    with IndexReader(index_path) as index:
        hidden = _slice_keys(index)
        for entry in index.entries():
            if entry.key not in hidden:
                yield entry
        index.check_unchanged()


def _slice_keys(index: IndexReader) -> set[bytes]:
    """The keys that are slices; they start with NUL, so they would come first."""
    first = next(index.entries(), None)
    if first is None or first.key[:1] != b"\0":
        return set()
    keys: set[bytes] = set()
    total_bytes = 0
    for entry in index.entries():
        found = entry.slice_keys()
        total_bytes += sum(map(len, found))
        if total_bytes > _MAX_KEYS_BYTES:
            raise CheckpointDamaged("more slices than any model has", index.path)
        keys.update(found)
    return keys


def num_shards(index_path: str) -> int:
    """How many data files the checkpoint has.

    Raises:
        CheckpointError: the index is not there, or has no sound header.
    """
    with IndexReader(index_path) as index:
        return index.header().shards


def data_path(prefix: str, shard: int, shards: int) -> str:
    """The path of data file number `shard`, of `shards`, of the checkpoint `prefix`."""
    return f"{prefix}.data-{shard:05d}-of-{shards:05d}"


def _block_index(file: OpenFile) -> tuple[list[bytes], list[Handle]]:
    if file.size > MAX_INDEX_BYTES:
        raise CheckpointTooLarge("an index of more than 1 GiB is not read")
    pairs = block_index(file.read_at, file.size)
    return [key for key, _ in pairs], [handle for _, handle in pairs]


def _header(block: Block, start: int, end: int) -> Header:
    shards = endianness = 0
    for number, wire, a, b in fields(block.data, start, end):
        if number == 1 and wire == VARINT:
            shards = a
        elif number == 2 and wire == VARINT:
            endianness = a
        elif number == 3 and wire == LENGTH:
            check_version(block, a, b)
    if shards > MAX_SHARDS:
        raise CheckpointDamaged(f"the header speaks of {shards:,} shards", where=block.place(start))
    if endianness > 1:
        raise CheckpointDamaged(f"a byte order numbered {endianness}", where=block.place(start))
    return Header(shards, endianness == 1)


def _entry(block: Block, key: bytes, start: int, end: int) -> Entry:
    """The BundleEntryProto in block.data[start:end], checked."""
    common = _common_entry(block.data, key, start, end)
    if common is not None:
        return common
    try:
        entry = _decoded(block.data, key, start, end)
        _check(entry)
        if not entry.slices:
            _remember_kind(block.data, start, end, entry)
    except CheckpointError as error:
        where = start if error.where is None else error.where
        raise CheckpointDamaged(error.what, where=block.place(where)) from error
    return entry


# The bytes of a dtype and a shape -> what they mean, and the bytes that such a value takes, 0 if
# the dtype does not tell.
_KINDS: dict[bytes, tuple[str, Shape, int]] = {}
_MAX_KINDS = 10_000


def _common_entry(data: bytes, key: bytes, start: int, end: int) -> Entry | None:
    """The entry if it is written as TensorFlow writes one without slices; None for any other."""
    shape_end = start + 4 + data[start + 3] if end - start > 4 else end
    if shape_end + 5 > end or data[end - 5] != 0x35 or data[start + 3] > 127:
        return None
    kind = _KINDS.get(data[start:shape_end])
    if kind is None:
        return None
    place = shape_end
    found = [0, 0, 0]  # shard, offset, size: fields 3 to 5, in this order
    before = 2
    while place < end - 5:
        tag = data[place]
        field = tag >> 3
        if tag & 7 or not before < field < 6:
            return None
        found[field - 3], place = read_varint(data, place + 1, end - 5)
        before = field
    shard, offset, size = found
    if place != end - 5 or shard >= MAX_SHARDS or (offset + size) >> 63:
        return None
    dtype, shape, needed = kind
    if needed >= 0 and needed != size:
        return None
    crc = int.from_bytes(data[end - 4 : end], "little")
    return Entry(
        key.decode("utf-8", "backslashreplace"), dtype, shape, shard, offset, size, crc, (), key
    )


def _remember_kind(data: bytes, start: int, end: int, entry: Entry) -> None:
    """Note what the first bytes of an entry mean, if they are a dtype and a shape."""
    head = data[start : start + 4]
    if len(head) < 4 or head[0] != 0x08 or head[1] > 127 or head[2] != 0x12 or head[3] > 127:
        return
    shape_end = start + 4 + head[3]
    if shape_end > end or decode_shape(data, start + 4, shape_end) != entry.shape:
        return  # the shape is stated again behind it
    if dtype_name(head[1]) != entry.dtype:
        return
    if len(_KINDS) >= _MAX_KINDS:
        _KINDS.clear()
    size = item_bytes(entry.dtype)
    needed = size * prod(entry.shape) if size else -1
    _KINDS[data[start:shape_end]] = entry.dtype, entry.shape, needed


def _decoded(data: bytes, key: bytes, start: int, end: int) -> Entry:
    number = shard = offset = size = crc = 0
    shape: Shape = ()
    slices: list[Extents] = []
    for field, wire, a, b in fields(data, start, end):
        if wire == LENGTH:
            if field == 2:
                shape = decode_shape(data, a, b)
            elif field == 7:
                slices.append(decode_extents(data, a, b))
        elif wire == VARINT:
            if field == 1:
                number = a
            elif field == 3:
                shard = signed(a)
            elif field == 4:
                offset = signed(a)
            elif field == 5:
                size = signed(a)
        elif field == 6 and wire == FIXED32:
            crc = a
    name = key.decode("utf-8", "backslashreplace")
    return Entry(name, dtype_name(number), shape, shard, offset, size, crc, tuple(slices), key)


def _check(entry: Entry) -> None:
    if not 0 <= entry.shard < MAX_SHARDS:
        raise CheckpointDamaged(f"`{entry.name}` lies in shard {entry.shard}")
    if entry.offset_bytes < 0 or entry.size_bytes < 0:
        raise CheckpointDamaged(f"`{entry.name}` has a negative offset or size")
    if (entry.offset_bytes + entry.size_bytes) >> 63:
        raise CheckpointDamaged(f"`{entry.name}` ends beyond any file")
    if len(entry.slices) > _MAX_SLICES:
        raise CheckpointDamaged(f"`{entry.name}` has {len(entry.slices):,} slices")
    if any(len(extents) != len(entry.shape) for extents in entry.slices):
        raise CheckpointDamaged(f"a slice of `{entry.name}` has another rank than its shape")
    needed = item_bytes(entry.dtype) * prod(entry.shape)
    if item_bytes(entry.dtype) and not entry.slices and needed != entry.size_bytes:
        raise CheckpointDamaged(
            f"`{entry.name}` takes {entry.size_bytes:,} bytes where its shape and dtype"
            f" need {needed:,}"
        )


def slice_entries(index: IndexReader, entry: Entry) -> list[tuple[Extents, Entry]]:
    """The slices of a partitioned variable: where they belong, and their own entries.

    Raises:
        CheckpointDamaged: one is missing or of another shape, or they do not add up.
    """
    found = []
    for extents, key in zip(entry.slices, entry.slice_keys(), strict=True):
        place = resolve(extents, entry.shape)
        part = index.find_key(key)
        if part is None:
            raise CheckpointDamaged(f"a slice of `{entry.name}` is not in the index", index.path)
        if part.shape != shape_of(place) or part.dtype != entry.dtype or part.slices:
            raise CheckpointDamaged(
                f"a slice of `{entry.name}` has another shape or dtype than stated", index.path
            )
        found.append((place, part))
    check_cover((place for place, _ in found), entry.shape)
    return found
