"""Small types that all of the package shares: what a format, a file and a layer is."""

from __future__ import annotations

from dataclasses import dataclass

TYPE_CHECKING = False  # as typing's, without importing typing
if TYPE_CHECKING:
    from typing import ClassVar

OBJECT_GRAPH_NAME = "_CHECKPOINTABLE_OBJECT_GRAPH"
Kind = tuple[str, tuple[int, ...]]
FileStamp = tuple[str, int, int, int]  # (path, mtime in ns, size in bytes, inode)


class Format:
    """How a checkpoint is stored: one object for each name, which may be compared with `is`.

    The formats of this package are attributes of the class; others have a row in
    `formats.registry` too.

    Attributes:
        value: the name that users see.
    """

    __slots__ = ("value",)
    _by_value: ClassVar[dict[str, Format]] = {}

    value: str
    V1: ClassVar[Format]
    V2: ClassVar[Format]
    KERAS: ClassVar[Format]
    HDF5: ClassVar[Format]
    SAFETENSORS: ClassVar[Format]
    NPZ: ClassVar[Format]
    PYTORCH: ClassVar[Format]
    PYTORCH_DISTRIBUTED: ClassVar[Format]
    ORBAX: ClassVar[Format]

    def __new__(cls, value: str) -> Format:
        """Return the format of that name; it is made when it is first asked for."""
        known = cls._by_value.get(value)
        if known is not None:
            return known
        made = super().__new__(cls)
        made.value = value
        return cls._by_value.setdefault(value, made)

    def __repr__(self) -> str:
        return f"<Format {self.value}>"

    def __reduce__(self) -> tuple[type[Format], tuple[str]]:
        """Return what makes a copy, in this process or another, the same object."""
        return Format, (self.value,)


Format.V1 = Format("V1")
Format.V2 = Format("V2")
Format.KERAS = Format("Keras")
Format.HDF5 = Format("HDF5")
Format.SAFETENSORS = Format("safetensors")
Format.NPZ = Format("NumPy")
Format.PYTORCH = Format("PyTorch")
Format.PYTORCH_DISTRIBUTED = Format("PyTorch distributed")
Format.ORBAX = Format("Orbax")


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer of a Keras model by the name its user gave, and its variables in Keras's order."""

    name: str
    variables: tuple[str, ...]


Shape = tuple[int, ...]
Extents = tuple[tuple[int, int], ...]  # (start, length) a dimension; FULL_EXTENT = all of it
