"""Small types that all of the package shares: what a format, a file and a layer is."""

from __future__ import annotations

import os
from dataclasses import dataclass
from enum import Enum

OBJECT_GRAPH_NAME = "_CHECKPOINTABLE_OBJECT_GRAPH"
Kind = tuple[str, tuple[int, ...]]
FileStamp = tuple[str, int, int, int]  # (path, mtime in ns, size in bytes, inode)


class Format(Enum):
    """How a checkpoint is stored."""

    V1 = "V1"
    V2 = "V2"
    KERAS = "Keras"
    HDF5 = "HDF5"
    SAFETENSORS = "safetensors"
    NPZ = "NumPy"
    PYTORCH = "PyTorch"
    PYTORCH_DISTRIBUTED = "PyTorch distributed"
    ORBAX = "Orbax"


class Remark(str):
    """A sentence about something odd that is no fault: `verify` notes it."""

    __slots__ = ()


class FileProblem(str):
    """A sentence about one file of a checkpoint in several, which it names.

    Attributes:
        path: the file.
        what: the sentence without its name; a `Remark` if it is no fault.
    """

    __slots__ = ("path", "what")

    path: str
    what: str

    def __new__(cls, path: str, what: str) -> FileProblem:
        """`what` about the file at `path`."""
        problem = super().__new__(cls, f"`{os.path.basename(path)}`: {what}")
        problem.path, problem.what = path, what
        return problem


def is_remark(sentence: str) -> bool:
    """Whether a sentence of `Checkpoint.problems` is about something that is no fault."""
    return isinstance(sentence.what if isinstance(sentence, FileProblem) else sentence, Remark)


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer of a Keras model by the name its user gave, and its variables in Keras's order."""

    name: str
    variables: tuple[str, ...]


Shape = tuple[int, ...]
Extents = tuple[tuple[int, int], ...]  # (start, length) a dimension; FULL_EXTENT = all of it
