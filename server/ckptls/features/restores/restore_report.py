"""What the restores of a program do, as plain data and as text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ckptls.features.common import formatting
from ckptls.features.restores.restore_causes import find_cause
from ckptls.features.restores.restore_outcome import (
    Conflict,
    RestoreOutcome,
    judge,
    resolve_request,
)
from ckptls.source.inventory.restore_request import RestoreKind, RestoreRequest
from ckptls.workspace.binding import Binder


@dataclass(frozen=True, slots=True)
class RestoreReport:
    """One restore of a program; `outcome` is None where its checkpoint is not known."""

    path: str
    request: RestoreRequest
    outcome: RestoreOutcome | None

    @property
    def line(self) -> int:
        """0-based."""
        return self.request.place.line

    @property
    def result(self) -> str:
        """`loads`, `raises`, `silent` or `unknown`."""
        if self.outcome is None or self.request.kind is not RestoreKind.NAMES:
            return "unknown"
        if self.request.gaps and self.outcome.outcome == "loads":
            return "unknown"
        return self.outcome.outcome


def report_restores(binder: Binder, path: str) -> list[RestoreReport]:
    """The restores of the document, in the order in which the program reaches them.

    path: how the file is shown.
    """
    found: list[RestoreReport] = []
    facts = binder.facts
    for request in facts.restores if facts is not None else ():
        if facts is not None and request.place.path != facts.path:
            continue
        checkpoints = resolve_request(binder, request).checkpoints
        outcome = judge(request, checkpoints[0]) if checkpoints else None
        found.append(RestoreReport(path, request, outcome))
    return found


def as_json(report: RestoreReport) -> dict[str, Any]:
    """A report as `ckptls restore --format json` prints it."""
    request, outcome = report.request, report.outcome
    if outcome is None:
        return {
            "path": report.path,
            "line": report.line,
            "checkpoint": None,
            "outcome": "unknown",
            "error": None,
            "asked": len(request.items),
            "complete": not request.gaps,
            **{name: [] for name in ("loaded", "missing", "initial", "unused", "conflicts")},
        }
    return {
        "path": report.path,
        "line": report.line,
        "checkpoint": outcome.checkpoint.prefix,
        "outcome": report.result,
        "error": outcome.error if report.result == "raises" else None,
        "asked": len(request.items),
        "complete": outcome.is_complete,
        "loaded": [{"variable": i.variable.name, "name": i.key} for i in outcome.loaded],
        "missing": [item.key for item in outcome.missing],
        "initial": [each.name for each in outcome.initial],
        "unused": list(outcome.unused),
        "conflicts": [
            {
                "variable": each.item.variable.name,
                "model": {
                    "dtype": each.item.variable.dtype,
                    "shape": list(each.item.variable.shape or ()),
                },
                "checkpoint": {"dtype": each.stored.dtype, "shape": list(each.stored.shape)},
            }
            for each in outcome.conflicts
        ],
    }


def as_lines(report: RestoreReport, base: str) -> Iterator[str]:
    """A report as lines of text; paths are relative to `base`."""
    request, outcome = report.request, report.outcome
    head = f"{report.path}:{report.line + 1}: {request.function}"
    if outcome is None:
        yield f"{head}: the checkpoint is not known or not here"
        return
    where = formatting.short_path(outcome.checkpoint.prefix, base)
    yield f"{head}: {where}: {report.result}"
    if outcome.error is not None:
        yield f"  {outcome.error}"
    cause = find_cause(outcome, outcome.missing) if outcome.missing else ""
    if cause:
        yield f"  {cause}"
    for title, rows in sections(outcome):
        if rows:
            yield f"  {title}: {len(rows):,}"
            yield from (f"    {row}" for row in rows)
    for gap in (*request.gaps, *request.model.gaps):
        place = f" (line {gap.place.line + 1})" if gap.place is not None else ""
        yield f"  not known by reading: {gap.reason}{place}"


def as_markdown(report: RestoreReport, base: str) -> Iterator[str]:
    """A report as Markdown, for a pull request."""
    outcome = report.outcome
    title = f"### `{report.path}:{report.line + 1}` {report.result}"
    yield title
    if outcome is None:
        yield "\nThe checkpoint is not known or not here."
        return
    yield f"\nCheckpoint `{formatting.short_path(outcome.checkpoint.prefix, base)}`\n"
    if outcome.error is not None:
        yield f"`{outcome.error}`\n"
    yield "| | variables |"
    yield "|---|---|"
    for name, rows in sections(outcome):
        yield f"| {name} | {len(rows):,} |"
    if outcome.missing:
        yield "\nMissing:\n"
        yield from (f"- `{item.key}`" for item in outcome.missing)


def sections(outcome: RestoreOutcome) -> Sequence[tuple[str, list[str]]]:
    """The parts of a report, each with its rows."""
    return (
        ("missing in the checkpoint", [item.key for item in outcome.missing]),
        ("of another shape", [_conflict(each) for each in outcome.conflicts]),
        ("not known whether they are asked for", _names(i.key for i in outcome.unknown)),
        ("loaded", [_pair(item.variable.name, item.key) for item in outcome.loaded]),
        ("left at their initial values", _names(each.name for each in outcome.initial)),
        ("in the checkpoint and unused", list(outcome.unused)),
    )


def _names(names: Iterable[str]) -> list[str]:
    return list(names)


def _pair(variable: str, key: str) -> str:
    return variable if variable == key else f"{variable} <- {key}"


def _conflict(each: Conflict) -> str:
    model = formatting.shape(each.item.variable.shape or ())
    return f"{each.item.variable.name}: {model}, stored {formatting.shape(each.stored.shape)}"
