"""`ckptls diff`: what differs between two checkpoints, in names, shapes and numbers."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from ckptls.checkpoint.compare.diff import Diff, compare
from ckptls.checkpoint.compare.rename_groups import RenameGroup, rename_groups
from ckptls.checkpoint.compare.value_diff import ValueDiff, compare_values
from ckptls.checkpoint.core.printable import printable
from ckptls.checkpoint.model.checkpoint import Checkpoint, Variable, num_bytes_of
from ckptls.checkpoint.reader import read_checkpoint
from ckptls.cli.output.console import (
    add_format,
    add_no_slots,
    align_columns,
    chosen_format,
    format_count,
    new_console,
    new_table,
    note,
    note_problems,
    own_variables,
    problems_of,
    write_json,
    write_lines,
)

HELP = """Compare two checkpoints: variables that only one has, that changed shape or dtype, that
probably were renamed, and with --values those whose numbers differ. Exit code 0: the same; 1:
something differs, or one of them has problems; 2: could not run."""

DIFFERENT = 1


@dataclass(frozen=True, slots=True)
class Comparison:
    """All that is printed; `values` are (name, name, difference) of what has other numbers.

    `problems` are sentences about what is wrong with each of the two: nobody knows whether what
    could not be read is the same.
    """

    before: Checkpoint
    after: Checkpoint
    diff: Diff
    groups: list[RenameGroup]
    values: list[tuple[str, str, ValueDiff]]
    has_values: bool
    problems: tuple[list[str], list[str]] = ([], [])

    @property
    def has_problems(self) -> bool:
        """Whether something is wrong with one of the checkpoints."""
        return any(self.problems)

    @property
    def is_same(self) -> bool:
        """Whether nothing differs that was compared, and all could be compared."""
        return self.diff.is_empty and not self.values and not self.has_problems


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this command."""
    parser.add_argument("before", metavar="A", help="a checkpoint, as for `ckptls ls`")
    parser.add_argument("after", metavar="B", help="the checkpoint to compare it with")
    parser.add_argument(
        "--only",
        metavar="GLOB",
        action="append",
        default=[],
        help="only names that match, such as '*/weights'; may be given several times",
    )
    add_no_slots(parser)
    parser.add_argument(
        "--values", action="store_true", help="also compare the numbers (NaN equals NaN)"
    )
    add_format(parser)


def run(args: argparse.Namespace) -> int:
    """Print what differs; 1 if anything does."""
    before, after = _read(args.before), _read(args.after)
    problems = problems_of(before), problems_of(after)
    if args.no_slots:
        before, after = own_variables(before), own_variables(after)
    diff = compare(before, after, args.only)
    values = list(_values(before, after, diff)) if args.values else []
    found = Comparison(
        before,
        after,
        diff,
        rename_groups(diff.renamed),
        values,
        has_values=args.values,
        problems=problems,
    )
    shown = chosen_format(args.format)
    _PRINTERS[shown](found)
    if shown == "text":
        note(_summary(found))
    return 0 if found.is_same else DIFFERENT


def _read(path: str) -> Checkpoint:
    checkpoint = read_checkpoint(path, with_objects=True)
    note_problems(checkpoint)
    return checkpoint


def _values(
    before: Checkpoint, after: Checkpoint, diff: Diff
) -> Iterator[tuple[str, str, ValueDiff]]:
    """What has other numbers, in the order of names; probable renames are compared too."""
    pairs = sorted({*diff.same, *diff.renamed})
    kinds = dict(zip(before.names, before.kinds, strict=True))
    sizes = [num_bytes_of(kinds[name]) or 1 for name, _ in pairs]
    with _progress(sum(sizes)) as advance:
        for (name, other), size in zip(pairs, sizes, strict=True):
            found = compare_values(before, name, after, other)
            if found.num_different:
                yield name, other, found
            advance(size)


@contextmanager
def _progress(total_bytes: int) -> Iterator[Callable[[int], None]]:
    """A bar on standard error, if that is a terminal; yields what moves it on."""
    if not sys.stderr.isatty():
        yield lambda count: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("comparing"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=total_bytes)
        yield lambda count: progress.advance(task, count)


def _kind(variable: Variable) -> str:
    return f"{variable.dtype} {list(variable.shape)}"


def _arrow(name: str, other: str) -> str:
    return printable(name if name == other else f"{name} -> {other}")


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    is_short = value.is_integer() and abs(value) < 1_000_000
    return f"{value:,.0f}" if is_short else f"{value:.3g}"


