"""An array in a few numbers, held against NumPy's own."""

from __future__ import annotations

import math
import subprocess
import sys

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from ckptls.checkpoint.arrays.summary import CORNER_COLUMNS, CORNER_ROWS, Histogram, summarize

FLOATS = arrays.arrays(
    st.sampled_from([np.float32, np.float64]), arrays.array_shapes(min_dims=0, min_side=0)
)
INTEGERS = arrays.arrays(
    st.sampled_from([np.int8, np.uint8, np.int64, np.uint64]),
    arrays.array_shapes(min_dims=0, min_side=0),
)


@given(array=FLOATS | INTEGERS)
def test_any_array_is_summarized_as_numpy_does(array: np.ndarray) -> None:
    summary = summarize(array)
    finite = array[np.isfinite(array)]
    assert (summary.shape, summary.dtype) == (array.shape, array.dtype.name)
    assert summary.nans == np.isnan(array).sum() / max(array.size, 1)
    assert summary.infs == np.isinf(array).sum() / max(array.size, 1)
    assert summary.zeros == (array == 0).sum() / max(array.size, 1)
    if not finite.size:
        assert (summary.minimum, summary.mean, summary.histogram) == (None, None, None)
        return
    assert (summary.minimum, summary.maximum) == (finite.min(), finite.max())
    assert summary.histogram is not None and sum(summary.histogram.counts) == finite.size
    assert list(summary.histogram.edges) == sorted(summary.histogram.edges)
    assert len(summary.histogram.edges) == len(summary.histogram.counts) + 1
    largest = float(np.abs(finite.astype(np.float64)).max())
    if largest < 1e100:
        tolerance = 1e-9 * largest
        assert math.isclose(summary.mean or 0, finite.mean(dtype=float), abs_tol=tolerance)
        assert math.isclose(summary.std or 0, finite.std(dtype=float), abs_tol=tolerance)


def test_many_values_are_put_together_from_pieces() -> None:
    array = np.random.default_rng(1).normal(3, 2, 2_500_000).astype(np.float32)
    summary = summarize(array)
    assert summary.mean == pytest.approx(array.mean(dtype=np.float64), abs=1e-12)
    assert summary.std == pytest.approx(array.std(dtype=np.float64), abs=1e-12)
    counts, edges = np.histogram(array.astype(np.float64), bins=16)
    assert summary.histogram is not None
    assert summary.histogram.counts == tuple(counts.tolist())
    assert summary.histogram.edges == pytest.approx(edges)


def test_what_is_not_finite_is_counted_and_left_out() -> None:
    summary = summarize(np.array([np.nan, np.inf, -np.inf, 0, 2]))
    assert (summary.minimum, summary.maximum, summary.mean, summary.std) == (0, 2, 1, 1)
    assert (summary.nans, summary.infs, summary.zeros) == (0.2, 0.4, 0.2)


def test_numbers_whose_squares_are_not_finite() -> None:
    summary = summarize(np.array([1e308, -1e308, 1e308]))
    assert summary.mean == pytest.approx(1e308 / 3)
    assert summary.std == pytest.approx(1e308 * (math.sqrt(8) / 3))


def test_whole_numbers_stay_whole() -> None:
    summary = summarize(np.array([2**63 - 1, -(2**63)]))
    assert (summary.minimum, summary.maximum) == (-(2**63), 2**63 - 1)
    assert summarize(np.array([3, 5, 5])).histogram == Histogram((3, 4, 5, 6), (1, 0, 2))


def test_bools_are_zeros_and_ones() -> None:
    summary = summarize(np.array([True, False, True, True]))
    assert (summary.measure, summary.mean, summary.zeros) == ("0 or 1", 0.75, 0.25)
    assert summary.histogram == Histogram((0, 1, 2), (1, 3))


def test_complex_values_are_measured_by_their_magnitude() -> None:
    summary = summarize(np.array([3 + 4j, 0, complex(np.nan, 1)], np.complex64))
    assert (summary.measure, summary.minimum, summary.maximum) == ("magnitude", 0, 5)
    assert summary.nans == pytest.approx(1 / 3)


def test_strings_are_measured_by_their_length() -> None:
    words = np.array([[b"a", b""], [b"abc", b"de"]], object)
    summary = summarize(words)
    assert (summary.dtype, summary.measure, summary.maximum) == ("string", "length", 3)
    assert (summary.zeros, summary.corner) == (0.25, ((b"a", b""), (b"abc", b"de")))


@pytest.mark.parametrize("name", ["bfloat16", "float8_e4m3fn", "int4", "uint4"])
def test_small_types_are_numbers_too(name: str) -> None:
    summary = summarize(np.array([0, 1, 2], getattr(ml_dtypes, name)))
    assert (summary.dtype, summary.minimum, summary.maximum, summary.mean) == (name, 0, 2, 1)
    assert summary.corner == ((0, 1, 2),)
    assert isinstance(summary.maximum, int) == ("int" in name)


def test_nothing_has_no_numbers() -> None:
    summary = summarize(np.zeros((0, 3)))
    assert (summary.minimum, summary.histogram, summary.corner, summary.zeros) == (
        None,
        None,
        (),
        0,
    )


@pytest.mark.parametrize("shape", [(), (100,), (30, 40), (2, 3, 30, 40)])
def test_the_corner_is_where_all_leading_indices_are_zero(shape: tuple[int, ...]) -> None:
    array = np.arange(math.prod(shape)).reshape(shape)
    corner = np.array(summarize(array).corner)
    plane = array.reshape(-1, shape[-1])[: shape[-2]] if len(shape) > 1 else array.reshape(1, -1)
    assert corner.tolist() == plane[:CORNER_ROWS, :CORNER_COLUMNS].tolist()


PEAK = """
import resource, numpy
from ckptls.checkpoint.arrays.summary import summarize
values = numpy.ones(50_000_000, numpy.float32)
summarize(values[:10])
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
summarize(values)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def test_a_large_array_takes_no_memory_of_its_size() -> None:
    done = subprocess.run([sys.executable, "-c", PEAK], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 80_000  # KB, where the array has 200,000 and float64 twice that
