"""What is to be traced, and by which interpreter."""

from __future__ import annotations

import argparse
import os
import re
import shutil
import sys
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from json import dumps
from pathlib import Path

from ckptls.workspace.keras_version import chosen_environment
from ckptls.workspace.project import root_of

_FUNCTION = re.compile(r"(.+):([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)")
_DOTTED = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")


class RequestError(Exception):
    """What was asked for cannot be run; the message says why, and what to write instead."""


@dataclass(frozen=True, slots=True)
class Request:
    """What the traced side is asked to do.

    target: a file, or the dotted name of a module.
    function: what is called of it; "" where the target is run as a program.
    arguments: the program's own, `sys.argv` without its name.
    is_module: run the target as `python -m` does.
    args, calls, under: expressions, as the command line has them.
    mode: "graph", "eager" or "auto", for functions.
    roots: the folders whose files are the user's code.
    timeout: in seconds.
    """

    target: str
    function: str = ""
    arguments: tuple[str, ...] = ()
    is_module: bool = False
    args: tuple[str, ...] = ()
    calls: tuple[str, ...] = ()
    under: tuple[str, ...] = ()
    mode: str = "auto"
    roots: tuple[str, ...] = ()
    timeout: float = 0

    def to_json(self, events: str) -> str:
        """As the traced side reads it; it writes its events to the file `events`."""
        return dumps({**asdict(self), "events": events})

    @property
    def shown(self) -> str:
        """The target as the user gave it."""
        return f"{self.target}:{self.function}" if self.function else self.target


def new_request(args: argparse.Namespace) -> Request:
    """The request of a command line.

    Raises:
        RequestError: there is no such file, or options do not go together.
    """
    target, function = args.target, ""
    found = _FUNCTION.fullmatch(target)
    if found is not None and not os.path.exists(target):
        target, function = found[1], found[2]
    of_functions = {"--arg": args.arg, "--under": args.under, "--call": args.call}
    if not function:
        given = [name for name, value in of_functions.items() if value]
        if given:
            raise RequestError(f"`{given[0]}` is for functions: write `{target}:FUNCTION`")
    if args.module and function:
        raise RequestError("`--module` runs a program, and cannot call a function")
    is_dotted = _DOTTED.fullmatch(target) is not None and not os.path.exists(target)
    if target.endswith(".ipynb"):
        raise RequestError("a notebook cannot be traced; save it as a script first")
    if os.path.isdir(target):
        raise RequestError(f"`{target}` is a directory; name the script, or a function in it")
    if not (args.module or (function and is_dotted)) and not os.path.isfile(target):
        hint = f"; did you mean `--module {target}`?" if is_dotted and not function else ""
        raise RequestError(f"there is no file `{target}`{hint}")
    return Request(
        target,
        function,
        tuple(args.program_arguments),
        args.module,
        tuple(args.arg),
        tuple(args.call),
        tuple(args.under),
        args.mode,
        _roots(target, function),
        args.timeout,
    )


def _roots(target: str, function: str) -> tuple[str, ...]:
    """The working directory, the target's project, and the folder of a module elsewhere."""
    folder = Path.cwd()
    roots = [folder]
    if os.path.isfile(target):
        roots += [root_of(Path(target).resolve()), Path(target).resolve().parent]
    return tuple(dict.fromkeys(map(str, roots)))


def find_python(given: str | None, folder: Path) -> str:
    """The interpreter to run: the one that was named, that of the activated or the project's
    environment, our own where it has TensorFlow, or the first on the PATH.

    Raises:
        RequestError: there is no such interpreter.
    """
    if given is not None:
        found = shutil.which(os.path.expanduser(given)) or _python_in(given)
        if found is None:
            raise RequestError(f"there is no interpreter `{given}`")
        return found
    root = root_of(folder)
    environments = [chosen_environment(os.environ), root / ".venv", root / "venv"]
    for environment in environments:
        python = _python_in(str(environment)) if environment is not None else None
        if python is not None:
            return python
    on_path = shutil.which("python3") or shutil.which("python")
    if on_path is None or find_spec("tensorflow") is not None:
        return sys.executable
    return on_path


def _python_in(environment: str) -> str | None:
    for name in ("bin/python", "Scripts/python.exe", "python.exe"):
        path = os.path.join(environment, *name.split("/"))
        if os.path.isfile(path):
            return path
    return None
