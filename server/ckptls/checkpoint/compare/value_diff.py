"""How much the numbers of a variable differ between two checkpoints."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ckptls.checkpoint.model.checkpoint import Checkpoint

TYPE_CHECKING = False  # as typing's, without importing typing
if TYPE_CHECKING:
    import numpy as np

_AT_ONCE = 1 << 20  # elements that are compared at a time, to bound the memory it takes


@dataclass(frozen=True, slots=True)
class ValueDiff:
    """Two arrays of one shape, compared element by element.

    Attributes:
        num_elements: how many elements each has.
        num_different: how many of them differ; NaN equals NaN here, and -0.0 equals 0.0.
        max_absolute: the greatest absolute difference; infinite if one is infinite or NaN
            where the other is not, None if they are no numbers.
        max_relative: the greatest difference in relation to the greater of the two, from 0
            to 2 for real numbers, infinite as above; None if they are no numbers.
    """

    num_elements: int
    num_different: int
    max_absolute: float | None
    max_relative: float | None


def compare_values(before: Checkpoint, name: str, after: Checkpoint, other: str) -> ValueDiff:
    """How the values of `name` in one checkpoint differ from those of `other` in another.

    Both have one dtype and shape.

    Raises:
        CheckpointError: the values of one of them cannot be read, or NumPy is not installed.
    """
    return compare_arrays(before.read(name), after.read(other))


def compare_arrays(first: np.ndarray, second: np.ndarray) -> ValueDiff:
    """How two arrays of one shape and dtype differ."""
    import numpy as np

    is_plain = first.dtype.kind in "biufc" and first.size <= _AT_ONCE
    if is_plain and first.tobytes() == second.tobytes():  # the most frequent case, in less time
        return ValueDiff(first.size, 0, 0.0, 0.0)
    if not _are_numbers(first):
        return ValueDiff(first.size, int(np.count_nonzero(first != second)), None, None)
    count, absolute, relative = 0, 0.0, 0.0
    for one, two in _pieces(first, second):
        differ = one != two
        differ &= ~(np.isnan(one) & np.isnan(two))
        number = int(np.count_nonzero(differ))
        if number:
            count += number
            greatest = _greatest(one[differ], two[differ])
            absolute, relative = max(absolute, greatest[0]), max(relative, greatest[1])
    return ValueDiff(first.size, count, absolute, relative)


def _are_numbers(array: np.ndarray) -> bool:
    """Whether elements are numbers, those of ml_dtypes included, which NumPy calls void."""
    import numpy as np

    if array.dtype == object:
        return False
    try:
        array.reshape(-1)[:1].astype(np.complex128)
    except (TypeError, ValueError):
        return False
    return True


def _pieces(first: np.ndarray, second: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """The two arrays piece by piece, small types as float64."""
    flat, other = first.reshape(-1), second.reshape(-1)
    for start in range(0, flat.size, _AT_ONCE):
        yield _wide(flat[start : start + _AT_ONCE]), _wide(other[start : start + _AT_ONCE])


def _wide(array: np.ndarray) -> np.ndarray:
    import numpy as np

    if array.dtype.kind == "c":
        return array.astype(np.complex128)
    if array.dtype.kind in "iu" and array.dtype.itemsize == 8:
        return array  # float64 does not hold them all
    return array.astype(np.float64)


def _greatest(one: np.ndarray, two: np.ndarray) -> tuple[float, float]:
    """The greatest absolute and relative difference of elements that differ."""
    import numpy as np

    if one.dtype.kind in "iu":
        return _greatest_of_integers(one, two)
    with np.errstate(all="ignore"):
        absolute = np.abs(one - two)
        absolute[np.isnan(absolute)] = np.inf
        relative = absolute / np.maximum(np.abs(one), np.abs(two))
        relative[np.isnan(relative)] = np.inf
    return float(absolute.max()), float(relative.max())


def _greatest_of_integers(one: np.ndarray, two: np.ndarray) -> tuple[float, float]:
    """As `_greatest`, exact where the difference itself would overflow."""
    import numpy as np

    high, low = np.maximum(one, two), np.minimum(one, two)
    absolute = (high.astype(np.uint64) - low.astype(np.uint64)).astype(np.float64)
    scale = np.maximum(np.abs(one.astype(np.float64)), np.abs(two.astype(np.float64)))
    return float(absolute.max()), float((absolute / scale).max())
