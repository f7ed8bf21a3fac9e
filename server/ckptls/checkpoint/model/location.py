"""Where one checkpoint is: its prefix, its format and its metadata files."""

from __future__ import annotations

from dataclasses import dataclass

from ckptls.checkpoint.core.problem import Problem
from ckptls.checkpoint.core.types import Format


@dataclass(frozen=True, slots=True)
class Location:
    """Where one checkpoint is.

    Attributes:
        prefix: the path that names it, as `tf.train.load_checkpoint` would take it.
        format: how it is stored.
        files: the metadata files to read.
        state_files: the state files that led here; when they change, so may the answer.
        problems: what is wrong or odd, such as missing shards or a guess.
    """

    prefix: str
    format: Format
    files: tuple[str, ...]
    state_files: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
