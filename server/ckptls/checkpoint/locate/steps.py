"""The checkpoints of a directory, step by step: which are finished, and which is the latest.

One look at the directory tells nearly all: names, sizes, times. Beyond that the state file is
read, and of each checkpoint the last bytes, to see that it has them.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from enum import Enum

from ckptls.checkpoint.core.errors import CheckpointError
from ckptls.checkpoint.layout import directory_files
from ckptls.checkpoint.layout.directory_files import STATE_NAME, has_table_footer
from ckptls.checkpoint.layout.end_markers import is_whole_hdf5, is_whole_zip
from ckptls.checkpoint.layout.file_groups import SINGLE_FILE_SUFFIXES, Parts, parts_in
from ckptls.checkpoint.layout.state_file import State, base_name, read_state
from ckptls.checkpoint.names.natural_order import natural_order
from ckptls.checkpoint.storage import filesystem
from ckptls.checkpoint.storage.filesystem import Item, is_inside, is_remote, join

# Where names say the step: behind a word for it, or at the end, before or after an extension.
_BEHIND_A_WORD = re.compile(r"(?i)(?:^|[^a-z])(?:epochs?|ep|steps?|iter|cp|ckpt)[-_=.]?(\d+)")
_AT_THE_END = re.compile(r"(?:^|[-.])(\d+)$")
_METRICS = re.compile(r"(?:[-_][A-Za-z_]*=?-?\d+\.\d+)+$")
# No file system has longer names, nor an object store.
_MAX_NAME = 1024
_SUFFIXES = (*SINGLE_FILE_SUFFIXES, ".ckpt", ".weights")


class Status(Enum):
    """How much of a checkpoint is there."""

    FINISHED = "finished"
    DATA_MISSING = "data missing"  # it was saved whole, and can be listed, but not restored here
    UNFINISHED = "unfinished"


@dataclass(frozen=True, slots=True)
class Step:
    """One checkpoint of a directory.

    Attributes:
        prefix: the path that names it.
        number: the step or epoch that its name ends in; None if it names none.
        mtime_ns: when its index (or only file) was written; None if that is not known.
        num_bytes: what its files take together; None if that is not known.
        status: how much of it is there.
        is_named: whether the state file names it.
        is_stated_latest: whether the state file calls it the latest.
        note: a sentence on what is missing, or an empty string.
    """

    prefix: str
    number: int | None
    mtime_ns: int | None
    num_bytes: int | None
    status: Status
    is_named: bool = False
    is_stated_latest: bool = False
    note: str = ""

    @property
    def is_usable(self) -> bool:
        """Whether it can be listed and is not half of something."""
        return self.status is not Status.UNFINISHED


@dataclass(frozen=True, slots=True)
class History:
    """The checkpoints of one directory.

    `steps` go from the oldest to the newest, by step and then by time. `problems` are
    sentences on what the state file says and the directory does not bear out, and on what was
    not looked at.
    """

    directory: str
    steps: tuple[Step, ...]
    problems: tuple[str, ...] = ()

    @property
    def latest(self) -> Step | None:
        """The one that the state file calls so, else the newest, of those that are finished.

        One whose data is missing counts if the state file calls it so or there is no better.
        """
        usable = [step for step in self.steps if step.is_usable]
        stated = [step for step in usable if step.is_stated_latest]
        whole = [step for step in usable if step.status is Status.FINISHED]
        found = stated or whole or usable
        return found[-1] if found else None


def read_history(directory: str) -> History:
    """What there is of checkpoints in a directory, and what its state file says of them.

    Raises:
        CheckpointNotFound: there is no such directory.
        CheckpointUnreadable: the system refuses, or it is not a directory.
    """
    directory = filesystem.plain(directory)
    state = read_state(join(directory, STATE_NAME))
    steps = list(_steps(directory, state))
    problems: tuple[str, ...] = ()
    if state is not None and not any(step.is_stated_latest for step in steps):
        elsewhere = _stated_below(directory, state)
        if elsewhere is not None:
            steps.append(elsewhere)
        else:
            problems = (_not_borne_out(directory, state),)
    if filesystem.is_cut(directory):
        note = f"only {filesystem.MAX_ENTRIES:,} of the files and directories in it are looked at"
        problems = (note, *problems)
    if not steps and directory_files.is_saved_model(directory):
        steps += _steps(join(directory, "variables"), None)
    return History(directory, tuple(sorted(steps, key=_age)), problems)


def step_number(name: str) -> int | None:
    """The step that a base name tells: of `model.ckpt-100`, `cp-0100.ckpt`, `epoch_3.keras`.

    A number that a metric may be (`weights.02-0.35`) is not taken for one.
    """
    if len(name) > _MAX_NAME:
        return None
    stem = _without_suffixes(name)
    stem = _without_suffixes(_METRICS.sub("", stem))
    match = _AT_THE_END.search(stem) or _BEHIND_A_WORD.search(stem)
    return int(match[1]) if match else None


def _without_suffixes(name: str) -> str:
    for suffix in _SUFFIXES:
        name = name.removesuffix(suffix)
    return name


def _age(step: Step) -> tuple[int, int, list[tuple[int, int, str]]]:
    """Sorts the newest last."""
    number = -1 if step.number is None else step.number
    return number, step.mtime_ns or 0, natural_order(step.prefix)


def _steps(directory: str, state: State | None) -> Iterator[Step]:
    latest = base_name(state.path) if state else ""
    named = {latest, *map(base_name, state.all_paths)} if state else set()
    for parts in parts_in(filesystem.items(directory), stated=named):
        step = _step(directory, parts, named)
        if step is not None:
            base = base_name(step.prefix)
            yield replace(step, is_named=base in named, is_stated_latest=base == latest)


def _step(directory: str, parts: Parts, named: Collection[str]) -> Step | None:
    """The checkpoint that some files make; None if they are no checkpoint (a graph alone)."""
    if parts.index is not None:
        return _v2(directory, parts, parts.index, is_named=parts.name in named)
    if parts.shards:
        return _v1_shards(directory, parts, named)
    if parts.single is not None:
        return _single(directory, parts, parts.single)
    if parts.data or parts.is_being_saved:
        note = "its index is not there" if parts.data else "no file of it has its final name yet"
        pieces = _all_items(parts.data)
        return _made(directory, parts.name, pieces, Status.UNFINISHED, note)
    return None


def _v2(directory: str, parts: Parts, index: Item, *, is_named: bool) -> Step:
    pieces = [index, *_all_items(parts.data)]
    status, note = Status.FINISHED, ""
    # A file system of another machine shows a file when it is whole, and each look costs.
    if not is_remote(directory) and not has_table_footer(join(directory, index.name)):
        status, note = Status.UNFINISHED, "its index has no end"
    elif not parts.data:
        status, note = Status.DATA_MISSING, "its data files are not here"
    else:
        count = _count_of_data_files(join(directory, index.name), parts)
        present = len(parts.data.get(count, ()))
        if present < count:
            status, note = _part(is_named), f"only {present} of {count} data files are here"
    return _made(directory, parts.name, pieces, status, note)


def _part(is_named: bool) -> Status:
    """What a part of the files means: a saver names in the state file what it has finished."""
    return Status.DATA_MISSING if is_named else Status.UNFINISHED


def _count_of_data_files(index: str, parts: Parts) -> int:
    """How many data files the checkpoint has; where names disagree, its index says."""
    if len(parts.data) == 1:
        return next(iter(parts.data))
    from ckptls.checkpoint.formats.tensorflow.v2.index_reader import num_shards

    try:
        return num_shards(index)
    except CheckpointError:
        return max(parts.data)


def _v1_shards(directory: str, parts: Parts, named: Collection[str]) -> Step | None:
    count, shards = max(parts.shards.items(), key=lambda item: (len(item[1]) == item[0], item[0]))
    whole = sum(has_table_footer(join(directory, item.name)) for item in shards.values())
    if not whole:
        return None
    name = f"{parts.name}-?????-of-{count:05d}"
    note = "" if whole == count else f"only {whole} of {count} shards are here"
    status = _part(name in named) if note else Status.FINISHED
    return _made(directory, name, list(shards.values()), status, note)


def _single(directory: str, parts: Parts, file: Item) -> Step | None:
    path = join(directory, file.name)
    status, note = Status.FINISHED, ""
    if file.name.endswith(SINGLE_FILE_SUFFIXES):
        is_whole = is_whole_zip if file.name.endswith(".keras") else is_whole_hdf5
        if not is_remote(directory) and not is_whole(path):
            status, note = Status.UNFINISHED, "the file has no end"
    elif not has_table_footer(path):
        return None
    return _made(directory, parts.name, [file], status, note)


def _made(directory: str, name: str, pieces: list[Item], status: Status, note: str) -> Step:
    """A step of the files `pieces`, of which the first says when it was written."""
    sizes = [item.size for item in pieces]
    known = [size for size in sizes if size is not None]
    total = sum(known) if known and len(known) == len(sizes) else None
    time = pieces[0].mtime_ns if pieces else None
    number = step_number(name.partition("-?????-of-")[0])
    return Step(join(directory, name), number, time, total, status, note=note)


def _all_items(groups: dict[int, dict[int, Item]]) -> list[Item]:
    return [item for group in groups.values() for item in group.values()]


def _stated_below(directory: str, state: State) -> Step | None:
    """The checkpoint that the state file names in a directory below its own."""
    written = join(directory, filesystem.plain(state.path))
    if not is_inside(written, directory):
        return None
    below, name = filesystem.split(written)
    try:
        steps = _steps(below, State(name, ()))
        return next((step for step in steps if step.is_stated_latest), None)
    except CheckpointError:
        return None


def _not_borne_out(directory: str, state: State) -> str:
    written = join(directory, filesystem.plain(state.path))
    where = "is not there" if is_inside(written, directory) else "is outside of its directory"
    return f"the state file names `{state.path}` as the latest, which {where}"
