"""The values of variables, read one at a time from files that are opened once.

`OpenValues` is the way in, whatever the format: it opens the checkpoint at the first value and
keeps it open, so that a loop over all variables costs no more than one over the bytes. The
module of each format makes the `ValueReader` behind it, which knows where the bytes lie.
"""

from __future__ import annotations

import os
from importlib import import_module
from threading import Lock

from ckptls.checkpoint.arrays import load_numpy
from ckptls.checkpoint.errors import (
    CheckpointError,
    CheckpointIncomplete,
    CheckpointUnreadable,
    VariableNotFound,
)
from ckptls.checkpoint.files import Closing, stamp_of
from ckptls.checkpoint.model import Checkpoint, FileStamp, Format

TYPE_CHECKING = False  # as typing's, without importing typing
if TYPE_CHECKING:
    from typing import Protocol

    import numpy as np

    from ckptls.checkpoint.places import Place

    class ValueReader(Protocol):
        """The open files of one checkpoint; used by one thread at a time."""

        def read(self, name: str) -> np.ndarray:
            """The value of one variable.

            Raises:
                KeyError: there is no variable of that name.
                CheckpointError: it cannot be read.
            """

        def verify(self, name: str) -> int:
            """Read all bytes of one value, a piece at a time; how many there are.

            Raises:
                KeyError, CheckpointError: as `read`.
            """

        def verify_rest(self) -> None:
            """Read what the files hold beside values, such as other members of an archive.

            Raises:
                CheckpointError: some of it is damaged.
            """

        def close(self) -> None:
            """Close all files; it cannot be used any more."""

    class PlacedReader(ValueReader, Protocol):
        """A reader of one of TensorFlow's formats, which knows where each value lies."""

        def places(self, name: str) -> list[Place]:
            """Where the bytes of one variable lie; data files need not be there.

            Raises:
                CheckpointError: the index is damaged.
            """


# The module of each format that has a reader of values of its own here; all other formats
# are read by `formats`, which knows their modules.
_READERS = {
    Format.V1: "ckptls.checkpoint.v1_values",
    Format.V2: "ckptls.checkpoint.bundle_values",
}
_OTHER_FORMATS = "ckptls.checkpoint.formats"


class OpenValues(Closing):
    """The values of one checkpoint, which is opened at the first value that is asked for.

    Any thread may use it. After `close` the next value opens the files again.
    """

    __slots__ = ("_checkpoint", "_lock", "_process", "_reader")

    def __init__(self, checkpoint: Checkpoint) -> None:
        self._checkpoint = checkpoint
        self._lock = Lock()
        self._process = 0
        self._reader: ValueReader | None = None

    def read(self, name: str) -> np.ndarray:
        """The value of one variable; see `Checkpoint.read`."""
        load_numpy()
        with self._lock:
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
        with self._lock:
            try:
                return self._opened().verify(name)
            except (CheckpointError, KeyError, MemoryError) as error:
                raise self._refusal(error, name) from None

    def places(self, name: str) -> list[Place]:
        """Where the bytes of one variable of a V1 or V2 checkpoint lie; see `places.places`."""
        with self._lock:
            reader: PlacedReader = self._opened()  # type: ignore[assignment]
            try:
                return reader.places(name)
            except CheckpointError as error:
                raise error.named(self._checkpoint.prefix) from None

    def verify_rest(self) -> None:
        """Read what the files hold beside values, such as other members of an archive.

        Raises:
            CheckpointError: some of it is damaged.
        """
        load_numpy()
        with self._lock:
            try:
                self._opened().verify_rest()
            except CheckpointError as error:
                raise error.named(self._checkpoint.prefix) from None

    def close(self) -> None:
        """Close the files; the next value opens them again."""
        with self._lock:
            reader, self._reader = self._reader, None
        if reader is not None and self._process == os.getpid():
            reader.close()

    def __del__(self) -> None:
        self.close()

    def _opened(self) -> ValueReader:
        # What a parent process has opened, such as a pipe to another process, is not ours.
        if self._reader is None or self._process != os.getpid():
            home = _READERS.get(self._checkpoint.format, _OTHER_FORMATS)
            self._reader = import_module(home).open_values(self._checkpoint)
            self._process = os.getpid()
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


def read_value(checkpoint: Checkpoint, name: str) -> np.ndarray:
    """The value of one variable; see `Checkpoint.read`."""
    return checkpoint.read(name)


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


def load_variable(path: str | os.PathLike[str], name: str) -> np.ndarray | bytes:
    """What `tf.train.load_variable` returns: an array, or a scalar (`bytes` for a string).

    Raises:
        CheckpointError: as `Checkpoint.read`, and as `ckptls.open` for the path.
    """
    from ckptls.checkpoint.reader import read_checkpoint

    with read_checkpoint(path) as checkpoint:
        values = checkpoint.read(name)
    return values if values.shape else values[()]


def variable_not_found(checkpoint: Checkpoint, name: str) -> VariableNotFound:
    """The error for a name that is not in the checkpoint, with what may have been meant."""
    from ckptls.checkpoint.suggest import suggest_variables

    near = suggest_variables(checkpoint, name)
    what = f"no variable `{name}` in `{checkpoint.prefix}`"
    shown = " or ".join(f"`{candidate}`" for candidate in near)
    hint = f"did you mean {shown}?" if near else ""
    return VariableNotFound(what, checkpoint.prefix, hint, tuple(near))
