"""Completion segment by segment, for clients that know no words with slashes.

They filter and replace what stands behind the last slash; a whole name would be put behind
what is there already.
"""

from __future__ import annotations

from dataclasses import replace

from ckptls.features.common.results import Completion, Item, ItemKind
from ckptls.source.document import Cursor
from ckptls.source.text.source_text import Span


def in_segments(answer: Completion, cursor: Cursor) -> Completion:
    """The same items, each cut down to the segment under the cursor, which it replaces."""
    written = cursor.written
    level = written[: written.rfind("/") + 1]
    found: dict[str, Item] = {}
    for item in answer.items:
        if not item.label.startswith(level):
            continue
        segment, slash, rest = item.label[len(level) :].partition("/")
        if not segment:
            continue
        label = segment + slash
        scope = Item(label, ItemKind.SCOPE, "", item.checkpoint, "", continues=True)
        found.setdefault(label, scope if rest else replace(item, label=label))
    start = cursor.part.span.start + len(level)
    return replace(answer, items=tuple(found.values()), replaced=Span(start, answer.replaced.end))
