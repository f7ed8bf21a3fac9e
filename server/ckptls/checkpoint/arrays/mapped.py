"""The bytes of one value in a data file: copied, or mapped if they are many.

A mapping has no copy of the value in memory, but a file that is cut off while it is mapped
would end the process. Small values are therefore copied, and the length of the file is
looked at before either.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

from ckptls.checkpoint.arrays.numpy_arrays import load_numpy
from ckptls.checkpoint.core.errors import CheckpointIncomplete
from ckptls.checkpoint.storage.local_file import OpenFile

TYPE_CHECKING = False  # as typing's, without importing typing
if TYPE_CHECKING:
    import numpy as np

CHUNK_BYTES = 4 * 1024 * 1024
MAP_BYTES = 64 * 1024 * 1024  # values of this size and more are mapped


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
    """`size` bytes from `offset` on, which lie within the file, as an array one may write to.

    Writing to it never changes the file.

    Raises:
        CheckpointError: the file has become shorter, or the system reports an error.
    """
    if size >= MAP_BYTES and os.path.isfile(file.path):
        return _mapped(file, offset, size)
    numpy = load_numpy()
    if size <= CHUNK_BYTES:
        content = bytearray(file.read_at(offset, size))
        return numpy.frombuffer(content, numpy.uint8)  # type: ignore[no-any-return]
    data: np.ndarray = numpy.empty(size, numpy.uint8)
    for start in range(0, size, CHUNK_BYTES):
        count = min(CHUNK_BYTES, size - start)
        piece = file.read_at(offset + start, count)
        data[start : start + count] = numpy.frombuffer(piece, numpy.uint8)
    return data


def read_pieces(file: OpenFile, offset: int, size: int) -> Iterator[bytes]:
    """`size` bytes from `offset` on, at most 4 MiB at a time.

    Raises:
        CheckpointError: the file has become shorter, or the system reports an error.
    """
    for start in range(offset, offset + size, CHUNK_BYTES):
        yield file.read_at(start, min(CHUNK_BYTES, offset + size - start))


def _mapped(file: OpenFile, offset: int, size: int) -> np.ndarray:
    numpy = load_numpy()
    try:
        mapping = numpy.memmap(file.path, numpy.uint8, mode="c", offset=offset, shape=(size,))
    except (OSError, ValueError) as error:
        raise CheckpointIncomplete(f"it cannot be mapped: {error}", file.path, offset) from error
    file.check_unchanged()
    return mapping.view(numpy.ndarray)  # type: ignore[no-any-return]
