"""Which format a file or a directory has, by its first bytes, members or file names."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ckptls.checkpoint.core.errors import CheckpointDamaged, CheckpointError, CheckpointUnsupported
from ckptls.checkpoint.core.types import Format
from ckptls.checkpoint.layout import directory_files
from ckptls.checkpoint.model.location import Location
from ckptls.checkpoint.names.natural_order import natural_order
from ckptls.checkpoint.storage import foreign_files
from ckptls.checkpoint.storage.filesystem import is_remote, join, open_file, split
from ckptls.checkpoint.storage.local_file import OpenFile

HEAD_BYTES = 512
_MOST_FILES = 200
_USUAL = (".h5", ".hdf5", ".keras", ".safetensors", ".npz", ".pt", ".pth", ".bin", ".ckpt", ".json")
# What a scan looks into; of the last two kinds a directory with many holds data, no models.
_SCANNED = (".ckpt", ".h5", ".hdf5", ".keras", ".safetensors", ".pt", ".pth", ".npz", ".bin")
_INDEXES = (".safetensors.index.json", ".bin.index.json", ".weights.json")
_OFTEN_DATA = (".npz", ".bin")
_MANY = 50
# Names of weights, of this program and of others.
_WEIGHTS: tuple[str, ...] = (
    *_SCANNED,
    ".onnx",
    ".tflite",
    ".mlmodel",
    ".pt2",
    ".gguf",
    ".pkl",
    ".npy",
    ".pb",
)


_WEIGHTS += (".tar", ".tar.gz", ".tgz", ".zip", ".7z", ".rar", ".gz", ".bz2", ".xz", ".msgpack")


_MOST_EXPLAINED = 40
_SHARD = re.compile(r"-\d{5}-of-\d{5}\.[a-z]+$|_\d{5}\.weights\.h5$")
_ORBAX_MARKS = frozenset({"_METADATA", "_CHECKPOINT_METADATA", "manifest.ocdbt"})
_DISTRIBUTED_MARK = ".metadata"  # of PyTorch's distributed checkpoints
_MARKS = _ORBAX_MARKS | {_DISTRIBUTED_MARK}
_HDF5_MAGIC = b"\x89HDF\r\n\x1a\n"
_USER_BLOCK_BYTES = 512
_OFTEN_HDF5 = (".h5", ".hdf5", ".mat")
_ZIP_MAGIC = b"PK\x03\x04"
_EMPTY_ZIP_MAGIC = b"PK\x05\x06"
_OCDBT_MAGIC = b"\x0c\xdb\x3a\x2a"
_TAR_MAGIC = b"ustar"
_TAR_MAGIC_AT = 257
# PyTorch's magic number as a pickle: behind its protocol, and a frame from protocol 4 on.
_TORCH_MAGIC = b"\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."
_TORCH_MAGIC_AT = (2, 11)
_UNPICKLED = "reading it would mean to run what it says"


def at_file(path: str) -> Location | None:
    """The checkpoint that a file is, or is a part of; None if it is of none of these formats.

    Raises:
        CheckpointUnsupported: it is of a known kind that is not read.
        CheckpointError: it cannot be opened, or is damaged so early that its kind is unknown.
    """
    try:
        with open_file(path) as file:
            return _by_content(file)
    except CheckpointError as error:
        raise error.named(path) from None


def _at_shard(path: str) -> Location | None:
    """As `at_file`, of what an index names: no other index, for two could name each other."""
    try:
        with open_file(path) as file:
            if file.read_at(0, min(file.size, HEAD_BYTES)).lstrip()[:1] == b"{":
                raise CheckpointDamaged("it is JSON text, where an index names weights")
            return _by_content(file)
    except CheckpointError as error:
        raise error.named(path) from None


def in_directory(directory: str) -> list[Location]:
    """The checkpoints of these formats that a directory is or holds, in natural order."""
    from ckptls.checkpoint.formats.orbax import orbax_tree

    found = orbax_tree.in_directory(directory)
    if found:
        return found
    distributed = _distributed(directory)
    if distributed is not None:
        return [distributed]
    return _located(directory, _likely_first(directory_files.file_names(directory)))


def _distributed(directory: str) -> Location | None:
    if _DISTRIBUTED_MARK not in directory_files.file_names(directory):
        return None
    from ckptls.checkpoint.formats.pytorch import torch_distributed

    return torch_distributed.in_directory(directory)


def _located(directory: str, names: Iterable[str]) -> list[Location]:
    """The checkpoints that these files of a directory are; shards are parts of theirs."""
    locations = [
        location for name in names if (location := _at_file_or_none(join(directory, name)))
    ]
    parts = {path for location in locations for path in location.files[1:]}
    return [location for location in locations if location.prefix not in parts]


def may_be_in(names: Iterable[str]) -> bool:
    """Whether a directory with files of these names is worth a call of `prefixes_in`."""
    return any(name.endswith(_SCANNED + _INDEXES) or name in _MARKS for name in names)


def prefixes_in(directory: str) -> tuple[str, ...]:
    """The checkpoints of these formats right in a directory, in natural order: for a scan.

    Files of the usual names count if their first bytes are right, a directory of Orbax if its
    files are there. What cannot be read is left out, and so are hundreds of arrays and more.
    On other machines, where each look costs, the names must do.
    """
    names = directory_files.file_names(directory)
    if not _ORBAX_MARKS.isdisjoint(names):
        from ckptls.checkpoint.formats.orbax import orbax_directories

        if orbax_directories.is_checkpoint(directory):
            return (directory,)
    if _DISTRIBUTED_MARK in names and _distributed(directory) is not None:
        return (directory,)
    if is_remote(directory):
        strong = tuple(end for end in _SCANNED if end not in _OFTEN_DATA and end != ".ckpt")
        found = (join(directory, name) for name in names if name.endswith(strong))
        return tuple(sorted(found, key=natural_order))
    return tuple(location.prefix for location in _located(directory, _worth_a_look(names)))


def _worth_a_look(names: list[str]) -> list[str]:
    """Those of usual names in natural order, with the likeliest first if there are very many."""
    for end in _OFTEN_DATA:
        if sum(name.endswith(end) for name in names) > _MANY:
            names = [name for name in names if not name.endswith(end)]
    wanted = (name for name in names if name.endswith(_SCANNED + _INDEXES))
    return sorted(wanted, key=natural_order)[:_MOST_FILES]


def _by_content(file: OpenFile) -> Location | None:
    head = file.read_at(0, min(file.size, HEAD_BYTES))
    path = file.path
    if head.startswith(_HDF5_MAGIC):
        return Location(path, Format.HDF5, (path,))
    distributed = _distributed_of(path)
    if distributed is not None:
        return distributed
    if head.startswith(_ZIP_MAGIC):
        return Location(path, _format_of_archive(file), (path,))
    if head.startswith(_EMPTY_ZIP_MAGIC) and path.endswith(".npz"):
        return Location(path, Format.NPZ, (path,))  # what numpy.savez writes of nothing
    if _begins_as_safetensors(head, file.size):
        return Location(path, Format.SAFETENSORS, (path,))
    if head.startswith(_OCDBT_MAGIC) or split(path)[1] == "_METADATA":
        from ckptls.checkpoint.formats.orbax import orbax_tree

        return next(iter(orbax_tree.in_directory(split(path)[0] or ".")), None)
    if _is_old_torch(head, file):
        return Location(path, Format.PYTORCH, (path,))
    if head.lstrip()[:1] == b"{":
        from ckptls.checkpoint.formats.shared import sharded_index

        return sharded_index.at_index(file, _at_shard)
    if _has_user_block(file):
        return Location(path, Format.HDF5, (path,))
    other = foreign_files.refusal(head)
    if other is not None:
        raise other
    return None


def _distributed_of(path: str) -> Location | None:
    if not path.endswith((_DISTRIBUTED_MARK, ".distcp")):
        return None
    from ckptls.checkpoint.formats.pytorch import torch_distributed

    return torch_distributed.at_file(path)


def _is_old_torch(head: bytes, file: OpenFile) -> bool:
    """Whether PyTorch wrote a file before its version 1.6."""
    if head[:1] == b"\x80" and any(head.startswith(_TORCH_MAGIC, at) for at in _TORCH_MAGIC_AT):
        return True
    if not head.startswith(_TAR_MAGIC, _TAR_MAGIC_AT):
        return False
    from ckptls.checkpoint.formats.pytorch import torch_tar

    return torch_tar.is_tensor_archive(file)


def _has_user_block(file: OpenFile) -> bool:
    """Whether HDF5 begins behind bytes of the user, at 512 or a power of two times that.

    MATLAB's files have such a block. On another machine, where each look costs, names must do.
    """
    if is_remote(file.path) and not file.path.endswith(_OFTEN_HDF5):
        return False
    place = _USER_BLOCK_BYTES
    while place + len(_HDF5_MAGIC) <= file.size:
        if file.read_at(place, len(_HDF5_MAGIC)) == _HDF5_MAGIC:
            return True
        place *= 2
    return False


def _begins_as_safetensors(head: bytes, size: int) -> bool:
    return head[8:9] == b"{" and int.from_bytes(head[:8], "little") <= size - 8


def _format_of_archive(file: OpenFile) -> Format:
    from ckptls.checkpoint.storage.zip_archive import Archive

    with Archive(file) as archive:
        names = set(archive.names)
    if "config.json" in names and not names.isdisjoint(("model.weights.h5", "model.weights.json")):
        return Format.KERAS
    if any(name.count("/") == 1 and name.endswith("/data.pkl") for name in names):
        return Format.PYTORCH
    if any(name.endswith(".npy") for name in names):
        return Format.NPZ
    if any(
        name.rpartition("/")[2] in ("archive_format", "serialized_exported_program.json")
        for name in names
    ):
        what, hint = "an exported PyTorch program (.pt2)", "save the `state_dict` instead"
    else:
        what, hint = "a zip archive, but not of Keras, PyTorch or NumPy", foreign_files.UNPACK
    raise CheckpointUnsupported(f"it is {what}", hint=hint)


def likely_names(directory: str) -> list[str]:
    """The files of a directory, some tens at most, whose names are those of weights."""
    if is_remote(directory):
        return []
    ends = (*_WEIGHTS, *_INDEXES)
    names = [
        n for n in directory_files.file_names(directory) if n.endswith(ends) or n == "checkpoint"
    ]
    return sorted(names, key=natural_order)[:_MOST_EXPLAINED]


def why_unreadable(path: str) -> str:
    """Why a file cannot be read as a checkpoint; empty if it can, or is a valid state file."""
    try:
        found = _located_index(path) if path.endswith(_INDEXES) else at_file(path)
        if found is None and split(path)[1] != directory_files.STATE_NAME:
            from ckptls.checkpoint.formats.tensorflow.v1 import metadata

            metadata.read(Location(path, Format.V1, (path,)))
    except CheckpointError as error:
        return f"{error.what}; {error.hint}" if error.hint else error.what
    is_named_so = found is not None and split(path)[1] == directory_files.STATE_NAME
    return f"it is a file of {found.format.value}" if found and is_named_so else ""


def broken_index(directory: str) -> CheckpointError | None:
    """What is wrong with a JSON file of a directory that is to say which variable is in which file;
    None if there is none, or if all of them are right."""
    names = directory_files.file_names(directory)
    for name in sorted(name for name in names if name.endswith(_INDEXES))[:_MOST_EXPLAINED]:
        try:
            _located_index(join(directory, name))
        except CheckpointError as error:
            return error
    return None


def _located_index(path: str) -> Location:
    """The checkpoint of an index in JSON.

    Raises:
        CheckpointError: it is damaged, or of another kind.
    """
    found = at_file(path)
    if found is not None:
        return found
    from ckptls.checkpoint.formats.shared import sharded_index

    sharded_index.read_index(path)
    raise CheckpointUnsupported("its files are of no format that is read", path)


def is_shard(path: str) -> bool:
    """Whether a file is by its name one of several, as `m-00001-of-00002.bin` is."""
    return _SHARD.search(split(path)[1]) is not None


def _at_file_or_none(path: str) -> Location | None:
    try:
        return at_file(path)
    except CheckpointError:
        return None


def _likely_first(names: list[str]) -> list[str]:
    """The first few hundred names in natural order, with the usual endings before others."""
    names.sort(key=lambda name: (not name.endswith(_USUAL), natural_order(name)))
    return names[:_MOST_FILES]
