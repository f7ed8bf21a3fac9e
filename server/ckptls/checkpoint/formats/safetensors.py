"""safetensors: a header in JSON that names the tensors, then their bytes.

Source: github.com/huggingface/safetensors (README, "Format"; safetensors/src/tensor.rs).
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any

from ckptls.checkpoint.arrays import foreign_dtypes
from ckptls.checkpoint.arrays.stored_bytes import CHUNK_BYTES, read_pieces, read_stored
from ckptls.checkpoint.core.errors import (
    CheckpointDamaged,
    CheckpointError,
    CheckpointIncomplete,
    CheckpointUnsupported,
)
from ckptls.checkpoint.core.gc_pause import CollectorPaused
from ckptls.checkpoint.core.limits import checked_shape
from ckptls.checkpoint.core.problem import Problem
from ckptls.checkpoint.formats.shared import sharded_index
from ckptls.checkpoint.storage.filesystem import open_file
from ckptls.checkpoint.storage.local_file import OpenFile

if TYPE_CHECKING:
    from ckptls.checkpoint.core.types import FileStamp, Kind
    from ckptls.checkpoint.model.contents import Contents
    from ckptls.checkpoint.model.location import Location

MAX_HEADER_BYTES = 100_000_000
# The shortest entry has three brackets in fifty bytes; denser ones only cost memory.
_BYTES_PER_BRACKET = 12
_MAX_RECENT = 20_000  # tensors
_RECENT_FILES = 2  # that are compared
_AHEAD_BYTES = 256 << 10
_METADATA = "__metadata__"
# What keeps keys from being counted in the text alone: escapes, blanks before a colon, and what
# Python's JSON has beyond the standard.
_NEEDS_CARE = (b"\\", b'" ', b'"\t', b'"\n', b'"\r', b"NaN", b"Infinity")
_NEGATIVE_ZERO = re.compile(rb"[\[,:\s]-0")

# The format's name of a type -> (TensorFlow's, bits of one element)
_TYPES = {
    "BOOL": ("bool", 8),
    "U8": ("uint8", 8),
    "I8": ("int8", 8),
    "U16": ("uint16", 16),
    "I16": ("int16", 16),
    "U32": ("uint32", 32),
    "I32": ("int32", 32),
    "U64": ("uint64", 64),
    "I64": ("int64", 64),
    "F16": ("float16", 16),
    "BF16": ("bfloat16", 16),
    "F32": ("float32", 32),
    "F64": ("float64", 64),
    "C64": ("complex64", 64),
    "F8_E5M2": ("float8_e5m2", 8),
    "F8_E4M3": ("float8_e4m3fn", 8),
    "F8_E5M2FNUZ": ("float8_e5m2fnuz", 8),
    "F8_E4M3FNUZ": ("float8_e4m3fnuz", 8),
    "F8_E8M0": ("unknown(F8_E8M0)", 8),
    "F6_E2M3": ("unknown(F6_E2M3)", 6),
    "F6_E3M2": ("unknown(F6_E3M2)", 6),
    "F4": ("float4_e2m1fn", 4),
}


@dataclass(frozen=True, slots=True)
class Type:
    """A dtype with a shape, which many tensors share.

    Attributes:
        kind: as a listing has it.
        bits: of one element; 0 for a type that is not known.
        num_bytes: of the tensor; None if the type is not known.
    """

    kind: Kind
    bits: int
    num_bytes: int | None


Tensor = tuple[Type, int, int]  # its bytes are those from the one to the other of the file


@dataclass(frozen=True, slots=True)
class Header:
    """What the header of a file says.

    Attributes:
        tensors: by name, in the order of the header.
        problems: what the format's own library refuses.
    """

    tensors: dict[str, Tensor]
    problems: tuple[Problem, ...] = ()


# The headers that were listed last, but for large ones: values are often read right after that.
_RECENT: dict[FileStamp, Header] = {}


def read(location: Location) -> Contents:
    """The tensors of a file, or of all shards that an index names.

    Raises:
        CheckpointError: a damaged header, or one of over 100 MB.
    """
    return sharded_index.listed(location, _found)


def open_values(location: Location, names: Sequence[str] = ()) -> sharded_index.ShardValues:
    """The tensors' values; see `ValueReader`."""
    return sharded_index.ShardValues(location, _Opened)


