"""The values of PyTorch tensors, out of the bytes of their storages."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from math import prod

from ckptls.checkpoint.arrays import foreign_dtypes
from ckptls.checkpoint.core.dtypes import item_bytes
from ckptls.checkpoint.core.errors import CheckpointDamaged, CheckpointUnsupported
from ckptls.checkpoint.core.limits import check_growth
from ckptls.checkpoint.core.problem import Problem
from ckptls.checkpoint.formats.pytorch.torch_tensors import Tensor
from ckptls.checkpoint.storage.local_file import Closing


@dataclass(frozen=True, slots=True)
class Stored:
    """The bytes of one storage.

    Attributes:
        read: (first byte, count) -> those bytes, as an array of uint8.
        verify: reads all of them, a piece at a time.
        byte_order: `<` or `>`.
    """

    size_bytes: int
    read: Callable[[int, int], foreign_dtypes.Array]
    verify: Callable[[], object]
    byte_order: str = "<"


class Tensors(Closing):
    """The tensors of one open file, whichever of PyTorch's formats it has.

    Attributes:
        tensors: by name, in the order of the pickle.
        problems: what is odd or not listed.
    """

    tensors: dict[str, Tensor]
    problems: tuple[Problem, ...]
    _verified: set[str]

    @abstractmethod
    def stored(self, storage: str, name: str) -> Stored:
        """The storage of the tensor `name`.

        Raises:
            CheckpointDamaged: it is not in the file.
        """

    def close(self) -> None:
        """Close what was opened besides the file."""

    def value(self, name: str) -> foreign_dtypes.Array:
        """The value of one tensor, whatever its strides; nothing else of its storage is read.

        Raises:
            KeyError: there is none of that name.
            CheckpointDamaged: it runs past the end of its storage.
            CheckpointUnsupported: it is listed only, of a type that is not read, or would grow
                beyond the limits.
        """
        tensor = self.tensors[name]
        if tensor.storage is None:
            what = f"`{name}` is listed only: its elements are not in one place"
            raise CheckpointUnsupported(what)
        stored = self.stored(tensor.storage, name)
        kind = foreign_dtypes.numpy_dtype(tensor.dtype, stored.byte_order)
        size = item_bytes(tensor.dtype)
        count = _check_reach(tensor, stored, name)
        check_growth(prod(tensor.shape) * size, stored.size_bytes, name)
        data = stored.read(tensor.offset * size, count * size)
        return _viewed(_strided(data, kind, tensor), tensor)

    def verify(self, name: str) -> int:
        """Read the storage of a tensor, unless another tensor has led there; the tensor's bytes.

        Raises:
            KeyError: there is none of that name.
            CheckpointError: the storage is damaged, or too short.
        """
        tensor = self.tensors[name]
        if tensor.storage is not None:
            stored = self.stored(tensor.storage, name)
            _check_reach(tensor, stored, name)
            if tensor.storage not in self._verified:
                self._verified.add(tensor.storage)
                stored.verify()
        return prod(tensor.shape) * item_bytes(tensor.dtype)

    def verify_rest(self) -> None:
        """Read what the file holds beside the storages, where that has checksums.

        Raises:
            CheckpointError: some of it is damaged.
        """


def _check_reach(tensor: Tensor, stored: Stored, name: str) -> int:
    """How many elements of its storage a tensor reaches over, which must all be there."""
    count = 0
    if 0 not in tensor.shape:
        steps = zip(tensor.shape, tensor.strides, strict=True)
        count = 1 + sum((n - 1) * step for n, step in steps)
    if (tensor.offset + count) * item_bytes(tensor.dtype) > stored.size_bytes:
        raise CheckpointDamaged(f"`{name}` runs past the end of its storage")
    return count


def _strided(
    data: foreign_dtypes.Array, kind: foreign_dtypes.AnyType, tensor: Tensor
) -> foreign_dtypes.Array:
    import numpy

    if tensor.strides == _plain_strides(tensor.shape):
        value: foreign_dtypes.Array = data.view(kind).reshape(tensor.shape)
    else:
        # As raw bytes of one element each: as_strided does not know the types of ml_dtypes.
        flat = data.view(f"V{kind.itemsize}")
        steps = [step * kind.itemsize for step in tensor.strides]
        view = numpy.lib.stride_tricks.as_strided(flat, tensor.shape, steps)
        value = numpy.array(view, order="C").view(kind)
    return value if kind.isnative else value.astype(kind.newbyteorder("="))


def _plain_strides(shape: tuple[int, ...]) -> tuple[int, ...]:
    """The strides of a tensor whose elements lie one behind the other, in C order."""
    strides, step = [], 1
    for size in reversed(shape):
        strides.append(step)
        step *= max(size, 1)
    return tuple(reversed(strides))


def _viewed(value: foreign_dtypes.Array, tensor: Tensor) -> foreign_dtypes.Array:
    """What `torch.conj` and `torch._neg_view` show of the stored elements."""
    import numpy

    if tensor.is_conjugated:
        value = numpy.conjugate(value)
    if tensor.is_negated:
        value = numpy.negative(value)
    return value
