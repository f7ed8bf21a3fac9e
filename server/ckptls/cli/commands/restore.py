"""`ckptls restore`: what the restores of a program find in their checkpoints."""

from __future__ import annotations

import argparse
import os
import re
from pathlib import Path

from ckptls.cli.checking.single_file import open_file
from ckptls.cli.output.console import note, write_json, write_lines
from ckptls.features.restores.restore_report import (
    as_json,
    as_lines,
    as_markdown,
    report_restores,
)

HELP = """Follow a program to each place where it restores variables, and compare what it asks for
with the checkpoint: what is loaded, missing, of another shape, left at its initial value, unused.
The program is read, not run."""

_PLACE = re.compile(r"(?s)(.+?):(\d+)")


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this command."""
    parser.add_argument("place", metavar="FILE[:LINE]", help="the program; lines count from 1")
    parser.add_argument(
        "--checkpoint",
        metavar="PATH",
        action="append",
        default=[],
        help="the checkpoint, where the code does not name one that is here; may be repeated",
    )
    parser.add_argument(
        "--format",
        choices=("text", "json", "markdown"),
        default="text",
        help="how to print it (default: text)",
    )


def run(args: argparse.Namespace) -> int:
    """Print the reports; 1 if a restore raises or loads less than it asks for."""
    match = _PLACE.fullmatch(args.place)
    has_line = match is not None and not os.path.exists(args.place)
    file = Path(os.path.abspath(match[1] if match is not None and has_line else args.place))
    line = int(match[2]) - 1 if match is not None and has_line else None
    found = open_file(file, map(os.path.abspath, args.checkpoint))
    if found is None:
        return 2
    workspace, opened = found
    binder = workspace.binder(opened, opened.document.analysis(), workspace.load)
    reports = report_restores(binder, os.path.relpath(file).replace(os.sep, "/"))
    if line is not None:
        reports = [each for each in reports if each.line == line]
        if not reports:
            note(f"no restore is known in line {line + 1} of `{file}`")
            return 2
    base = os.getcwd()
    if args.format == "json":
        write_json([as_json(each) for each in reports])
    else:
        lines = as_markdown if args.format == "markdown" else as_lines
        write_lines([f"{row}\n" for each in reports for row in lines(each, base)])
        if not reports:
            note(f"no restore is known in `{file}`")
    return int(any(each.result in ("raises", "silent") for each in reports))