class _Opened(sharded_index.Shard):
    """One file and its header."""

    def __init__(self, path: str) -> None:
        import numpy

        self._frombuffer = numpy.frombuffer
        self._small: dict[int, foreign_dtypes.AnyType] = {}
        self._verified = (0, 0)  # the bytes that `verify` read last
        self._shaped: Type | None = None  # whose shape was the last that was looked at
        self.file = open_file(path)
        try:
            recent = _RECENT.pop(self.file.stamp, None)
            self._tensors = (recent or read_header(self.file)).tensors
        except CheckpointError as error:
            self.file.close()
            raise error.named(path) from None
        self.names = self._tensors.keys()

    def read(self, name: str) -> foreign_dtypes.Array:
        kind, start, end = self._tensors[name]
        dtype, shape = kind.kind
        small = self._small.get(id(kind))
        if small is not None:
            # The usual way without what it costs to find out each time that it is right.
            data = bytearray(self.file.read_at(start, end - start))
            self.file.check_unchanged_lately()
            return self._frombuffer(data, small).reshape(shape)
        if kind.bits % 8 or not kind.bits:
            raise CheckpointUnsupported(f"values of type {dtype} are listed, not read")
        value = foreign_dtypes.array_of(read_stored(self.file, start, end - start), dtype, shape)
        self.file.check_unchanged_lately()
        if value.dtype.isnative and 0 < value.nbytes <= CHUNK_BYTES:
            self._small[id(kind)] = value.dtype  # the types live as long as this object
        return value

    def verify(self, name: str) -> int:
        kind, start, end = self._tensors[name]
        if kind is not self._shaped:
            foreign_dtypes.check_shape(kind.kind[1], name)
            self._shaped = kind
        begin, until = self._verified
        if begin <= start and end <= until:
            return end - start
        # One behind the other: the next ones at once, twice as much as was of use before.
        ahead = min(2 * (until - begin), _AHEAD_BYTES) if start == until else 0
        begin, until = start, max(end, min(start + ahead, self.file.size))
        for _ in read_pieces(self.file, begin, until - begin):
            pass
        self.file.check_unchanged_lately()
        self._verified = begin, until
        return end - start


def read_header(file: OpenFile) -> Header:
    """The tensors of an open file by name.

    Raises:
        CheckpointIncomplete: the file ends early.
        CheckpointDamaged: the header is invalid, or contradicts itself or the file.
    """
    if file.size < 8:
        raise CheckpointIncomplete("it ends inside its first 8 bytes", where=file.size)
    count = int.from_bytes(file.read_at(0, 8), "little")
    if count > MAX_HEADER_BYTES:
        raise CheckpointUnsupported(f"a header of {count:,} bytes", where=0)
    if count > file.size - 8:
        raise CheckpointIncomplete("it ends inside its header", where=file.size)
    header = file.read_at(8, count)
    if header.count(b"[") + header.count(b"{") > count // _BYTES_PER_BRACKET + 16:
        raise CheckpointDamaged("its header is not a list of tensors", where=8)
    with CollectorPaused():
        stated, has_metadata = _parsed(header)
        metadata = stated.pop(_METADATA, None)
        tensors, problems = _tensors(stated, 8 + count)
        end = _end(tensors, 8 + count)
    if end > file.size:
        raise CheckpointIncomplete(
            f"it ends early: its tensors need {end:,} bytes", where=file.size
        )
    if has_metadata and not _is_map_of_texts(metadata):
        what = f"`{_METADATA}` is not a map of texts, which the safetensors library needs"
        problems.append(Problem("refused-metadata", what))
    if end < file.size:
        extra = file.size - end
        follow = "byte follows" if extra == 1 else "bytes follow"
        what = f"{extra:,} {follow} the last tensor, which the safetensors library refuses"
        problems.append(Problem("trailing-bytes", what))
    return Header(tensors, tuple(problems))


def _parsed(header: bytes) -> tuple[dict[str, Any], bool]:
    """The object in a header, and whether it has metadata.

    A hook that is called for each object takes longer than all else. Where no string has an
    escape and every key is followed by its colon, the keys can be counted in the text instead:
    as many as there are in the objects, and none occurs twice.
    """
    try:
        text = header.decode("utf-8")
        if not _needs_care(header):
            stated = json.loads(text)
            if isinstance(stated, dict) and header.count(b'":') == _count_keys(stated):
                return stated, _METADATA in stated
        stated = json.loads(
            text, object_pairs_hook=_unique, parse_int=_integer, parse_constant=_refuse
        )
    except (ValueError, RecursionError) as error:
        raise CheckpointDamaged(f"its header is not valid JSON: {error}", where=8) from None
    if not isinstance(stated, dict):
        raise CheckpointDamaged("its header is not a JSON object", where=8)
    for name in stated:
        if not _is_unicode(name):
            raise CheckpointDamaged("a name in its header is not valid Unicode", where=8)
    return stated, _METADATA in stated


