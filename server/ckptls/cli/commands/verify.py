"""`ckptls verify`: whether a checkpoint is sound, with a progress bar on a terminal."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ckptls.checkpoint.core.errors import CheckpointError, CheckpointUnsupported
from ckptls.checkpoint.core.printable import printable
from ckptls.checkpoint.layout.directory_files import STATE_NAME, has_table_footer
from ckptls.checkpoint.locate.locate import locate
from ckptls.checkpoint.model.location import Location
from ckptls.checkpoint.reader import read_location
from ckptls.checkpoint.storage.filesystem import is_directory, is_file
from ckptls.checkpoint.verify.report import Report, VerifyOptions
from ckptls.checkpoint.verify.verify import verify
from ckptls.cli.output.console import (
    add_checkpoint,
    add_format,
    chosen_format,
    format_count,
    new_console,
)

HELP = """Verify that a checkpoint is sound: the checksum of every block and every tensor,
and that all its files are there with the right sizes. If TensorFlow is installed it is
asked as well. Exit code 0: sound; 1: problems were found; 2: could not run.
"""

FOUND = 1

_KNOWN_TO_TENSORFLOW = ("V1", "V2")


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this command."""
    add_checkpoint(parser)
    parser.add_argument(
        "--quick", action="store_true", help="verify only the metadata, without reading the values"
    )
    parser.add_argument(
        "--tensorflow",
        action=argparse.BooleanOptionalAction,
        help="compare with what TensorFlow lists (default: if it is installed)",
    )
    add_format(parser)


def run(args: argparse.Namespace) -> int:
    """Print what was found; 0 if it is nothing, else 1."""
    location = locate(args.checkpoint)
    _check_tensorflow(args.tensorflow)
    shown = chosen_format(args.format)
    with _progress(is_shown=sys.stderr.isatty() and shown == "table") as progress:
        report = verify(location, VerifyOptions(args.quick, progress), _directory(args.checkpoint))
        _ask_tensorflow(location, report, is_wanted=args.tensorflow)
    sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    {"text": _print_text, "table": _print_table, "json": _print_json}[shown](location, report)
    return 0 if report.is_sound else FOUND


def _directory(given: str) -> str:
    """The directory if one was given, or its state file; else an empty string."""
    if is_directory(given):
        return given
    directory, name = os.path.split(given)
    is_state = name == STATE_NAME and is_file(given) and not has_table_footer(given)
    return (directory or ".") if is_state else ""


def _check_tensorflow(is_wanted: bool | None) -> None:
    """Before anything is read: is TensorFlow there if it is asked for?"""
    from ckptls.checkpoint.verify.tensorflow_oracle import is_tensorflow_installed

    if is_wanted and not is_tensorflow_installed():
        hint = "pip install 'ckptls[tensorflow]'"
        raise CheckpointUnsupported("TensorFlow is not installed here", hint=hint)


def _ask_tensorflow(location: Location, report: Report, *, is_wanted: bool | None) -> None:
    """Compare with TensorFlow's listing, if there is one of ours and it knows the format."""
    from ckptls.checkpoint.verify.tensorflow_oracle import (
        compare_with_tensorflow,
        is_tensorflow_installed,
    )

    if is_wanted is False:
        return
    if location.format.value not in _KNOWN_TO_TENSORFLOW:
        report.add_note(
            "tensorflow-not-asked",
            "not compared with TensorFlow, which does not list this format",
        )
    elif not is_tensorflow_installed():
        report.add_note(
            "tensorflow-not-asked", "not compared with TensorFlow, which is not installed"
        )
    else:
        try:
            compare_with_tensorflow(read_location(location), report)
        except CheckpointError as error:
            report.add_error(error, location.prefix)


@contextmanager
def _progress(*, is_shown: bool) -> Iterator[Callable[[int, int], None]]:
    """What is to be called with bytes done and bytes in all."""
    if not is_shown:
        yield lambda done, total: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn

    columns = (TextColumn("verifying"), BarColumn(), DownloadColumn())
    with Progress(*columns, console=Console(file=sys.stderr), transient=True) as bar:
        task = bar.add_task("verifying", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _print_text(location: Location, report: Report) -> None:
    for problem in report.problems:
        print(printable(str(problem)))
    for note in report.notes:
        print(f"note: {printable(note.what)}")
    print(_verdict(location, report))


def _print_table(location: Location, report: Report) -> None:
    from rich.text import Text

    console = new_console()
    for problem in report.problems:
        console.print(Text(printable(str(problem)), style="red"), soft_wrap=True)
    for note in report.notes:
        console.print(Text(f"note: {printable(note.what)}", style="dim"), soft_wrap=True)
    style = "bold green" if report.is_sound else "bold red"
    console.print(Text(_verdict(location, report), style=style), soft_wrap=True)


def _print_json(location: Location, report: Report) -> None:
    from json import dumps

    problems = [
        {"path": p.path, "what": p.what, "where": p.where, "variable": p.variable or None}
        for p in report.problems
    ]
    result = {
        "checkpoint": location.prefix,
        "format": location.format.value,
        "sound": report.is_sound,
        "problems": problems,
        "notes": [note.what for note in report.notes],
        "verified": {
            "files": report.files,
            "blocks": report.blocks,
            "tensors": report.tensors,
            "unverified_tensors": report.unverified,
            "bytes": report.size_bytes,
        },
    }
    print(dumps(result, indent=1))


def _verdict(location: Location, report: Report) -> str:
    where = printable(location.prefix)
    if report.problems:
        count = len(report.problems)
        return f"{where}: {format_count(count, 'problem')}"
    counts = ((report.files, "file"), (report.blocks, "block"), (report.tensors, "tensor"))
    verified = ", ".join(format_count(count, noun) for count, noun in counts) + " verified"
    if report.unverified:
        rest = format_count(report.unverified, "tensor")
        return f"{where}: no problems found; {verified}, {rest} not verified"
    return f"{where}: sound; {verified}"
