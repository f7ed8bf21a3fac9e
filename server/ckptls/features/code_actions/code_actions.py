"""Quick fixes: what each finding suggests, as a change of the text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ckptls.features.common.results import Edit, Finding, Fix


def fixes(found: Iterable[Finding]) -> Iterator[Fix]:
    """A fix for each edit and each suggestion; the first of a finding is the preferred one."""
    for finding in found:
        suggested = (Edit(f"Change to '{s}'", finding.span, s) for s in finding.suggestions)
        for index, edit in enumerate((*finding.edits, *suggested)):
            yield Fix(edit.title, edit.span, edit.new_text, finding, index == 0)
