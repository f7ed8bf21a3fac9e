"""PyTorch's files: zip archives, and the two formats from before PyTorch 1.6.

The pickle in them is never run: `pickle_scanner` reads what it would build. TorchScript archives
and whole modules have the same layout.

Source: torch/serialization.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ckptls.checkpoint.arrays import foreign_dtypes
from ckptls.checkpoint.core.errors import CheckpointError
from ckptls.checkpoint.formats.shared import sharded_index
from ckptls.checkpoint.storage.filesystem import open_file
from ckptls.checkpoint.storage.local_file import OpenFile
from ckptls.checkpoint.storage.raw_io import FilePart

if TYPE_CHECKING:
    from ckptls.checkpoint.formats.pytorch.torch_values import Tensors
    from ckptls.checkpoint.model.contents import Contents
    from ckptls.checkpoint.model.location import Location


def read(location: Location) -> Contents:
    """The tensors of a file, or of all shards that an index names.

    Raises:
        CheckpointError: a damaged archive or pickle.
    """
    return sharded_index.listed(location, _found)


def open_values(location: Location, names: Sequence[str] = ()) -> sharded_index.ShardValues:
    """The tensors' values; see `ValueReader`."""
    return sharded_index.ShardValues(location, _Opened)


def tensors_in(file: OpenFile | FilePart) -> Tensors:
    """The tensors of an open file; close them before it.

    Raises:
        CheckpointError: a damaged archive or pickle.
    """
    head = file.read_at(0, min(file.size, 2))
    if head == b"PK":
        from ckptls.checkpoint.formats.pytorch.torch_archive import TensorArchive

        return TensorArchive(file)
    if head.startswith(b"\x80"):
        from ckptls.checkpoint.formats.pytorch.torch_stream import TensorStream

        return TensorStream(file)
    from ckptls.checkpoint.formats.pytorch.torch_tar import TensorTar

    return TensorTar(file)


class _Opened(sharded_index.Shard):
    """One file, whose pickle was read once."""

    def __init__(self, path: str) -> None:
        self.file = open_file(path)
        try:
            self._tensors = tensors_in(self.file)
        except CheckpointError as error:
            self.file.close()
            raise error.named(path) from None
        self.names = self._tensors.tensors.keys()

    def close(self) -> None:
        self._tensors.close()
        self.file.close()

    def read(self, name: str) -> foreign_dtypes.Array:
        value = self._tensors.value(name)
        self.file.check_unchanged_lately()
        return value

    def verify(self, name: str) -> int:
        size = self._tensors.verify(name)
        self.file.check_unchanged_lately()
        return size

    def verify_rest(self) -> None:
        self._tensors.verify_rest()


def _found(path: str) -> sharded_index.Found:
    with open_file(path) as file, tensors_in(file) as found:
        kinds = {name: (each.dtype, each.shape) for name, each in found.tensors.items()}
        file.check_unchanged()
        return kinds, file.stamp, found.problems
