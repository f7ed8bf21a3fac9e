"""Keras files: weights and whole models in HDF5, and `.keras` archives; other HDF5 files too.

Three layouts, distinguished by content. In *legacy* files (`.h5`) a group lists its layers and
each layer its weights, whose names are the variables' names here, as Keras gives them, `:0`
included. In *weights* files (`.weights.h5`, and inside of `.keras`) variables have numbers;
their paths, such as `layers/dense/vars/0`, are their names here, as in h5py. There Keras notes
the user's name of a layer beside its variables. In any other HDF5 file data sets are listed
by their paths.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ckptls.checkpoint.core.errors import CheckpointError, CheckpointUnsupported
from ckptls.checkpoint.core.problem import Problem, Severity
from ckptls.checkpoint.core.types import FileStamp, Format, Layer
from ckptls.checkpoint.formats.hdf5 import hdf5_values
from ckptls.checkpoint.formats.hdf5.worker_client import Asked
from ckptls.checkpoint.formats.keras import keras_config
from ckptls.checkpoint.formats.shared import sharded_index
from ckptls.checkpoint.model.contents import Contents
from ckptls.checkpoint.storage.filesystem import open_file, split
from ckptls.checkpoint.storage.local_file import OpenFile
from ckptls.checkpoint.storage.zip_archive import Archive

if TYPE_CHECKING:
    from ckptls.checkpoint.core.types import Kind
    from ckptls.checkpoint.model.location import Location

_WEIGHTS_MEMBER = "model.weights.h5"


def read(location: Location) -> Contents:
    """The variables of an HDF5 file, an archive, or the shards that an index names, and layers.

    Raises:
        CheckpointUnsupported: h5py is not installed, or elements of a kind that is not read.
        CheckpointDamaged: whatever h5py makes of a corrupt file.
    """
    kinds: dict[str, Kind] = {}
    layers: list[Any] = []
    stamps: list[FileStamp] = []
    problems: list[Problem] = []
    form, order, holds_model = Format.HDF5, keras_config.NOTHING, False
    paths, stated = _weight_files(location, stamps)
    for path in paths:
        with _opened(path) as (file, span, config), Asked(file, span) as asked:
            answer = asked.ask({"ask": "listing"})
        kinds.update((name, (dtype, tuple(shape))) for name, dtype, shape in answer["variables"])
        home = "" if len(location.files) == 1 else path  # several files are distinguished
        problems += (
            Problem(code, what, home, severity=Severity(severity))
            for code, what, severity in answer["problems"]
        )
        layers += answer["layers"]
        stamps.append(file.stamp)
        form, order = Format(answer["format"]), config
        is_archive = location.format is Format.KERAS and len(location.files) == 1
        holds_model = is_archive or answer["holds_model"]
    names = sorted(kinds)
    problems += _not_held(stated, names, paths)
    columns = names, [kinds[name] for name in names], stamps
    return Contents(*columns, tuple(problems), _layers(layers, order), form, holds_model)


def open_values(location: Location, names: Sequence[str] = ()) -> hdf5_values.HDF5Values:
    """The variables' values; see `ValueReader`. `names` will probably be asked for."""
    return hdf5_values.HDF5Values(_weight_files(location, [])[0], open_weights, names)


def _weight_files(
    location: Location, stamps: list[FileStamp]
) -> tuple[tuple[str, ...], sharded_index.Weights]:
    """The files with variables, and in which of them an index says that each group is.

    The stamp of the index is added to `stamps`.
    """
    if len(location.files) == 1:
        return location.files, {}
    weights, stamp = sharded_index.read_index(location.files[0])
    stamps.append(stamp)
    return location.files[1:], weights


def _not_held(
    weights: sharded_index.Weights, names: Sequence[str], paths: Sequence[str]
) -> list[Problem]:
    """Return a problem if all files are here and none has a group that the index names."""
    here = {split(path)[1] for path in paths}
    for group, homes in weights.items():
        above = group.strip("/") + "/"
        place = bisect_left(names, above)
        is_held = place < len(names) and names[place].startswith(above)
        if not is_held and here.issuperset(homes):
            what = f"the index names `{group}`, which its file does not hold"
            return [Problem("not-in-file", what)]
    return []


@contextmanager
def _opened(path: str) -> Iterator[tuple[OpenFile, tuple[int, int], keras_config.Config]]:
    """As `open_weights`; the file must not change in the `with` statement."""
    file, span, config = open_weights(path)
    try:
        with file:
            yield file, span, config
            file.check_unchanged()
    except CheckpointError as error:
        raise error.named(path) from None


def open_weights(path: str) -> tuple[OpenFile, tuple[int, int], keras_config.Config]:
    """A file with weights, where in it HDF5 is, and what the archive around it says."""
    file = open_file(path)
    try:
        if file.read_at(0, min(file.size, 4)) != b"PK\x03\x04":
            return file, (0, file.size), keras_config.NOTHING
        with Archive(file) as archive:
            return file, _weights_span(archive), keras_config.read(archive)
    except CheckpointError as error:
        file.close()
        raise error.named(path) from None


def _weights_span(archive: Archive) -> tuple[int, int]:
    if _WEIGHTS_MEMBER not in archive.names:
        raise CheckpointUnsupported(
            "its weights are in several files inside of the archive",
            hint="unpack it, and name its model.weights.json",
        )
    span = archive.span(_WEIGHTS_MEMBER)
    if span is None:
        raise CheckpointUnsupported(
            f"its `{_WEIGHTS_MEMBER}` is compressed", hint="save it with Keras, or unpack it"
        )
    return span


def _layers(found: list[Any], config: keras_config.Config) -> tuple[Layer, ...]:
    """The layers of all files, in the order of the configuration; none if one has no name."""
    merged: dict[str, tuple[str, list[str]]] = {}
    for name, path, variables in found:
        before = merged.setdefault(path, (name or config.name_at(path), []))
        before[1].extend(variables)
    if not all(name for name, _ in merged.values()):
        return ()
    variables = {name: tuple(inside) for name, inside in merged.values()}
    in_order = dict.fromkeys((*config.names, *variables))  # one without weights has no group
    return tuple(Layer(name, variables.get(name, ())) for name in in_order)
