"""How the formats of this package are recognized: first bytes, members of archives, file names.

Each function is named in a row of `registry`. This module imports no reader of a format unless a
file has its mark.
"""

from __future__ import annotations

from ckptls.checkpoint.core.types import Format
from ckptls.checkpoint.formats.file_start import FileStart
from ckptls.checkpoint.layout.directory_files import file_names
from ckptls.checkpoint.model.location import Location
from ckptls.checkpoint.storage.filesystem import is_remote, split

_HDF5_MAGIC = b"\x89HDF\r\n\x1a\n"
_USER_BLOCK_BYTES = 512
_OFTEN_HDF5 = (".h5", ".hdf5", ".mat")
_EMPTY_ZIP_MAGIC = b"PK\x05\x06"
_OCDBT_MAGIC = b"\x0c\xdb\x3a\x2a"
_ORBAX_TREE = "_METADATA"
_DISTRIBUTED_MARK = ".metadata"  # of PyTorch's distributed checkpoints
_TAR_MAGIC = b"ustar"
_TAR_MAGIC_AT = 257
# PyTorch's magic number as a pickle: behind its protocol, and a frame from protocol 4 on.
_TORCH_MAGIC = b"\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."
_TORCH_MAGIC_AT = (2, 11)


def hdf5(start: FileStart) -> Location | None:
    """Recognize HDF5 by its first bytes."""
    return _located(start, Format.HDF5) if start.head.startswith(_HDF5_MAGIC) else None


def hdf5_behind_user_block(start: FileStart) -> Location | None:
    """Recognize HDF5 behind bytes of the user, at 512 or a power of two times that.

    MATLAB's files have such a block. On another machine, where each look costs, names must do.
    """
    file = start.file
    if is_remote(start.path) and not start.path.endswith(_OFTEN_HDF5):
        return None
    place = _USER_BLOCK_BYTES
    while place + len(_HDF5_MAGIC) <= file.size:
        if file.read_at(place, len(_HDF5_MAGIC)) == _HDF5_MAGIC:
            return _located(start, Format.HDF5)
        place *= 2
    return None


def keras(start: FileStart) -> Location | None:
    """Recognize a `.keras` archive by its members."""
    weights = ("model.weights.h5", "model.weights.json")
    is_keras = "config.json" in start.members and not start.members.isdisjoint(weights)
    return _located(start, Format.KERAS) if is_keras else None


def pytorch(start: FileStart) -> Location | None:
    """Recognize what `torch.save` writes, now and before PyTorch 1.6."""
    is_archive = any(name.count("/") == 1 and name.endswith("/data.pkl") for name in start.members)
    return _located(start, Format.PYTORCH) if is_archive or _is_old_torch(start) else None


def _is_old_torch(start: FileStart) -> bool:
    head = start.head
    if head[:1] == b"\x80" and any(head.startswith(_TORCH_MAGIC, at) for at in _TORCH_MAGIC_AT):
        return True
    if not head.startswith(_TAR_MAGIC, _TAR_MAGIC_AT):
        return False
    from ckptls.checkpoint.formats.pytorch import torch_tar

    return torch_tar.is_tensor_archive(start.file)


def torch_distributed(start: FileStart) -> Location | None:
    """Recognize a file of a distributed PyTorch checkpoint by its name and its neighbours.

    Raises:
        CheckpointUnsupported: a file with tensors whose `.metadata` is not there.
    """
    if not start.path.endswith((_DISTRIBUTED_MARK, ".distcp")):
        return None
    from ckptls.checkpoint.formats.pytorch import torch_distributed as reader

    return reader.at_file(start.path)


def torch_distributed_at(directory: str) -> Location | None:
    """Return the distributed PyTorch checkpoint that a directory is, or None."""
    if _DISTRIBUTED_MARK not in file_names(directory):
        return None
    from ckptls.checkpoint.formats.pytorch import torch_distributed as reader

    return reader.in_directory(directory)


def torch_distributed_in(directory: str) -> list[Location]:
    """Return the same as a list of at most one."""
    found = torch_distributed_at(directory)
    return [] if found is None else [found]


def npz(start: FileStart) -> Location | None:
    """Recognize an archive of arrays; `numpy.savez` writes an empty one of no arrays."""
    is_empty = start.head.startswith(_EMPTY_ZIP_MAGIC) and start.path.endswith(".npz")
    is_archive = any(name.endswith(".npy") for name in start.members)
    return _located(start, Format.NPZ) if is_empty or is_archive else None


def safetensors(start: FileStart) -> Location | None:
    """Recognize safetensors: the size of a JSON header, and its brace."""
    head = start.head
    size = int.from_bytes(head[:8], "little")
    is_header = head[8:9] == b"{" and size <= start.file.size - 8
    return _located(start, Format.SAFETENSORS) if is_header else None


def orbax(start: FileStart) -> Location | None:
    """Recognize a file of an Orbax checkpoint: its database or its tree."""
    directory, name = split(start.path)
    if not start.head.startswith(_OCDBT_MAGIC) and name != _ORBAX_TREE:
        return None
    from ckptls.checkpoint.formats.orbax import orbax_directories

    return next(iter(orbax_directories.in_directory(directory or ".")), None)


def _located(start: FileStart, form: Format) -> Location:
    return Location(start.path, form, (start.path,))
