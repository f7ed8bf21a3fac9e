"""Zarr arrays, versions 2 and 3: what their JSON says, and their elements put together of chunks.

Source: the Zarr specifications (zarr-specs.readthedocs.io): storage format version 2; core
version 3 with the codecs bytes, transpose, gzip, zstd, crc32c and sharding_indexed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product
from math import ceil, prod
from typing import Any

from ckptls.checkpoint.arrays import foreign_dtypes
from ckptls.checkpoint.codecs import zstd_gzip
from ckptls.checkpoint.codecs.crc32c import mask, matches
from ckptls.checkpoint.core.errors import (
    CheckpointDamaged,
    CheckpointTooLarge,
    CheckpointUnsupported,
)
from ckptls.checkpoint.core.limits import checked_shape, json_object

V2_NAME = ".zarray"
V3_NAME = "zarr.json"
MAX_METADATA_BYTES = 1 << 20
MAX_CHUNKS = 1_000_000
_ABSENT = (1 << 64) - 1

Shape = tuple[int, ...]
Codec = tuple[str, dict[str, Any]]
ReadChunk = Callable[[str], "bytes | None"]


@dataclass(frozen=True, slots=True)
class Description:
    """What the JSON of one array says.

    Attributes:
        dtype: TensorFlow's name of it.
        codecs: as in version 3, whose words describe version 2 as well.
        lead, separator: how the keys of chunks are made: `c/0/0` or `0.0`.
    """

    dtype: str
    shape: Shape
    chunks: Shape
    codecs: tuple[Codec, ...]
    fill: Any
    lead: str
    separator: str

    def key_of(self, place: Shape) -> str:
        """The key of the chunk at a place in the grid."""
        parts = [self.lead] if self.lead else []
        parts += [str(number) for number in place]
        return self.separator.join(parts) or "0"


def describe(data: bytes, name: str) -> Description:
    """What `.zarray` or `zarr.json` says of the array `name`.

    Raises:
        CheckpointDamaged: an invalid description.
    """
    stated = json_object(data, f"the description of `{name}`")
    try:
        return _version_3(stated, name) if "data_type" in stated else _version_2(stated, name)
    except (KeyError, TypeError, ValueError, AttributeError, LookupError):
        raise CheckpointDamaged(f"the description of `{name}` lacks something") from None


def value(
    array: Description, read: ReadChunk, name: str, *, is_full: bool = False
) -> foreign_dtypes.Array:
    """All elements of an array; `read` gives the bytes of a chunk by key, None if there are none.

    A chunk that is not stored has the fill value, unless the array `is_full`: then its writer
    stored all of them.

    Raises:
        CheckpointDamaged: chunks that do not hold what they should; a missing one if `is_full`.
        CheckpointUnsupported: a codec or a type that is not read.
    """
    import numpy

    kind = foreign_dtypes.numpy_dtype(array.dtype)
    grid = _grid(array, name)
    result = numpy.full(array.shape, _fill(array.fill, kind), kind)
    for place in product(*map(range, grid)):
        key = array.key_of(place)
        data = read(key)
        if data is None:
            _check_may_be_missing(key, name, is_full=is_full)
            continue
        part = _decoded(data, array.codecs, array.chunks, kind, array.fill)
        _put(result, part, place, array.chunks)
    return result


def verify(array: Description, read: ReadChunk, name: str, *, is_full: bool = False) -> int:
    """Unpack the chunks of an array one by one; how many bytes its elements take.

    Raises:
        CheckpointDamaged: as `value`.
        CheckpointUnsupported: as `value`.
    """
    kind = foreign_dtypes.numpy_dtype(array.dtype)
    foreign_dtypes.check_shape(array.shape, name)
    for place in product(*map(range, _grid(array, name))):
        key = array.key_of(place)
        data = read(key)
        if data is None:
            _check_may_be_missing(key, name, is_full=is_full)
        else:
            _decoded(data, array.codecs, array.chunks, kind, array.fill)
    return prod(array.shape) * kind.itemsize


def _check_may_be_missing(key: str, name: str, *, is_full: bool) -> None:
    if is_full:
        raise CheckpointDamaged(f"chunk `{key}` of `{name}` is missing")


def _grid(array: Description, name: str) -> list[int]:
    """How many chunks there are along each axis."""
    grid = [ceil(size / chunk) for size, chunk in zip(array.shape, array.chunks, strict=True)]
    if prod(grid) > MAX_CHUNKS:
        raise CheckpointTooLarge(f"`{name}` has {prod(grid):,} chunks")
    return grid


def _version_2(stated: dict[str, Any], name: str) -> Description:
    shape = checked_shape(stated["shape"], name)
    codecs: list[Codec] = []
    text = stated["dtype"]
    if not isinstance(text, str):
        text, dtype = "<", foreign_dtypes.unknown("structured")
    elif text[:1] in "<>|":
        dtype = foreign_dtypes.of_type_string(text)
    else:
        dtype = foreign_dtypes.of_name(text)
    if stated.get("order") == "F":
        codecs.append(("transpose", {"order": list(reversed(range(len(shape))))}))
    codecs.append(("bytes", {"endian": "big" if text[0] == ">" else "little"}))
    codecs += [(f"filter {item['id']}", {}) for item in stated.get("filters") or []]
    if stated.get("compressor"):
        codecs.append((str(stated["compressor"]["id"]), {}))
    return Description(
        dtype,
        shape,
        _chunks(stated["chunks"], shape, name),
        tuple(codecs),
        stated.get("fill_value"),
        "",
        str(stated.get("dimension_separator", ".")),
    )


def _version_3(stated: dict[str, Any], name: str) -> Description:
    shape = checked_shape(stated["shape"], name)
    text = stated["data_type"]
    keys = stated["chunk_key_encoding"]
    is_default = keys["name"] == "default"
    separator = keys.get("configuration", {}).get("separator", "/" if is_default else ".")
    return Description(
        foreign_dtypes.of_name(text)
        if isinstance(text, str)
        else foreign_dtypes.unknown("extension"),
        shape,
        _chunks(stated["chunk_grid"]["configuration"]["chunk_shape"], shape, name),
        _codecs(stated["codecs"]),
        stated.get("fill_value"),
        "c" if is_default else "",
        str(separator),
    )


def _codecs(stated: list[dict[str, Any]]) -> tuple[Codec, ...]:
    return tuple((str(codec["name"]), dict(codec.get("configuration", {}))) for codec in stated)


def _chunks(stated: Any, shape: Shape, name: str) -> Shape:
    chunks = checked_shape(stated, name)
    if len(chunks) != len(shape) or 0 in chunks:
        raise CheckpointDamaged(f"the chunks of `{name}` do not fit its shape")
    return chunks


def _decoded(
    data: bytes, codecs: tuple[Codec, ...], shape: Shape, kind: foreign_dtypes.AnyType, fill: Any
) -> foreign_dtypes.Array:
    """The chunk of this shape that `data` holds."""
    most = max(prod(shape) * kind.itemsize * 2, 1 << 16)
    rest = list(codecs)
    while rest:
        name, options = rest.pop()
        if name == "zstd":
            data = zstd_gzip.decoded(data, most)
        elif name in ("gzip", "zlib"):
            data = zstd_gzip.inflated(data, most)
        elif name == "crc32c":
            if not matches(data[:-4], mask(int.from_bytes(data[-4:], "little"))):
                raise CheckpointDamaged("a chunk does not match its checksum")
            data = data[:-4]
        elif name in ("bytes", "sharding_indexed"):
            order = _order(rest, len(shape))
            stored = tuple(shape[axis] for axis in order)
            if name == "bytes":
                part = _plain(data, stored, kind, options)
            else:
                part = _unsharded(data, options, stored, kind, fill)
            back = [order.index(axis) for axis in range(len(shape))]
            whole: foreign_dtypes.Array = part.transpose(back)
            return whole
        else:
            raise CheckpointUnsupported(f"the codec {name[:64]} of a Zarr array is not read")
    raise CheckpointDamaged("a Zarr array whose codecs make no bytes")


def _order(codecs: list[Codec], rank: int) -> list[int]:
    """In which order the axes lie in the bytes, after the `transpose` codecs that are left."""
    axes = list(range(rank))
    for name, options in codecs:
        order = options.get("order")
        if name != "transpose" or not isinstance(order, list) or sorted(order) != axes:
            raise CheckpointUnsupported(f"the codec {name[:64]} of a Zarr array is not read")
        if len(codecs) > 1:
            raise CheckpointUnsupported("a Zarr array that is transposed twice is not read")
        return order
    return axes


def _plain(
    data: bytes, shape: Shape, kind: foreign_dtypes.AnyType, options: dict[str, Any]
) -> foreign_dtypes.Array:
    import numpy

    if len(data) != prod(shape) * kind.itemsize:
        raise CheckpointDamaged(f"a chunk of {len(data):,} bytes is no {kind.name} {list(shape)}")
    part = numpy.frombuffer(bytearray(data), kind).reshape(shape)
    return part.byteswap() if options.get("endian") == "big" else part


def _unsharded(
    data: bytes, options: dict[str, Any], shape: Shape, kind: foreign_dtypes.AnyType, fill: Any
) -> foreign_dtypes.Array:
    """A chunk that consists of chunks, with an index of them at its end or its start."""
    import numpy

    try:
        inner = checked_shape(options["chunk_shape"], "a chunk")
        codecs, index_codecs = _codecs(options["codecs"]), _codecs(options["index_codecs"])
    except (KeyError, TypeError, ValueError, AttributeError):
        raise CheckpointDamaged("a Zarr array whose sharding is not described") from None
    if (
        len(inner) != len(shape)
        or 0 in inner
        or any(s % n for s, n in zip(shape, inner, strict=True))
    ):
        raise CheckpointDamaged("a Zarr array whose inner chunks do not fit")
    grid = [size // chunk for size, chunk in zip(shape, inner, strict=True)]
    places = list(_index(data, options, index_codecs, prod(grid)))
    result = numpy.full(shape, _fill(fill, kind), kind)
    for place, (offset, count) in zip(product(*map(range, grid)), places, strict=True):
        if offset == count == _ABSENT:
            continue
        if offset + count > len(data):
            raise CheckpointDamaged("an inner chunk that runs past its shard")
        part = _decoded(data[offset : offset + count], codecs, inner, kind, fill)
        _put(result, part, place, inner)
    return result


def _index(
    data: bytes, options: dict[str, Any], codecs: tuple[Codec, ...], count: int
) -> Iterator[tuple[int, int]]:
    names = [name for name, _ in codecs]
    if names not in (["bytes"], ["bytes", "crc32c"]) or codecs[0][1].get("endian") == "big":
        raise CheckpointUnsupported("the index of a sharded Zarr array is packed")
    size = 16 * count
    whole = size + 4 * (len(names) - 1)
    if count > MAX_CHUNKS or whole > len(data):
        raise CheckpointDamaged("a shard that is shorter than its index")
    index = data[:size] if options.get("index_location") == "start" else data[-whole:][:size]
    for place in range(0, size, 16):
        yield (
            int.from_bytes(index[place : place + 8], "little"),
            int.from_bytes(index[place + 8 : place + 16], "little"),
        )


def _put(
    result: foreign_dtypes.Array, part: foreign_dtypes.Array, place: Shape, chunks: Shape
) -> None:
    """Put a chunk where it belongs; at the far edges it may reach beyond the array."""
    starts = [number * size for number, size in zip(place, chunks, strict=True)]
    ends = [min(s + n, most) for s, n, most in zip(starts, chunks, result.shape, strict=True)]
    target = tuple(slice(start, end) for start, end in zip(starts, ends, strict=True))
    source = tuple(slice(0, end - start) for start, end in zip(starts, ends, strict=True))
    result[target] = part[source]


def _fill(stated: Any, kind: foreign_dtypes.AnyType) -> Any:
    import numpy

    try:
        number = float(stated) if isinstance(stated, str) else stated or 0
        return numpy.asarray(number).astype(kind)
    except (TypeError, ValueError, OverflowError):
        return numpy.zeros((), kind)
