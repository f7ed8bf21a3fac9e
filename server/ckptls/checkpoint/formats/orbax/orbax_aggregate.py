"""Orbax's aggregated files: the values of a tree, or of some leaves, in one file of MessagePack.

Arrays are extension types, which hold shape, name of the dtype and elements; a text
`PLACEHOLDER://name` stands for an array that lies in a folder or a database. Of elements only the
place is noted, so a file of any size is listed with little memory. The decoder is our own: those
in packages copy all elements.

Source: orbax-checkpoint (aggregate_handlers, msgpack_utils), flax/serialization.py, and the
MessagePack specification.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from typing import Any

from ckptls.checkpoint.arrays import foreign_dtypes
from ckptls.checkpoint.core.dtypes import STRING
from ckptls.checkpoint.core.errors import (
    CheckpointDamaged,
    CheckpointError,
    CheckpointTooLarge,
    CheckpointUnsupported,
)
from ckptls.checkpoint.core.limits import MAX_NAME_BYTES, checked_shape
from ckptls.checkpoint.storage.filesystem import open_file
from ckptls.checkpoint.storage.local_file import OpenFile

AGGREGATE = "checkpoint"
PLACEHOLDER = "PLACEHOLDER://"
MAX_ITEMS = 2_000_000
MAX_DEPTH = 100
_MAX_TEXT_BYTES = 64 << 20
_BLOCK_BYTES = 64 << 10
_ARRAY, _COMPLEX, _SCALAR = 1, 2, 3
_CHUNKED = "__msgpack_chunked_array__"
_MAPS = (*range(0x81, 0x90), 0xDE, 0xDF)
_TEXTS = (*range(0xA0, 0xC0), 0xD9, 0xDA)
# first byte -> (kind, bytes of the length or number behind it)
_SIZED = {
    0xC4: ("bin", 1), 0xC5: ("bin", 2), 0xC6: ("bin", 4),
    0xC7: ("ext", 1), 0xC8: ("ext", 2), 0xC9: ("ext", 4),
    0xD9: ("str", 1), 0xDA: ("str", 2), 0xDB: ("str", 4),
    0xDC: ("array", 2), 0xDD: ("array", 4), 0xDE: ("map", 2), 0xDF: ("map", 4),
}  # fmt: skip
_NUMBERS = {
    0xCA: ">f", 0xCB: ">d", 0xCC: ">B", 0xCD: ">H", 0xCE: ">I", 0xCF: ">Q",
    0xD0: ">b", 0xD1: ">h", 0xD2: ">i", 0xD3: ">q",
}  # fmt: skip
_CONSTANTS = {0xC0: None, 0xC2: False, 0xC3: True}


@dataclass(frozen=True, slots=True)
class Value:
    """One array; its elements lie in C order in the runs (first byte, bytes) of the file."""

    dtype: str
    shape: tuple[int, ...]
    runs: tuple[tuple[int, int], ...]


Leaf = Value | str | int | float | complex | bytes | None


def is_aggregate(path: str) -> bool:
    """Whether a file begins as a tree in MessagePack does: with a map whose first key is a text."""
    try:
        with open_file(path) as file:
            head = file.read_at(0, min(file.size, 6))
    except CheckpointError:
        return False
    behind = {0xDE: 3, 0xDF: 5}.get(head[0], 1) if head else 0
    return len(head) > behind and head[0] in _MAPS and head[behind] in _TEXTS


def read_leaves(path: str) -> dict[str, Leaf]:
    """The leaves of the tree by name, keys joined with `/`.

    Raises:
        CheckpointDamaged: not valid MessagePack.
        CheckpointUnsupported: more than two million items.
    """
    try:
        with open_file(path) as file:
            reader = _Reader(file)
            tree = reader.item(0)
            file.check_unchanged()
        return dict(_named(tree, ""))
    except CheckpointError as error:
        raise error.named(path) from None


def kind_of(leaf: Leaf) -> tuple[str, tuple[int, ...]]:
    """(dtype, shape) of a leaf."""
    if isinstance(leaf, Value):
        return leaf.dtype, leaf.shape
    if isinstance(leaf, (str, bytes)):
        return STRING, ()
    names = {bool: "bool", int: "int64", float: "float64", complex: "complex128"}
    return names[type(leaf)], ()


def value_of(file: OpenFile, leaf: Leaf) -> foreign_dtypes.Array:
    """The value of a leaf, out of the open file.

    Raises:
        CheckpointUnsupported: of a type that is not read.
        CheckpointError: the file is damaged.
    """
    import numpy

    if isinstance(leaf, Value):
        data = b"".join(file.read_at(start, count) for start, count in leaf.runs)
        return foreign_dtypes.array(data, leaf.dtype, leaf.shape)
    if isinstance(leaf, (str, bytes)):
        value = numpy.empty((), object)
        value[()] = leaf if isinstance(leaf, bytes) else leaf.encode("utf-8", "surrogateescape")
        return value
    if isinstance(leaf, int) and leaf.bit_length() > 63:
        raise CheckpointUnsupported("a number of more than 63 bits")
    return numpy.asarray(leaf, kind_of(leaf)[0])


def _named(tree: Any, name: str) -> Iterator[tuple[str, Leaf]]:
    if len(name) > MAX_NAME_BYTES:
        raise CheckpointTooLarge("its tree has a name longer than names can be")
    if isinstance(tree, dict) and tree.get(_CHUNKED) is True:
        yield name, _joined(tree, name)
    elif isinstance(tree, (dict, list)):
        pairs = tree.items() if isinstance(tree, dict) else enumerate(tree)
        for key, below in pairs:
            yield from _named(below, f"{name}/{key}" if name else str(key))
    elif tree is not None:
        yield name, tree


def _joined(tree: dict[Any, Any], name: str) -> Value:
    """The array that was cut into chunks because it was too large for one."""
    sizes, chunks = tree.get("shape"), tree.get("chunks")
    parts = list(chunks.values()) if isinstance(chunks, dict) else []
    if not isinstance(sizes, dict) or not parts or not all(isinstance(p, Value) for p in parts):
        raise CheckpointDamaged(f"the chunks of `{name}` are not described")
    shape = checked_shape(list(sizes.values()), name)
    if sum(prod(part.shape) for part in parts) != prod(shape):
        raise CheckpointDamaged(f"the chunks of `{name}` do not make its shape")
    return Value(parts[0].dtype, shape, tuple(run for part in parts for run in part.runs))


class _Reader:
    """Items out of an open file, in order; elements of arrays are passed by."""

    def __init__(self, file: OpenFile) -> None:
        self._file = file
        self._place = 0
        self._block = b""
        self._start = 0
        self._items = 0

    def item(self, depth: int) -> Any:
        """The next item: a map is a dictionary."""
        self._items += 1
        if self._items > MAX_ITEMS or depth > MAX_DEPTH:
            raise CheckpointTooLarge("a tree of more items or levels than are read")
        code = self._take(1)[0]
        if code in _CONSTANTS:
            return _CONSTANTS[code]
        if code in _NUMBERS:
            form = _NUMBERS[code]
            return struct.unpack(form, self._take(struct.calcsize(form)))[0]
        if code < 0x80 or code >= 0xE0:
            return code if code < 0x80 else code - 0x100
        kind, size = self._kind(code)
        if kind == "map":
            return {self._key(): self.item(depth + 1) for _ in self._counted(2 * size, size)}
        if kind == "array":
            return [self.item(depth + 1) for _ in self._counted(size, size)]
        if kind == "ext":
            return self._extension(self._take(1)[0], size)
        if kind == "bin" and size > _MAX_TEXT_BYTES:
            raise CheckpointUnsupported(f"{size:,} bytes that are not an array", where=self._place)
        data = self._take(size)
        return data if kind == "bin" else data.decode("utf-8", "surrogateescape")

    def _kind(self, code: int) -> tuple[str, int]:
        if code in _SIZED:
            kind, width = _SIZED[code]
            return kind, int.from_bytes(self._take(width), "big")
        if 0xD4 <= code <= 0xD8:
            return "ext", 1 << (code - 0xD4)
        for first, last, kind in ((0x80, 0x8F, "map"), (0x90, 0x9F, "array"), (0xA0, 0xBF, "str")):
            if first <= code <= last:
                return kind, code - first
        raise CheckpointDamaged("not valid MessagePack", where=self._place - 1)

    def _key(self) -> str:
        key = self.item(MAX_DEPTH)  # a text or a number: it holds nothing
        if not isinstance(key, (str, int)):
            raise CheckpointDamaged("a key that is not a text", where=self._place)
        return str(key)

    def _counted(self, most: int, count: int) -> range:
        """`range(count)`, if as many items can be in the bytes that are left."""
        if most > self._file.size - self._place:
            raise CheckpointDamaged("more items than bytes", where=self._place)
        return range(count)

    def _extension(self, kind: int, size: int) -> Any:
        end = self._place + size
        if end > self._file.size:
            raise CheckpointDamaged(
                "an array that runs past the end of the file", where=self._place
            )
        if kind == _COMPLEX:
            found = self.item(MAX_DEPTH - 1)
            numbers = found if isinstance(found, list) else []
            is_complex = len(numbers) == 2 and all(isinstance(n, (int, float)) for n in numbers)
            value: Any = complex(*numbers) if is_complex else None
        elif kind in (_ARRAY, _SCALAR):
            value = self._array()
        else:
            raise CheckpointUnsupported(f"an extension of an unknown kind ({kind})")
        if self._place != end or value is None:
            raise CheckpointDamaged("an array that is not described", where=self._place)
        return value

    def _array(self) -> Value | None:
        if self._kind(self._take(1)[0]) != ("array", 3):
            return None
        sizes, name = self.item(MAX_DEPTH - 1), self.item(MAX_DEPTH)
        kind, size = self._kind(self._take(1)[0])
        if not isinstance(sizes, list) or not isinstance(name, str) or kind != "bin":
            return None
        value = Value(foreign_dtypes.of_name(name), checked_shape(sizes, "an array"),
                      ((self._place, size),))  # fmt: skip
        self._place += size
        return value

    def _take(self, count: int) -> bytes:
        start = self._place
        if start + count > self._file.size:
            raise CheckpointDamaged("it ends early", where=self._file.size)
        self._place += count
        if count > _BLOCK_BYTES:
            return self._file.read_at(start, count)
        if not self._start <= start <= self._start + len(self._block) - count:
            self._start = start
            self._block = self._file.read_at(start, min(_BLOCK_BYTES, self._file.size - start))
        return self._block[start - self._start : start - self._start + count]
