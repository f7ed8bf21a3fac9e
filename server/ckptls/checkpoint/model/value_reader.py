"""What a format offers to read values: the open files of one checkpoint, by protocol."""

from __future__ import annotations

from dataclasses import dataclass

from ckptls.checkpoint.core.types import Extents

TYPE_CHECKING = False  # as typing's, without importing typing
if TYPE_CHECKING:
    from typing import Protocol

    import numpy as np


@dataclass(frozen=True, slots=True)
class Place:
    """A part of a file that holds a variable or a slice of it.

    Attributes:
        path: the file, which need not be there.
        offset_bytes: where in it the bytes start; None if they are compressed, or if only
            the format's own library knows.
        size_bytes: how many there are, None as above. A V1 file keeps values in a message
            of its own, so this is not the size of the values there.
        extents: (start, length) in each dimension if it is a slice, else None.
    """

    path: str
    offset_bytes: int | None
    size_bytes: int | None
    extents: Extents | None = None


@dataclass(frozen=True, slots=True)
class Placement:
    """Where the bytes of one variable are.

    Attributes:
        path: the data file; of a partitioned variable that of its first slice. It need not
            be there.
        offset_bytes: where in that file they start; None where that is not known.
        num_bytes: how many there are, of all slices together; None where not known.
        num_slices: the number of slices if it is partitioned, else 0.
    """

    path: str
    offset_bytes: int | None = None
    num_bytes: int | None = None
    num_slices: int = 0


if TYPE_CHECKING:

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

    class Values(Protocol):
        """The values of one checkpoint, opened when the first is asked for; for any thread."""

        def read(self, name: str) -> np.ndarray:
            """The value of one variable; see `Checkpoint.read`."""

        def verify(self, name: str) -> int:
            """Read one value whole, without keeping it: how many bytes it has."""

        def verify_rest(self) -> None:
            """Read what the files hold beside values."""

        def places(self, name: str) -> list[Place]:
            """Where the bytes of one variable of a V1 or V2 checkpoint lie."""

        def files_of(self, name: str) -> tuple[str, ...]:
            """The files of another format in which a variable lies; none if that is not known."""

        def close(self) -> None:
            """Close the files; the next value opens them again."""
