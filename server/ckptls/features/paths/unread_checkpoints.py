"""Checkpoints that code names but that could not be read."""

from __future__ import annotations

from ckptls.checkpoint.core.errors import (
    CheckpointError,
    CheckpointForeign,
    CheckpointTooLarge,
    CheckpointUnreadable,
    CheckpointUnsupported,
)
from ckptls.checkpoint.storage.filesystem import shown
from ckptls.features.common import formatting
from ckptls.source.semantics.sites import PathForm
from ckptls.workspace.binding import Binder

_WRITTEN = frozenset({PathForm.OUTPUT, PathForm.WORKING})


def explain_unread_checkpoints(binder: Binder) -> dict[str, str]:
    """Return, by path, a clause that says why the checkpoint was not read.

    A library that reads its format is missing, it is on another machine that may not be asked
    or does not answer, or it is beyond the limits. What is wrong with the checkpoint itself is
    not among them: that is a finding.
    """
    found: dict[str, str] = {}
    uses = dict.fromkeys(use for site in binder.analysis.path_sites for use in site.paths)
    for use in uses:
        if use.form in _WRITTEN:
            continue
        resolution = binder.resolve((use,))
        for path in resolution.forbidden:
            reason = "it is on another machine, which the setting `remote` does not allow"
            found[shown(path)] = reason
        for entry in resolution.unreadable if not resolution.checkpoints else ():
            if entry.error is not None and _is_ours(entry.error, use.form):
                hint = f"; {entry.error.hint}" if entry.error.hint else ""
                name = formatting.short_path(entry.path, binder.base)
                found[name] = f"{entry.error.what}{hint}"
    return found


def _is_ours(error: CheckpointError, form: PathForm) -> bool:
    """Whether the reason is not one that `unreadable-checkpoint` reports."""
    if isinstance(error, CheckpointForeign):
        return False
    if isinstance(error, CheckpointTooLarge):
        return True
    if isinstance(error, CheckpointUnsupported):
        return form is PathForm.FILE or needs_library(error)
    return isinstance(error, CheckpointUnreadable)


def needs_library(error: CheckpointError) -> bool:
    """Whether a checkpoint could not be read because something is not installed here."""
    return "pip install" in error.hint or "pip install" in error.what
