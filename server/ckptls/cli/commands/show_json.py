"""`ckptls show --format json`: an object for one variable, an array of them for a scope."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Sequence
from json import dumps

from ckptls.checkpoint.arrays.summary import ValueSummary
from ckptls.checkpoint.model.checkpoint import Variable
from ckptls.cli.commands.show import Shown

_TEXT_BYTES = 1000


def print_one(shown: Shown) -> None:
    """The object of one variable."""
    sys.stdout.write(dumps(_object(shown), indent=1) + "\n")


def print_rows(variables: Sequence[Variable], rows: Iterable[Shown]) -> None:
    """An array, one object a line, each as soon as it is read."""
    before = "["
    for row in rows:
        sys.stdout.write(before + dumps(_object(row)))
        before = ",\n "
    sys.stdout.write("]\n")


def _object(shown: Shown) -> dict[str, object]:
    variable = shown.variable
    return {
        "name": variable.name,
        "dtype": variable.dtype,
        "shape": list(variable.shape),
        "parameters": variable.num_parameters,
        "bytes": variable.num_bytes,
        "checkpoint": shown.checkpoint.prefix,
        "format": shown.checkpoint.format.value,
        "places": [
            {
                "path": place.path,
                "offset_bytes": place.offset_bytes,
                "size_bytes": place.size_bytes,
                "slice": place.extents,
            }
            for place in shown.places
        ],
        "values": None if shown.values is None else _values(shown.values),
    }


def _values(values: ValueSummary) -> dict[str, object]:
    histogram = values.histogram
    return {
        "measure": values.measure,
        "min": values.minimum,
        "max": values.maximum,
        "mean": _plain(values.mean),
        "std": _plain(values.std),
        "zeros": values.zeros,
        "nans": values.nans,
        "infs": values.infs,
        "histogram": histogram and {"edges": histogram.edges, "counts": histogram.counts},
        "corner": [[_plain(value) for value in row] for row in values.corner],
    }


def _plain(value: object) -> object:
    """A value as JSON has it: what is not finite is a text, and complex numbers are pairs."""
    if isinstance(value, bytes):
        return value[:_TEXT_BYTES].decode("utf-8", "backslashreplace")
    if isinstance(value, complex):
        return [_plain(value.real), _plain(value.imag)]
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return value
