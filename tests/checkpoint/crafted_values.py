"""Checkpoints with values, written without TensorFlow and without the code under test."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import ml_dtypes
import numpy as np

from checkpoint import crafted

DTYPES = {
    "float32": 1, "float64": 2, "int32": 3, "uint8": 4, "int16": 5, "int8": 6, "object": 7,
    "complex64": 8, "int64": 9, "bool": 10, "bfloat16": 14, "uint16": 17, "complex128": 18,
    "float16": 19, "uint32": 22, "uint64": 23, "int4": 29,
}  # fmt: skip
FULL = (0, -1)


@dataclass(frozen=True)
class Part:
    """One slice of a partitioned variable: (start, length) a dimension, and its values."""

    extents: tuple[tuple[int, int], ...]
    values: np.ndarray


def bfloat16(values: Sequence[float]) -> np.ndarray:
    return np.array(values, ml_dtypes.bfloat16)


def strings(*texts: bytes) -> np.ndarray:
    values = np.empty(len(texts), object)
    values[:] = texts
    return values


def stored_strings(values: np.ndarray) -> tuple[bytes, int]:
    """The bytes of a tensor of strings, and its checksum, which is not over those bytes."""
    texts = values.reshape(-1).tolist()
    lengths = b"".join(len(text).to_bytes(4, "little") for text in texts)
    inner = crafted.masked_crc(lengths).to_bytes(4, "little")
    head = b"".join(crafted.varint(len(text)) for text in texts)
    content = b"".join(texts)
    return head + inner + content, crafted.masked_crc(lengths + inner + content)


def stored(values: np.ndarray) -> tuple[bytes, int]:
    if values.dtype == object:
        return stored_strings(values)
    data = values.tobytes()
    return data, crafted.masked_crc(data)


def slice_key(name: str, extents: Sequence[tuple[int, int]]) -> bytes:
    """For names without special bytes, and numbers from -64 to 63."""
    numbers = bytes(0x80 + n if n >= 0 else 0x7F - ~n for extent in extents for n in extent)
    rank = bytes([1, len(extents)]) if extents else b"\0"
    return b"\0" + name.encode() + b"\0\1" + rank + numbers


def slice_message(extents: Sequence[tuple[int, int]]) -> bytes:
    out = b""
    for start, length in extents:
        body = crafted.number_field(1, start) if start else b""
        out += crafted.bytes_field(
            1, body + (crafted.number_field(2, length) if length >= 0 else b"")
        )
    return out


def entry(values: np.ndarray, shard: int, offset: int, size: int, crc: int) -> bytes:
    out = crafted.number_field(1, DTYPES[values.dtype.name])
    out += crafted.bytes_field(2, crafted.shape_message(values.shape))
    for field, number in ((3, shard), (4, offset), (5, size)):
        if number:
            out += crafted.number_field(field, number)
    return out + crafted.fixed32_field(6, crc)


def full_entry(shape: Sequence[int], dtype: str, parts: Sequence[Part]) -> bytes:
    out = crafted.number_field(1, DTYPES[dtype])
    out += crafted.bytes_field(2, crafted.shape_message(shape))
    return out + b"".join(crafted.bytes_field(7, slice_message(part.extents)) for part in parts)


def data_file(prefix: Path | str, shard: int = 0, shards: int = 1) -> Path:
    return Path(f"{prefix}.data-{shard:05d}-of-{shards:05d}")


def bundle(
    prefix: Path,
    variables: Mapping[str, np.ndarray],
    partitioned: Mapping[str, tuple[Sequence[int], Sequence[Part]]] | None = None,
    shards: int = 1,
    head: bytes | None = None,
    knobs: crafted.Knobs = crafted.PLAIN,
) -> str:
    """A V2 checkpoint; variables go to the shards in turn. Its prefix."""
    data = [b""] * shards
    entries = [(b"", crafted.header(shards) if head is None else head)]
    turn = 0

    def add(key: bytes, values: np.ndarray) -> None:
        nonlocal turn
        content, crc = stored(values)
        shard = turn % shards
        entries.append((key, entry(values, shard, len(data[shard]), len(content), crc)))
        data[shard] += content
        turn += 1

    for name, (shape, parts) in (partitioned or {}).items():
        for part in parts:
            add(slice_key(name, part.extents), part.values)
        dtype = parts[0].values.dtype.name
        entries.append((name.encode(), full_entry(shape, dtype, parts)))
    for name, values in variables.items():
        add(name.encode(), np.asarray(values))
    Path(f"{prefix}.index").write_bytes(crafted.table(sorted(entries), knobs))
    for shard, content in enumerate(data):
        data_file(prefix, shard, shards).write_bytes(content)
    return str(prefix)


def tensor_message(values: np.ndarray) -> bytes:
    """A TensorProto with a typed list, as V1 checkpoints have it."""
    kind = values.dtype.name
    flat = values.reshape(-1)
    if kind == "object":
        return b"".join(crafted.bytes_field(8, text) for text in flat.tolist())
    if kind in ("float32", "float64", "complex64", "complex128"):
        number = {"float32": 5, "float64": 6, "complex64": 9, "complex128": 12}[kind]
        return crafted.bytes_field(number, flat.tobytes()) if flat.size else b""
    fields = {"int64": 10, "bool": 11, "float16": 13, "bfloat16": 13, "uint32": 16, "uint64": 17}
    numbers = flat.view(np.uint16) if kind in ("float16", "bfloat16") else flat
    packed = b"".join(crafted.varint(int(number)) for number in numbers)
    return crafted.bytes_field(fields.get(kind, 7), packed) if flat.size else b""


def v1_value(name: str, extents: Sequence[tuple[int, int]], tensor: bytes) -> bytes:
    """The value of one entry: a SavedTensorSlices with one SavedSlice."""
    saved = crafted.bytes_field(1, name.encode()) + crafted.bytes_field(2, slice_message(extents))
    return crafted.bytes_field(2, saved + crafted.bytes_field(3, tensor))


def v1_file(variables: Mapping[str, np.ndarray], knobs: crafted.Knobs = crafted.PLAIN) -> bytes:
    """A V1 file of whole variables."""
    listed = [(name, DTYPES[v.dtype.name], v.shape) for name, v in variables.items()]
    tensors = []
    for name, values in variables.items():
        extents = [FULL] * values.ndim
        value = v1_value(name, extents, tensor_message(values))
        tensors.append((slice_key(name, extents), value))
    return crafted.v1(listed, sorted(tensors), knobs)
