"""`ckptls show`: the values of a variable in a few numbers, or of all under a scope."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module

from ckptls.checkpoint.core.errors import CheckpointError, VariableNotFound
from ckptls.checkpoint.core.printable import printable
from ckptls.checkpoint.data_locations import places
from ckptls.checkpoint.model.checkpoint import Checkpoint, Variable
from ckptls.checkpoint.model.value_reader import Place
from ckptls.checkpoint.reader import read_checkpoint
from ckptls.cli.output.console import add_checkpoint, add_format, chosen_format, note_problems

TYPE_CHECKING = False  # as typing's, without importing typing
if TYPE_CHECKING:
    from ckptls.checkpoint.arrays.summary import ValueSummary

HELP = """Show one variable: dtype and shape, where it is stored, and its values in a few numbers.

NAME may also be a scope, or a pattern such as '*/weights': then each variable gets one row.
"""

COULD_NOT_READ = 2


@dataclass(frozen=True, slots=True)
class Shown:
    """One variable with all that is to be said of it; no values with `--no-values`."""

    checkpoint: Checkpoint
    variable: Variable
    places: list[Place]
    values: ValueSummary | None


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this command."""
    add_checkpoint(parser)
    parser.add_argument(
        "name",
        metavar="NAME",
        help="a variable; or a scope or a pattern, for one row per variable",
    )
    parser.add_argument(
        "--no-values",
        action="store_true",
        help="only metadata; the data files may be missing",
    )
    add_format(parser)


def run(args: argparse.Namespace) -> int:
    """Print it; 0, or 2 if anything could not be read."""
    checkpoint = read_checkpoint(args.checkpoint)
    note_problems(checkpoint)
    variables = select(checkpoint, args.name)
    shown = chosen_format(args.format)
    printer = import_module(f"ckptls.cli.commands.show_{shown}")
    sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    if args.name in checkpoint:
        printer.print_one(_read(checkpoint, variables[0], has_values=not args.no_values))
        return 0
    errors: list[CheckpointError] = []
    rows = _rows(checkpoint, variables, errors.append, has_values=not args.no_values)
    printer.print_rows(variables, rows)
    sys.stdout.flush()
    for error in errors:
        print(f"ckptls: {printable(str(error))}", file=sys.stderr)
    return COULD_NOT_READ if errors else 0


def select(checkpoint: Checkpoint, name: str) -> list[Variable]:
    """The variable `name`; or those under the scope, or those that fit the pattern.

    Raises:
        VariableNotFound: there is nothing of that kind.
    """
    if name in checkpoint:
        return [checkpoint[name]]
    if checkpoint.tree.has_scope(name):
        return [checkpoint[each] for each in checkpoint.tree.names_under(name)]
    if any(character in name for character in "*?["):
        from fnmatch import translate
        from re import compile as compile_pattern

        matches = compile_pattern(translate(name)).match
        found = [variable for variable in checkpoint.variables() if matches(variable.name)]
        if found:
            return found
    raise _not_found(checkpoint, name)


def _not_found(checkpoint: Checkpoint, name: str) -> VariableNotFound:
    from ckptls.checkpoint.model.suggestions import suggest_scopes
    from ckptls.checkpoint.open_values import variable_not_found

    error = variable_not_found(checkpoint, name)
    scopes = suggest_scopes(checkpoint, name) if name.strip("/") else []
    if scopes and (name.endswith("/") or not error.candidates):
        shown = " or ".join(f"`{scope}/`" for scope in scopes)
        return VariableNotFound(error.what, error.path, f"did you mean {shown}?", tuple(scopes))
    return error


def _read(checkpoint: Checkpoint, variable: Variable, *, has_values: bool) -> Shown:
    where = places(checkpoint, variable)
    if not has_values:
        return Shown(checkpoint, variable, where, None)
    from ckptls.checkpoint.arrays.summary import summarize
    from ckptls.checkpoint.open_values import read_value

    return Shown(checkpoint, variable, where, summarize(read_value(checkpoint, variable.name)))


def _rows(
    checkpoint: Checkpoint,
    variables: Sequence[Variable],
    note: Callable[[CheckpointError], None],
    *,
    has_values: bool,
) -> Iterator[Shown]:
    """Each variable as it is read; one that cannot be read has no values, and is noted."""
    reported: set[str] = set()
    for variable in variables:
        try:
            yield _read(checkpoint, variable, has_values=has_values)
        except CheckpointError as error:
            if str(error) not in reported:
                reported.add(str(error))
                note(error)
            yield Shown(checkpoint, variable, [], None)
