"""safetensors: a header in JSON that names the tensors, then their bytes.

Source: github.com/huggingface/safetensors (README, "Format"; safetensors/src/tensor.rs).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any

from ckptls.checkpoint import elements, shards
from ckptls.checkpoint.errors import CheckpointDamaged, CheckpointIncomplete, CheckpointUnsupported
from ckptls.checkpoint.files import OpenFile, open_file
from ckptls.checkpoint.limits import checked_shape, json_object

if TYPE_CHECKING:
    from ckptls.checkpoint.formats import Contents
    from ckptls.checkpoint.locate import Location

MAX_HEADER_BYTES = 100_000_000
# The shortest entry has three brackets in fifty bytes; denser ones only cost memory.
_BYTES_PER_BRACKET = 12

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
class Tensor:
    """One entry of a header; its bytes are `start` to `end` of the file."""

    dtype: str
    shape: tuple[int, ...]
    start: int
    end: int
    bits: int


def read(location: Location) -> Contents:
    """The tensors of a file, or of all shards that an index names.

    Raises:
        CheckpointError: a damaged header, or one of over 100 MB.
    """
    return shards.listed(location, _found)


def read_value(location: Location, name: str) -> elements.Array:
    """The value of one tensor, from its own bytes alone.

    Raises:
        KeyError: there is none of that name.
        CheckpointError: as `read`; or its type is of less than a byte.
    """
    path = shards.file_of(location, name, _names)
    with open_file(path) as file:
        tensor = read_header(file)[name]
        if tensor.bits % 8:
            raise CheckpointUnsupported(f"values of type {tensor.dtype} are listed, not read")
        data = file.read_at(tensor.start, tensor.end - tensor.start)
        file.check_unchanged()
    return elements.array(data, tensor.dtype, tensor.shape)


def read_header(file: OpenFile) -> dict[str, Tensor]:
    """The tensors of an open file by name.

    Raises:
        CheckpointIncomplete: the file ends early.
        CheckpointDamaged: the header is none, or contradicts itself or the file.
    """
    if file.size < 8:
        raise CheckpointIncomplete("it ends inside its first 8 bytes", where=file.size)
    count = int.from_bytes(file.read_at(0, 8), "little")
    if count > MAX_HEADER_BYTES:
        raise CheckpointDamaged(f"a header of {count:,} bytes", where=0)
    if count > file.size - 8:
        raise CheckpointIncomplete("it ends inside its header", where=file.size)
    header = file.read_at(8, count)
    if header.count(b"[") + header.count(b"{") > count // _BYTES_PER_BRACKET + 16:
        raise CheckpointDamaged("its header is no list of tensors", where=8)
    stated = json_object(header, "its header")
    stated.pop("__metadata__", None)
    start = 8 + count
    tensors = {name: _tensor(name, entry, start) for name, entry in stated.items()}
    _check_layout(tensors, start, file.size)
    return tensors


def _tensor(name: str, entry: Any, start: int) -> Tensor:
    try:
        code, sizes, (begin, end) = entry["dtype"], entry["shape"], entry["data_offsets"]
        dtype, bits = _TYPES.get(code) or (elements.unknown(code), 0)
        shape = checked_shape(sizes, name)
        if type(begin) is not int or type(end) is not int or not 0 <= begin <= end:
            raise ValueError
    except (KeyError, TypeError, ValueError, AttributeError):
        raise CheckpointDamaged(f"its header says nothing sound of `{name}`", where=8) from None
    if bits and (end - begin) * 8 != (prod(shape) * bits + 7) // 8 * 8:
        raise CheckpointDamaged(
            f"`{name}` has {end - begin:,} bytes, which are no {dtype} {list(shape)}", where=8
        )
    return Tensor(dtype, shape, start + begin, start + end, bits)


def _check_layout(tensors: dict[str, Tensor], start: int, file_bytes: int) -> None:
    """Tensors lie one behind the other, without holes, and in the file."""
    place = start
    for name, tensor in sorted(tensors.items(), key=lambda item: (item[1].start, item[1].end)):
        if tensor.start != place:
            raise CheckpointDamaged(f"`{name}` overlaps another tensor or leaves a hole", where=8)
        place = tensor.end
    if place > file_bytes:
        raise CheckpointIncomplete(
            f"it ends early: its tensors need {place:,} bytes", where=file_bytes
        )


def _found(path: str) -> shards.Found:
    with open_file(path) as file:
        tensors = read_header(file)
        file.check_unchanged()
    return {name: (t.dtype, t.shape) for name, t in tensors.items()}, file.stamp, ()


def _names(path: str) -> list[str]:
    with open_file(path) as file:
        return list(read_header(file))
