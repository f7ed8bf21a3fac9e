"""Element types as other formats name them, in TensorFlow's names, and their values in NumPy.

Naming a type needs no NumPy; the functions that make arrays import it.

Source: numpy.lib.format (type strings), the documentation of ml_dtypes.
"""

from __future__ import annotations

import re
from functools import lru_cache
from math import prod
from typing import TYPE_CHECKING, Any

from ckptls.checkpoint.core.dtypes import STRING, item_bytes
from ckptls.checkpoint.core.errors import CheckpointDamaged, CheckpointUnsupported
from ckptls.checkpoint.core.printable import printable

if TYPE_CHECKING:
    import numpy

    Array = numpy.ndarray[Any, Any]
    AnyType = numpy.dtype[Any]

_TYPE_STRING = re.compile(r"[<>|=]?([a-zA-Z])(\d*)(\[\w+\])?")
_KINDS = {"f": "float", "i": "int", "u": "uint", "c": "complex"}
_KNOWN_TO_NUMPY = re.compile(r"float(16|32|64)|complex(64|128)|u?int(8|16|32|64)|bool")
_RANK_OF_ALL = 32  # NumPy 1 has arrays of so many dimensions, NumPy 2 of 64
# Quantised types are stored as the plain ones; their scale is elsewhere.
_QUANTISED = {"qint8": "int8", "quint8": "uint8", "qint32": "int32"}


def of_type_string(text: str) -> str:
    """TensorFlow's name of the type that NumPy writes as `text`: `<f4` is float32."""
    match = _TYPE_STRING.fullmatch(text)
    if match is None:
        return unknown(text)
    text = text.lstrip("<>|=")
    kind, size = match[1], int(match[2] or 0) if len(match[2]) < 6 else 0
    if kind == "O":
        return "object"
    if kind in "SUa":
        return STRING
    if kind == "b" and size == 1:
        return "bool"
    name = f"{_KINDS.get(kind, '?')}{size * 8}"
    return name if _KNOWN_TO_NUMPY.fullmatch(name) else unknown(text)


def of_name(name: str) -> str:
    """`name` if it is one that TensorFlow has, marked as unknown if not."""
    return name if item_bytes(name) or name in (STRING, "object") else unknown(name)


def unknown(text: str) -> str:
    """How a type is shown that TensorFlow has no name for; safe to print."""
    return f"unknown({printable(text[:64])})"


@lru_cache(maxsize=256)
def numpy_dtype(name: str, byte_order: str = "<") -> AnyType:
    """NumPy's type for one of TensorFlow's names; those that NumPy lacks come from ml_dtypes.

    Raises:
        CheckpointUnsupported: there is none, or ml_dtypes is not installed.
    """
    import numpy

    name = _QUANTISED.get(name, name)
    if _KNOWN_TO_NUMPY.fullmatch(name):
        known: AnyType = numpy.dtype(name).newbyteorder("big" if byte_order == ">" else "little")
        return known
    if not item_bytes(name) or name.startswith(("q", "resource", "variant")):
        raise CheckpointUnsupported(f"values of type {name} are listed, not read")
    from ckptls.checkpoint.core.optional_imports import require

    scalar = getattr(require("ml_dtypes", "values"), name, None)
    if scalar is None:
        raise CheckpointUnsupported(f"values of type {name} are listed, not read")
    found: AnyType = numpy.dtype(scalar)
    return found


def array(data: bytes, dtype: str, shape: tuple[int, ...], byte_order: str = "<") -> Array:
    """The array whose elements lie in `data`, in C order; in the byte order of this machine.

    Raises:
        CheckpointDamaged: `data` has another length than shape and type say.
        CheckpointUnsupported: as `numpy_dtype`; or NumPy has no arrays of such a shape.
    """
    import numpy

    kind = numpy_dtype(dtype, byte_order)
    if len(data) != prod(shape) * kind.itemsize:
        raise CheckpointDamaged(f"{len(data):,} bytes are not {dtype} {list(shape)}")
    return array_of(numpy.frombuffer(bytearray(data), numpy.uint8), dtype, shape, byte_order)


def array_of(raw: Array, dtype: str, shape: tuple[int, ...], byte_order: str = "<") -> Array:
    """As `array`, of bytes that are an array already; a view of them where that is possible."""
    kind = numpy_dtype(dtype, byte_order)
    try:
        value: Array = raw.view(kind).reshape(shape)
    except (ValueError, OverflowError):
        raise _no_such_array(shape) from None
    return value if kind.isnative else value.astype(kind.newbyteorder("="))


def check_shape(shape: tuple[int, ...], name: str) -> None:
    """Make sure that NumPy has arrays of a shape.

    Raises:
        CheckpointDamaged: too many dimensions, or too large ones beside a dimension of 0.
    """
    if len(shape) <= _RANK_OF_ALL and 0 not in shape:
        return
    import numpy

    try:
        numpy.zeros((), "u8").reshape((1,) * len(shape))
        if 0 in shape:
            numpy.empty(0, "u8").reshape(shape)
    except (ValueError, OverflowError):
        error = _no_such_array(shape)
        raise CheckpointDamaged(f"`{name}`: {error.what}") from None


def _no_such_array(shape: tuple[int, ...]) -> CheckpointUnsupported:
    if len(shape) > _RANK_OF_ALL:
        return CheckpointUnsupported(f"NumPy has no arrays of {len(shape)} dimensions")
    return CheckpointUnsupported(f"NumPy has no arrays of the shape {list(shape)}")
