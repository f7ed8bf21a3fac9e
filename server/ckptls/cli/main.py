"""The `ckptls` command: finds the command that was asked for, and loads that one alone.

Each command is a module beside this one with `HELP`, `configure(parser)` and
`run(args) -> exit code`. The table below names them, so that neither `--help` nor
`ckptls ls` pays for what the others import.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import import_module

from ckptls._version import __version__

COULD_NOT_RUN = 2
INTERRUPTED = 130
DEBUG = "--debug"
_LONGEST = 200

_COMMANDS = {
    "ls": "list the variables of a checkpoint",
    "tree": "show the scopes of a checkpoint, with sizes",
    "show": "show the values of a variable",
    "diff": "compare two checkpoints",
    "latest": "name the newest checkpoint of a directory",
    "verify": "verify that a checkpoint is sound",
    "check": "check the checkpoint names in Python files",
    "rule": "explain a rule, or list all rules",
    "trace": "run a program to record the variables it makes",
    "restore": "compare what a program restores with its checkpoints",
    "doctor": "explain what a string names, or what is installed",
    "server": "run the language server",
}
# Commands that run a program, whose arguments stand behind `--`.
_WITH_PROGRAM = frozenset({"trace"})


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line `arguments` (by default the process's own); its exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        code = _run(given)
        if not sys.stdout.closed:  # the language server closes it when it ends
            sys.stdout.flush()
    except BrokenPipeError:
        _abandon_output()
        return 0
    except KeyboardInterrupt:
        _abandon_output()
        return INTERRUPTED
    except Exception as error:  # noqa: BLE001 - an exit code of 1 would mean that there are findings
        _explain(error, with_traceback=DEBUG in given)
        _abandon_output()
        return COULD_NOT_RUN
    return code


def _explain(error: Exception, *, with_traceback: bool) -> None:
    """Say in one sentence why the command could not run; an internal error with where."""
    import traceback

    from ckptls.checkpoint.core.printable import printable

    if isinstance(error, OSError):
        where = f" for `{error.filename}`" if error.filename else ""
        text = f"system error{where}: {error.strerror or error}"
    elif isinstance(error, MemoryError):
        text = "out of memory"
    else:
        frames = traceback.extract_tb(error.__traceback__)
        place = f"{os.path.basename(frames[-1].filename)}:{frames[-1].lineno}" if frames else ""
        lines = str(error).splitlines()
        reason = f": {lines[0][:_LONGEST]}" if lines else ""
        text = f"internal error: {type(error).__name__}{reason} ({place})"
        text += f"; `{DEBUG}` shows the traceback"
    try:
        if with_traceback:
            traceback.print_exception(error)
        print(f"ckptls: {printable(text)}", file=sys.stderr)
    except (OSError, ValueError):
        return  # standard error is closed


def _run(given: list[str]) -> int:
    from ckptls.checkpoint.core.errors import CheckpointError

    asked = next((word for word in given if not word.startswith("-")), "")
    parser = _parser(asked)
    own: list[str] = given
    others: list[str] = []
    if asked in _WITH_PROGRAM and "--" in given:
        own, others = given[: given.index("--")], given[given.index("--") + 1 :]
    args = parser.parse_args(own)
    args.program_arguments = others
    if args.command is None:
        parser.print_help()
        return COULD_NOT_RUN
    try:
        code: int = args.run(args)
    except CheckpointError as error:
        from ckptls.cli.output.console import note

        note(str(error))
        return COULD_NOT_RUN
    return code


class _CommandParser(argparse.ArgumentParser):
    """A parser of one command, whose options may stand anywhere: `ls m --long '*/weights'`."""

    _is_mixing = False

    def parse_known_args(self, args=None, namespace=None):  # type: ignore[no-untyped-def]
        """As of any parser; argparse calls it for a command, and itself for the parts."""
        if self._is_mixing:
            return super().parse_known_args(args, namespace)
        self._is_mixing = True
        try:
            return self.parse_known_intermixed_args(args, namespace)
        finally:
            self._is_mixing = False


def _parser(asked: str) -> argparse.ArgumentParser:
    """The parser of all commands, in which only the one `asked` for has its options."""
    parser = argparse.ArgumentParser(
        prog="ckptls", description="The names and shapes inside TensorFlow checkpoints."
    )
    _add_debug(parser, False)
    parser.add_argument("--version", action="version", version=f"ckptls {__version__}")
    commands = parser.add_subparsers(
        title="commands", dest="command", metavar="COMMAND", parser_class=_CommandParser
    )
    for name, summary in _COMMANDS.items():
        command = commands.add_parser(name, help=summary, description=summary)
        if name == asked:
            module = import_module(f"ckptls.cli.commands.{name}")
            command.description = module.HELP
            module.configure(command)
            # As a default it would undo what stands before the command.
            _add_debug(command, argparse.SUPPRESS)
            command.set_defaults(run=module.run)
    return parser


def _add_debug(parser: argparse.ArgumentParser, default: object) -> None:
    # The help of the whole command tells it, not that of each.
    shown_help = "show the traceback of an internal error" if default is False else None
    parser.add_argument(
        DEBUG, action="store_true", default=default, help=shown_help or argparse.SUPPRESS
    )


def _abandon_output() -> None:
    """Discard buffered output that has no reader."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (OSError, ValueError):
        return  # it is closed, or no file at all
