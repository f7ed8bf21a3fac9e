"""Figures and names as people read them."""

from __future__ import annotations

import os
from datetime import datetime

from ckptls.checkpoint.core.home_path import expanded_home
from ckptls.checkpoint.core.printable import printable
from ckptls.checkpoint.data_files import DataLoss
from ckptls.checkpoint.locate.steps import step_number
from ckptls.checkpoint.model.checkpoint import Checkpoint, Variable
from ckptls.checkpoint.storage.filesystem import split
from ckptls.source.document import Analysis
from ckptls.workspace.binding import Binder, Binding

_UNITS = ("kB", "MB", "GB", "TB")


def kind_of(variable: Variable) -> str:
    """Dtype and shape, as in `float32 [3, 3, 3, 64]`."""
    return f"{variable.dtype} {shape(variable.shape)}"


def shape(sizes: tuple[int | None, ...]) -> str:
    """A shape in brackets; `?` for a size that is not known."""
    return "[" + ", ".join("?" if size is None else str(size) for size in sizes) + "]"


def count(number: int, noun: str) -> str:
    """A number with its noun, as in `1 variable` and `1,200 variables`."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def size(num_bytes: int) -> str:
    """A number of bytes in a unit that suits it."""
    if num_bytes < 1000:
        return count(num_bytes, "byte")
    amount = float(num_bytes)
    for unit in _UNITS:
        amount /= 1000
        if amount < 1000 or unit == _UNITS[-1]:
            break
    return f"{amount:.3g} {unit}" if amount < 1000 else f"{amount:,.0f} {unit}"


def checkpoint_name(checkpoint: Checkpoint, binding: Binding | Binder) -> str:
    """A checkpoint's prefix, short where it lies under the directory that counts or the home."""
    return short_path(checkpoint.prefix, binding.base)


def short_path(path: str, directory: str) -> str:
    """A path, short where it lies under the directory that counts or the home."""
    home = expanded_home("~")
    for base, mark in ((directory, ""), (home, "~" + os.sep)):
        if base.strip(os.sep) and path.startswith(base.rstrip(os.sep) + os.sep):
            return (mark + path[len(base.rstrip(os.sep)) + 1 :]).replace(os.sep, "/")
    return path


def below(message: str, directory: str) -> str:
    """A message with the paths in it short that lie under the directory that counts."""
    base = directory.rstrip(os.sep)
    return message.replace(base + os.sep, "") if base else message


def shown_path(written: str, binding: Binding) -> str:
    """A path as code gives it, for a message: short if it lies under the directory that counts."""
    return printable(below(written, binding.base))


def in_checkpoint(checkpoint: Checkpoint, binding: Binding | Binder) -> str:
    """The checkpoint as messages name it."""
    return f"checkpoint `{checkpoint_name(checkpoint, binding)}`"


def in_part(loss: DataLoss) -> str:
    """That not all values of a checkpoint can be read, and why."""
    return f"this checkpoint cannot be read completely: {loss.what}"


def code(text: str) -> str:
    """Text as Markdown code; nothing in it is taken for markup or hides on screen."""
    shown = printable(text)
    ticks = "`"
    while ticks in shown:
        ticks += "`"
    padding = " " if shown.startswith("`") or shown.endswith("`") else ""
    return f"{ticks}{padding}{shown}{padding}{ticks}"


def history(checkpoint: Checkpoint) -> list[str]:
    """The step that a checkpoint's name tells, and when it was written, as far as known."""
    found = []
    step = step_number(split(checkpoint.prefix)[1])
    if step is not None:
        found.append(f"step {step:,}")
    written_ns = max((mtime_ns for _, mtime_ns, *_ in checkpoint.stamp[:1]), default=0)
    if written_ns > 0:
        found.append(f"written {datetime.fromtimestamp(written_ns / 1e9):%Y-%m-%d %H:%M}")
    return found


def cut(analysis: Analysis) -> str:
    """That some code is not followed to its end; empty if all of it is."""
    places = analysis.cut_at
    if not places:
        return ""
    if analysis.is_given_up:
        return "most of it has syntax errors, so it is not analyzed"
    line = analysis.source.line_of(places[0]) + 1
    more = f" (and {len(places) - 1:,} more)" if len(places) > 1 else ""
    return f"the code that begins in line {line}{more} is too complex to analyze completely"
