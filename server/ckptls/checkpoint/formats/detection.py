"""Which format a file or a directory has: the rows of `registry` are asked in their order."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ckptls.checkpoint.core.errors import CheckpointDamaged, CheckpointError, CheckpointUnsupported
from ckptls.checkpoint.core.types import Format
from ckptls.checkpoint.formats.file_start import FileStart
from ckptls.checkpoint.formats.registry import FORMATS, function_of
from ckptls.checkpoint.layout import directory_files
from ckptls.checkpoint.model.location import Location
from ckptls.checkpoint.names.natural_order import natural_order
from ckptls.checkpoint.storage import foreign_files
from ckptls.checkpoint.storage.filesystem import is_remote, join, open_file, split

_MOST_FILES = 200
_INDEXES = (".safetensors.index.json", ".bin.index.json", ".weights.json")
_OFTEN_DATA = (".npz", ".bin")  # of these a directory with many holds data, no models
_NOT_ALWAYS_WEIGHTS = (*_OFTEN_DATA, ".ckpt")  # on other machines, by their names alone
_MANY = 50
# Names of weights of other programs.
_WEIGHTS: tuple[str, ...] = (
    ".onnx",
    ".tflite",
    ".mlmodel",
    ".pt2",
    ".gguf",
    ".pkl",
    ".npy",
    ".pb",
)


_WEIGHTS += (".tar", ".tar.gz", ".tgz", ".zip", ".7z", ".rar", ".gz", ".bz2", ".xz", ".msgpack")


_MOST_EXPLAINED = 40
_SHARD = re.compile(r"-\d{5}-of-\d{5}\.[a-z]+$|_\d{5}\.weights\.h5$")


def at_file(path: str) -> Location | None:
    """The checkpoint that a file is, or is a part of; None if it is of none of these formats.

    Raises:
        CheckpointUnsupported: it is of a known kind that is not read.
        CheckpointError: it cannot be opened, or is damaged so early that its kind is unknown.
    """
    try:
        with open_file(path) as file:
            return _by_content(FileStart(file))
    except CheckpointError as error:
        raise error.named(path) from None


def _at_shard(path: str) -> Location | None:
    """As `at_file`, of what an index names: no other index, for two could name each other."""
    try:
        with open_file(path) as file:
            start = FileStart(file)
            if start.head.lstrip()[:1] == b"{":
                raise CheckpointDamaged("it is JSON text, where an index names weights")
            return _by_content(start)
    except CheckpointError as error:
        raise error.named(path) from None


def in_directory(directory: str) -> list[Location]:
    """The checkpoints of these formats that a directory is or holds, in natural order."""
    for entry in FORMATS.values():
        if entry.in_directory:
            found: list[Location] = function_of(entry.in_directory)(directory)
            if found:
                return found
    return _located(directory, _likely_first(directory_files.file_names(directory)))


def _located(directory: str, names: Iterable[str]) -> list[Location]:
    """The checkpoints that these files of a directory are; shards are parts of theirs."""
    locations = [
        location for name in names if (location := _at_file_or_none(join(directory, name)))
    ]
    parts = {path for location in locations for path in location.files[1:]}
    return [location for location in locations if location.prefix not in parts]


def may_be_in(names: Iterable[str]) -> bool:
    """Whether a directory with files of these names is worth a call of `prefixes_in`."""
    ends = (*_suffixes(), *_INDEXES)
    marks = frozenset().union(*(entry.marks for entry in FORMATS.values()))
    return any(name.endswith(ends) or name in marks for name in names)


def prefixes_in(directory: str) -> tuple[str, ...]:
    """The checkpoints of these formats right in a directory, in natural order: for a scan.

    Files of the usual names count if their first bytes are right, a directory of Orbax if its
    files are there. What cannot be read is left out, and so are hundreds of arrays and more.
    On other machines, where each look costs, the names must do.
    """
    names = directory_files.file_names(directory)
    for entry in FORMATS.values():
        if not entry.marks.isdisjoint(names) and function_of(entry.at_directory)(directory):
            return (directory,)
    if is_remote(directory):
        strong = tuple(end for end in _suffixes() if end not in _NOT_ALWAYS_WEIGHTS)
        found = (join(directory, name) for name in names if name.endswith(strong))
        return tuple(sorted(found, key=natural_order))
    return tuple(location.prefix for location in _located(directory, _worth_a_look(names)))


def _worth_a_look(names: list[str]) -> list[str]:
    """Those of usual names in natural order, with the likeliest first if there are very many."""
    for end in _OFTEN_DATA:
        if sum(name.endswith(end) for name in names) > _MANY:
            names = [name for name in names if not name.endswith(end)]
    ends = (*_suffixes(), *_INDEXES)
    wanted = (name for name in names if name.endswith(ends))
    return sorted(wanted, key=natural_order)[:_MOST_FILES]


def _suffixes() -> tuple[str, ...]:
    """The usual endings of the files of all formats."""
    return tuple(end for entry in FORMATS.values() for end in entry.suffixes)


def _by_content(start: FileStart) -> Location | None:
    found = _recognized(start, [entry.recognizes for entry in FORMATS.values()])
    if found is not None:
        return found
    if start.is_zip:
        raise _other_archive(start.members)
    if start.head.lstrip()[:1] == b"{":
        from ckptls.checkpoint.formats.shared import sharded_index

        return sharded_index.at_index(start.file, _at_shard)
    found = _recognized(start, [entry.recognizes_late for entry in FORMATS.values()])
    if found is not None:
        return found
    other = foreign_files.refusal(start.head)
    if other is not None:
        raise other
    return None


def _recognized(start: FileStart, names: Iterable[str]) -> Location | None:
    """What the first of these functions that knows a file returns."""
    for name in filter(None, names):
        found: Location | None = function_of(name)(start)
        if found is not None:
            return found
    return None


def _other_archive(members: frozenset[str]) -> CheckpointUnsupported:
    marks = ("archive_format", "serialized_exported_program.json")
    if any(name.rpartition("/")[2] in marks for name in members):
        what, hint = "an exported PyTorch program (.pt2)", "save the `state_dict` instead"
    else:
        what, hint = "a zip archive, but not of Keras, PyTorch or NumPy", foreign_files.UNPACK
    return CheckpointUnsupported(f"it is {what}", hint=hint)


def likely_names(directory: str) -> list[str]:
    """The files of a directory, some tens at most, whose names are those of weights."""
    if is_remote(directory):
        return []
    ends = (*_suffixes(), *_WEIGHTS, *_INDEXES)
    names = [
        n for n in directory_files.file_names(directory) if n.endswith(ends) or n == "checkpoint"
    ]
    return sorted(names, key=natural_order)[:_MOST_EXPLAINED]


def why_unreadable(path: str) -> str:
    """Why a file cannot be read as a checkpoint; empty if it can, or is a valid state file."""
    try:
        found = _located_index(path) if path.endswith(_INDEXES) else at_file(path)
        if found is None and split(path)[1] != directory_files.STATE_NAME:
            from ckptls.checkpoint.formats.tensorflow.v1 import metadata

            metadata.read(Location(path, Format.V1, (path,)))
    except CheckpointError as error:
        return f"{error.what}; {error.hint}" if error.hint else error.what
    is_named_so = found is not None and split(path)[1] == directory_files.STATE_NAME
    return f"it is a file of {found.format.value}" if found and is_named_so else ""


def broken_index(directory: str) -> CheckpointError | None:
    """What is wrong with a JSON file of a directory that is to say which variable is in which file;
    None if there is none, or if all of them are right."""
    names = directory_files.file_names(directory)
    for name in sorted(name for name in names if name.endswith(_INDEXES))[:_MOST_EXPLAINED]:
        try:
            _located_index(join(directory, name))
        except CheckpointError as error:
            return error
    return None


def _located_index(path: str) -> Location:
    """The checkpoint of an index in JSON.

    Raises:
        CheckpointError: it is damaged, or of another kind.
    """
    found = at_file(path)
    if found is not None:
        return found
    from ckptls.checkpoint.formats.shared import sharded_index

    sharded_index.read_index(path)
    raise CheckpointUnsupported("its files are of no format that is read", path)


def is_shard(path: str) -> bool:
    """Whether a file is by its name one of several, as `m-00001-of-00002.bin` is."""
    return _SHARD.search(split(path)[1]) is not None


def _at_file_or_none(path: str) -> Location | None:
    try:
        return at_file(path)
    except CheckpointError:
        return None


def _likely_first(names: list[str]) -> list[str]:
    """The first few hundred names in natural order, with the usual endings before others."""
    usual = (*_suffixes(), ".json")
    names.sort(key=lambda name: (not name.endswith(usual), natural_order(name)))
    return names[:_MOST_FILES]
