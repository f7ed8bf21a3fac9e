"""OCDBT, TensorStore's database in files: the keys of its newest version, and their values.

A manifest names the root of a B+tree; nodes and values lie in data files beside it.

Source: google.github.io/tensorstore/kvstore/ocdbt ("Storage format"), and what TensorStore
was seen to write.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from ckptls.checkpoint.codecs import zstd_gzip
from ckptls.checkpoint.codecs.crc32c import mask, matches
from ckptls.checkpoint.codecs.protobuf_wire import read_varint
from ckptls.checkpoint.core.errors import (
    CheckpointDamaged,
    CheckpointError,
    CheckpointTooLarge,
    CheckpointUnsupported,
)
from ckptls.checkpoint.storage.filesystem import file_names, is_inside, join, open_file
from ckptls.checkpoint.storage.local_file import Closing
from ckptls.checkpoint.storage.open_file_pool import OpenFiles

MANIFEST = "manifest.ocdbt"
MAX_NODE_BYTES = 64 << 20
MAX_NODES = 1_000_000
MAX_ENTRIES = 5_000_000
MAX_HEIGHT = 64
MAX_PATH_BYTES = 4096
_MANIFEST_MAGIC = 0x0CDB3A2A
_NODE_MAGIC = 0x0CDB20DE
_NONE = (1 << 64) - 1


@dataclass(frozen=True, slots=True)
class Stretch:
    """Bytes of one data file; `base` is the folder to which paths in a node there are relative."""

    base: str
    path: str
    offset: int
    num_bytes: int


Value = bytes | Stretch


class Database(Closing):
    """The OCDBT database in a directory, at its newest version.

    Raises:
        CheckpointDamaged: a broken manifest.
        CheckpointError: it cannot be opened.
    """

    def __init__(self, directory: str) -> None:
        self._directory = directory
        self._files = OpenFiles()
        self._inside: set[str] = set()
        self._root, self._height = self._manifest()

    def close(self) -> None:
        """See Closing; data files are opened again if they are needed."""
        self._files.close()

    def items(self, prefix: bytes = b"") -> Iterator[tuple[bytes, Value]]:
        """The keys that start with `prefix`, ascending, and where their values are.

        Raises:
            CheckpointDamaged: a broken node, or nodes that hold each other.
            CheckpointError: a data file cannot be read.
        """
        rest = [] if self._root is None else [(self._root, b"", self._height)]
        nodes = entries = 0
        while rest:
            place, above, height = rest.pop()
            nodes += 1
            node = self._node(place, height)
            keys = [above + key for key in node.keys]
            entries += len(keys)
            if nodes > MAX_NODES or entries > MAX_ENTRIES:
                raise CheckpointTooLarge("more keys than are listed")
            if height == 0:
                found = zip(keys, node.values, strict=True)
                yield from (item for item in found if item[0].startswith(prefix))
                continue
            below = zip(keys, [*keys[1:], None], node.children, node.common, strict=True)
            inner = [
                (child, key[: len(above) + common], height - 1)
                for key, end, child, common in below
                if _may_hold(prefix, key, end)
            ]
            rest.extend(reversed(inner))

    def read(self, value: Value, max_bytes: int) -> bytes:
        """The bytes of a value.

        Raises:
            CheckpointTooLarge: more than `max_bytes`.
            CheckpointError: its file cannot be read.
        """
        if isinstance(value, bytes):
            return value
        if value.num_bytes > max_bytes:
            raise CheckpointTooLarge(f"a value of {value.num_bytes:,} bytes", value.path)
        return self._bytes(value)

    def _bytes(self, place: Stretch) -> bytes:
        path = join(self._directory, place.path)
        if path not in self._inside:
            if not is_inside(path, self._directory):
                raise CheckpointDamaged(f"it names `{place.path}`, outside of its directory")
            self._inside.add(path)
        file = self._files.open(path)
        if place.offset + place.num_bytes > file.size:
            raise CheckpointDamaged("a data file that ends early", path, file.size)
        return file.read_at(place.offset, place.num_bytes)

    def _manifest(self) -> tuple[Stretch | None, int]:
        """The root of the newest version, None if it is empty; and the root's height."""
        for name in (MANIFEST, *self._numbered()):
            path = join(self._directory, name)
            try:
                with open_file(path) as file:
                    if file.size > MAX_NODE_BYTES:
                        raise CheckpointTooLarge("a manifest of more than 64 MiB")
                    body = _decoded(file.read_at(0, file.size), _MANIFEST_MAGIC)
                root = newest_root(body)
            except CheckpointError as error:
                raise error.named(path) from None
            if root is not None:
                return root
        raise CheckpointDamaged("its manifest names no version", self._directory)

    def _numbered(self) -> list[str]:
        """Manifests that carry their generation in their names, the newest first."""
        names = [name for name in file_names(self._directory) if name.startswith("manifest.")]
        return sorted((name for name in names if name != MANIFEST), reverse=True)[:1]

    def _node(self, place: Stretch, height: int) -> Node:
        if place.num_bytes > MAX_NODE_BYTES:
            raise CheckpointTooLarge(f"a node of {place.num_bytes:,} bytes", place.path)
        try:
            return Node(_decoded(self._bytes(place), _NODE_MAGIC), place.base, height)
        except CheckpointError as error:
            raise error.named(join(self._directory, place.path)) from None


