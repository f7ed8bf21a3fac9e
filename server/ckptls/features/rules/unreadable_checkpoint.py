"""Checkpoints that are there, but cannot be read."""

from __future__ import annotations

from collections.abc import Iterator

from ckptls.checkpoint.errors import CheckpointDamaged, CheckpointError, CheckpointUnsupported
from ckptls.features.answers import Finding, Severity
from ckptls.features.paths import READ, path_use, relative
from ckptls.features.rule import Context, Rule
from ckptls.source.sites import Evidence, PathForm, Role, Site
from ckptls.workspace.binding import Binding


class UnreadableCheckpoint(Rule):
    """A checkpoint that is there, but is damaged or of a kind that is not known.

    ## What it does
    Reads the checkpoints that code names, and tells if one is cut short, corrupt, not yet
    fetched (a Git LFS pointer), or no checkpoint at all: what is wrong, in which file, and
    at which byte.

    ## Why is this bad?
    TensorFlow raises `DataLossError` or `NotFoundError` when the line runs, and often only
    says `not an sstable (bad magic number)`.

    ## Example
    ```python
    tf.train.load_checkpoint("ckpts/half_copied.ckpt")
    ```
    Use a whole copy of the file.

    ## When it stays silent
    For paths at which nothing is; where the system refuses to open the file; for weight
    files of formats that only other libraries read.
    """

    code = "unreadable-checkpoint"
    severity = Severity.ERROR
    roles = (Role.PATH,)
    needs = Evidence.CALL
    has_fix = False
    order = 14

    def check(self, site: Site, binding: Binding, context: Context) -> Iterator[Finding]:
        use = path_use(site)
        if use is None or use.form not in READ | {PathForm.WORKING}:
            return
        for entry in context.look(use) or ():
            if entry.checkpoint is not None:
                return
            if entry.error is not None and _is_told(entry.error, use.form):
                message = relative(_message(entry.error), use, entry, binding)
                found = self.finding(site, message, None)
                if found is not None:
                    yield found
                return


def _is_told(error: CheckpointError, form: PathForm) -> bool:
    if isinstance(error, CheckpointDamaged):
        return True
    # What lacks a library to read it is no fault of the file.
    is_ours = "pip install" in error.hint or "pip install" in error.what
    return isinstance(error, CheckpointUnsupported) and form is not PathForm.FILE and not is_ours


def _message(error: CheckpointError) -> str:
    place = "" if error.where is None else f", at byte {error.where:,} of `{error.path}`"
    hint = f"; {error.hint}" if error.hint else ""
    return f"this checkpoint cannot be read: {error.what}{place}{hint}"
