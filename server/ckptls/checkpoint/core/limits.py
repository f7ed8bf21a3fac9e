"""Bounds that several formats share, and the checks of what a file claims about itself."""

from __future__ import annotations

import json
from collections.abc import Sequence
from math import prod
from typing import Any

from ckptls.checkpoint.core.errors import CheckpointDamaged, CheckpointTooLarge

MAX_RANK = 254
MAX_NAME_BYTES = 4096
MAX_NAMES = 5_000_000
FREE_BYTES = 64 << 20
MAX_GROWTH = 200


def check_growth(num_bytes: int, stored_bytes: int, what: str) -> None:
    """Refuse what would unpack to over 200 times its stored size; 64 MiB are always granted.

    Raises:
        CheckpointUnsupported: it would.
    """
    if num_bytes > max(FREE_BYTES, MAX_GROWTH * stored_bytes):
        raise CheckpointTooLarge(
            f"`{what}` would grow from {stored_bytes:,} to {num_bytes:,} bytes"
        )


def checked_shape(sizes: Sequence[Any], name: str) -> tuple[int, ...]:
    """A shape as a file states it, once it is known to be one.

    Raises:
        CheckpointDamaged: no whole numbers, negative ones, too many, or too large a product.
    """
    if len(sizes) > MAX_RANK or any(type(size) is not int or size < 0 for size in sizes):
        raise CheckpointDamaged(f"the shape of `{name}` is invalid")
    if any(size >> 63 for size in sizes) or prod(sizes) >> 63:
        raise CheckpointDamaged(f"the shape of `{name}` has more elements than there can be")
    return tuple(sizes)


def json_object(data: bytes, what: str) -> dict[str, Any]:
    """The one JSON object in `data`.

    Raises:
        CheckpointDamaged: no JSON, another kind of value, or an object with a key twice.
    """
    try:
        value = json.loads(data, object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        raise CheckpointDamaged(f"{what} is not valid JSON: {error}") from None
    if not isinstance(value, dict):
        raise CheckpointDamaged(f"{what} is not a JSON object")
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key occurs twice")
    return found
