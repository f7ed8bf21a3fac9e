"""Which Orbax checkpoints a directory is or holds: one, items of a step, steps of a manager.

Source: orbax-checkpoint (CheckpointManager, path.step), and what it was seen to write.
"""

from __future__ import annotations

import re

from ckptls.checkpoint.core.problem import Problem
from ckptls.checkpoint.core.types import Format
from ckptls.checkpoint.formats.orbax.ocdbt import MANIFEST
from ckptls.checkpoint.formats.orbax.orbax_aggregate import AGGREGATE, is_aggregate
from ckptls.checkpoint.model.location import Location
from ckptls.checkpoint.names.natural_order import natural_order
from ckptls.checkpoint.storage.filesystem import (
    directory_names,
    file_names,
    is_file,
    join,
    stamp_of,
)

METADATA = "_METADATA"
STRINGS = "_strings.json"
STEP_METADATA = "_CHECKPOINT_METADATA"
MAX_FOLDERS = 1_000
_ARRAYS = (".zarray", "zarr.json")
# What lies beside the folders of arrays in a checkpoint from before `_METADATA`.
_OLD_MARKS = frozenset({"checkpoint", "_sharding", STEP_METADATA, "commit_success.txt"})
_STEP = re.compile(r"(?:[A-Za-z_.-]+[_-])?(\d{1,18})")
_TEMPORARY = ".orbax-checkpoint-tmp"
_UNFINISHED = Problem("unfinished", "it is not finished: Orbax is writing it, or was interrupted")


def in_directory(directory: str) -> list[Location]:
    """The checkpoints that a directory is or holds: itself, the items of a step, or those of the
    latest step. Steps that are not finished are passed by, unless there are no others.
    """
    found = _itself(directory)
    if found is not None:
        return [found]
    names = sorted(directory_names(directory), key=natural_order)[:MAX_FOLDERS]
    unfinished = [name for name in names if _TEMPORARY in name]
    names = [name for name in names if _TEMPORARY not in name]
    items = _present(directory, names)
    if items:
        return items
    for name in sorted(filter(_step, names), key=_step, reverse=True):
        step = join(directory, name)
        found = _itself(step)
        items = [found] if found else _present(step, sorted(directory_names(step))[:MAX_FOLDERS])
        if items:
            return items
    return _present(directory, unfinished)


def at_directory(directory: str) -> Location | None:
    """Return the finished checkpoint that a directory itself is; None of a step or a manager."""
    return None if _TEMPORARY in directory else _itself(directory)


def array_folders(directory: str) -> list[str]:
    """The folders of a directory with a Zarr array each."""
    return [
        name
        for name in sorted(directory_names(directory))
        if any(is_file(join(directory, name, array)) for array in _ARRAYS)
    ]


def stored_bytes(folder: str) -> int:
    """The sizes of all files in the folder of an array, and in the folders of its chunks."""
    rest, total, seen = [folder], 0, 0
    while rest and seen < 100 * MAX_FOLDERS:
        above = rest.pop()
        for name in file_names(above):
            stamp = stamp_of(join(above, name))
            total += stamp[2] if stamp else 0
        inner = directory_names(above)
        seen += len(inner) + 1
        rest += [join(above, name) for name in inner]
    return total


def _itself(directory: str) -> Location | None:
    present = set(file_names(directory))
    files = [name for name in (METADATA, MANIFEST, STRINGS) if name in present]
    if AGGREGATE in present and is_aggregate(join(directory, AGGREGATE)):
        files.append(AGGREGATE)
    if not files or files == [STRINGS]:
        marks = present & _OLD_MARKS
        arrays = array_folders(directory) if marks else []
        files = [join(name, _description(directory, name)) for name in arrays]
    if not files:
        return None
    paths = tuple(join(directory, name) for name in files)
    problems = (_UNFINISHED,) if _TEMPORARY in directory else ()
    return Location(directory, Format.ORBAX, paths, problems=problems)


def _description(directory: str, name: str) -> str:
    return next(each for each in _ARRAYS if is_file(join(directory, name, each)))


def _present(directory: str, names: list[str]) -> list[Location]:
    """The checkpoints that the named folders are, but for steps, of which only one is meant."""
    found = [_itself(join(directory, name)) for name in names if not _step(name)]
    return [location for location in found if location is not None]


def _step(name: str) -> int:
    """One more than the number of the step that a folder is called by, 0 if it is not one."""
    match = _STEP.fullmatch(name)
    return int(match[1]) + 1 if match else 0
