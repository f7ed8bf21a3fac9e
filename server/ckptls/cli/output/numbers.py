"""How values, their statistics and their histograms are written, for text and tables alike."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import pairwise

from ckptls.checkpoint.arrays.summary import Cell, Histogram, Number, ValueSummary
from ckptls.checkpoint.core.printable import printable
from ckptls.checkpoint.model.value_reader import Place

_TEXT_CHARACTERS = 60
_EIGHTHS = "▏▎▍▌▋▊▉█"
STATISTICS = ("min", "max", "mean", "std", "zeros", "NaN", "Inf")


def number(value: Number | None, digits: int = 6) -> str:
    """A number with so many digits; whole ones of moderate size are written out."""
    if value is None:
        return "-"
    if isinstance(value, int) and abs(value) < 10**12:
        return str(value)
    return f"{value:.{digits}g}"


def share(fraction: float) -> str:
    """A fraction in per cent: `0`, `12.5%`, and never 0 or 100 for what is only close to it."""
    if fraction in (0.0, 1.0):
        return f"{fraction:.0%}"
    return "<0.01%" if fraction < 0.0001 else ">99.99%" if fraction > 0.9999 else f"{fraction:.2%}"


def statistics(values: ValueSummary, digits: int = 6) -> tuple[str, ...]:
    """The figures under the headings `STATISTICS`, with so many digits."""
    figures = (values.minimum, values.maximum, values.mean, values.std)
    shares = (values.zeros, values.nans, values.infs)
    return (*(number(figure, digits) for figure in figures), *map(share, shares))


def format_row(row: tuple[Cell, ...]) -> list[str]:
    """One row of values; texts are cut off so that a row stays readable."""
    longest = _TEXT_CHARACTERS if len(row) == 1 else _TEXT_CHARACTERS // 4
    return [_cell(value, longest) for value in row]


def describe_measure(values: ValueSummary) -> str:
    """` of the length` where statistics are of something else than the values; else empty."""
    return f" of the {values.measure}" if values.measure in ("length", "magnitude") else ""


def _cell(value: Cell, longest: int) -> str:
    if isinstance(value, bytes):
        value = value[: 4 * longest].decode("utf-8", "backslashreplace")
    if isinstance(value, str):
        text = printable(value)
        return f'"{text}"' if len(text) <= longest else f'"{text[:longest]}..."'
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, complex):
        return f"{value:.4g}"
    return number(value, 4)


def corner_title(values: ValueSummary) -> str:
    """Which values the corner has, as an index: `[0, 0, :5, :6]`."""
    if not values.shape:
        return "value"
    rows = len(values.corner)
    columns = len(values.corner[0]) if values.corner else 0
    taken = (rows, columns) if len(values.shape) > 1 else (columns,)
    sizes = values.shape[-len(taken) :]
    ranges = [":" if n == size else f":{n}" for n, size in zip(taken, sizes, strict=True)]
    return f"values [{', '.join(['0'] * (len(values.shape) - len(taken)) + ranges)}]"


def bars(histogram: Histogram, width: int) -> Iterator[tuple[str, str, int]]:
    """(label, bar, count) of each bin; the fullest one has a bar of `width` characters."""
    most = max(histogram.counts)
    labels = _labels(histogram.edges)
    has_blocks = can_print(_EIGHTHS)
    for label, count in zip(labels, histogram.counts, strict=True):
        eighths = -(-count * width * 8 // most)
        if has_blocks:
            bar = _EIGHTHS[7] * (eighths // 8) + (_EIGHTHS[eighths % 8 - 1] if eighths % 8 else "")
        else:
            bar = "#" * -(-eighths // 8)
        yield label, bar, count


def can_print(text: str) -> bool:
    """Whether standard output has these characters in its encoding."""
    try:
        text.encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return False
    return True


def place(where: Place) -> str:
    """`bytes 256 to 7,168 of model.ckpt.data-00000-of-00001`, before it the slice."""
    path = printable(where.path)
    text = f"in {path}"
    if where.offset_bytes is not None and where.size_bytes is not None:
        end = where.offset_bytes + where.size_bytes
        text = f"bytes {where.offset_bytes:,} to {end:,} of {path}"
    if where.extents is None:
        return text
    ranges = ", ".join(f"{start}:{start + length}" for start, length in where.extents)
    return f"slice [{ranges}]: {text}"


def _labels(edges: tuple[Number, ...]) -> list[str]:
    """What each bin spans; a bin of one whole number is that number."""
    if len(edges) == 2 and edges[0] == edges[1]:
        return [number(edges[0], 4)]
    pairs = list(pairwise(edges))
    if all(isinstance(edge, int) for edge in edges):
        if edges[1] - edges[0] == 1:
            return [number(low) for low, _ in pairs]
        return [f"{low} to {int(high) - 1}" for low, high in pairs]
    width = max(len(number(edge, 4)) for edge in edges)
    return [f"{number(low, 4):>{width}} to {number(high, 4):>{width}}" for low, high in pairs]