def _rows(found: Comparison) -> list[tuple[str, str, str]]:
    """(sign, name, what) of every difference."""
    diff = found.diff
    rows = [("-", printable(each.name), _kind(each)) for each in diff.only_before]
    rows += [("+", printable(each.name), _kind(each)) for each in diff.only_after]
    rows += [
        (
            "!",
            _arrow(each.before.name, each.after.name),
            f"{_kind(each.before)} -> {_kind(each.after)}",
        )
        for each in diff.changed
    ]
    rows += [
        (">", _arrow(each.before, each.after), _describe_renamed(found, each))
        for each in found.groups
    ]
    rows += [("~", _arrow(name, other), _difference(each)) for name, other, each in found.values]
    return rows


def _describe_renamed(found: Comparison, group: RenameGroup) -> str:
    if len(group.pairs) == 1:
        return f"probably renamed, {_kind(found.before[group.before])}"
    return f"probably renamed, {format_count(len(group.pairs), 'variable')}"


def _difference(found: ValueDiff) -> str:
    count = f"{found.num_different:,} of {found.num_elements:,} differ"
    if found.max_absolute is None:
        return count
    absolute, relative = _number(found.max_absolute), _number(found.max_relative)
    return f"{count}, by at most {absolute} ({relative} relative)"


def _summary(found: Comparison) -> str:
    diff = found.diff
    parts = [
        f"{len(diff.only_before):,} only in A" if diff.only_before else "",
        f"{len(diff.only_after):,} only in B" if diff.only_after else "",
        f"{len(diff.changed):,} changed" if diff.changed else "",
        f"{len(diff.renamed):,} probably renamed" if diff.renamed else "",
        f"{len(found.values):,} with other numbers" if found.values else "",
    ]
    same = format_count(len(diff.same), "variable")
    kinds = "names, shapes, dtypes and values" if found.has_values else "names, shapes and dtypes"
    full = f", {diff.num_by_full_name:,} of them by full name" if diff.num_by_full_name else ""
    if found.diff.is_empty and not found.values and found.has_problems:
        sides = " and ".join(s for s, p in zip("AB", found.problems, strict=True) if p)
        noun = "which has" if sides in "AB" else "which have"
        return f"no difference in what can be read of {sides}, {noun} problems: {same}{full}"
    if found.is_same:
        return f"no difference: {same} of the same {kinds}{full}"
    return f"{', '.join(part for part in parts if part)}; {same} in both{full}"


def _print_text(found: Comparison) -> None:
    rows = _rows(found)
    lines = align_columns([(f"{sign} {name}", what) for sign, name, what in rows])
    write_lines(lines)


def _print_table(found: Comparison) -> None:
    from rich.text import Text

    titles = {
        "-": ("only in A", "red"),
        "+": ("only in B", "green"),
        "!": ("changed", "yellow"),
        ">": ("probably renamed", "cyan"),
        "~": ("other numbers", "magenta"),
    }
    console = new_console()
    for letter, checkpoint in (("A", found.before), ("B", found.after)):
        text = printable(f"{letter}  {checkpoint.prefix}")
        console.print(Text(text), style="dim", soft_wrap=True)
    rows = _rows(found)
    if rows:
        table = new_table("", "name", "difference")
        for sign, name, what in rows:
            title, style = titles[sign]
            table.add_row(
                Text(title, style=style), Text(name), Text(what.removeprefix("probably renamed, "))
            )
        console.print(table)
    console.print(Text(_summary(found)), style="dim", soft_wrap=True)


def _print_json(found: Comparison) -> None:
    diff = found.diff
    write_json(
        {
            "before": found.before.prefix,
            "after": found.after.prefix,
            "is_same": found.is_same,
            "only_before": [_variable(each) for each in diff.only_before],
            "only_after": [_variable(each) for each in diff.only_after],
            "changed": [
                {"before": _variable(each.before), "after": _variable(each.after)}
                for each in diff.changed
            ],
            "renamed": [{"before": name, "after": other} for name, other in diff.renamed],
            "renamed_patterns": [
                {"before": each.before, "after": each.after, "variables": len(each.pairs)}
                for each in found.groups
            ],
            "same": len(diff.same),
            "same_by_full_name": diff.num_by_full_name,
            "problems": {"before": found.problems[0], "after": found.problems[1]},
            "values": [_value(*each) for each in found.values] if found.has_values else None,
        }
    )


def _variable(variable: Variable) -> dict[str, object]:
    return {"name": variable.name, "dtype": variable.dtype, "shape": list(variable.shape)}


def _value(name: str, other: str, found: ValueDiff) -> dict[str, object]:
    return {
        "before": name,
        "after": other,
        "elements": found.num_elements,
        "different": found.num_different,
        "max_absolute": _json_number(found.max_absolute),
        "max_relative": _json_number(found.max_relative),
    }


def _json_number(value: float | None) -> float | str | None:
    """JSON has no infinity: it is written as a string."""
    return "inf" if value == float("inf") else value


_PRINTERS: dict[str, Callable[[Comparison], None]] = {
    "json": _print_json,
    "table": _print_table,
    "text": _print_text,
}
