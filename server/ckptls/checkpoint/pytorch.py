"""PyTorch's files: zip archives, and the two formats from before PyTorch 1.6.

The pickle in them is never run: `pickles` reads what it would build. TorchScript archives and
whole modules have the same layout.

Source: torch/serialization.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ckptls.checkpoint import elements, shards
from ckptls.checkpoint.errors import CheckpointError
from ckptls.checkpoint.files import open_file
from ckptls.checkpoint.local_file import OpenFile
from ckptls.checkpoint.stream import FilePart

if TYPE_CHECKING:
    from ckptls.checkpoint.contents import Contents
    from ckptls.checkpoint.location import Location
    from ckptls.checkpoint.torch_values import Tensors


def read(location: Location) -> Contents:
    """The tensors of a file, or of all shards that an index names.

    Raises:
        CheckpointError: a damaged archive or pickle.
    """
    return shards.listed(location, _found)


def open_values(location: Location, names: Sequence[str] = ()) -> shards.ShardValues:
    """The tensors' values; see `values.ValueReader`."""
    return shards.ShardValues(location, _Opened)


def tensors_in(file: OpenFile | FilePart) -> Tensors:
    """The tensors of an open file; close them before it.

    Raises:
        CheckpointError: a damaged archive or pickle.
    """
    head = file.read_at(0, min(file.size, 2))
    if head == b"PK":
        from ckptls.checkpoint.torch_archive import TensorArchive

        return TensorArchive(file)
    if head.startswith(b"\x80"):
        from ckptls.checkpoint.torch_stream import TensorStream

        return TensorStream(file)
    from ckptls.checkpoint.torch_tar import TensorTar

    return TensorTar(file)


class _Opened(shards.Shard):
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

    def read(self, name: str) -> elements.Array:
        value = self._tensors.value(name)
        self.file.check_unchanged_lately()
        return value

    def verify(self, name: str) -> int:
        size = self._tensors.verify(name)
        self.file.check_unchanged_lately()
        return size

    def verify_rest(self) -> None:
        self._tensors.verify_rest()


def _found(path: str) -> shards.Found:
    with open_file(path) as file, tensors_in(file) as found:
        kinds = {name: (each.dtype, each.shape) for name, each in found.tensors.items()}
        file.check_unchanged()
        return kinds, file.stamp, found.problems
