"""Values of V1 checkpoints: messages in the same tables that list the variables.

Source: tensorflow/core/util/tensor_slice_reader.cc (TensorSliceReader::CopySliceData).
"""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

from ckptls.checkpoint.arrays.numpy_arrays import assembled, numpy_dtype, shaped
from ckptls.checkpoint.core.errors import CheckpointDamaged, CheckpointError, CheckpointUnsupported
from ckptls.checkpoint.core.types import Extents, FileStamp
from ckptls.checkpoint.formats.tensorflow.protos import FULL_EXTENT
from ckptls.checkpoint.formats.tensorflow.tensor_proto import read_tensor
from ckptls.checkpoint.formats.tensorflow.tensor_slices import check_cover, resolve, shape_of
from ckptls.checkpoint.formats.tensorflow.v1.table_reader import Tensor, V1Reader, shard_files
from ckptls.checkpoint.model.checkpoint import Checkpoint, Variable
from ckptls.checkpoint.model.listed_files import ListedFiles
from ckptls.checkpoint.model.value_reader import Place
from ckptls.checkpoint.storage.filesystem import open_file
from ckptls.checkpoint.storage.local_file import Closing
from ckptls.checkpoint.storage.open_file_pool import Opened

TYPE_CHECKING = False  # as typing's, without importing typing
if TYPE_CHECKING:
    import numpy as np

_MAX_SLICES = 100_000

_Part = tuple[Extents, "np.ndarray"]


def open_values(checkpoint: Checkpoint) -> V1Values:
    """The values of a V1 checkpoint; see `ValueReader`."""
    return V1Values(checkpoint)


class V1Values(Closing):
    """The files of a V1 checkpoint; what each of them lists is read when it is opened."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        self._checkpoint = checkpoint
        self._listed = ListedFiles(checkpoint)
        self._paths = shard_files(checkpoint.files)
        self._shards = Opened(self._open)
        # By name the files that list it; None until a second value is asked for.
        self._homes: dict[str, list[str]] | None = None
        self._is_second = False

    def close(self) -> None:
        """See Closing."""
        self._shards.close()

    def read(self, name: str) -> np.ndarray:
        """The value of one variable, put together of its slices in all files."""
        variable = self._checkpoint[name]
        numpy_dtype(variable.dtype)  # before anything is read: are there values at all?
        parts: list[_Part] = []
        for path in self._paths_with(name):
            try:
                parts.extend(self._shards.open(path).parts(variable))
            except CheckpointError as error:
                raise error.named(path) from None
        check_cover((extents for extents, _ in parts), variable.shape)
        if len(parts) == 1:
            return shaped(parts[0][1], variable.shape)
        return assembled(variable.shape, variable.dtype, parts)

    def verify(self, name: str) -> int:
        """As `read`; `verify/tensorflow_v1` has a way of its own."""
        return self.read(name).nbytes

    def verify_rest(self) -> None:
        """Nothing else."""

    def places(self, name: str) -> list[Place]:
        """Where the slices of a variable lie, in the order of the files."""
        found: list[Place] = []
        for path in self._paths_with(name):
            try:
                found.extend(self._shards.open(path).places(name))
            except CheckpointError as error:
                raise error.named(path) from None
        return found

    def _paths_with(self, name: str) -> list[str]:
        """The files that may have slices of a variable."""
        if len(self._paths) == 1 or not self._is_second:
            self._is_second = True
            return self._paths
        if self._homes is None:
            self._homes = {}
            for path in self._paths:
                for listed in self._shards.open(path).tensors:
                    self._homes.setdefault(listed, []).append(path)
        return self._homes.get(name, [])

    def _open(self, path: str) -> _Shard:
        shard = _Shard(path)
        try:
            self._listed.check(shard.stamp)
        except CheckpointError:
            shard.close()
            raise
        return shard


class _Shard(Closing):
    """One file, with the tensors that it lists by name."""

    def __init__(self, path: str) -> None:
        self._file = open_file(path)
        try:
            self._reader = V1Reader(self._file)
            self.tensors: dict[str, list[Tensor]] = {}
            for tensor in self._reader.tensors():
                self.tensors.setdefault(tensor.name, []).append(tensor)
        except CheckpointError as error:
            self._file.close()
            raise error.named(path) from None

    @property
    def stamp(self) -> FileStamp:
        """What the file was when it was opened."""
        return self._file.stamp

    def close(self) -> None:
        """See Closing."""
        self._file.close()

    def parts(self, variable: Variable) -> Iterator[_Part]:
        """The slices of a variable that are in this file."""
        for tensor in self.tensors.get(variable.name, ()):
            _check_kind(tensor, variable)
            yield from _read(self._reader, tensor)
        self._file.check_unchanged_lately()

    def places(self, name: str) -> Iterator[Place]:
        """Where the slices of a variable lie in this file."""
        for tensor in self.tensors.get(name, ()):
            for extents, key in zip(tensor.slices, tensor.slice_keys(), strict=True):
                found = self._reader.find(key)
                where = None if found is None else found.where
                size = None if found is None or where is None else found.size
                is_whole = all(length == FULL_EXTENT for _, length in extents)
                place = None if is_whole else resolve(extents, tensor.shape)
                yield Place(self._file.path, where, size, place)
        self._file.check_unchanged_lately()


def _read(reader: V1Reader, tensor: Tensor) -> Iterator[_Part]:
    check_slices(tensor)
    for extents, key in zip(tensor.slices, tensor.slice_keys(), strict=True):
        place = resolve(extents, tensor.shape)
        source = reader.find(key)
        if source is None:
            raise CheckpointDamaged(f"the values of `{tensor.name}` are not in it")
        try:
            values = read_tensor(source, tensor.dtype, prod(shape_of(place)))
        except (CheckpointDamaged, CheckpointUnsupported) as error:
            raise type(error)(f"`{tensor.name}`: {error.what}", error.path) from error
        yield place, shaped(values, shape_of(place))


def check_slices(tensor: Tensor) -> None:
    """Make sure that the slices in one file are not more than there can be.

    Raises:
        CheckpointDamaged: they are; or they lie outside of their variable.
    """
    elements = sum(prod(shape_of(resolve(each, tensor.shape))) for each in tensor.slices)
    if len(tensor.slices) > _MAX_SLICES or elements > prod(tensor.shape):
        raise CheckpointDamaged(f"the slices of `{tensor.name}` overlap")


def _check_kind(tensor: Tensor, variable: Variable) -> None:
    if tensor.dtype != variable.dtype or tensor.shape != variable.shape:
        raise CheckpointDamaged(f"its shards disagree about `{variable.name}`")
