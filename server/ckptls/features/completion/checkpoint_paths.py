"""Completion of paths: the checkpoints that are known, each as one entry.

The files of a checkpoint are not its names, and nothing is looked up on the disk: what
lies in the workspace has been found before.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

from ckptls.checkpoint.locate.steps import step_number
from ckptls.checkpoint.storage.filesystem import is_remote, split
from ckptls.features.common import formatting, literal_edits
from ckptls.features.common.results import Completion, Item, ItemKind
from ckptls.source.document import Cursor
from ckptls.source.semantics.sites import PathForm, Role
from ckptls.workspace.binding import Binder
from ckptls.workspace.checkpoint_store import Entry

MAX_ITEMS = 100
_DIRECTORIES = frozenset({PathForm.DIRECTORY, PathForm.WORKING, PathForm.SAVED_MODEL})


def path_completion(cursor: Cursor, binder: Binder) -> Completion | None:
    """The known checkpoints that may stand at the cursor; None where no path is wanted."""
    site = cursor.site
    before = cursor.part.before.literal
    if site.role is not Role.PATH or before is None:
        return None
    forms = {use.form for use in site.paths}
    wants_folder = bool(forms & _DIRECTORIES)
    found: dict[str, Item] = {}
    for prefix in sorted(binder.nearest_known(), key=_order):
        place = split(prefix)[0] if wants_folder else prefix
        for written in _spellings(place, binder):
            if written.startswith(before) and len(written) > len(before):
                label = written[len(before) :]
                found.setdefault(label, _item(label, place, prefix, binder))
                break
    items = tuple(literal_edits.written_items(found.values(), cursor))
    return Completion(items[:MAX_ITEMS], cursor.part.span, len(items) > MAX_ITEMS)


def _order(prefix: str) -> tuple[str, int, str]:
    """By directory and name; of the steps of one name the newest first."""
    directory, name = split(prefix)
    step = step_number(name)
    stem = name if step is None else name[: name.rfind(str(step))]
    return directory, -1 if step is None else -step, stem


def _spellings(place: str, binder: Binder) -> Iterator[str]:
    """How code may write a place: below one of the folders that count, else in full."""
    if not is_remote(place):
        for directory in binder.roots.directories:
            if place == directory:
                yield "."
            root = directory.rstrip(os.sep) + os.sep
            if place.startswith(root):
                yield place[len(root) :].replace(os.sep, "/")
    yield place


def _item(label: str, place: str, prefix: str, binder: Binder) -> Item:
    entry = binder.lookup(prefix)
    known = entry.checkpoint if entry is not None else None
    detail = "directory of checkpoints" if place != prefix else "checkpoint"
    if known is not None and place == prefix:
        parts = [
            known.format.value,
            formatting.count(len(known), "variable"),
            *formatting.history(known),
        ]
        detail = " · ".join(parts)
    wrong = _fault(entry) if entry is not None and place == prefix else ""
    if wrong:
        detail += f" · {formatting.below(wrong, binder.base)}"
    step = step_number(split(prefix)[1])
    summary = f"step {step:,}" if step is not None and place == prefix else ""
    return Item(label, ItemKind.CHECKPOINT, detail, prefix, "", summary)


def _fault(entry: Entry) -> str:
    """Why a checkpoint, or some of its values, cannot be read; empty if they can."""
    if entry.loss is not None:
        return formatting.in_part(entry.loss)
    return f"it cannot be read: {entry.error}" if entry.error is not None else ""
