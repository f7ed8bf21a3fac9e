"""`ckptls trace`: runs a program of the user, and records the variables that it makes."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from ckptls.checkpoint.core.printable import printable
from ckptls.cli.output.console import (
    add_format,
    align_columns,
    chosen_format,
    format_count,
    new_console,
    new_table,
    note,
    write_lines,
)
from ckptls.cli.tracing.failure_text import explain_end
from ckptls.cli.tracing.model_document import dump_document, model_document, write_document
from ckptls.cli.tracing.trace_process import Trace, run_trace
from ckptls.cli.tracing.trace_request import Request, RequestError, find_python, new_request

HELP = """Run a program, or call one of its functions, and record the variables that it makes: name,
shape, dtype, flags, and the lines that made them. THIS RUNS THE CODE, with the interpreter of
--python. It is stopped before the first training step; restoring and saving checkpoints is left
out. Arguments of the program stand behind `--`. A VALUE is a Python expression in the names of the
module, or a placeholder such as float32[1,224,224,3], in which ? is an unknown size.
Exit code 0: all variables are known; 1: the program failed before its end; 2: could not run.
"""

INCOMPLETE = 1
COULD_NOT_RUN = 2


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this command."""
    parser.add_argument(
        "target",
        metavar="SCRIPT | MODULE:FUNCTION",
        help="a script; or a function to call, as net.py:build or package.net:build",
    )
    parser.add_argument(
        "--arg",
        action="append",
        default=[],
        metavar="[NAME=]VALUE",
        help="an argument of the function; again for each",
    )
    parser.add_argument(
        "--under",
        action="append",
        default=[],
        metavar="EXPRESSION",
        help="a context to call the function in: net.py:arg_scope(), tf.variable_scope('tower')",
    )
    parser.add_argument(
        "--call",
        action="append",
        default=[],
        metavar="VALUE",
        help="call what the function returned with this, where its first call builds a model",
    )
    mode = parser.add_mutually_exclusive_group()
    for name, text in (
        ("graph", "call the function in a graph of TensorFlow 1 (default: if its module uses it)"),
        ("eager", "call the function in eager mode"),
    ):
        mode.add_argument(
            f"--{name}", dest="mode", action="store_const", const=name, default="auto", help=text
        )
    parser.add_argument(
        "-m", "--module", action="store_true", help="run the module SCRIPT, as python -m does"
    )
    parser.add_argument(
        "--python",
        metavar="PATH",
        help="the interpreter, or the folder of its environment (default: the active environment, "
        "the project's .venv, or python3)",
    )
    parser.add_argument(
        "--timeout",
        type=_seconds,
        default=300.0,
        metavar="SECONDS",
        help="stop the program after this time (default: 300; 0: never)",
    )
    parser.add_argument("-o", "--output", metavar="FILE", help="write the model file")
    parser.add_argument(
        "--all", action="store_true", help="list what Keras and TensorFlow keep for themselves too"
    )
    parser.add_argument(
        "--show-output", action="store_true", help="show what the program prints, on standard error"
    )
    add_format(parser)


def _seconds(given: str) -> float:
    value = float(given)
    if not 0 <= value < 1e9:
        raise ValueError
    return value


def run(args: argparse.Namespace) -> int:
    """Run the program and print its variables; 0 if they are all known."""
    try:
        request = new_request(args)
        python = find_python(args.python, _folder_of(request))
        _check_output(args.output)
    except RequestError as error:
        note(str(error))
        return COULD_NOT_RUN
    note(f"running `{request.shown}` with {python}; its code is executed until it trains")
    with _progress(is_shown=sys.stderr.isatty() and not args.show_output) as progress:
        trace = run_trace(request, python, shows_output=args.show_output, progress=progress)
    return _report(args, request, trace)


def _folder_of(request: Request) -> Any:
    from pathlib import Path

    path = Path(request.target)
    return path.resolve().parent if path.is_file() else Path.cwd()


