"""Links behind the paths of a document: to what stands there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ckptls.checkpoint.layout.directory_files import STATE_NAME
from ckptls.checkpoint.model.checkpoint import Checkpoint
from ckptls.checkpoint.storage.filesystem import is_remote, split
from ckptls.features.common import formatting
from ckptls.source.semantics.sites import PathUse
from ckptls.source.text.source_text import Span
from ckptls.workspace.binding import Binder


@dataclass(frozen=True, slots=True)
class Link:
    """What a path leads to.

    target: a file or directory of this machine.
    checkpoint: the checkpoint itself, if `target` is where its variables are listed.
    """

    span: Span
    target: str
    checkpoint: Checkpoint | None
    tooltip: str


def links(binder: Binder) -> list[Link]:
    """A link for each path that is written in the document and leads to a checkpoint."""
    found: dict[Span, Link] = {}
    for site in binder.analysis.path_sites:
        for use in site.paths:
            for link in _links(use, binder):
                found.setdefault(link.span, link)
    return sorted(found.values(), key=lambda link: link.span)


def _links(use: PathUse, binder: Binder) -> Iterator[Link]:
    resolution = binder.resolve((use,))
    if use.span is None or use.text.literal is None or not resolution.checkpoints:
        return
    checkpoint = resolution.checkpoints[0]
    target, is_itself = _target(checkpoint, use, binder)
    if not is_remote(target):
        yield Link(use.span, target, checkpoint if is_itself else None, _tooltip(checkpoint))


def _target(checkpoint: Checkpoint, use: PathUse, binder: Binder) -> tuple[str, bool]:
    """The index of a prefix; the state file of a directory, or the directory without one."""
    places = binder.roots.candidates(use.text.literal or "")
    above = (place for place in places if checkpoint.prefix.startswith(place.rstrip("/") + "/"))
    directory = next(above, None)
    if directory is None:
        return checkpoint.files[0], True
    last = checkpoint.files[-1]
    return (last if split(last)[1] == STATE_NAME else directory), False


def _tooltip(checkpoint: Checkpoint) -> str:
    figures = [
        f"{checkpoint.format.value} checkpoint",
        formatting.count(len(checkpoint), "variable"),
    ]
    return " · ".join([*figures, *formatting.history(checkpoint)])
