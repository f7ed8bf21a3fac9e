"""`ckptls show` on a terminal: tables and colours by rich, which respects NO_COLOR."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from ckptls.checkpoint.arrays.summary import ValueSummary
from ckptls.checkpoint.core.printable import printable
from ckptls.checkpoint.model.checkpoint import Variable
from ckptls.cli.commands.show import Shown
from ckptls.cli.commands.show_text import BAR_WIDTH, headline
from ckptls.cli.output.console import new_console
from ckptls.cli.output.numbers import (
    STATISTICS,
    bars,
    corner_title,
    describe_measure,
    format_row,
    statistics,
)

_RARE = ("zeros", "NaN", "Inf")


def print_one(shown: Shown) -> None:
    """One variable with everything."""
    console = new_console()
    name, *facts = headline(shown)
    console.print(Text(name, style="bold"), soft_wrap=True)
    for fact in facts:
        console.print(Text(fact), soft_wrap=True)
    if shown.values is not None:
        _print_values(console, shown.values)


def print_rows(variables: Sequence[Variable], rows: Iterable[Shown]) -> None:
    """A table with a row a variable; headings with nothing but zeros below are left out."""
    blank = ("",) * len(STATISTICS)
    read = [(row, statistics(row.values, 4) if row.values else blank) for row in rows]
    shown = [
        column
        for column, heading in enumerate(STATISTICS)
        if heading not in _RARE or any(figures[column] not in ("", "0%") for _, figures in read)
    ]
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("name", overflow="fold")
    table.add_column("dtype", style="cyan", no_wrap=True)
    table.add_column("shape", style="green", no_wrap=True)
    for column in shown:
        table.add_column(STATISTICS[column], justify="right", no_wrap=True)
    for row, figures in read:
        name, shape = Text(printable(row.variable.name)), Text(str(list(row.variable.shape)))
        table.add_row(name, row.variable.dtype, shape, *(figures[column] for column in shown))
    new_console().print(table)


def _print_values(console: Console, values: ValueSummary) -> None:
    console.print()
    table = Table(box=None, header_style="dim", pad_edge=True)
    for heading in STATISTICS:
        table.add_column(heading, justify="right")
    table.add_row(*statistics(values))
    console.print(table)
    if describe_measure(values):
        console.print(Text(f" {describe_measure(values)}", style="dim"))
    if values.histogram is not None and len(values.histogram.counts) > 1:
        console.print()
        table = Table.grid(padding=(0, 2, 0, 0))
        table.add_column(justify="right", style="dim")
        table.add_column(style="cyan", min_width=min(BAR_WIDTH, max(console.width - 48, 8)))
        table.add_column(justify="right")
        width = min(BAR_WIDTH, max(console.width - 48, 8))
        for label, bar, count in bars(values.histogram, width):
            table.add_row("  " + label, bar, f"{count:,}")
        console.print(table)
    if values.corner:
        console.print()
        console.print(Text(f"  {corner_title(values)}", style="dim"))
        table = Table.grid(padding=(0, 2, 0, 0))
        for _ in values.corner[0]:
            table.add_column(justify="right")
        for row in values.corner:
            table.add_row(*map(Text, format_row(row)))
        console.print(Padding(table, (0, 0, 0, 4)))
