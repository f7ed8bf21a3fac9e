"""The values of variables, read one at a time from files that are opened once.

`OpenValues` is the way in, whatever the format: it opens the checkpoint at the first value and
keeps it open, so that a loop over all variables costs no more than one over the bytes. The
module of each format makes the `ValueReader` behind it, which knows where the bytes lie.
"""

from __future__ import annotations

import os
from copy import copy
from threading import Lock, RLock

from ckptls.checkpoint.arrays.numpy_arrays import load_numpy
from ckptls.checkpoint.core.errors import (
    CheckpointError,
    CheckpointUnreadable,
    VariableNotFound,
)
from ckptls.checkpoint.formats.registry import FORMATS, open_listed_values, open_values
from ckptls.checkpoint.locate.locate import locate
from ckptls.checkpoint.model.checkpoint import Checkpoint
from ckptls.checkpoint.model.listed_files import ListedFiles
from ckptls.checkpoint.storage.local_file import Closing

TYPE_CHECKING = False  # as typing's, without importing typing
if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np

    from ckptls.checkpoint.model.value_reader import Place, PlacedReader, ValueReader


class _Forks:
    """How often this process was made as a copy of another one, counted from its first ancestor."""

    count = 0
    lock = RLock()  # for what a copy makes again


def _note_fork() -> None:
    _Forks.count += 1
    _Forks.lock = RLock()  # a thread that is not here may have held it


if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=_note_fork)


class OpenValues(Closing):
    """The values of one checkpoint, which is opened at the first value that is asked for.

    Any thread may use it, and a process that is forked. After `close` the next value opens the
    files again. It has a copy of the checkpoint, for one that led back to it would keep the files
    open until the garbage collector comes.
    """

    __slots__ = ("_checkpoint", "_forks", "_lock", "_reader")

    def __init__(self, checkpoint: Checkpoint) -> None:
        self._checkpoint = copy(checkpoint)
        self._lock = Lock()
        self._forks = _Forks.count
        self._reader: ValueReader | None = None

    def read(self, name: str) -> np.ndarray:
        """The value of one variable; see `Checkpoint.read`."""
        load_numpy()
        with self._own_lock():
            try:
                return self._opened().read(name)
            except (CheckpointError, KeyError, MemoryError) as error:
                raise self._refusal(error, name) from None

    def verify(self, name: str) -> int:
        """Read one value whole, without keeping it: how many bytes it has.

        Raises:
            CheckpointError: as `Checkpoint.read`.
        """
        load_numpy()
        with self._own_lock():
            try:
                return self._opened().verify(name)
            except (CheckpointError, KeyError, MemoryError) as error:
                raise self._refusal(error, name) from None

    def places(self, name: str) -> list[Place]:
        """Return where one variable of a V1 or V2 checkpoint lies; see `data_locations`."""
        with self._own_lock():
            reader: PlacedReader = self._opened()  # type: ignore[assignment]
            try:
                return reader.places(name)
            except CheckpointError as error:
                raise error.named(self._checkpoint.prefix) from None

    def files_of(self, name: str) -> tuple[str, ...]:
        """The files in which a variable lies, where a checkpoint has several and its reader has a
        method `files_of`; none if that is not known.

        Raises:
            CheckpointError: a file cannot be read.
        """
        with self._lock:
            split: Callable[[str], tuple[str, ...]] | None
            split = getattr(self._opened(), "files_of", None)
            return split(name) if split is not None else ()

    def verify_rest(self) -> None:
        """Read what the files hold beside values, such as other members of an archive.

        Raises:
            CheckpointError: some of it is damaged.
        """
        load_numpy()
        with self._own_lock():
            try:
                self._opened().verify_rest()
            except CheckpointError as error:
                raise error.named(self._checkpoint.prefix) from None

    def close(self) -> None:
        """Close the files; the next value opens them again."""
        with self._own_lock():
            reader, self._reader = self._reader, None
        if reader is not None:
            reader.close()

    def __del__(self) -> None:
        if hasattr(self, "_reader"):  # an interrupt may have come before
            self.close()

    def _own_lock(self) -> Lock:
        """The lock; not that of the process from which this one was forked.

        What that one has opened, such as a pipe to another process, is not ours either.
        """
        if self._forks != _Forks.count:
            with _Forks.lock:
                if self._forks != _Forks.count:
                    self._lock, self._reader = Lock(), None
                    self._forks = _Forks.count
        return self._lock

    def _opened(self) -> ValueReader:
        if self._reader is None:
            self._reader = _open_values(self._checkpoint)
        return self._reader

    def _refusal(self, error: BaseException, name: str) -> CheckpointError:
        if isinstance(error, CheckpointError):
            return error.named(self._checkpoint.prefix)
        if isinstance(error, KeyError):
            return variable_not_found(self._checkpoint, name)
        variable = self._checkpoint.get(name)
        size = (variable.num_bytes if variable else 0) or 0
        what = f"there is not enough memory for the {size:,} bytes of `{name}`"
        return CheckpointUnreadable(what, self._checkpoint.prefix)


def _open_values(checkpoint: Checkpoint) -> ValueReader:
    if FORMATS[checkpoint.format].is_read_by_listing:
        return open_listed_values(checkpoint)
    listed = ListedFiles(checkpoint)
    for path in checkpoint.files:
        listed.check_path(path)
    return open_values(locate(checkpoint.prefix), checkpoint.names)


def read_value(checkpoint: Checkpoint, name: str) -> np.ndarray:
    """The value of one variable; see `Checkpoint.read`."""
    return checkpoint.read(name)


def variable_not_found(checkpoint: Checkpoint, name: str) -> VariableNotFound:
    """The error for a name that is not in the checkpoint, with what may have been meant."""
    from ckptls.checkpoint.model.suggestions import suggest_variables

    near = suggest_variables(checkpoint, name)
    what = f"no variable `{name}` in `{checkpoint.prefix}`"
    shown = " or ".join(f"`{candidate}`" for candidate in near)
    hint = f"did you mean {shown}?" if near else ""
    return VariableNotFound(what, checkpoint.prefix, hint, tuple(near))
