"""What the commands share for printing: names that are safe to show, sizes, columns, tables.

Nothing is imported here that a listing in a pipe would have to wait for.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence

from ckptls.checkpoint.core.printable import printable

TYPE_CHECKING = False  # as typing's, without importing typing
if TYPE_CHECKING:
    from argparse import ArgumentParser

    from rich.console import Console
    from rich.table import Table

    from ckptls.checkpoint.model.checkpoint import Checkpoint

FORMATS = ("text", "table", "json")

_WRITTEN_AT_ONCE = 4096


def chosen_format(asked: str | None) -> str:
    """The format that was asked for; else a table on a terminal, text elsewhere."""
    return asked or ("table" if sys.stdout.isatty() else "text")


def size_text(count: int) -> str:
    """A number of bytes as people say it: `553 MB`."""
    amount = float(count)
    for unit in ("bytes", "kB", "MB", "GB"):
        if amount < 999.5:
            return f"{amount:.3g} {unit}" if unit != "bytes" else f"{count} bytes"
        amount /= 1000
    return f"{amount:,.0f} TB" if amount >= 100 else f"{amount:.3g} TB"


def format_count(count: int, what: str) -> str:
    """`1 variable`, `1,024 variables`."""
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def note(text: str) -> None:
    """Say something beside the output, on standard error."""
    sys.stdout.flush()
    print(f"ckptls: {printable(text)}", file=sys.stderr)


def note_problems(checkpoint: Checkpoint) -> None:
    """Say what is wrong with a checkpoint although it could be listed, on standard error."""
    for problem in checkpoint.problems:
        kind = "note: " if problem.is_note else ""
        note(f"{checkpoint.prefix}: {kind}{problem.sentence}")
    lost = _lost_data(checkpoint)
    if lost:
        note(f"{checkpoint.prefix}: {lost}")


def problems_of(checkpoint: Checkpoint) -> list[str]:
    """What is wrong with a checkpoint although it could be listed; what is merely odd is not.

    The data files are looked at too, however large they are.
    """
    from ckptls.checkpoint.data_files import loss_of, needs_of

    problems = [each.sentence for each in checkpoint.problems if not each.is_note]
    needs = needs_of(checkpoint)
    loss = loss_of(needs) if needs is not None else None
    return problems if loss is None else [*problems, loss.what]


def _lost_data(checkpoint: Checkpoint) -> str:
    """That the data file is a pointer of Git LFS, no file, or all but empty: the listing is whole,
    but nothing can be restored. Empty if that is not so, or there is no such file."""
    from ckptls.checkpoint.core.types import Format
    from ckptls.checkpoint.storage.filesystem import is_file, stamp_of
    from ckptls.checkpoint.storage.foreign_files import POINTER_BYTES

    if checkpoint.format is not Format.V2:
        return ""
    stamp = stamp_of(f"{checkpoint.prefix}.data-00000-of-00001")
    if stamp is None or (stamp[2] >= POINTER_BYTES and is_file(stamp[0])):
        return ""
    from ckptls.checkpoint.data_files import loss_of, needs_of

    needs = needs_of(checkpoint)
    loss = loss_of(needs) if needs is not None else None
    return loss.what if loss is not None else ""


def write_lines(lines: Sequence[str]) -> None:
    """Write lines, which end in a line feed, to standard output.

    What its encoding does not have is written as an escape.
    """
    sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    for start in range(0, len(lines), _WRITTEN_AT_ONCE):
        sys.stdout.write("".join(lines[start : start + _WRITTEN_AT_ONCE]))


def align_columns(rows: Sequence[Sequence[str]], right: Iterable[int] = ()) -> list[str]:
    """Rows of cells as lines in columns, two spaces apart; those in `right` end flush."""
    flush = frozenset(right)
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        cells = [
            cell.rjust(width) if i in flush else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(cells).rstrip() + "\n")
    return lines


def write_json(value: object) -> None:
    """Write one JSON document; of an array each item has its line."""
    from json import dumps

    if isinstance(value, list):
        sys.stdout.write("[" + ",\n ".join(map(dumps, value)) + "]\n")
    else:
        sys.stdout.write(dumps(value, indent=2) + "\n")


def add_checkpoint(parser: ArgumentParser) -> None:
    """Add the argument CKPT."""
    parser.add_argument(
        "checkpoint",
        metavar="CKPT",
        help="a prefix such as run/model.ckpt-100, one of its files, or a directory",
    )


def add_format(parser: ArgumentParser) -> None:
    """Add the option `--format`, for which there is `chosen_format`."""
    parser.add_argument("--format", choices=FORMATS, help="default: table on a terminal, else text")


def add_no_slots(parser: ArgumentParser) -> None:
    """Add the option `--no-slots`, for which there is `own_variables`."""
    parser.add_argument(
        "--no-slots",
        action="store_true",
        help="leave out what optimizers, moving averages and savers keep",
    )


def own_variables(checkpoint: Checkpoint) -> Checkpoint:
    """The checkpoint with the model's own variables alone, as `--no-slots` wants it."""
    from ckptls.checkpoint.compare.selection import without_slots

    return without_slots(checkpoint)


def new_table(*columns: str, right: Iterable[str] = ()) -> Table:
    """A table with a headline and no lines, whose columns in `right` are numbers."""
    from rich.table import Table

    numbers = frozenset(right)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for i, name in enumerate(columns):
        style = {"dtype": "cyan", "shape": "green"}.get(name)
        justify = "right" if name in numbers else "left"
        table.add_column(name, style=style, justify=justify, overflow="fold", no_wrap=i > 0 or None)  # type: ignore[arg-type]
    return table


def new_console() -> Console:
    """Standard output as rich knows it, with the colours that the environment wants."""
    from rich.console import Console

    class OutputConsole(Console):
        """A console that leaves a reader who went away to `main`; rich's would exit with 1."""

        def on_broken_pipe(self) -> None:
            raise BrokenPipeError

    sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    return OutputConsole(file=sys.stdout, highlight=False)
