"""The files of a directory, put together to checkpoints and to saves that have no end.

Each saver has its own way of writing what is not finished: TF1 gives every file a name with
`.tempstate` first, TF2 and sharded savers write into `PREFIX_temp/`, and the index comes last
in both. So an index that has its end, with all of its data files, is a whole checkpoint.

Source: tensorflow/core/util/tensor_bundle/tensor_bundle.cc, tensorflow/python/training/saver.py,
tensorflow/python/checkpoint/functional_saver.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from ckptls.checkpoint.layout.directory_files import (
    INDEX_SUFFIX,
    is_checkpoint_name,
    is_temporary,
    shard_of,
)
from ckptls.checkpoint.storage.filesystem import Item

# Keras writes the whole of a checkpoint into one file.
SINGLE_FILE_SUFFIXES = (".weights.h5", ".keras", ".h5", ".hdf5")

_DATA = re.compile(r"(?s)(.+)\.data-(\d{5})-of-(\d{5})")
_UNFINISHED = re.compile(
    r"(?s)(.+?)(?:\.index|\.data-\d{5}-of-\d{5}|-\d{5}-of-\d{5})?\.tempstate\d*|(.+)_temp"
)
_META = ".meta"


@dataclass(slots=True)
class Parts:
    """What there is of one prefix, by base names in its directory.

    Attributes:
        name: the base name of the prefix.
        index: the V2 index.
        data: the V2 data files: how many there should be -> number -> file.
        shards: those of a V1 checkpoint, likewise.
        single: the one file of a V1 checkpoint, or of Keras.
        meta: the graph beside it.
        is_being_saved: whether there are files that TensorFlow has not given their names yet.
    """

    name: str
    index: Item | None = None
    data: dict[int, dict[int, Item]] = field(default_factory=dict)
    shards: dict[int, dict[int, Item]] = field(default_factory=dict)
    single: Item | None = None
    meta: Item | None = None
    is_being_saved: bool = False


def parts_in(items: Iterable[Item], stated: Iterable[str] = ()) -> list[Parts]:
    """The parts of all prefixes of a directory; a V1 file of no usual name only if `stated`."""
    by_name = {item.name: item for item in items}
    found: dict[str, Parts] = {}
    known = frozenset(stated)
    for item in by_name.values():
        _sort_in(item, found, by_name, known)
    return list(found.values())


def _sort_in(
    item: Item, found: dict[str, Parts], by_name: dict[str, Item], stated: frozenset[str]
) -> None:
    def of(name: str) -> Parts:
        return found.setdefault(name, Parts(name))

    name = item.name
    if item.is_directory or is_temporary(name):
        unfinished = _UNFINISHED.fullmatch(name)
        if unfinished and item.is_directory == bool(unfinished[2]):
            of(unfinished[1] or unfinished[2]).is_being_saved = True
    elif name.endswith(INDEX_SUFFIX):
        if len(name) > len(INDEX_SUFFIX):
            of(name[: -len(INDEX_SUFFIX)]).index = item
    elif match := _DATA.fullmatch(name):
        of(match[1]).data.setdefault(int(match[3]), {})[int(match[2])] = item
    elif shard := shard_of(name):
        of(shard[0]).shards.setdefault(shard[2], {})[shard[1]] = item
    elif name.endswith(SINGLE_FILE_SUFFIXES):
        of(name).single = item
    elif name.endswith(_META):
        if len(name) > len(_META):
            of(name[: -len(_META)]).meta = item
    elif is_checkpoint_name(name) or f"{name}{_META}" in by_name or name in stated:
        of(name).single = item
