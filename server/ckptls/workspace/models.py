"""The graphs of models that were asked for, each read once as long as it does not change."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

from ckptls.checkpoint.errors import CheckpointError
from ckptls.checkpoint.files import is_file, is_remote, stamp_of

if TYPE_CHECKING:
    from ckptls.checkpoint.graph import Model
    from ckptls.checkpoint.model import FileStamp

_MOST = 16  # graphs that are kept; some have hundreds of thousands of nodes


class ModelStore:
    """Models by what their files were like when they were read; from any thread."""

    def __init__(self) -> None:
        self._models: dict[FileStamp, Model | None] = {}
        self._lock = threading.Lock()

    def at(self, path: str) -> Model | None:
        """The model in a `.meta` file or the SavedModel at a path; None where there is none."""
        file = _file_of(path)
        stamp = stamp_of(file) if file is not None else None
        if file is None or stamp is None:
            return None
        with self._lock:
            if stamp in self._models:
                return self._models[stamp]
        model = _read(file)
        with self._lock:
            self._models[stamp] = model
            while len(self._models) > _MOST:
                self._models.pop(next(iter(self._models)))
        return model


def _file_of(path: str) -> str | None:
    if is_remote(path):
        # A graph may be large, and nothing but completion and one rule would use it.
        return None
    if path.endswith(".meta") or os.path.basename(path) == "saved_model.pb":
        return path
    inside = os.path.join(path, "saved_model.pb")
    return inside if is_file(inside) else None


def _read(path: str) -> Model | None:
    from ckptls.checkpoint.graph import read_model

    try:
        return read_model(path)
    except (CheckpointError, OSError):
        # What is wrong with it is told where the checkpoint is opened.
        return None
