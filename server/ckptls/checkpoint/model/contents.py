"""What reading the metadata of a checkpoint gives, whatever its format."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ckptls.checkpoint.core.problem import Problem
from ckptls.checkpoint.core.types import FileStamp, Format, Kind, Layer


@dataclass(frozen=True, slots=True)
class Contents:
    """What a format module found: the columns of a `Checkpoint` before it is made.

    Attributes:
        names: ascending by code point.
        kinds: (dtype, shape) of each of `names`.
        stamps: of the files that were read.
        format: where reading tells more than the first bytes did.
        holds_model: as `Checkpoint.holds_model`.
    """

    names: Sequence[str]
    kinds: Sequence[Kind]
    stamps: Sequence[FileStamp]
    problems: tuple[Problem, ...] = ()
    layers: tuple[Layer, ...] = ()
    format: Format | None = None
    holds_model: bool | None = None
