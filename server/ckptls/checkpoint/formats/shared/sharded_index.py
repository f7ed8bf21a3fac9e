"""Checkpoints in several files, with an index in JSON that says which variable is in which.

Hugging Face's libraries write `model.safetensors.index.json` and `pytorch_model.bin.index.json`,
Keras `model.weights.json`. Shards lie beside their index, nowhere else.

Source: huggingface_hub (serialization), keras (saving_lib.ShardedH5IOStore).
"""

from __future__ import annotations

from abc import abstractmethod
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING

from ckptls.checkpoint.core.errors import (
    CheckpointDamaged,
    CheckpointError,
    CheckpointIncomplete,
    CheckpointNotFound,
    CheckpointTooLarge,
    CheckpointUnsupported,
)
from ckptls.checkpoint.core.limits import json_object
from ckptls.checkpoint.core.printable import printable
from ckptls.checkpoint.core.problem import Problem
from ckptls.checkpoint.core.types import FileStamp, Format, Kind
from ckptls.checkpoint.model.contents import Contents
from ckptls.checkpoint.model.location import Location
from ckptls.checkpoint.storage.filesystem import is_file, join, open_file, split
from ckptls.checkpoint.storage.foreign_files import CUT_OFF
from ckptls.checkpoint.storage.local_file import Closing, OpenFile
from ckptls.checkpoint.storage.open_file_pool import Opened

if TYPE_CHECKING:
    from ckptls.checkpoint.arrays import foreign_dtypes

MAX_INDEX_BYTES = 64 << 20
MAX_SHARDS = 100_000
MAX_ENTRIES = 1_000_000
_MAX_SHOWN = 200  # characters of a name in a message
_MOST_ASKED = 8  # shards whose first bytes say which format it is
_KEY = b'"weight_map"'

Detect = Callable[[str], "Location | None"]
Weights = dict[str, list[str]]
Found = tuple[dict[str, Kind], FileStamp, tuple[Problem, ...]]


class Shard(Closing):
    """One open file with variables.

    Attributes:
        file: the file.
        names: the variables that it holds.
    """

    file: OpenFile
    names: Collection[str]

    @abstractmethod
    def read(self, name: str) -> foreign_dtypes.Array:
        """The value of one variable; `KeyError` if there is none of that name."""

    @abstractmethod
    def verify(self, name: str) -> int:
        """Read the bytes of one value, a piece at a time; how many there are."""

    def verify_rest(self) -> None:
        """Read what the file holds beside values, where that can be damaged by itself."""

    def close(self) -> None:
        """See Closing."""
        self.file.close()


def at_index(file: OpenFile, at_file: Detect) -> Location | None:
    """The checkpoint of which an open JSON file is the index; None if it is not one.

    `at_file` tells the format of a shard.

    Raises:
        CheckpointDamaged: a broken index, or one that leads out of its directory.
        CheckpointNotFound: not one of its shards is there.
    """
    if file.size > MAX_INDEX_BYTES:
        return None
    data = file.read_at(0, file.size)
    if _KEY not in data:
        return None
    names = _shards(_weights(data))
    paths = [_beside(file.path, name) for name in names]
    present = dict.fromkeys(path for path in paths if is_file(path))
    if not present:
        raise CheckpointNotFound(
            f"`{file.path}` is an index, and none of its {len(names)} files is there", file.path
        )
    form = _format_of([*present], at_file)
    if form is None:
        return None
    missing = [name for name, path in zip(names, paths, strict=True) if path not in present]
    return Location(file.path, form, (file.path, *present), problems=_lost(missing, len(names)))


def _format_of(shards: Sequence[str], at_file: Detect) -> Format | None:
    """The format of most shards; None if they are files of no format that is read.

    A shard that cannot be read does not decide: its error is raised when it is listed.

    Raises:
        CheckpointError: none of the shards can be read.
    """
    formats: Counter[Format] = Counter()
    error: CheckpointError | None = None
    for path in shards[:_MOST_ASKED]:
        try:
            found = at_file(path)
        except CheckpointError as problem:
            error = error or problem.named(path)
            continue
        if found is not None:
            formats[found.format] += 1
    if not formats:
        if error is not None:
            raise error
        return None
    form = formats.most_common(1)[0][0]
    return Format.KERAS if form is Format.HDF5 else form


def listed(location: Location, read_file: Callable[[str], Found]) -> Contents:
    """The listing of a checkpoint in one file, or in shards of which each is read by `read_file`.

    Raises:
        CheckpointDamaged: the index and its shards contradict each other.
    """
    if len(location.files) == 1:
        variables, stamp, problems = read_file(location.files[0])
        return _contents(variables, [stamp], problems)
    weights, stamp = read_index(location.files[0])
    stamps = [stamp]
    found: dict[str, Kind] = {}
    here = frozenset(location.files)
    found_problems: list[Problem] = []
    for path in location.files[1:]:
        shard, stamp, problems = _named(read_file, path)
        stamps.append(stamp)
        found_problems += (problem.in_file(path) for problem in problems)
        for name, kind in shard.items():
            if name not in found or weights.get(name) == [split(path)[1]]:
                found[name] = kind
    lost = [
        name
        for name, shards in weights.items()
        if name not in found and all(_beside(location.prefix, s) in here for s in shards)
    ]
    if lost:
        what = f"the index names `{_shown(lost[0])}`, which its file does not hold"
        found_problems.append(Problem("not-in-file", what))
    return _contents(found, stamps, tuple(found_problems))