def _needs_care(header: bytes) -> bool:
    if any(each in header for each in _NEEDS_CARE):
        return True
    return b"-0" in header and _NEGATIVE_ZERO.search(header) is not None


def _count_keys(stated: dict[str, Any]) -> int:
    return len(stated) + sum(len(entry) for entry in stated.values() if isinstance(entry, dict))


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key occurs twice")
    return found


def _integer(text: str) -> int:
    if text == "-0":
        raise ValueError("-0 is not a size")
    return int(text)


def _refuse(text: str) -> Any:
    raise ValueError(f"{text} is not JSON")


def _is_unicode(name: str) -> bool:
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:  # half of a surrogate pair
        return False
    return True


def _is_map_of_texts(metadata: Any) -> bool:
    if metadata is None:
        return True
    return isinstance(metadata, dict) and all(isinstance(v, str) for v in metadata.values())


def _tensors(stated: dict[str, Any], start: int) -> tuple[dict[str, Tensor], list[Problem]]:
    """The tensors that a header states, whose bytes begin at `start`; and what is odd."""
    tensors: dict[str, Tensor] = {}
    types: dict[tuple[Any, ...], Type] = {}
    problems: list[Problem] = []
    name = ""
    try:
        for name, entry in stated.items():
            code, sizes = entry["dtype"], entry["shape"]
            begin, end = entry["data_offsets"]
            if type(begin) is not int or type(end) is not int or not 0 <= begin <= end:
                raise ValueError
            # True and 1.0 equal 1, and are not sizes.
            key = (code, *sizes, *map(type, sizes))
            kind = types.get(key)
            if kind is None:
                kind = types[key] = _type(code, sizes, name)
                if not kind.bits:
                    what = f"`{name}` is of the type {kind.kind[0]}, which the safetensors library"
                    problems.append(Problem("unknown-dtype", f"{what} does not know"))
            if kind.num_bytes is not None and end - begin != kind.num_bytes:
                dtype, shape = kind.kind
                raise CheckpointDamaged(
                    f"`{name}` has {end - begin:,} bytes, and {dtype} {list(shape)} needs "
                    f"{kind.num_bytes:,}",
                    where=8,
                )
            tensors[name] = kind, start + begin, start + end
    except (KeyError, TypeError, ValueError, AttributeError):
        raise CheckpointDamaged(f"its header has an invalid entry for `{name}`", where=8) from None
    return tensors, problems


def _type(code: Any, sizes: Any, name: str) -> Type:
    if not isinstance(code, str) or not isinstance(sizes, list):
        raise ValueError
    dtype, bits = _TYPES.get(code) or (foreign_dtypes.unknown(code), 0)
    shape = checked_shape(sizes, name)
    count = 1
    for size in shape:  # in the order of the library, which stops before it meets a 0
        count *= size
        if count >> 64:
            raise CheckpointDamaged(f"the shape of `{name}` is too large", where=8)
    if prod(shape) * bits % 8:
        raise CheckpointDamaged(
            f"`{name}`: {dtype} {list(shape)} does not end at a whole byte", where=8
        )
    return Type((dtype, shape), bits, prod(shape) * bits // 8 if bits else None)


def _end(tensors: dict[str, Tensor], start: int) -> int:
    """Where the last tensor ends; they lie one behind the other, without holes."""
    place = start
    spans = sorted((begin, end, name) for name, (_, begin, end) in tensors.items())
    for begin, end, name in spans:
        if begin != place:
            raise CheckpointDamaged(f"`{name}` overlaps another tensor or leaves a hole", where=8)
        place = end
    return place


def _remember(stamp: FileStamp, header: Header) -> None:
    """Keep a header for the values of its file; in one step each, as threads may do so at once."""
    count = len(header.tensors)
    if count > _MAX_RECENT:
        return
    _RECENT.pop(stamp, None)
    _RECENT[stamp] = header
    kept = list(_RECENT.items())
    for place, (before, other) in enumerate(reversed(kept)):
        count += len(other.tensors) if place else 0
        if place >= _RECENT_FILES or count > _MAX_RECENT:
            _RECENT.pop(before, None)


def _found(path: str) -> sharded_index.Found:
    with open_file(path) as file:
        header = read_header(file)
        file.check_unchanged()
    _remember(file.stamp, header)
    kinds = {name: kind.kind for name, (kind, _, _) in header.tensors.items()}
    return kinds, file.stamp, header.problems
