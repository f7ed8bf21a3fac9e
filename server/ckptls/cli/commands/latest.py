"""`ckptls latest`: the newest finished checkpoint of a directory, or all of its steps."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from datetime import datetime, timezone

from ckptls.checkpoint.core.printable import printable
from ckptls.checkpoint.layout.directory_files import STATE_NAME
from ckptls.checkpoint.locate import not_found
from ckptls.checkpoint.locate.steps import History, Step, read_history
from ckptls.checkpoint.storage.filesystem import is_directory, is_file, plain, split
from ckptls.cli.output.console import (
    FORMATS,
    align_columns,
    chosen_format,
    format_count,
    new_console,
    new_table,
    note,
    size_text,
    write_json,
    write_lines,
)

HELP = """Print the prefix of the newest finished checkpoint in a directory. Exit code 2 if the
directory has none."""

_COLUMNS = ("step", "time", "size", "status", "state file", "prefix")
_STYLES = {"finished": "green", "data missing": "yellow", "unfinished": "red"}


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this command."""
    parser.add_argument(
        "directory", metavar="DIR", nargs="?", default=".", help="default: the working directory"
    )
    parser.add_argument(
        "--all", action="store_true", help="every step, oldest first, unfinished ones too"
    )
    parser.add_argument(
        "--format",
        choices=FORMATS,
        help="default: the prefix alone; with --all a table on a terminal, else text",
    )


def run(args: argparse.Namespace) -> int:
    """Print the latest checkpoint, or all."""
    history = read_history(_directory(args.directory))
    for problem in history.problems:
        note(printable(f"{history.directory}: {problem}"))
    latest = history.latest
    if latest is None and not (args.all and history.steps):
        raise not_found.nothing_finished(history)
    if args.all:
        _PRINTERS[chosen_format(args.format)](history, history.steps)
    elif args.format is None and latest is not None:
        _print_path(latest.prefix)
    elif args.format == "json" and latest is not None:
        write_json(_as_json(history, latest))
    elif latest is not None:
        _PRINTERS[args.format](history, [latest])
    return 0


def _directory(path: str) -> str:
    """The directory that a path means; its state file will do."""
    path = plain(path)
    if is_directory(path):
        return path
    directory, name = split(path)
    if name == STATE_NAME and is_file(path):
        return directory or "."
    raise not_found.no_directory(path)


def _print_path(path: str) -> None:
    """The path as it is for a script; for a terminal without what could steer it."""
    if sys.stdout.isatty():
        write_lines([printable(path) + "\n"])
    else:
        sys.stdout.flush()
        sys.stdout.buffer.write(os.fsencode(path) + b"\n")
        sys.stdout.buffer.flush()


def _rows(history: History, steps: Sequence[Step]) -> list[tuple[str, ...]]:
    return [
        (
            "-" if step.number is None else str(step.number),
            _time_text(step.mtime_ns),
            "?" if step.num_bytes is None else size_text(step.num_bytes),
            step.status.value,
            "latest" if step.is_stated_latest else "named" if step.is_named else "-",
            printable(step.prefix),
        )
        for step in steps
    ]


def _time_text(mtime_ns: int | None) -> str:
    """Local time to the second."""
    if mtime_ns is None:
        return "?"
    return datetime.fromtimestamp(mtime_ns // 10**9).strftime("%Y-%m-%d %H:%M:%S")


def _print_text(history: History, steps: Sequence[Step]) -> None:
    rows = _rows(history, steps)
    # What programs split at blanks has none inside, but for the path at the end.
    rows = [
        (n, t.replace(" ", "T"), s.replace(" ", ""), w.replace(" ", "-"), *r)
        for n, t, s, w, *r in rows
    ]
    write_lines(align_columns(rows, right=(0, 2)))


def _print_table(history: History, steps: Sequence[Step]) -> None:
    from rich.text import Text

    table = new_table(*_COLUMNS, right=("step", "size"))
    for step, row in zip(steps, _rows(history, steps), strict=True):
        cells = [Text(cell) for cell in row]
        cells[3].stylize(_STYLES[step.status.value])
        if step == history.latest:
            cells[-1].stylize("bold")
        table.add_row(*cells)
    console = new_console()
    console.print(table)
    for step in steps:
        if step.note:
            base = os.path.basename(step.prefix)
            console.print(Text(printable(f"{base}: {step.note}")), style="dim", soft_wrap=True)
    known = sum(step.num_bytes or 0 for step in steps)
    totals = f"{format_count(len(steps), 'checkpoint')}, {size_text(known)} in {history.directory}"
    console.print(Text(printable(totals)), style="dim", soft_wrap=True)


def _print_json(history: History, steps: Sequence[Step]) -> None:
    write_json([_as_json(history, step) for step in steps])


def _as_json(history: History, step: Step) -> dict[str, object]:
    time = None
    if step.mtime_ns is not None:
        moment = datetime.fromtimestamp(step.mtime_ns // 10**9, tz=timezone.utc)
        time = moment.isoformat().replace("+00:00", "Z")
    return {
        "prefix": step.prefix,
        "step": step.number,
        "time": time,
        "bytes": step.num_bytes,
        "status": step.status.value,
        "note": step.note,
        "is_named": step.is_named,
        "is_latest": step == history.latest,
    }


_PRINTERS: dict[str, Callable[[History, Sequence[Step]], None]] = {
    "json": _print_json,
    "table": _print_table,
    "text": _print_text,
}