class ShardValues(Closing):
    """The values of a checkpoint in one file, or in shards; see `ValueReader`.

    `open_shard` opens one file. A variable is read from the one that the index says, or from
    the first that has it.
    """

    def __init__(self, location: Location, open_shard: Callable[[str], Shard]) -> None:
        self._location = location
        self._shards = Opened(open_shard)
        self._only: Shard | None = None  # if there is but one file
        self._weights: Weights = {}
        self._here = frozenset(location.files)
        self._homes: dict[str, str] | None = None
        if len(location.files) > 1:
            self._weights, _ = read_index(location.files[0])

    def close(self) -> None:
        """See Closing."""
        self._shards.close()

    def read(self, name: str) -> foreign_dtypes.Array:
        """The value of one variable, from its own bytes alone."""
        shard = self._only or self._shard_of(name)
        try:
            return shard.read(name)
        except CheckpointError as error:
            raise error.named(shard.file.path) from None

    def verify(self, name: str) -> int:
        """Read the bytes of one value, a piece at a time; how many there are."""
        shard = self._only or self._shard_of(name)
        try:
            return shard.verify(name)
        except CheckpointError as error:
            raise error.named(shard.file.path) from None

    def verify_rest(self) -> None:
        """Read what the files hold beside values."""
        for path in self._location.files[-max(len(self._location.files) - 1, 1) :]:
            try:
                shard = self._shards.open(path)
                shard.verify_rest()
                shard.file.check_unchanged()
            except CheckpointError as error:
                raise error.named(path) from None

    def files_of(self, name: str) -> tuple[str, ...]:
        """The files with the bytes of one variable; none for one that is not known."""
        try:
            return (self._shard_of(name).file.path,)
        except KeyError:
            return ()

    def _shard_of(self, name: str) -> Shard:
        files = self._location.files
        if len(files) == 1:
            self._only = self._shards.open(files[0])
            return self._only
        for name_of_shard in self._weights.get(name, ()):
            path = _beside(self._location.prefix, name_of_shard)
            if path in self._here:
                shard = self._shards.open(path)
                if name in shard.names:
                    return shard
        if self._homes is None:
            self._homes = {}
            for path in files[1:]:
                for each in self._shards.open(path).names:
                    self._homes.setdefault(each, path)
        return self._shards.open(self._homes[name])


def read_index(path: str) -> tuple[Weights, FileStamp]:
    """What an index says: variable -> base names of its files; and its stamp.

    Raises:
        CheckpointDamaged: it is not JSON, or has no map of variables.
        CheckpointTooLarge: it has more than 64 MiB.
    """
    try:
        with open_file(path) as file:
            if file.size > MAX_INDEX_BYTES:
                raise CheckpointTooLarge("an index of more than 64 MiB")
            if not file.size:
                raise CheckpointIncomplete("it is empty", where=0, hint=CUT_OFF)
            weights = _weights(file.read_at(0, file.size))
            file.check_unchanged()
    except CheckpointError as error:
        raise error.named(path) from None
    return weights, file.stamp


def _named(read_file: Callable[[str], Found], path: str) -> Found:
    try:
        return read_file(path)
    except CheckpointError as error:
        raise error.named(path) from None


def _contents(
    variables: dict[str, Kind], stamps: Sequence[FileStamp], problems: tuple[Problem, ...]
) -> Contents:
    names = sorted(variables)
    return Contents(names, [variables[name] for name in names], stamps, problems)


def _weights(data: bytes) -> Weights:
    # What JSON says in two bytes can take a hundred in memory.
    if max(data.count(b","), data.count(b"[") + data.count(b"{")) > MAX_ENTRIES:
        raise CheckpointTooLarge(f"an index of more than {MAX_ENTRIES:,} entries")
    stated = json_object(data, "the index").get("weight_map")
    if not isinstance(stated, dict):
        raise CheckpointDamaged("the index has no map of its variables")
    weights: Weights = {}
    for name, value in stated.items():
        shards = value if isinstance(value, list) else [value]
        for shard in shards:
            if not isinstance(shard, str) or not _is_base_name(shard):
                shown = _shown(repr(shard))
                raise CheckpointDamaged(f"the index names a file that is not beside it: {shown}")
        weights[name] = shards
    return weights


def _is_base_name(name: str) -> bool:
    return bool(name) and name not in (".", "..") and not set(name) & set("/\\\0:")


def _shards(weights: Weights) -> list[str]:
    names = sorted({shard for shards in weights.values() for shard in shards})
    if not names:
        raise CheckpointUnsupported("the index names no files")
    if len(names) > MAX_SHARDS:
        raise CheckpointTooLarge(f"the index names {len(names):,} files")
    return names


def _beside(path: str, name: str) -> str:
    return join(split(path)[0], name)


def _lost(missing: list[str], count: int) -> tuple[Problem, ...]:
    if not missing:
        return ()
    what = f"{len(missing)} of its {count} files are not here, such as `{_shown(missing[0])}`"
    return (Problem("missing-shards", f"{what}; the variables in them are not listed"),)


def _shown(name: str) -> str:
    """A name for a message: one of an index may be as long as that is."""
    cut = name if len(name) <= _MAX_SHOWN else f"{name[:_MAX_SHOWN]}..."
    return printable(cut)
