"""NumPy's `.npz`: a zip archive with one array a member, each with its own short header.

Only the headers are unpacked to list them. Arrays of Python objects are pickles: they are
listed, and never read.

Source: numpy/lib/format.py (the .npy format, versions 1 to 3).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import prod
from typing import TYPE_CHECKING

from ckptls.checkpoint.arrays import foreign_dtypes
from ckptls.checkpoint.arrays.stored_bytes import CHUNK_BYTES
from ckptls.checkpoint.core.dtypes import STRING
from ckptls.checkpoint.core.errors import CheckpointDamaged, CheckpointError, CheckpointUnsupported
from ckptls.checkpoint.core.limits import checked_shape
from ckptls.checkpoint.core.problem import Problem, make_note
from ckptls.checkpoint.formats.shared import sharded_index
from ckptls.checkpoint.storage.filesystem import open_file
from ckptls.checkpoint.storage.zip_archive import Archive

if TYPE_CHECKING:
    from ckptls.checkpoint.core.types import Kind
    from ckptls.checkpoint.model.contents import Contents
    from ckptls.checkpoint.model.location import Location

MAX_HEADER_BYTES = 10_000
_SUFFIX = ".npy"
_MAGIC = b"\x93NUMPY"
# One item of a header, which is the text of a Python dictionary: three keys, three kinds of value.
_ITEM = re.compile(
    r"""\s* (['"]) (?P<key>descr|fortran_order|shape) \1 \s* : \s*
    (?P<value> '[^'\\]*' | "[^"\\]*" | True | False | \( [\d\sL,]* \) | \[ .*? \]
        (?= \s* ,? \s* (?: \} | ['"](?:fortran_order|shape)['"] ) ) )
    \s* ,? """,
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Header:
    """What the header of one array says; its elements begin `num_bytes` into the member."""

    type_string: str
    is_fortran: bool
    shape: tuple[int, ...]
    num_bytes: int

    @property
    def dtype(self) -> str:
        """TensorFlow's name of the type of its elements."""
        if self.type_string.startswith("["):
            return foreign_dtypes.unknown("structured")
        return foreign_dtypes.of_type_string(self.type_string)


def read(location: Location) -> Contents:
    """The arrays of an archive, named as `numpy.load` names them.

    Raises:
        CheckpointError: a damaged archive or header.
    """
    return sharded_index.listed(location, _found)


def open_values(location: Location, names: Sequence[str] = ()) -> sharded_index.ShardValues:
    """The arrays' values; see `ValueReader`."""
    return sharded_index.ShardValues(location, _Opened)


class _Opened(sharded_index.Shard):
    """One archive, whose members are unpacked when they are asked for."""

    def __init__(self, path: str) -> None:
        self.file = open_file(path)
        try:
            self._archive = Archive(self.file)
        except CheckpointError as error:
            self.file.close()
            raise error.named(path) from None
        self._members = _members(self._archive)
        self.names = self._members.keys()

    def close(self) -> None:
        self._archive.close()
        self.file.close()

    def read(self, name: str) -> foreign_dtypes.Array:
        member = self._members[name]
        is_small = self._archive.size_of(member) <= CHUNK_BYTES
        whole = self._archive.read_array(member) if is_small else None
        header = _header(self._archive, member, whole)
        if header.dtype.startswith("unknown") or header.dtype == "object":
            raise CheckpointUnsupported(f"`{name}` holds {header.dtype} values, which are not read")
        value = _value(self._archive, member, header, whole)
        self.file.check_unchanged_lately()
        return value

    def verify(self, name: str) -> int:
        member = self._members[name]
        header = _header(self._archive, member)
        if header.dtype == "object":
            raise CheckpointDamaged(
                f"`{name}` holds Python objects, which NumPy does not load unless it is told to"
            )
        foreign_dtypes.check_shape(header.shape, name)
        size = self._archive.verify(member)
        kind = _kind(member, header)
        if kind is not None:
            _check_size(self._archive, member, header, kind.itemsize)
        self.file.check_unchanged_lately()
        return size

    def verify_rest(self) -> None:
        self._archive.verify_all(set(self._members.values()))


def parse_header(data: bytes) -> Header:
    """The header at the start of an array's bytes, of which the first 10,012 are enough.

    Raises:
        CheckpointDamaged: there is none, or a broken one.
    """
    if data[:6] != _MAGIC or len(data) < 12:
        raise CheckpointDamaged("no NumPy array")
    if data[6] not in (1, 2, 3):
        raise CheckpointUnsupported(f"a NumPy array of version {data[6]}")
    start = 10 if data[6] == 1 else 12
    count = int.from_bytes(data[8:start], "little")
    if count > MAX_HEADER_BYTES or start + count > len(data):
        raise CheckpointDamaged(f"a NumPy header of {count:,} bytes")
    return _stated(data[start : start + count], start + count)


@lru_cache(maxsize=1000)
def _stated(text: bytes, num_bytes: int) -> Header:
    """What the text of a header says, which many arrays of one archive share."""
    found = _items(text.decode("utf-8", "replace").strip())
    sizes = [size.strip().rstrip("L") for size in found["shape"][1:-1].split(",")]
    if any(len(size) > 20 for size in sizes):
        raise CheckpointDamaged("a NumPy header with an invalid shape")
    try:
        shape = [int(size) for size in sizes if size]
    except ValueError:
        raise CheckpointDamaged("a NumPy header with an invalid shape") from None
    type_string = found["descr"]
    if type_string[0] != "[":
        type_string = type_string[1:-1]
    is_fortran = found["fortran_order"] == "True"
    return Header(type_string, is_fortran, checked_shape(shape, "an array"), num_bytes)


def _items(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    pos = 1
    while match := _ITEM.match(text, pos):
        if match["key"] in found:
            break
        found[match["key"]] = match["value"]
        pos = match.end()
    is_whole = text[:1] == "{" and text[pos:].strip() == "}"
    if not is_whole or len(found) != 3 or not _are_right(found):
        raise CheckpointDamaged("a NumPy header that is not valid")
    return found


def _are_right(found: dict[str, str]) -> bool:
    return (
        found["descr"][0] in "'\"["
        and found["shape"][0] == "("
        and found["fortran_order"] in ("True", "False")
    )


def _found(path: str) -> sharded_index.Found:
    kinds: dict[str, Kind] = {}
    with open_file(path) as file, Archive(file) as archive:
        members = _members(archive)
        for name, member in members.items():
            header = _header(archive, member)
            kinds[name] = header.dtype, header.shape
        known = frozenset(members.values())
        others = [name for name in archive.names if name not in known and not name.endswith("/")]
        file.check_unchanged()
    return kinds, file.stamp, _problems(others)


def _problems(others: Sequence[str]) -> tuple[Problem, ...]:
    if not others:
        return ()
    more = f" and {len(others) - 1:,} more" if others[1:] else ""
    what = "members of the archive that are not arrays are not listed"
    return (make_note("not-listed", f"{what}: `{others[0]}`{more}"),)


def _members(archive: Archive) -> dict[str, str]:
    """name -> member of each array, with or without the ending: NumPy goes by the first bytes."""
    found = {name.removesuffix(_SUFFIX): name for name in archive.names if name.endswith(_SUFFIX)}
    for name in archive.names:
        if not name.endswith((_SUFFIX, "/")) and name not in found and _is_array(archive, name):
            found[name] = name
    return found


def _is_array(archive: Archive, member: str) -> bool:
    try:
        return archive.read_head(member, len(_MAGIC)) == _MAGIC
    except CheckpointError:
        return False


def _header(archive: Archive, member: str, whole: foreign_dtypes.Array | None = None) -> Header:
    try:
        if whole is not None:
            return parse_header(whole[: MAX_HEADER_BYTES + 12].tobytes())
        return parse_header(archive.read_head(member, MAX_HEADER_BYTES + 12))
    except CheckpointDamaged as error:
        raise CheckpointDamaged(f"`{member}`: {error.what}", where=error.where) from None


def _value(
    archive: Archive, member: str, header: Header, whole: foreign_dtypes.Array | None
) -> foreign_dtypes.Array:
    import numpy

    kind = _kind(member, header)
    assert kind is not None
    num_bytes = _check_size(archive, member, header, kind.itemsize)
    data = archive.read_array(member) if whole is None else whole
    data = data[header.num_bytes :][:num_bytes]
    try:
        value: foreign_dtypes.Array = numpy.ndarray(
            header.shape, kind, data.data, order="F" if header.is_fortran else "C"
        )
    except (ValueError, OverflowError):
        foreign_dtypes.check_shape(header.shape, member)
        raise CheckpointDamaged(f"`{member}` is not an array of {kind}") from None
    return value if kind.isnative else value.astype(kind.newbyteorder("="))


def _kind(member: str, header: Header) -> foreign_dtypes.AnyType | None:
    """NumPy's type of the elements; None for structures."""
    import numpy

    if header.dtype == STRING:
        try:
            return numpy.dtype(header.type_string)
        except (TypeError, ValueError, OverflowError):
            raise CheckpointDamaged(f"`{member}` has elements of no known type") from None
    if header.dtype.startswith("unknown"):
        return None
    return foreign_dtypes.numpy_dtype(header.dtype, ">" if header.type_string[0] == ">" else "<")


def _check_size(archive: Archive, member: str, header: Header, item_bytes: int) -> int:
    """How many bytes the elements take, which must all be there; NumPy ignores what follows."""
    num_bytes = prod(header.shape) * item_bytes
    present = archive.size_of(member) - header.num_bytes
    if num_bytes > present:
        raise CheckpointDamaged(
            f"`{member}` has {present:,} bytes of elements, and its header needs {num_bytes:,}"
        )
    return num_bytes
