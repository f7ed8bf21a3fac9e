"""What stands at a path as TensorFlow sees it, which is stricter than `locate`.

`locate` finds the checkpoint that a person means. Here are the facts by which TensorFlow
decides whether it opens a path: it looks into a directory only for a state file, and takes
any other path as the prefix of a checkpoint or the name of a V1 file.

Source: tensorflow/python/training/checkpoint_utils.py (`_get_checkpoint_filename`),
tensorflow/python/checkpoint/checkpoint_management.py (`latest_checkpoint`,
`get_checkpoint_state`, `checkpoint_exists_internal`), tensorflow/c/checkpoint_reader.cc.
"""

# Why os.path and not pathlib: see storage/filesystem.py.

from __future__ import annotations

import os
from dataclasses import dataclass
from fnmatch import fnmatchcase

from ckptls.checkpoint.core.errors import CheckpointError
from ckptls.checkpoint.layout import directory_files
from ckptls.checkpoint.layout.directory_files import INDEX_SUFFIX, STATE_NAME
from ckptls.checkpoint.layout.state_file import foreign_state, read_state
from ckptls.checkpoint.names.natural_order import natural_order
from ckptls.checkpoint.storage.filesystem import (
    is_directory,
    is_file,
    is_remote,
    join,
    open_file,
    split,
)

META_SUFFIX = ".meta"
_SHARDS = "-?????-of-"
_SAVED_MODEL_PARTS = ("saved_model.pb", "saved_model.pbtxt", "variables", "assets")
_MOST_GRAPHS = 3
_OF_KERAS = (".keras", ".h5", ".hdf5")
_ZIP_MAGIC = b"PK\x03\x04"


@dataclass(frozen=True, slots=True)
class StatedPath:
    """What the state file of a directory says.

    Attributes:
        written: the path of the newest checkpoint as the file has it; empty if the file is not
            valid, or names none.
        place: where TensorFlow looks for that checkpoint.
        is_there: whether it is there.
        has_graph: whether its `.meta` file is there.
        foreign: what is in the place of the file, such as a Git LFS pointer, and what to do about
            it; empty if it is a state file, valid or not.
    """

    written: str
    place: str = ""
    is_there: bool = False
    has_graph: bool = False
    foreign: str = ""


@dataclass(frozen=True, slots=True)
class PathFacts:
    """What stands at one path of this machine.

    Attributes:
        is_directory: there is a directory of that name.
        is_file: there is a regular file of that name.
        is_prefix: TensorFlow opens a checkpoint that has this prefix, or is this V1 file.
        has_graph: a `.meta` file belongs to the prefix that the path is, or is a file of.
        graphs: a few `.meta` files in the directory, the latest first.
        saved_model: the directory of the SavedModel that the path is, or is a part of.
        is_archive: whether a file that ends as those of Keras do is a zip archive; None for others,
            and where that cannot be seen.
        state: what the state file in the directory says; None if it has none.
        state_above: the same for the directory that the path lies in.
    """

    is_directory: bool = False
    is_file: bool = False
    is_prefix: bool = False
    has_graph: bool = False
    graphs: tuple[str, ...] = ()
    saved_model: str = ""
    state: StatedPath | None = None
    state_above: StatedPath | None = None
    is_archive: bool | None = None

    @property
    def leads(self) -> bool:
        """Whether the state file in the directory names a checkpoint that is there."""
        return self.state is not None and self.state.is_there


def facts_of(path: str) -> PathFacts | None:
    """The facts about a path; None for one on another machine, where each would be a request."""
    if is_remote(path):
        return None
    above = split(path)[0] or "."
    is_folder = is_directory(path)
    return PathFacts(
        is_folder,
        is_file(path),
        is_prefix(path),
        is_file(directory_files.stem_of_part(path) + META_SUFFIX),
        _graphs(path) if is_folder else (),
        _saved_model(path),
        stated_path(path) if is_folder else None,
        stated_path(above),
        _is_archive(path),
    )


def is_prefix(path: str) -> bool:
    """Whether TensorFlow opens a checkpoint by this prefix, V1 file, or pattern of V1 shards."""
    if is_file(path + INDEX_SUFFIX):
        return True
    if path.endswith(INDEX_SUFFIX):  # it ends as a V1 file does, and TensorFlow reads nothing
        return False
    if _SHARDS in path:
        directory, pattern = split(path)
        return any(fnmatchcase(name, pattern) for name in directory_files.file_names(directory))
    return is_file(path) and directory_files.has_table_footer(path)


def stated_path(directory: str) -> StatedPath | None:
    """What the state file of a directory says; None if it has none."""
    path = join(directory, STATE_NAME)
    if not is_file(path) or directory_files.has_table_footer(path):
        return None
    state = read_state(path)
    if state is None:
        return StatedPath("", foreign=foreign_state(path))
    place = os.path.normpath(os.path.join(directory, state.path))
    if state.path.startswith(("//", "\\\\")):  # a share of another machine: not touched
        return StatedPath(state.path, place)
    is_there = is_prefix(place) or is_file(place) or is_directory(place)
    return StatedPath(state.path, place, is_there, is_file(place + META_SUFFIX))


def _is_archive(path: str) -> bool | None:
    if not path.endswith(_OF_KERAS) or not is_file(path):
        return None
    try:
        with open_file(path) as file:
            return file.read_at(0, min(file.size, len(_ZIP_MAGIC))) == _ZIP_MAGIC
    except CheckpointError:
        return None


def _graphs(directory: str) -> tuple[str, ...]:
    names = [name for name in directory_files.file_names(directory) if name.endswith(META_SUFFIX)]
    names.sort(key=natural_order, reverse=True)
    return tuple(join(directory, name) for name in names[:_MOST_GRAPHS])


def _saved_model(path: str) -> str:
    if directory_files.is_saved_model(path):
        return path
    above, name = split(path)
    if name in _SAVED_MODEL_PARTS and directory_files.is_saved_model(above):
        return above
    higher, folder = split(above)
    is_variables = folder == "variables" and name.partition(".")[0] == "variables"
    return higher if is_variables and directory_files.is_saved_model(higher) else ""
