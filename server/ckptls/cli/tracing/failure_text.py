"""Why a traced program did not come to its end, and what to do about it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from linecache import getline
from typing import Any

from ckptls.cli.tracing.trace_process import Trace
from ckptls.cli.tracing.trace_request import Request

_MAX_OUTPUT_LINES = 12
_LONGEST = 300
_PYTHON2 = re.compile(r"'(unicode|xrange|basestring|raw_input|reduce)'")
_NO_FILE = re.compile(r"(?i)couldn't find 'checkpoint' file|no such file")
_ATTRIBUTE = re.compile(r"'(?P<owner>[\w. ]*)' has no attribute '(?P<name>\w+)'")
# What TensorFlow has only with Keras 2.
_LEGACY = re.compile(
    r"`tf\.compat\.v1\.layers|tf\.layers|legacy_tf_layers|rnn_cell|Keras 3|keras 3|KerasTensor"
)


def explain_end(request: Request, trace: Trace, *, shows_output: bool) -> Iterator[str]:
    """Lines that say at which line of the user it failed, how, and what is missing."""
    end = trace.end
    reason = end.get("reason")
    if reason == "refused":
        yield str(end["message"])
        return
    if trace.is_late:
        frames = end.get("frames") or ()
        where = f" at {_place(frames[-1])}" if frames else ""
        yield (
            f"`{request.shown}` was stopped{where} after {request.timeout:g} s; "
            "`--timeout` sets the limit"
        )
        return
    if reason == "crashed":
        code = end.get("code")
        how = f"signal {-code}" if isinstance(code, int) and code < 0 else f"exit code {code}"
        yield f"the interpreter ended with {how}"
    elif reason == "failed":
        yield from _failed(end)
        hint = _hint(request, end)
        if hint:
            yield f"hint: {hint}"
    is_quiet = reason == "failed" and end.get("type") != "SystemExit"
    if not shows_output and not is_quiet:
        yield from _last_lines(trace.output)


def _failed(end: dict[str, Any]) -> Iterator[str]:
    frames = end.get("frames") or ()
    lines = str(end["message"]).strip().splitlines() or [""]
    message = lines[0][:_LONGEST]
    if end["type"] == "SystemExit":
        message = f"the program exited with {message}"
    else:
        message = f"{end['type']}: {message}" if message else str(end["type"])
    yield f"{_place(frames[-1])}: {message}" if frames else message
    for frame in frames[-1:]:
        code = getline(frame[0], frame[1]).strip()
        if code:
            yield f"    {code}"
    for frame in frames[-2::-1][:8]:
        yield f"  called at {_place(frame)}"


def _place(frame: Any) -> str:
    path, line, _ = frame
    relative = os.path.relpath(path)
    return f"{path if relative.startswith('..') else relative}:{line}"


def _hint(request: Request, end: dict[str, Any]) -> str:
    """What is missing, where the error tells it."""
    kind, message = end["type"], str(end["message"])
    if end.get("module") in ("tensorflow", "keras"):
        return f"this interpreter has no {end['module']}; choose another with --python"
    if _LEGACY.search(message):
        return (
            "this needs Keras 2: install tf-keras and run with TF_USE_LEGACY_KERAS=1, "
            "or use an interpreter with an older TensorFlow (--python)"
        )
    if kind in ("ModuleNotFoundError", "ImportError") and end.get("module"):
        return (
            f"the interpreter has no module `{end['module']}`; install it there, choose another "
            "interpreter with --python, or run from the folder that has it"
        )
    if kind == "FileNotFoundError" and end.get("file"):
        return f"the file `{end['file']}` is missing; paths count from {os.getcwd()}"
    if "not found in checkpoint" in message:
        return "`ckptls ls` lists what the checkpoint has"
    if (
        kind == "NotFoundError"
        or "Couldn't find 'checkpoint' file" in message
        or "no such file" in message.lower()
    ):
        return f"a file is missing; paths count from {os.getcwd()}"
    if kind == "SyntaxError":
        return "code for another Python: choose the interpreter with --python"
    if kind == "NameError" and re.search(
        r"'(unicode|xrange|basestring|raw_input|reduce)'", message
    ):
        return "code for Python 2; it must be ported before it can be traced"
    if kind in ("SystemExit", "UnparsedFlagAccessError", "UnrecognizedFlagError") or "Flag" in kind:
        return "the program wants other arguments: write them behind `--`"
    if kind == "TypeError" and request.function and re.search(r"argument", message):
        return "give the function's arguments with --arg VALUE or --arg NAME=VALUE"
    if kind == "EOFError":
        return "the program reads standard input, which is empty here"
    if _ATTRIBUTE.search(message) and "tensorflow" in message:
        return "code for another TensorFlow: choose the interpreter with --python"
    return ""


def _last_lines(output: str) -> Iterator[str]:
    lines = [line for line in output.splitlines() if line.strip()]
    if lines:
        yield "the last of what it printed:"
        for line in lines[-_MAX_OUTPUT_LINES:]:
            yield f"    {line[:_LONGEST]}"
