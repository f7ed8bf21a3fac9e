"""Small types that all of the package shares: what a format, a file and a layer is."""

from __future__ import annotations

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


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer of a Keras model by the name its user gave, and its variables in Keras's order."""

    name: str
    variables: tuple[str, ...]


Shape = tuple[int, ...]
Extents = tuple[tuple[int, int], ...]  # (start, length) a dimension; FULL_EXTENT = all of it
