"""`ckptls ls`: the variables of a checkpoint, for a person or for another program."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence

from ckptls.checkpoint.core.printable import printable
from ckptls.checkpoint.model.checkpoint import Checkpoint, Variable
from ckptls.checkpoint.reader import read_checkpoint
from ckptls.cli.output.console import (
    add_checkpoint,
    add_format,
    add_no_slots,
    chosen_format,
    format_count,
    note,
    note_problems,
    own_variables,
    size_text,
    write_lines,
)

TYPE_CHECKING = False  # as typing's, without importing typing
if TYPE_CHECKING:
    from ckptls.checkpoint.model.value_reader import Placement

HELP = "List the variables of a checkpoint: name, dtype and shape of each, sorted by name."

_ORDERS = ("name", "size", "parameters", "shape", "dtype", "offset")


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this command."""
    add_checkpoint(parser)
    parser.add_argument(
        "globs",
        metavar="GLOB",
        nargs="*",
        default=[],
        help="list only names that match one of these, such as '*/weights'; * also matches /",
    )
    add_format(parser)
    parser.add_argument(
        "--sort", choices=_ORDERS, default="name", help="sizes: largest first (default: name)"
    )
    parser.add_argument("--reverse", action="store_true", help="reverse the order")
    parser.add_argument(
        "--long",
        action="store_true",
        help="also parameters, bytes, the file of each value, and its full name if TF2 wrote it",
    )
    add_no_slots(parser)
    parser.add_argument("--names", action="store_true", help="names alone")
    parser.add_argument(
        "--totals", action="store_true", help="print a last line with totals, as in tables"
    )


def run(args: argparse.Namespace) -> int:
    """Print the listing; 0, also if nothing matches."""
    checkpoint = read_checkpoint(args.checkpoint, with_objects=args.long or args.no_slots)
    note_problems(checkpoint)
    if not checkpoint and not checkpoint.problems:
        note(f"{checkpoint.prefix}: it contains no variables")
    listed = own_variables(checkpoint) if args.no_slots else checkpoint
    variables = _select_variables(listed, args.globs) if args.globs else list(listed.variables())
    places = _placements(checkpoint) if args.long or args.sort == "offset" else {}
    if args.sort != "name":
        from ckptls.cli.commands.ls_long import sort_variables

        sort_variables(variables, args.sort, places)
    if args.reverse:
        variables.reverse()
    _print(args, checkpoint, variables, places)
    return 0


def _print(
    args: argparse.Namespace,
    checkpoint: Checkpoint,
    variables: Sequence[Variable],
    places: Mapping[str, Placement],
) -> None:
    shown = chosen_format(args.format)
    if args.names:
        _print_names(variables, shown)
    elif args.long:
        from ckptls.cli.commands.ls_long import PRINTERS

        PRINTERS[shown](checkpoint, variables, places)
    else:
        _PRINTERS[shown](variables)
    if shown != "json" and (args.totals or (shown == "table" and not args.names)):
        _print_totals(checkpoint, variables, shown)


def _placements(checkpoint: Checkpoint) -> dict[str, Placement]:
    from ckptls.checkpoint.data_locations import placements

    return placements(checkpoint)


def _select_variables(checkpoint: Checkpoint, globs: Sequence[str]) -> list[Variable]:
    """Return the variables that any pattern selects; report a pattern that selects none."""
    from ckptls.checkpoint.compare.selection import selected, why_nothing

    for glob in globs:
        reason = why_nothing(checkpoint, glob)
        if reason:
            note(printable(reason))
    return [checkpoint[name] for name in selected(checkpoint.names, globs)]


def _print_text(variables: Sequence[Variable]) -> None:
    """One line a variable, the columns aligned with spaces."""
    names = [printable(variable.name) for variable in variables]
    name_width = max(map(len, names), default=0)
    dtype_width = max((len(variable.dtype) for variable in variables), default=0)
    write_lines(
        [
            f"{name:{name_width}}  {variable.dtype:{dtype_width}}  {list(variable.shape)}\n"
            for name, variable in zip(names, variables, strict=True)
        ]
    )


def _print_json(variables: Sequence[Variable]) -> None:
    """One array of objects, one line each."""
    from ckptls.cli.output.console import write_json

    write_json([{"name": v.name, "dtype": v.dtype, "shape": list(v.shape)} for v in variables])


def _print_table(variables: Sequence[Variable]) -> None:
    """A table for people."""
    from rich.text import Text

    from ckptls.cli.output.console import new_console, new_table

    table = new_table("name", "dtype", "shape", "parameters", right=["parameters"])
    for variable in variables:
        table.add_row(
            Text(printable(variable.name)),
            variable.dtype,
            Text(str(list(variable.shape))),
            f"{variable.num_parameters:,}",
        )
    new_console().print(table)


def _print_names(variables: Sequence[Variable], shown: str) -> None:
    if shown == "json":
        from ckptls.cli.output.console import write_json

        write_json([variable.name for variable in variables])
    else:
        write_lines([printable(variable.name) + "\n" for variable in variables])


def _print_totals(checkpoint: Checkpoint, variables: Sequence[Variable], shown: str) -> None:
    line = _totals(checkpoint, variables)
    if shown == "text":
        write_lines([line + "\n"])
        return
    from rich.text import Text

    from ckptls.cli.output.console import new_console

    new_console().print(Text(line), style="dim", soft_wrap=True)


def _totals(checkpoint: Checkpoint, variables: Sequence[Variable]) -> str:
    parameters = sum(variable.num_parameters for variable in variables)
    size = size_text(sum(variable.num_bytes or 0 for variable in variables))
    count = format_count(len(variables), "variable")
    if len(variables) < len(checkpoint):
        count = f"{len(variables):,} of {format_count(len(checkpoint), 'variable')}"
    where = printable(checkpoint.prefix)
    return f"{count}, {format_count(parameters, 'parameter')}, {size} in {where}"


_PRINTERS: dict[str, Callable[[Sequence[Variable]], None]] = {
    "json": _print_json,
    "table": _print_table,
    "text": _print_text,
}
