"""NumPy arrays of stored bytes: element types, byte order, and slices put together.

NumPy and ml_dtypes come with the extra `values`, and are imported on first use.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from ckptls.checkpoint.core.dtypes import STRING
from ckptls.checkpoint.core.errors import CheckpointDamaged, CheckpointUnsupported
from ckptls.checkpoint.core.types import Extents, Shape

TYPE_CHECKING = False  # as typing's, without importing typing
if TYPE_CHECKING:
    from types import ModuleType

    import numpy as np

_INSTALL = "install it: pip install 'ckptls[values]'"
_INTEGERS = tuple(f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64))
_FLOATS = ("float16", "float32", "float64", "complex64", "complex128")
_PLAIN = frozenset((*_INTEGERS, *_FLOATS, "bool"))
_OF_ML_DTYPES = frozenset(("bfloat16", "int4", "uint4", "int2", "uint2", "float4_e2m1fn"))


@lru_cache(maxsize=1)
def load_numpy() -> ModuleType:
    """NumPy.

    Raises:
        CheckpointUnsupported: it is not installed.
    """
    try:
        import numpy
    except ImportError:
        raise CheckpointUnsupported("values are read with NumPy", hint=_INSTALL) from None
    return numpy


@lru_cache(maxsize=256)
def numpy_dtype(dtype: str) -> np.dtype:
    """The type of NumPy in which `tf.train.load_variable` returns an element type.

    Quantized integers are integers; strings are objects of type `bytes`.

    Raises:
        CheckpointUnsupported: it has no values to show, or a library is missing or too old.
    """
    numpy = load_numpy()
    base = dtype.removesuffix("_ref")
    if base == STRING:
        return numpy.dtype(object)  # type: ignore[no-any-return]
    if base.removeprefix("q") in _PLAIN:
        return numpy.dtype(base.removeprefix("q"))  # type: ignore[no-any-return]
    if base in _OF_ML_DTYPES or base.startswith("float8_"):
        return _of_ml_dtypes(base)
    raise CheckpointUnsupported(f"values of type {dtype} cannot be read as numbers")


def _of_ml_dtypes(name: str) -> np.dtype:
    numpy = load_numpy()
    try:
        import ml_dtypes

        return numpy.dtype(getattr(ml_dtypes, name))  # type: ignore[no-any-return]
    except ImportError:
        raise CheckpointUnsupported(f"{name} is read with ml_dtypes", hint=_INSTALL) from None
    except AttributeError:
        hint = "update it: pip install --upgrade ml_dtypes"
        raise CheckpointUnsupported(f"this ml_dtypes does not know {name}", hint=hint) from None


def array_of(raw: np.ndarray, dtype: str, shape: Shape, *, is_big_endian: bool) -> np.ndarray:
    """The stored bytes `raw` as an array, in this machine's byte order; a view where it can be."""
    import sys

    values = raw.view(numpy_dtype(dtype))
    if is_big_endian != (sys.byteorder == "big"):
        part_bytes = values.dtype.itemsize // (2 if values.dtype.kind == "c" else 1)
        values = raw.view(f"u{part_bytes}").byteswap().view(values.dtype)
    return shaped(values, shape)


def shaped(values: np.ndarray, shape: Shape) -> np.ndarray:
    """`values` in `shape`, which has as many elements."""
    try:
        return values.reshape(shape)
    except (ValueError, OverflowError):
        raise CheckpointUnsupported(
            f"NumPy has no arrays of {len(shape)} dimensions such as these"
        ) from None


def assembled(shape: Shape, dtype: str, parts: Iterable[tuple[Extents, np.ndarray]]) -> np.ndarray:
    """One array of slices, whose extents are resolved and pass `slices.check_cover`.

    Raises:
        CheckpointDamaged: they leave out a part of it, so that others overlap.
    """
    numpy = load_numpy()
    try:
        values: np.ndarray = numpy.empty(shape, numpy_dtype(dtype))
    except ValueError:
        raise CheckpointUnsupported(
            f"NumPy has no arrays of {len(shape)} dimensions such as these"
        ) from None
    is_filled = numpy.zeros(shape, bool)
    for extents, part in parts:
        place = tuple(slice(start, start + length) for start, length in extents)
        values[place] = part
        is_filled[place] = True
    if not is_filled.all():
        raise CheckpointDamaged("its slices overlap, and leave out a part of it")
    return values