class _Reader:
    """Numbers and bytes of one decoded manifest or node, each within its bounds."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._place = 0

    def varint(self) -> int:
        value, self._place = read_varint(self._data, self._place, len(self._data))
        return value

    def varints(self, count: int) -> list[int]:
        self.check(count)
        return [self.varint() for _ in range(count)]

    def bytes(self, count: int) -> bytes:
        self.check(count)
        self._place += count
        return self._data[self._place - count : self._place]

    def check(self, count: int) -> None:
        """Refuse a count of things that cannot be in the bytes that are left."""
        if count > len(self._data) - self._place:
            raise CheckpointDamaged("a list that runs past its end")


class Node:
    """A decoded node of the B+tree.

    Attributes:
        keys: of its entries, without what the nodes above say of them.
        values: of a leaf's entries.
        children, common: of an inner node's entries, and the length of the prefix of each key
            that all keys below share.
    """

    def __init__(self, body: bytes, base: str, height: int) -> None:
        reader = _Reader(body)
        if reader.bytes(1)[0] != height:
            raise CheckpointDamaged("a node of another height than stated above it")
        files = _data_files(reader, base)
        count = reader.varint()
        if not count:
            raise CheckpointDamaged("a node without entries")
        shared = [0, *reader.varints(count - 1)]
        suffixes = reader.varints(count)
        self.common = reader.varints(count) if height else []
        self.keys = _keys(reader, shared, suffixes)
        self.values: list[Value] = []
        self.children: list[Stretch] = []
        if height:
            self.children = _stretches(reader, files, count)
            if any(n > len(k) for n, k in zip(self.common, self.keys, strict=True)):
                raise CheckpointDamaged("a key that is shorter than what it shares")
        else:
            self.values = _values(reader, files, count)


def _keys(reader: _Reader, shared: list[int], suffixes: list[int]) -> list[bytes]:
    keys: list[bytes] = []
    before = b""
    for prefix, suffix in zip(shared, suffixes, strict=True):
        if prefix > len(before) or prefix + suffix > MAX_PATH_BYTES:
            raise CheckpointDamaged("a key longer than keys can be")
        before = before[:prefix] + reader.bytes(suffix)
        keys.append(before)
    if any(first >= second for first, second in pairwise(keys)):
        raise CheckpointDamaged("keys that are not in order")
    return keys


def _values(reader: _Reader, files: list[tuple[str, str]], count: int) -> list[Value]:
    lengths, kinds = reader.varints(count), reader.varints(count)
    if any(kind > 1 for kind in kinds):
        raise CheckpointDamaged("a value of no known kind")
    outside = sum(kinds)
    numbers, offsets = iter(reader.varints(outside)), iter(reader.varints(outside))
    return [
        _stretch(files, next(numbers), next(offsets), length) if kind else reader.bytes(length)
        for length, kind in zip(lengths, kinds, strict=True)
    ]


def _stretches(reader: _Reader, files: list[tuple[str, str]], count: int) -> list[Stretch]:
    numbers, offsets, lengths = (reader.varints(count) for _ in range(3))
    return [_stretch(files, *item) for item in zip(numbers, offsets, lengths, strict=True)]


def _stretch(files: list[tuple[str, str]], number: int, offset: int, length: int) -> Stretch:
    if number >= len(files) or (offset | length) >> 63:
        raise CheckpointDamaged("a value in a data file that is not listed")
    return Stretch(*files[number], offset, length)


def _data_files(reader: _Reader, base: str) -> list[tuple[str, str]]:
    """(folder, path) of the data files that a node names; both from the top of the database."""
    count = reader.varint()
    if not count:
        return []
    shared = [0, *reader.varints(count - 1)]
    suffixes, folders = reader.varints(count), reader.varints(count)
    files = []
    before = b""
    for prefix, suffix, folder in zip(shared, suffixes, folders, strict=True):
        if prefix > len(before) or prefix + suffix > MAX_PATH_BYTES or folder > prefix + suffix:
            raise CheckpointDamaged("an invalid path of a data file")
        before = before[:prefix] + reader.bytes(suffix)
        path = base + before.decode("utf-8", "backslashreplace")
        if len(path) > MAX_PATH_BYTES or "\0" in path or path.startswith("/"):
            raise CheckpointDamaged("an invalid path of a data file")
        files.append((base + before[:folder].decode("utf-8", "backslashreplace"), path))
    return files


def newest_root(body: bytes) -> tuple[Stretch | None, int] | None:
    """(root, height) of the newest version that a manifest names; None if it names none."""
    reader = _Reader(body)
    reader.bytes(16)  # the database's number
    kind = reader.varint()
    reader.varints(2)  # bounds for its writers
    reader.bytes(1)
    if reader.varint() == 1:
        reader.bytes(4)  # the level of compression
    if kind:
        return None
    files = _data_files(reader, "")
    count = reader.varint()
    reader.varints(count)  # generations
    heights = reader.bytes(count)
    numbers, offsets, lengths = (reader.varints(count) for _ in range(3))
    if not count:
        return None
    if lengths[-1] == _NONE or offsets[-1] == _NONE:
        return None, 0
    if heights[-1] > MAX_HEIGHT:
        raise CheckpointDamaged("a tree higher than trees can be")
    return _stretch(files, numbers[-1], offsets[-1], lengths[-1]), heights[-1]


def _decoded(data: bytes, magic: int) -> bytes:
    """The body of a manifest or a node, once its header, length and checksum are right."""
    if len(data) < 18 or int.from_bytes(data[:4], "big") != magic:
        raise CheckpointDamaged("no part of an OCDBT database")
    if int.from_bytes(data[4:12], "little") != len(data):
        raise CheckpointDamaged("it has another length than it states")
    if not matches(data[:-4], mask(int.from_bytes(data[-4:], "little"))):
        raise CheckpointDamaged("its checksum does not match")
    version, compression = data[12], data[13]
    if version or compression > 1:
        raise CheckpointUnsupported("an OCDBT database of a later version")
    body = data[14:-4]
    return zstd_gzip.decoded(body, MAX_NODE_BYTES) if compression else body


def _may_hold(prefix: bytes, first: bytes, end: bytes | None) -> bool:
    """Whether keys from `first` on and before `end` may start with `prefix`."""
    return (end is None or prefix < end) and first[: len(prefix)] <= prefix
