"""Tensors: what is known of their shapes and dtypes."""

from __future__ import annotations

from ckptls.source.inventory.model_inventory import Shape
from ckptls.source.program.core.library_object import LibraryObject, Method
from ckptls.source.program.core.objects import UNKNOWN, Value
from ckptls.source.program.core.run_protocol import Run


class Tensor(LibraryObject):
    """A tensor of a graph, or of eager code.

    shape: None where not even the number of dimensions is known.
    dtype: as checkpoints call it ("float32"); None where it is not known.
    """

    def __init__(self, shape: Shape | None = None, dtype: str | None = None) -> None:
        self.shape = shape
        self.dtype = dtype

    def get_attribute(self, run: Run, name: str) -> Value:
        if name == "shape" and self.shape is not None:
            return tuple(UNKNOWN if size is None else size for size in self.shape)
        if name == "get_shape":
            return Method(self, name, lambda run, tensor, _: tensor.get_attribute(run, "shape"))
        return UNKNOWN

    def operate(self, run: Run, operator: str, other: Value, is_left: bool) -> Value:
        if operator in _ARITHMETIC:
            if other is None or isinstance(other, int | float):
                return Tensor(self.shape, self.dtype)
            if isinstance(other, Tensor):
                return Tensor(broadcast_shapes(self.shape, other.shape), self.dtype)
        return Tensor(None, self.dtype)


_ARITHMETIC = frozenset(("+", "-", "*", "/", "//", "%", "**"))


def broadcast_shapes(one: Shape | None, other: Shape | None) -> Shape | None:
    """The shape of what two tensors give together; None where it is not known, or they do not fit.

    Source: the broadcasting of NumPy, which TensorFlow has for its arithmetic.
    """
    if one is None or other is None:
        return None
    rank = max(len(one), len(other))
    found: list[int | None] = []
    for left, right in zip(
        (1,) * (rank - len(one)) + one, (1,) * (rank - len(other)) + other, strict=True
    ):
        if left in (1, right):
            found.append(right)
        elif right == 1 or right is None:
            found.append(left)
        elif left is None:
            found.append(right)
        else:
            return None
    return tuple(found)
