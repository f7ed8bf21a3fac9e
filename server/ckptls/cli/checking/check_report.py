"""The formats of `ckptls check`: for a person, as JSON, as commands to GitHub."""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from collections.abc import Sequence
from typing import Any

from ckptls.checkpoint.core.printable import printable
from ckptls.cli.checking.file_checker import Found
from ckptls.cli.checking.messages import message_in_file
from ckptls.cli.output.console import align_columns, write_lines
from ckptls.features.common.results import Severity

FORMATS = ("text", "json", "github", "sarif")
_HIDDEN = re.compile(r"[^\S \n]|[\x7f-\x9f\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]")
_GITHUB_LEVELS = {"information": "notice", "hint": "notice"}


def report(found: Sequence[Found], form: str, problems: Sequence[str]) -> None:
    """Print findings in a format; `problems` are sentences about what could not be checked."""
    if form == "text":
        write_lines([text_line(each) + "\n" for each in found])
    elif form == "github":
        write_lines([_github_line(each) + "\n" for each in found])
    elif form == "json":
        _write_json([_as_json(each) for each in found])
    else:
        from ckptls.cli.checking.sarif import sarif

        _write_json(sarif(found, problems))


def text_line(found: Found) -> str:
    """`train.py:12:34: error [code] message`, all counted from 1."""
    return (
        f"{place(found.path, found.cell, *found.extent.start[::2])}:"
        f" {Severity(found.severity).label} [{found.code}] {printable(found.message)}"
    )


def place(path: str, cell: int | None, line: int, column: int) -> str:
    """`train.py:12:34`, `train.ipynb:cell 3:12:34`; what is given counts from 0."""
    within = "" if cell is None else f"cell {cell + 1}:"
    return f"{printable(path)}:{within}{line + 1}:{column + 1}"


def statistics(found: Sequence[Found], passed_over: int = 0, unseen: int = 0) -> list[str]:
    """Lines of a table: how often each rule fired, and how many findings `--fix` would fix.

    Further rows count the files and checkpoints that were not read, if any.
    """
    counts = Counter((each.code, Severity(each.severity).label) for each in found)
    fixes = Counter(each.code for each in found if each.is_fixable)
    rows = [
        (str(count), code, severity, f"{fixes[code]} fixable" if fixes[code] else "")
        for (code, severity), count in sorted(counts.items(), key=lambda each: (-each[1], each[0]))
    ]
    if passed_over:
        rows.append((str(passed_over), "too large to check", "", ""))
    if unseen:
        rows.append((str(unseen), "checkpoints not read", "", ""))
    return align_columns(rows, right=(0,)) if rows else []


def _github_line(found: Found) -> str:
    start, end = found.in_file
    label = Severity(found.severity).label
    properties = {
        "file": printable(found.path),
        "line": start.line + 1,
        "endLine": end.line + 1,
        "col": start.column + 1,
        "endColumn": end.column + 1,
        "title": f"ckptls ({found.code})",
    }
    if start.line != end.line:
        del properties["col"], properties["endColumn"]  # GitHub takes columns of one line alone
    written = ",".join(f"{name}={_escaped(str(v), ':,')}" for name, v in properties.items())
    level = _GITHUB_LEVELS.get(label, label)
    return f"::{level} {written}::{_escaped(printable(message_in_file(found)))}"


def _escaped(text: str, also: str = "") -> str:
    """Source: @actions/core, command.ts."""
    for char in "%\r\n" + also:
        text = text.replace(char, f"%{ord(char):02X}")
    return text


def _as_json(found: Found) -> dict[str, Any]:
    start, end = ({"line": p.line, "character": p.character} for p in found.extent)
    written: dict[str, Any] = {
        "path": found.path,
        "range": {"start": start, "end": end},
        "code": found.code,
        "severity": Severity(found.severity).label,
        "message": found.message,
        "suggestions": list(found.suggestions),
        "checkpoint": found.checkpoint,
    }
    if found.cell is not None:
        written["cell"] = found.cell
    return written


def _write_json(value: object) -> None:
    text = json.dumps(value, indent=2, ensure_ascii=False)
    try:
        text.encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        text = json.dumps(value, indent=2)
    # JSON leaves the C1 controls and marks of direction as they are, which a terminal obeys.
    print(_HIDDEN.sub(lambda found: json.dumps(found[0])[1:-1], text))
