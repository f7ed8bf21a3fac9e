"""Whether a weight file of Keras has its end, which a killed save has not written.

Each format writes something last, or says at its beginning how long it is. A few bytes tell,
whatever the size of the file.

Source: APPNOTE.TXT of the zip format, 4.3.16; the HDF5 File Format Specification,
"Format Signature and Superblock".
"""

from __future__ import annotations

from collections.abc import Callable

from ckptls.checkpoint.core.errors import CheckpointError
from ckptls.checkpoint.storage.filesystem import open_file
from ckptls.checkpoint.storage.local_file import OpenFile

_ZIP_END = b"PK\x05\x06"
_ZIP_END_BYTES = 22
_HDF5_START = b"\x89HDF\r\n\x1a\n"
# version of the superblock -> where it says where the file ends, with addresses of 8 bytes
_HDF5_END_AT = {0: 40, 1: 44, 2: 28, 3: 28}
_HDF5_HEAD_BYTES = 64


def is_whole_zip(path: str) -> bool:
    """Whether an archive without a comment, as Keras writes it, ends as one."""
    return _holds(path, _has_zip_end)


def is_whole_hdf5(path: str) -> bool:
    """Whether an HDF5 file is as long as it says."""
    return _holds(path, _has_all_of_hdf5)


def _holds(path: str, test: Callable[[OpenFile], bool]) -> bool:
    try:
        with open_file(path) as file:
            return test(file)
    except CheckpointError:
        return False


def _has_zip_end(file: OpenFile) -> bool:
    if file.size < _ZIP_END_BYTES:
        return False
    return file.read_at(file.size - _ZIP_END_BYTES, len(_ZIP_END)) == _ZIP_END


def _has_all_of_hdf5(file: OpenFile) -> bool:
    if file.size < _HDF5_HEAD_BYTES:
        return False
    head = file.read_at(0, _HDF5_HEAD_BYTES)
    place = _HDF5_END_AT.get(head[8])
    if not head.startswith(_HDF5_START):
        return False
    if place is None or head[9 if head[8] >= 2 else 13] != 8:
        return True  # of a kind that nobody has written yet; its reader will say
    return int.from_bytes(head[place : place + 8], "little") <= file.size
