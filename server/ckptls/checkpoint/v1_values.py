"""Values of V1 checkpoints: messages in the same tables that list the variables.

Source: tensorflow/core/util/tensor_slice_reader.cc (TensorSliceReader::CopySliceData).
"""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

from ckptls.checkpoint.arrays import assembled, numpy_dtype, shaped
from ckptls.checkpoint.errors import CheckpointDamaged, CheckpointError, CheckpointUnsupported
from ckptls.checkpoint.files import open_file
from ckptls.checkpoint.messages import Extents
from ckptls.checkpoint.model import Checkpoint, Variable
from ckptls.checkpoint.slices import check_cover, resolve, shape_of
from ckptls.checkpoint.tensor_proto import read_tensor
from ckptls.checkpoint.v1_entries import Tensor, V1Reader, shard_files
from ckptls.checkpoint.values import check_listed

TYPE_CHECKING = False  # as typing's, without importing typing
if TYPE_CHECKING:
    import numpy as np

_MAX_SLICES = 100_000

_Part = tuple[Extents, "np.ndarray"]


def read_value(checkpoint: Checkpoint, variable: Variable) -> np.ndarray:
    """The values of one variable; see `values.read_value`."""
    numpy_dtype(variable.dtype)  # before anything is read: are there values at all?
    parts: list[_Part] = []
    for path in shard_files(checkpoint.files):
        try:
            parts.extend(_parts(checkpoint, variable, path))
        except CheckpointError as error:
            raise error.named(path) from None
    check_cover((extents for extents, _ in parts), variable.shape)
    if len(parts) == 1:
        return shaped(parts[0][1], variable.shape)
    return assembled(variable.shape, variable.dtype, parts)


def _parts(checkpoint: Checkpoint, variable: Variable, path: str) -> Iterator[_Part]:
    """The slices of a variable in one file; few bytes of one that has none are read."""
    with open_file(path) as file:
        check_listed(checkpoint, file.stamp)
        reader = V1Reader(file)
        for tensor in reader.tensors():
            if tensor.name == variable.name:
                _check_kind(tensor, variable)
                yield from _read(reader, tensor)
        file.check_unchanged()


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
