"""`ckptls doctor`: what is known of a string and why, or what this installation has."""

from __future__ import annotations

import argparse
import os
import platform
import re
import sys
from importlib.util import find_spec
from pathlib import Path

from ckptls._version import __version__
from ckptls.checkpoint.core.printable import printable
from ckptls.checkpoint.formats.tensorflow.v2 import compiled_loop
from ckptls.cli.checking.single_file import open_file
from ckptls.cli.output.console import note, write_lines
from ckptls.source.document import Analysis
from ckptls.source.text.source_text import Span
from ckptls.workspace.binding import Binder
from ckptls.workspace.folder_scan import known_checkpoints
from ckptls.workspace.keras_version import (
    KERAS,
    OF_TENSORFLOW,
    FactsReader,
    chosen_environment,
    keras_of,
)
from ckptls.workspace.project import root_of
from ckptls.workspace.settings import Settings, load_settings
from ckptls.workspace.workspace import OpenDocument, Workspace

HELP = """Explain what a string names, which checkpoint it refers to and how that is known, or why
nothing is known about it. Without a position, describe this installation and this folder."""

_PLACE = re.compile(r"(?s)(.+?):(\d+)(?::(\d+))?")
_OPTIONAL = ("numpy", "ml_dtypes", "h5py", "fsspec", "aiohttp", "s3fs", "gcsfs", "tensorflow")
_MAX_CHECKPOINTS = 20
_STRING = re.compile(r"""['"]""")


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this command."""
    parser.add_argument(
        "place",
        metavar="FILE:LINE[:COLUMN]",
        nargs="?",
        help="line and column count from 1; without a column every string of the line",
    )


def run(args: argparse.Namespace) -> int:
    """Print what is known; 2 if there is no such place."""
    if args.place is None:
        write_lines([f"{printable(line)}\n" for line in _installation(Path.cwd())])
        return 0
    match = _PLACE.fullmatch(args.place)
    if match is None:
        note(f"`{args.place}` is not a valid position; expected FILE:LINE or FILE:LINE:COLUMN")
        return 2
    return _explain(Path(os.path.abspath(match[1])), int(match[2]), int(match[3] or 0))


def _explain(file: Path, line: int, column: int) -> int:
    found = open_file(file)
    if found is None:
        return 2
    workspace, opened = found
    source = opened.document.source
    if not 1 <= line <= len(source.line_starts):
        note(f"`{file}` has {len(source.line_starts)} lines")
        return 2
    span = source.line_span(line - 1)
    here = min(span.start + column - 1, span.end)
    offsets = [here] if column else _strings(opened, span)
    write_lines(_answers(workspace, opened, offsets))
    return 0


def _strings(opened: OpenDocument, line: Span) -> list[int]:
    """A place in each string of a line that names something, else in its first string."""
    places = {
        part.span.start
        for site in opened.document.analysis().sites
        for part in site.parts
        if line.covers(part.span.start)
    }
    if places:
        return sorted(places)
    quote = _STRING.search(opened.document.text, line.start, line.end)
    return [quote.end() if quote is not None else line.start]


def _answers(workspace: Workspace, opened: OpenDocument, offsets: list[int]) -> list[str]:
    from ckptls.features.hover.explain import explain

    def binder(analysis: Analysis) -> Binder:
        return workspace.binder(opened, analysis, workspace.load)

    found = dict.fromkeys(explain(opened.document, each, binder).text for each in offsets)
    return ["\n".join(found)]


def _keras(root: Path, settings: Settings) -> list[str]:
    """Which Keras the code of a folder runs with, by the module that it imports."""
    environment = chosen_environment(os.environ)
    facts = FactsReader().read(str(root), settings.exclude, os.getcwd(), environment)
    lines = []
    for library, shown in ((KERAS, "keras"), (OF_TENSORFLOW, "tf.keras")):
        found = keras_of(library, settings.keras, "", None, facts)
        version = "not known" if found.major is None else f"Keras {found.major}"
        lines.append(f"{shown:<11}  {version}: {found.reason}")
    return lines


def _installation(folder: Path) -> list[str]:
    root = root_of(folder)
    settings, problems = load_settings(root)
    files = [name for name in ("ckptls.toml", "pyproject.toml") if (root / name).is_file()]
    known = known_checkpoints(str(root), settings)
    there = [name for name in _OPTIONAL if find_spec(name) is not None]
    absent = [name for name in _OPTIONAL if name not in there]
    shown = [f"  {os.path.relpath(path, root)}" for path in known[:_MAX_CHECKPOINTS]]
    if len(known) > _MAX_CHECKPOINTS:
        shown.append(f"  and {len(known) - _MAX_CHECKPOINTS} more")
    return [
        f"ckptls       {__version__}",
        f"Python       {platform.python_version()} at {sys.executable}",
        f"optional     {', '.join(there) or 'none'}",
        f"missing      {', '.join(absent) or 'none'}",
        f"index loop   {compiled_loop.description()}",
        f"folder       {root}",
        f"settings     {', '.join(files) or 'no ckptls.toml or pyproject.toml'}",
        *_keras(root, settings),
        *(f"problem      {problem}" for problem in problems),
        f"checkpoints  {len(known)}",
        *shown,
    ]
