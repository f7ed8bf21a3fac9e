"""Reading a checkpoint: `locate` says which files, a module for each format what is in them."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence

from ckptls.checkpoint import bundle, v1
from ckptls.checkpoint.errors import (
    CheckpointError,
    CheckpointIncomplete,
    CheckpointUnsupported,
)
from ckptls.checkpoint.files import open_file, stamp_of
from ckptls.checkpoint.kinds import explaining
from ckptls.checkpoint.locate import Location, locate
from ckptls.checkpoint.model import Checkpoint, FileStamp, Format, Kind

TYPE_CHECKING = False  # as typing's, without importing typing
if TYPE_CHECKING:
    from typing import TypeVar

    _T = TypeVar("_T")

_PAUSES_SECONDS = (0.005, 0.02, 0.05, 0.1, 0.2, 0.6)
_FRESH_SECONDS = 2.0


def read_checkpoint(
    path: str | os.PathLike[str], *, is_patient: bool = True, with_objects: bool = False
) -> Checkpoint:
    """The listing of the checkpoint that `path` means (see `locate` for what it may be).

    TensorFlow rewrites some indexes in place. With `is_patient`, one that has no end or
    changes while it is read, and is less than two seconds old, is read again, several
    times within about a second. With `with_objects`, the object graph of a TF2 checkpoint
    is read too.

    Raises:
        CheckpointError: it is not there, not clear which, damaged or of an unknown kind.
    """

    def read() -> Checkpoint:
        return read_location(locate(path), with_objects=with_objects)

    return patiently(read) if is_patient else read()


def read_names(path: str | os.PathLike[str]) -> list[str]:
    """The names in the checkpoint that `path` means, sorted; patiently, as above.

    Raises:
        CheckpointError: as `read_checkpoint`.
    """

    def read() -> list[str]:
        location = locate(path)
        if location.format is Format.V2:
            return _read_index(location.files[0], bundle.parse_names)[0]
        return list(read_location(location).names)

    return patiently(read)


def patiently(read: Callable[[], _T], pauses: Sequence[float] = _PAUSES_SECONDS) -> _T:
    """What `read` returns; called again while the file seems to be being written just now.

    `pauses` are the seconds to wait before each further call.

    Raises:
        CheckpointError: as `read`, at last.
    """
    for pause in pauses:
        try:
            return read()
        except CheckpointIncomplete as error:
            if not _is_fresh(error.path):
                raise
        time.sleep(pause)
    return read()


def read_location(location: Location, *, with_objects: bool = False) -> Checkpoint:
    """The listing of the checkpoint at a location; `with_objects` as in `read_checkpoint`.

    An object graph that is damaged is a problem of the checkpoint, no error of the listing.

    Raises:
        CheckpointError: as `read_checkpoint`.
    """
    if location.format not in (Format.V1, Format.V2):
        return _read_other(location)
    read = _read_v2 if location.format is Format.V2 else _read_v1
    names, kinds, stamps = read(location.files)
    for state_file in location.state_files:
        stamp = stamp_of(state_file)
        if stamp:
            stamps.append(stamp)
    checkpoint = Checkpoint(
        location.prefix,
        location.format,
        names,
        kinds,
        stamp=tuple(stamps),
        problems=location.problems,
    )
    if with_objects and checkpoint.is_object_based:
        _add_objects(checkpoint)
    return checkpoint


def _add_objects(checkpoint: Checkpoint) -> None:
    from ckptls.checkpoint.object_graph import ObjectGraph, read_object_graph

    try:
        checkpoint.object_graph = read_object_graph(checkpoint)
    except CheckpointError as error:
        checkpoint.problems += (f"its object graph cannot be read: {error}",)
        graph = ObjectGraph.of_keys(checkpoint.names)
        graph.path, graph.stamp = error.path, stamp_of(error.path)
        checkpoint.object_graph = graph


def _read_other(location: Location) -> Checkpoint:
    from ckptls.checkpoint import formats

    contents = formats.read(location)
    return Checkpoint(
        location.prefix,
        contents.format or location.format,
        contents.names,
        contents.kinds,
        stamp=tuple(contents.stamps),
        problems=location.problems + contents.problems,
        layers=contents.layers,
        holds_model=contents.holds_model,
    )


_Read = tuple[list[str], list[Kind], list[FileStamp]]


def _read_v2(files: tuple[str, ...]) -> _Read:
    (names, kinds), stamp = _read_index(files[0], bundle.parse_index)
    return names, kinds, [stamp]


def _read_index(path: str, parse: Callable[[bytes], _T]) -> tuple[_T, FileStamp]:
    """What `parse` makes of an index, and the stamp of the file."""
    try:
        with open_file(path) as file:
            if file.size > bundle.MAX_INDEX_BYTES:
                raise CheckpointUnsupported("an index of more than 1 GiB is not read")
            with explaining(file):
                parsed = parse(file.read_at(0, file.size))
            file.check_unchanged()
    except CheckpointError as error:
        raise error.named(path) from None
    return parsed, file.stamp


def _read_v1(files: tuple[str, ...]) -> _Read:
    variables: dict[str, Kind] = {}
    stamps = []
    for path in files:
        try:
            with open_file(path) as file:
                with explaining(file):
                    v1.merge(variables, v1.read_meta(file.read_at, file.size))
                file.check_unchanged()
        except CheckpointError as error:
            raise error.named(path) from None
        stamps.append(file.stamp)
    names = sorted(variables)
    return names, [variables[name] for name in names], stamps


def _is_fresh(path: str) -> bool:
    stamp = stamp_of(path)
    return stamp is not None and time.time() - stamp[1] / 1e9 < _FRESH_SECONDS
