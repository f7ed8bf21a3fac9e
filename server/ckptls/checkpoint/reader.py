"""Reading a checkpoint: `locate` says which files, a module for each format what is in them."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence

from ckptls.checkpoint.core.errors import (
    CheckpointError,
    CheckpointIncomplete,
)
from ckptls.checkpoint.core.problem import Problem
from ckptls.checkpoint.formats import registry
from ckptls.checkpoint.locate.locate import locate
from ckptls.checkpoint.model.checkpoint import Checkpoint
from ckptls.checkpoint.model.location import Location
from ckptls.checkpoint.storage.filesystem import stamp_of

TYPE_CHECKING = False  # as typing's, without importing typing
if TYPE_CHECKING:
    from typing import TypeVar

    from ckptls.checkpoint.open_values import OpenValues

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
        return registry.read_names(locate(path))

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
    contents = registry.read(location)
    stated = (stamp_of(state_file) for state_file in location.state_files)
    checkpoint = Checkpoint(
        location.prefix,
        contents.format or location.format,
        contents.names,
        contents.kinds,
        stamp=(*contents.stamps, *(stamp for stamp in stated if stamp)),
        problems=location.problems + contents.problems,
        layers=contents.layers,
        holds_model=contents.holds_model,
        open_values=_open_values,
    )
    if with_objects and checkpoint.is_object_based:
        _add_objects(checkpoint)
    return checkpoint


def _add_objects(checkpoint: Checkpoint) -> None:
    from ckptls.checkpoint.formats.tensorflow.v2.object_graph_reader import read_object_graph
    from ckptls.checkpoint.objects.object_graph import ObjectGraph

    try:
        checkpoint.object_graph = read_object_graph(checkpoint)
    except CheckpointError as error:
        what = f"its object graph cannot be read: {error}"
        checkpoint.problems += (Problem("damaged-object-graph", what),)
        graph = ObjectGraph.of_keys(checkpoint.names)
        graph.path, graph.stamp = error.path, stamp_of(error.path)
        checkpoint.object_graph = graph


def _open_values(checkpoint: Checkpoint) -> OpenValues:
    from ckptls.checkpoint.open_values import OpenValues

    return OpenValues(checkpoint)


def _is_fresh(path: str) -> bool:
    stamp = stamp_of(path)
    return stamp is not None and time.time() - stamp[1] / 1e9 < _FRESH_SECONDS
