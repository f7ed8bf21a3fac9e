"""The slices of a partitioned variable: where they belong, and whether they are all there."""

from __future__ import annotations

from collections.abc import Iterable
from math import prod

from ckptls.checkpoint.core.errors import CheckpointDamaged
from ckptls.checkpoint.core.types import Extents, Shape
from ckptls.checkpoint.formats.tensorflow.protos import FULL_EXTENT


def resolve(extents: Extents, shape: Shape) -> Extents:
    """The extents with their lengths put in where they mean all of a dimension.

    Raises:
        CheckpointDamaged: they do not lie within the shape.
    """
    resolved = []
    for (start, length), size in zip(extents, shape, strict=False):
        count = size - start if length == FULL_EXTENT else length
        if start < 0 or count < 0 or start + count > size:
            raise CheckpointDamaged("a slice lies outside of its variable")
        resolved.append((start, count))
    if len(resolved) != len(shape) or len(extents) != len(shape):
        raise CheckpointDamaged("a slice has another rank than its variable")
    return tuple(resolved)


def shape_of(extents: Extents) -> Shape:
    """The shape of a slice with these extents, which are resolved."""
    return tuple(length for _, length in extents)


def check_cover(slices: Iterable[Extents], shape: Shape) -> None:
    """Make sure that slices, resolved, have as many elements as the variable.

    Raises:
        CheckpointDamaged: they have more or fewer.
    """
    if sum(prod(shape_of(extents)) for extents in slices) != prod(shape):
        raise CheckpointDamaged("its slices do not add up to its shape")
