"""What can be said of an array in a few numbers: range, mean, zeros, a histogram, a corner.

An array is gone through twice in pieces, so that a large one does not need its own size in
memory again.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from ckptls.checkpoint.arrays.numpy_arrays import load_numpy
from ckptls.checkpoint.core.dtypes import STRING
from ckptls.checkpoint.core.types import Shape

TYPE_CHECKING = False  # as typing's, without importing typing
if TYPE_CHECKING:
    import numpy as np

BINS = 16
CORNER_ROWS = 5
CORNER_COLUMNS = 6
_PIECE = 1 << 20  # elements
_HUGE = 1e100  # numbers beyond this are scaled, since their squares are not finite

Number = int | float
# A value as Python has it: bytes of a string, complex as it is.
Cell = int | float | bool | complex | bytes | str


@dataclass(frozen=True, slots=True)
class Histogram:
    """How many values lie between one edge and the next; the last edge belongs to its bin."""

    edges: tuple[Number, ...]
    counts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ValueSummary:
    """An array in a few numbers.

    Attributes:
        shape: of the array.
        dtype: the name of its element type; `string` for strings.
        measure: what the numbers below are of: the `value`, the `magnitude` of complex
            values, the `length` of strings in bytes, or `0 or 1` of bools.
        minimum, maximum: over the finite values; None if there is none.
        mean, std: over the finite values, in float64; std is that of the whole population.
        zeros, nans, infs: as fractions of all values, 0 to 1; an empty string is a zero.
        histogram: of the finite values; None if there is none.
        corner: the first values, in rows of the last dimension; all leading indices are 0.
    """

    shape: Shape
    dtype: str
    measure: str
    minimum: Number | None
    maximum: Number | None
    mean: float | None
    std: float | None
    zeros: float
    nans: float
    infs: float
    histogram: Histogram | None
    corner: tuple[tuple[Cell, ...], ...]


@dataclass(slots=True)
class _Counts:
    """What the first pass finds."""

    finite: int = 0
    zeros: int = 0
    nans: int = 0
    infs: int = 0
    minimum: Number = math.inf
    maximum: Number = -math.inf


def summarize(array: np.ndarray) -> ValueSummary:
    """An array of any type that `values.read_value` returns, in a few numbers."""
    if array.dtype.kind in "SU":
        array = array.astype(object)
    counts = _count(array)
    total = max(array.size, 1)
    mean = std = histogram = None
    if counts.finite:
        mean, std, histogram = _spread(array, counts)
    return ValueSummary(
        array.shape,
        STRING if array.dtype.kind == "O" else array.dtype.name,
        _measure(array.dtype),
        counts.minimum if counts.finite else None,
        counts.maximum if counts.finite else None,
        mean,
        std,
        counts.zeros / total,
        counts.nans / total,
        counts.infs / total,
        histogram,
        _corner(array),
    )


def _measure(dtype: np.dtype) -> str:
    return {"O": "length", "c": "magnitude", "b": "0 or 1"}.get(dtype.kind, "value")


def _is_whole(dtype: np.dtype) -> bool:
    """Whether what is measured are whole numbers."""
    return dtype.kind in "iubO" or "int" in dtype.name


def _pieces(array: np.ndarray) -> Iterator[np.ndarray]:
    """The measure of all values, some at a time: integers as they are, else float64."""
    numpy = load_numpy()
    flat = array.reshape(-1)
    for start in range(0, flat.size, _PIECE):
        piece = flat[start : start + _PIECE]
        kind = piece.dtype.kind
        if kind == "O":
            yield numpy.fromiter(map(len, piece), numpy.int64, len(piece))
        elif kind == "b":
            yield (piece.view(numpy.uint8) != 0).astype(numpy.int64)
        elif kind in "iu":
            yield piece
        elif kind == "c":
            yield numpy.abs(piece.astype(numpy.complex128))
        else:
            yield piece.astype(numpy.int64 if _is_whole(piece.dtype) else numpy.float64)


def _count(array: np.ndarray) -> _Counts:
    numpy = load_numpy()
    counts = _Counts()
    for piece in _pieces(array):
        values = piece
        if piece.dtype.kind == "f":
            is_finite = numpy.isfinite(piece)
            if not is_finite.all():
                counts.nans += int(numpy.isnan(piece).sum())
                values = piece[is_finite]
        counts.zeros += len(values) - int(numpy.count_nonzero(values))
        counts.finite += len(values)
        if len(values):
            counts.minimum = min(counts.minimum, values.min().item())
            counts.maximum = max(counts.maximum, values.max().item())
    counts.infs = array.size - counts.finite - counts.nans
    return counts


def _spread(array: np.ndarray, counts: _Counts) -> tuple[float, float, Histogram]:
    """Mean, standard deviation and histogram of the finite values.

    The pieces' means and squares are put together as Chan, Golub and LeVeque have it.
    """
    numpy = load_numpy()
    largest = max(abs(float(counts.minimum)), abs(float(counts.maximum)))
    scale = largest if largest > _HUGE else 1.0
    edges = _edges(counts, scale, is_whole=_is_whole(array.dtype))
    bins = len(edges) - 1
    between = (float(edges[0]) / scale, float(edges[-1]) / scale)
    found = numpy.zeros(bins, numpy.int64)
    seen, mean, squares = 0, 0.0, 0.0
    for piece in _pieces(array):
        values = piece.astype(numpy.float64)
        if counts.finite < array.size:
            values = values[numpy.isfinite(values)]
        if scale != 1:
            values /= scale
        if not len(values):
            continue
        found += numpy.histogram(values, bins, between)[0] if bins > 1 else len(values)
        own = float(values.mean())
        values -= own
        own_squares = float((values * values).sum())
        both = seen + len(values)
        squares += own_squares + (own - mean) ** 2 * seen * len(values) / both
        mean += (own - mean) * len(values) / both
        seen = both
    std = math.sqrt(squares / seen) * scale
    return mean * scale, std, Histogram(tuple(edges), tuple(found.tolist()))


def _edges(counts: _Counts, scale: float, *, is_whole: bool) -> list[Number]:
    """The edges of at most `BINS` bins of one width; whole numbers get whole edges.

    Where float64 cannot tell such edges apart there is one bin.
    """
    low, high = counts.minimum, counts.maximum
    if is_whole:
        width = (int(high) - int(low)) // BINS + 1
        bins = (int(high) - int(low)) // width + 1
        edges: list[Number] = [int(low) + i * width for i in range(bins + 1)]
    else:
        low, high = float(low) / scale, float(high) / scale
        edges = [low, *(low + (high - low) / BINS * i for i in range(1, BINS)), high]
        edges = [edge * scale for edge in edges]
    as_floats = [float(edge) / scale for edge in edges]
    is_ascending = all(one < other for one, other in pairwise(as_floats))
    return edges if is_ascending else [counts.minimum, counts.maximum]


def _corner(array: np.ndarray) -> tuple[tuple[Cell, ...], ...]:
    """The first rows and columns of the last two dimensions, at index 0 of all before."""
    if array.size == 0:
        return ()
    if array.ndim < 2:
        return (tuple(array.reshape(-1)[:CORNER_COLUMNS].tolist()),)
    leading = (0,) * (array.ndim - 2)
    rows = array[leading][:CORNER_ROWS, :CORNER_COLUMNS]
    return tuple(tuple(row) for row in rows.tolist())
