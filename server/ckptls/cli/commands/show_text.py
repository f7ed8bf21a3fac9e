"""The plain text of `ckptls show`: aligned with spaces, without colours."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence

from ckptls.checkpoint.arrays.summary import ValueSummary
from ckptls.checkpoint.core.printable import printable
from ckptls.checkpoint.model.checkpoint import Variable
from ckptls.cli.commands.show import Shown
from ckptls.cli.output.numbers import (
    STATISTICS,
    bars,
    corner_title,
    describe_measure,
    format_row,
    place,
    statistics,
)

BAR_WIDTH = 40
MAX_PLACES = 8
_COLUMN = 11


def print_one(shown: Shown) -> None:
    """One variable with everything."""
    sys.stdout.write("\n".join([*headline(shown), *_values(shown.values)]) + "\n")


def print_rows(variables: Sequence[Variable], rows: Iterable[Shown]) -> None:
    """A row a variable, each as soon as it is read."""
    names = [printable(variable.name) for variable in variables]
    width = max(map(len, names))
    dtype_width = max(len(variable.dtype) for variable in variables)
    shape_width = max(len(str(list(variable.shape))) for variable in variables)
    for row, name in zip(rows, names, strict=True):
        line = f"{name:{width}}  {row.variable.dtype:{dtype_width}}  "
        line += f"{list(row.variable.shape)!s:{shape_width}}"
        if row.values is not None:
            pairs = zip(STATISTICS, statistics(row.values), strict=True)
            line += "".join(f"  {heading} {figure:{_COLUMN}}" for heading, figure in pairs)
        sys.stdout.write(line.rstrip() + "\n")


def headline(shown: Shown) -> list[str]:
    """What the checkpoint says about a variable."""
    variable = shown.variable
    size = "" if variable.num_bytes is None else f", {variable.num_bytes:,} bytes"
    count = variable.num_parameters
    parameters = "1 parameter" if count == 1 else f"{count:,} parameters"
    lines = [
        printable(variable.name),
        f"  {variable.dtype} {list(variable.shape)}, {parameters}{size}",
        f"  checkpoint {printable(shown.checkpoint.prefix)} ({shown.checkpoint.format.value})",
    ]
    lines += [f"  {place(each)}" for each in shown.places[:MAX_PLACES]]
    if len(shown.places) > MAX_PLACES:
        lines.append(f"  and {len(shown.places) - MAX_PLACES:,} slices more")
    return lines


def _values(values: ValueSummary | None) -> Iterator[str]:
    if values is None:
        return
    yield ""
    pairs = zip(STATISTICS, statistics(values), strict=True)
    yield (
        "  "
        + "  ".join(f"{heading} {figure}" for heading, figure in pairs)
        + describe_measure(values)
    )
    if values.histogram is not None and len(values.histogram.counts) > 1:
        yield ""
        rows = list(bars(values.histogram, BAR_WIDTH))
        width = max(len(label) for label, _, _ in rows)
        for label, bar, count in rows:
            yield f"  {label:>{width}}  {bar:{BAR_WIDTH}}  {count:,}"
    if values.corner:
        yield ""
        yield f"  {corner_title(values)}"
        rows_of_text = [format_row(row) for row in values.corner]
        width = max(len(text) for texts in rows_of_text for text in texts)
        for texts in rows_of_text:
            yield "    " + "  ".join(f"{text:>{width}}" for text in texts)
