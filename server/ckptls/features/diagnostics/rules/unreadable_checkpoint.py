"""Checkpoints that exist but cannot be read."""

from __future__ import annotations

from collections.abc import Iterator

from ckptls.checkpoint.core.errors import (
    CheckpointDamaged,
    CheckpointError,
    CheckpointForeign,
    CheckpointTooLarge,
    CheckpointUnsupported,
)
from ckptls.checkpoint.core.types import Format
from ckptls.checkpoint.data_files import DataLoss
from ckptls.checkpoint.model.checkpoint import Checkpoint
from ckptls.features.common import formatting
from ckptls.features.common.context import Context
from ckptls.features.common.results import Finding, Severity
from ckptls.features.common.rule import Rule
from ckptls.features.paths.keras_paths import is_of_keras
from ckptls.features.paths.path_fixes import READ, path_use, relative
from ckptls.features.paths.path_forms import PREFIXES, opens
from ckptls.source.semantics.sites import Evidence, PathForm, PathUse, Role, Site
from ckptls.workspace.binding import Binding
from ckptls.workspace.checkpoint_store import Entry

_TENSORFLOW = ("tensorflow.", "tf_slim.", "sonnet.")
_METHODS = ("restore", "read")  # of savers and of objects
# They read values, and which ones is not followed.
_RESTORING = ("RestoreV2", "restore_v2", "Restore", "RestoreSlice")


class UnreadableCheckpoint(Rule):
    """A checkpoint that exists but is damaged or of an unknown kind.

    ## What it does
    Reads the checkpoints that the code names, and reports one that is truncated, corrupt, not
    yet fetched (a Git LFS pointer), or not a checkpoint at all: what is wrong, in which file,
    and at which byte. A data file that is shorter than the index says, or missing while others
    exist, is reported where values are restored or a lost value is read. So is a file of weights
    in another format, such as HDF5, that is passed to a function of TensorFlow.

    ## Why is this bad?
    TensorFlow raises `DataLossError` or `NotFoundError` when the line runs, and often says only
    `not an sstable (bad magic number)`.

    ## Example
    ```python
    tf.train.load_checkpoint("ckpts/half_copied.ckpt")
    ```
    Use a complete copy of the file.

    ## When it stays silent
    For paths at which nothing exists; where the operating system does not allow opening the file;
    for a file that is larger than ckptls reads, which the summary of `ckptls check` counts; for
    weight files of other formats that are not passed to TensorFlow. For an index without any data
    file, which is a way to distribute names and shapes, and where only those are read.
    """

    code = "unreadable-checkpoint"
    severity = Severity.ERROR
    roles = (Role.PATH,)
    needs = Evidence.CALL
    has_fix = False
    order = 14

    def check(self, site: Site, binding: Binding, context: Context) -> Iterator[Finding]:
        use = path_use(site)
        if use is None or use.form not in READ | {PathForm.WORKING, PathForm.SAVED_MODEL}:
            return
        message = self._message(site, use, binding, context)
        found = self.finding(site, message, None) if message else None
        if found is not None:
            yield found

    def _message(self, site: Site, use: PathUse, binding: Binding, context: Context) -> str:
        entries = context.look(use) or ()
        written = use.text.literal or ""
        is_opened = any(opens(use.form, written, each) for each in entries)
        for entry in entries:
            if entry.graph_error is not None and _opens_graph(use.form, site):
                return relative(_message(entry.graph_error, "graph"), use, entry, binding)
            if entry.checkpoint is not None:
                if not is_opened and _is_of_another_format(entry, entry.checkpoint, use, site):
                    kind = entry.checkpoint.format.value
                    return (
                        f"this is a file of {kind}, but TensorFlow reads only its own checkpoints"
                    )
                if entry.loss is not None and _is_needed(entry.loss, site, use, context):
                    return formatting.in_part(entry.loss)
                return ""
            if entry.error is not None and _is_reported(entry.error, use.form):
                return relative(_message(entry.error), use, entry, binding)
        return ""


def _is_of_another_format(entry: Entry, checkpoint: Checkpoint, use: PathUse, site: Site) -> bool:
    """Whether a function of TensorFlow is given a file that other libraries write."""
    if use.form not in PREFIXES or checkpoint.format in (Format.V1, Format.V2):
        return False
    is_tensorflow = site.function.startswith(_TENSORFLOW) or site.function in _METHODS
    is_file = entry.facts is not None and entry.facts.is_file
    return is_tensorflow and is_file and checkpoint.prefix == entry.path


def _is_needed(loss: DataLoss, site: Site, use: PathUse, context: Context) -> bool:
    """Whether the code surely reads what is lost: names and shapes are in the index.

    A restore of chosen variables may do without the lost ones, unless none is left.
    """
    if use.form is PathForm.WORKING or site.function.endswith(_RESTORING):
        return True
    for restore in context.analysis.restores:
        if any(each.text == use.text for each in restore.paths):
            takes_all = not (restore.include is not None or restore.exclude or restore.assigned)
            if takes_all or loss.takes_all:
                return True
    lost = loss.variables or frozenset()
    return any(
        each.role is Role.VARIABLE
        and each.text.literal in lost
        and any(path.text == use.text for path in each.paths)
        for each in context.analysis.sites
    )


def _is_reported(error: CheckpointError, form: PathForm) -> bool:
    if isinstance(error, CheckpointDamaged | CheckpointForeign):
        return True
    if isinstance(error, CheckpointTooLarge):
        return False
    # What lacks a library to read it is no fault of the file.
    is_ours = "pip install" in error.hint or "pip install" in error.what
    return isinstance(error, CheckpointUnsupported) and form is not PathForm.FILE and not is_ours


def _opens_graph(form: PathForm, site: Site) -> bool:
    """Whether a function opens the graph at a path, in whatever format the weights are."""
    return form in (PathForm.META, PathForm.SAVED_MODEL) or (
        is_of_keras(site) and site.function.endswith("load_model")
    )


def _message(error: CheckpointError, what: str = "checkpoint") -> str:
    place = f" (`{error.path}`)" if error.path else ""
    if error.where is not None:
        place = f", at byte {error.where:,} of `{error.path}`"
    hint = f"; {error.hint}" if error.hint else ""
    return f"this {what} cannot be read: {error.what}{place}{hint}"
