"""The bytes of one value in a data file, always copied into memory.

They are not mapped: if another program cuts a mapped file short, the system ends the process at
the next access to what is gone, and no check beforehand can prevent that.
"""

from __future__ import annotations

from collections.abc import Iterator

from ckptls.checkpoint.arrays.numpy_arrays import load_numpy
from ckptls.checkpoint.core.errors import CheckpointIncomplete
from ckptls.checkpoint.storage.local_file import OpenFile

TYPE_CHECKING = False  # as typing's, without importing typing
if TYPE_CHECKING:
    import numpy as np

CHUNK_BYTES = 4 * 1024 * 1024


def check_inside(file: OpenFile, offset: int, size: int, what: str) -> None:
    """Make sure that `size` bytes from `offset` on lie within a file.

    Raises:
        CheckpointIncomplete: the file ends before; `what` is the subject of the sentence.
    """
    if offset + size > file.size:
        raise CheckpointIncomplete(
            f"{what} should end at byte {offset + size:,}, and the file at byte {file.size:,}",
            file.path,
            offset,
            "it was cut off, or is being written",
        )


def read_stored(file: OpenFile, offset: int, size: int) -> np.ndarray:
    """`size` bytes from `offset` on as a writable array; writing to it never changes the file.

    Raises:
        CheckpointError: the file has become shorter, or the system reports an error.
    """
    numpy = load_numpy()
    if size <= CHUNK_BYTES:
        content = bytearray(file.read_at(offset, size))
        return numpy.frombuffer(content, numpy.uint8)  # type: ignore[no-any-return]
    check_inside(file, offset, size, "a value")  # before its memory is allocated
    data: np.ndarray = numpy.empty(size, numpy.uint8)
    view = data.data
    for start in range(0, size, CHUNK_BYTES):
        file.read_into(offset + start, view[start : start + CHUNK_BYTES])
    return data


def read_pieces(file: OpenFile, offset: int, size: int) -> Iterator[bytes]:
    """`size` bytes from `offset` on, at most 4 MiB at a time.

    Raises:
        CheckpointError: the file has become shorter, or the system reports an error.
    """
    for start in range(offset, offset + size, CHUNK_BYTES):
        yield file.read_at(start, min(CHUNK_BYTES, offset + size - start))
