"""`ckptls check --fix`: the preferred fixes of a file, over and over until nothing changes."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from difflib import unified_diff

from ckptls.features.code_actions.code_actions import fixes
from ckptls.features.common.results import Finding, Fix
from ckptls.source.text.source_text import SourceText
from ckptls.workspace.source_files import Edit, SourceFile

# A fix may bring up what it hid, but not for ever.
_MAX_ROUNDS = 10
_LINES = re.compile(r"[^\n]*\n|[^\n]+")


@dataclass(frozen=True, slots=True)
class AppliedFix:
    """A fix that was made: where (counted from 0; `cell` in a notebook), of what, to what."""

    cell: int | None
    line: int
    column: int
    code: str
    old: str
    new: str


def apply_fixes(
    source: SourceFile, find: Callable[[SourceFile], list[Finding]]
) -> tuple[SourceFile, list[AppliedFix]]:
    """Return a file with its fixes applied, and the fixes; does not write the file.

    Raises: SourceError if its encoding or its JSON does not allow a change.
    """
    done: list[AppliedFix] = []
    seen = {source.program}
    for _ in range(_MAX_ROUNDS):
        chosen = _choose_fixes(source, find(source))
        if not chosen:
            break
        changed = source.apply_edits(Edit(*fix.span, fix.new_text) for fix in chosen)
        if changed.program in seen:
            break  # two fixes that undo each other
        seen.add(changed.program)
        done += [_describe_fix(source, fix) for fix in chosen]
        source = changed
    return source, done


def _choose_fixes(source: SourceFile, found: list[Finding]) -> list[Fix]:
    """The preferred fixes, without those that overlap with one before them."""
    chosen: list[Fix] = []
    last = (-1, -1)
    preferred = (fix for fix in fixes(found) if fix.is_preferred)
    for fix in sorted(preferred, key=lambda each: each.span):
        if fix.span == last or fix.span.start < last[1]:
            continue
        if source.program[fix.span.start : fix.span.end] != fix.new_text:
            chosen.append(fix)
            last = fix.span
    return chosen


def _describe_fix(source: SourceFile, fix: Fix) -> AppliedFix:
    text, cell, offset = SourceText(source.program), None, fix.span.start
    place = source.notebook.place(offset) if source.notebook is not None else None
    if place is not None:
        text, cell, offset = SourceText(place[0].source), place[0].index, place[1]
    line = text.line_of(offset)
    column = offset - text.line_starts[line]
    old = source.program[fix.span.start : fix.span.end]
    return AppliedFix(cell, line, column, fix.finding.code, old, fix.new_text)


def make_diff(before: SourceFile, after: SourceFile, path: str) -> str:
    """What differs, in the form that `git apply` and `patch` take."""
    lines = unified_diff(
        _LINES.findall(before.text), _LINES.findall(after.text), f"a/{path}", f"b/{path}"
    )
    return "".join(
        line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines
    )
