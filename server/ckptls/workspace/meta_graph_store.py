"""The graphs of models that were asked for, each read once as long as it does not change."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

from ckptls.checkpoint.core.errors import CheckpointError, CheckpointForeign
from ckptls.checkpoint.storage.filesystem import is_file, is_remote, stamp_of

if TYPE_CHECKING:
    from ckptls.checkpoint.core.types import FileStamp
    from ckptls.checkpoint.graphs.meta_graph import Model

    Found = tuple[Model | None, CheckpointForeign | None]
_MOST = 16  # graphs that are kept; some have hundreds of thousands of nodes


class ModelStore:
    """Models by what their files were like when they were read; from any thread."""

    def __init__(self) -> None:
        self._models: dict[FileStamp, Found] = {}
        self._lock = threading.Lock()

    def at(self, path: str) -> Found:
        """The model in a `.meta` file or the SavedModel at a path; None where there is none.

        With it the error, if a file of another kind is in its place.
        """
        file = _file_of(path)
        stamp = stamp_of(file) if file is not None else None
        if file is None or stamp is None:
            return None, None
        with self._lock:
            if stamp in self._models:
                return self._models[stamp]
        found = _read(file)
        with self._lock:
            self._models[stamp] = found
            while len(self._models) > _MOST:
                self._models.pop(next(iter(self._models)))
        return found


def _file_of(path: str) -> str | None:
    if is_remote(path):
        # A graph may be large, and nothing but completion and one rule would use it.
        return None
    if path.endswith(".meta") or os.path.basename(path) == "saved_model.pb":
        return path
    inside = os.path.join(path, "saved_model.pb")
    return inside if is_file(inside) else None


def _read(path: str) -> Found:
    from ckptls.checkpoint.graphs.meta_graph import read_model

    try:
        return read_model(path), None
    except CheckpointForeign as error:
        return None, error.with_traceback(None)
    except (CheckpointError, OSError):
        # A graph of a version that is not known is no fault of the file.
        return None, None