def _check_output(path: str | None) -> None:
    """Before anything is run: can the file be written?"""
    if path is not None:
        folder = os.path.dirname(path) or "."
        if not os.path.isdir(folder):
            raise RequestError(f"there is no folder `{folder}` for `{path}`")
        if os.path.exists(path) and not os.path.isfile(path):
            raise RequestError(f"`{path}` is not a regular file")


def _report(args: argparse.Namespace, request: Request, trace: Trace) -> int:
    if not trace.is_whole:
        for line in explain_end(request, trace, shows_output=args.show_output):
            note(line)
    for text in (*trace.notes, *trace.remarks):
        note(f"note: {text}")
    has_any = bool(trace.variables)
    if not has_any and trace.is_whole:
        note(f"`{request.shown}` made no variables{_why_none(request, trace)}")
    if not has_any:
        return COULD_NOT_RUN
    folder = os.path.dirname(os.path.abspath(args.output)) if args.output else os.getcwd()
    document = model_document(request, trace, folder)
    if args.output:
        write_document(args.output, dump_document(document))
    _print(args, document)
    if trace.end.get("reason") == "stopped" and trace.is_whole:
        at = document["stopped"]["at"]
        where = f" at {at[-1]}" if at else ""
        note(f"stopped before `{document['stopped']['before']}`{where}")
    return 0 if trace.is_whole and not document["gaps"] else INCOMPLETE


def _why_none(request: Request, trace: Trace) -> str:
    if "tensorflow" not in trace.end.get("versions", {}):
        return ", and does not import TensorFlow"
    if request.function and not request.calls:
        return "; if it returns a model that is built when it is called, add `--call VALUE`"
    if not request.function and trace.files:
        return f"; to call one of its functions, write `{request.target}:FUNCTION`"
    return ""


def _print(args: argparse.Namespace, document: dict[str, Any]) -> None:
    shown = chosen_format(args.format)
    if shown == "json":
        write_lines([dump_document(document)])
        return
    chosen = [each for each in document["variables"] if args.all or "internal" not in each]
    rows = [_row(each) for each in chosen]
    total = _total(document, len(chosen), args)
    if shown == "text":
        write_lines(align_columns(rows) if rows else [])
        note(total)
        return
    from rich.text import Text

    console = new_console()
    table = new_table("name", "dtype", "shape", "kind", "made at")
    for row in rows:
        table.add_row(*map(Text, row))
    console.print(table)
    console.print(Text(total, style="bold"), soft_wrap=True)


def _row(variable: dict[str, Any]) -> list[str]:
    shape = variable["shape"]
    sizes = (
        "?" if shape is None else ", ".join("?" if each is None else str(each) for each in shape)
    )
    kind = variable.get("internal") or variable.get("purpose") or "-"
    if kind == "-" and not variable["trainable"]:
        kind = "not trainable"
    place = variable["at"][-1] if variable["at"] else "-"
    cells = [variable["name"], variable["dtype"], f"[{sizes}]", kind, place]
    return [printable(each) for each in cells]


def _total(document: dict[str, Any], shown: int, args: argparse.Namespace) -> str:
    hidden = len(document["variables"]) - shown
    parts = [format_count(shown, "variable")]
    if hidden:
        parts.append(f"{hidden} that the libraries keep for themselves not shown (--all)")
    if document["restores"]:
        parts.append(format_count(len(document["restores"]), "restore"))
    if document["gaps"]:
        parts.append("incomplete")
    text = ", ".join(parts)
    return f"{text}; written to {printable(args.output)}" if args.output else text


@contextmanager
def _progress(*, is_shown: bool) -> Iterator[Callable[[int], None]]:
    """What is to be called with the number of variables so far."""
    if not is_shown:
        yield lambda count: None
        return
    from rich.console import Console

    start = time.monotonic()
    with Console(file=sys.stderr).status("starting") as status:

        def update(count: int) -> None:
            seconds = time.monotonic() - start
            status.update(f"{format_count(count, 'variable')}, {seconds:.0f} s (Ctrl-C stops it)")

        yield update
