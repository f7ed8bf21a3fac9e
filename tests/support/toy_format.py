"""A format that the package does not know: `TOY`, then one line a variable with its numbers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ckptls.checkpoint.core.errors import CheckpointDamaged
from ckptls.checkpoint.core.types import Format, Layer
from ckptls.checkpoint.formats.file_start import FileStart
from ckptls.checkpoint.formats.registry import FormatEntry
from ckptls.checkpoint.model.checkpoint import Checkpoint
from ckptls.checkpoint.model.contents import Contents
from ckptls.checkpoint.model.location import Location
from ckptls.checkpoint.model.value_reader import Place, Placement
from ckptls.checkpoint.storage.filesystem import open_file
from ckptls.checkpoint.storage.local_file import OpenFile
from ckptls.checkpoint.verify.report import Report, VerifyOptions

TOY = Format("toy")
ENTRY = FormatEntry(
    TOY,
    lists=__name__,
    reads=__name__,
    recognizes=f"{__name__}:recognize",
    suffixes=(".toy",),
)
# The same with modules of its own for the places of bytes and for `verify`.
FULL_ENTRY = FormatEntry(
    TOY,
    lists=__name__,
    reads=__name__,
    recognizes=f"{__name__}:recognize",
    locates=__name__,
    verifies=__name__,
)
MAGIC = b"TOY\n"


def recognize(start: FileStart) -> Location | None:
    return Location(start.path, TOY, (start.path,)) if start.head.startswith(MAGIC) else None


def parse(file: OpenFile) -> dict[str, np.ndarray]:
    lines = file.read_at(0, file.size).decode().splitlines()[1:]
    try:
        return {line.split()[0]: np.array(line.split()[1:], np.float32) for line in lines}
    except ValueError as error:
        raise CheckpointDamaged(f"not a number: {error}", where=len(MAGIC)) from None


def read(location: Location) -> Contents:
    with open_file(location.files[0]) as file:
        values = parse(file)
    names = sorted(values)
    kinds = [("float32", values[name].shape) for name in names]
    return Contents(names, kinds, [file.stamp], layers=(Layer("all", tuple(names)),))


class ToyValues:
    def __init__(self, values: dict[str, np.ndarray]) -> None:
        self.values = values

    def read(self, name: str) -> np.ndarray:
        return self.values[name]

    def verify(self, name: str) -> int:
        return self.values[name].nbytes

    def verify_rest(self) -> None:
        pass

    def close(self) -> None:
        pass


def open_values(location: Location, names: Sequence[str] = ()) -> ToyValues:
    with open_file(location.files[0]) as file:
        return ToyValues(parse(file))


def places(checkpoint: Checkpoint, name: str) -> list[Place]:
    return [Place(checkpoint.prefix, 4, 8)]


def placements(checkpoint: Checkpoint) -> dict[str, Placement]:
    return {name: Placement(checkpoint.prefix, 4, 8) for name in checkpoint}


def verify(location: Location, options: VerifyOptions, report: Report) -> None:
    report.add_note("toy", "a toy was verified")
