"""Which checkpoints stand in a directory, judged by names and, for V1, by a file's end."""

# Why os.path and not pathlib: see storage/filesystem.py.

from __future__ import annotations

import re

from ckptls.checkpoint.codecs.sstable import FOOTER_BYTES, MAGIC
from ckptls.checkpoint.core.errors import CheckpointError
from ckptls.checkpoint.names.natural_order import natural_order
from ckptls.checkpoint.storage import filesystem
from ckptls.checkpoint.storage.filesystem import is_file, join, open_file

INDEX_SUFFIX = ".index"
STATE_NAME = "checkpoint"

_SHARD = re.compile(r"(?s)(.+)-(\d{5})-of-(\d{5})")
_DATA = re.compile(r"(?s)(.+)\.data-\d{5}-of-\d{5}")
_TEMPORARY = re.compile(r"(?s).+(\.tempstate\d*|\.tmp[0-9a-f]*|_temp)")


def is_temporary(name: str) -> bool:
    """Whether TensorFlow gives such a base name to a file that it has not finished."""
    return _TEMPORARY.fullmatch(name) is not None


def is_checkpoint_name(name: str) -> bool:
    """Whether a file of this base name may be a checkpoint: cheap, for scanning a workspace.

    True for a V2 index; for what may be V1 (`has_table_footer` tells) true for the usual
    names: those with `.ckpt` in them, and shards.
    """
    if is_temporary(name):
        return False
    if name.endswith(INDEX_SUFFIX):
        return len(name) > len(INDEX_SUFFIX)
    if name.endswith(".meta") or _DATA.fullmatch(name):
        return False
    return ".ckpt" in name or _SHARD.fullmatch(name) is not None


def has_table_footer(path: str) -> bool:
    """Whether a regular file ends as V1 checkpoints (and V2 indexes) do."""
    try:
        with open_file(path) as file:
            if file.size < FOOTER_BYTES:
                return False
            return file.read_at(file.size - len(MAGIC), len(MAGIC)) == MAGIC
    except CheckpointError:
        return False


def find_checkpoints(directory: str) -> tuple[str, ...]:
    """The prefixes of the checkpoints right in `directory`, each joined to it, in natural order.

    A directory that is not there or not readable has none.
    """
    names = set(file_names(directory))
    found: set[str] = set()
    for name in names:
        prefix = _prefix(directory, name, names)
        if prefix:
            found.add(join(directory, prefix))
    return tuple(sorted(found, key=natural_order))


def is_saved_model(directory: str) -> bool:
    """Whether a directory is a SavedModel, whose variables are in `variables/`."""
    return any(is_file(join(directory, name)) for name in ("saved_model.pb", "saved_model.pbtxt"))


def file_names(directory: str) -> list[str]:
    """Base names of the finished files in `directory`; empty if it cannot be listed."""
    return [name for name in filesystem.file_names(directory) if not is_temporary(name)]


def directory_names(directory: str) -> list[str]:
    """Base names of the directories in `directory`; empty if it cannot be listed."""
    return [name for name in filesystem.directory_names(directory) if not is_temporary(name)]


def shard_of(name: str) -> tuple[str, int, int] | None:
    """(stem, number, count of shards) if `name` is one shard of a V1 checkpoint."""
    match = _SHARD.fullmatch(name)
    if match is None or match[1].endswith(".data"):
        return None
    return match[1], int(match[2]), int(match[3])


def stem_of_part(path: str) -> str:
    """The prefix of which `path` names an index, data or meta file; `path` if none of these."""
    for suffix in (INDEX_SUFFIX, ".meta"):
        if path.endswith(suffix):
            return path[: -len(suffix)]
    match = _DATA.fullmatch(path)
    return match[1] if match else path


def _prefix(directory: str, name: str, names: set[str]) -> str:
    """The base name of the prefix that the file `name` belongs to, or an empty string."""
    if name.endswith(INDEX_SUFFIX):
        return name[: -len(INDEX_SUFFIX)]
    may_be_v1 = is_checkpoint_name(name) or f"{name}.meta" in names
    if not may_be_v1 or stem_of_part(name) != name or f"{name}{INDEX_SUFFIX}" in names:
        return ""
    path = join(directory, name)
    if not (is_file(path) and has_table_footer(path)):
        return ""
    shard = shard_of(name)
    return f"{shard[0]}-?????-of-{shard[2]:05d}" if shard else name
