"""Files compared with what they were when their checkpoint was listed."""

from __future__ import annotations

from ckptls.checkpoint.core.errors import CheckpointIncomplete
from ckptls.checkpoint.core.types import FileStamp
from ckptls.checkpoint.model.checkpoint import Checkpoint
from ckptls.checkpoint.storage.filesystem import stamp_of


class ListedFiles:
    """What the files of a checkpoint were when it was listed."""

    __slots__ = ("_stamps",)

    def __init__(self, checkpoint: Checkpoint) -> None:
        self._stamps = {stamp[0]: stamp for stamp in checkpoint.stamp}

    def check(self, stamp: FileStamp) -> None:
        """Make sure that a file is the one that was listed.

        Raises:
            CheckpointIncomplete: it was replaced since.
        """
        if self._stamps.get(stamp[0], stamp) != stamp:
            raise _replaced(stamp[0])

    def check_path(self, path: str) -> None:
        """The same for what is at a path now; nothing there is for the reader to find out."""
        listed = self._stamps.get(path)
        if listed is not None and stamp_of(path) not in (listed, None):
            raise _replaced(path)


def check_listed(checkpoint: Checkpoint, stamp: FileStamp) -> None:
    """Make sure that a file is the one that was listed.

    Raises:
        CheckpointIncomplete: it was replaced since.
    """
    ListedFiles(checkpoint).check(stamp)


def _replaced(path: str) -> CheckpointIncomplete:
    return CheckpointIncomplete(
        "it was replaced since it was listed", path, hint="open the checkpoint again"
    )
