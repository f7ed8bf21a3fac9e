"""From what a person has in hand to the files of one checkpoint.

That may be a prefix, one of its files, a directory with or without a state file, a
SavedModel, a V1 file, one of its shards, or a pattern that names them all. Nothing is read
here but the state file and the last bytes of what may be a V1 file.

Source: tensorflow/python/training/checkpoint_utils.py, tensorflow/c/checkpoint_reader.cc.
"""

# Why os.path and not pathlib: see storage/filesystem.py.

from __future__ import annotations

import os
import re
from dataclasses import replace
from fnmatch import fnmatchcase

from ckptls.checkpoint.core.errors import (
    CheckpointAmbiguous,
    CheckpointNotFound,
)
from ckptls.checkpoint.core.problem import Problem, make_note
from ckptls.checkpoint.core.types import Format
from ckptls.checkpoint.layout import directory_files
from ckptls.checkpoint.layout.directory_files import INDEX_SUFFIX, STATE_NAME, find_checkpoints
from ckptls.checkpoint.locate import not_found
from ckptls.checkpoint.model.location import Location
from ckptls.checkpoint.storage.filesystem import (
    absolute,
    exists,
    is_directory,
    is_file,
    is_inside,
    is_remote,
    join,
    link_target,
    plain,
    split,
)

TYPE_CHECKING = False  # as typing's, without importing typing
if TYPE_CHECKING:
    from ckptls.checkpoint.layout.state_file import State

_V1_PATTERN = re.compile(r"(?s)(.+)-\?{5}-of-(\d{5})")
_MAX_SHARDS = 100_000
# Of a SavedModel, below its directory.
SAVED_MODEL_PREFIX = os.path.join("variables", "variables")


def locate(path: str | os.PathLike[str]) -> Location:
    """The one checkpoint that `path` means.

    Raises:
        CheckpointNotFound: nothing there; the error says what there is instead.
        CheckpointAmbiguous: a directory or a pattern that fits several.
        CheckpointUnsupported: a file of another kind.
        CheckpointUnreadable: the system refuses, or the file is no table.
    """
    given = plain(os.fspath(path))
    if not given or "\0" in given:
        raise CheckpointNotFound("a path without a name cannot be a checkpoint", given)
    if not is_remote(given):
        return _locate(given)
    from ckptls.checkpoint.storage.remote_filesystem import cached_listing

    with cached_listing():
        return _locate(given)


def _locate(given: str) -> Location:
    if is_directory(given):
        return _in_directory(given)
    index = given + INDEX_SUFFIX
    if is_file(index):
        return Location(given, Format.V2, (index,))
    return _by_file(given) or _by_shards(given) or _none(given)


def _none(given: str) -> Location:
    raise not_found.not_found(given)


def _by_file(given: str) -> Location | None:
    """The checkpoint of which `given` names one file."""
    stem = directory_files.stem_of_part(given)
    if stem != given and is_file(stem + INDEX_SUFFIX):
        return Location(stem, Format.V2, (stem + INDEX_SUFFIX,))
    directory, name = split(given)
    if name in ("saved_model.pb", "saved_model.pbtxt") and is_file(given):
        return _in_directory(directory or ".")
    if name == STATE_NAME and is_file(given) and not directory_files.has_table_footer(given):
        if _foreign_state(given):
            from ckptls.checkpoint.formats.detection import at_file

            return at_file(given)
        return _in_directory(directory or ".")
    if not exists(given) or link_target(given):
        return None
    if stem != given and not is_file(given):
        raise not_found.not_found(given)
    if stem != given:
        found = _by_prefix(stem) if given.endswith(".meta") else None  # of V1
        if found is None:
            raise not_found.without_index(given, stem)
        return found
    if not directory_files.has_table_footer(given):
        from ckptls.checkpoint.formats.detection import at_file

        other = at_file(given)
        if other is not None:
            return other
    return Location(given, Format.V1, (given,), problems=_shard_alone(given))


def _shard_alone(path: str) -> tuple[Problem, ...]:
    shard = directory_files.shard_of(os.path.basename(path))
    if shard is None or shard[2] < 2:
        return ()
    what = f"this is one shard of {shard[2]}; the variables in the others are not listed"
    return (make_note("single-shard", what),)


def _by_shards(given: str) -> Location | None:
    """The V1 checkpoint whose shards a prefix or a pattern (`m-?????-of-00003`) names."""
    directory, name = split(given)
    names = directory_files.file_names(directory)
    sets = _shard_sets(names, name)
    if not sets and ("*" in name or "?" in name):
        return _by_pattern(given, names)
    if len(sets) > 1:
        patterns = [join(directory, _pattern(name, count)) for count in sorted(sets)]
        raise _ambiguous(given, f"`{given}` is there in several numbers of shards", patterns)
    for count, shards in sets.items():
        prefix = join(directory, _pattern(_stem(name), count))
        files = tuple(join(directory, shard) for shard in sorted(shards))
        return Location(prefix, Format.V1, files, problems=_missing_shards(len(shards), count))
    return None


def _stem(name: str) -> str:
    match = _V1_PATTERN.fullmatch(name)
    return match[1] if match else name


def _pattern(stem: str, count: int) -> str:
    return f"{stem}-?????-of-{count:05d}"


def _shard_sets(names: list[str], name: str) -> dict[int, list[str]]:
    """The shards of the V1 checkpoint `name` among `names`, by how many there should be."""
    pattern = _V1_PATTERN.fullmatch(name)
    sets: dict[int, list[str]] = {}
    for candidate in names:
        shard = directory_files.shard_of(candidate)
        if shard is None or shard[0] != _stem(name) or shard[2] > _MAX_SHARDS:
            continue
        if shard[1] < shard[2] and (pattern is None or int(pattern[2]) == shard[2]):
            sets.setdefault(shard[2], []).append(candidate)
    return sets


def _missing_shards(present: int, count: int) -> tuple[Problem, ...]:
    if present == count:
        return ()
    what = f"only {present} of {count} shards are here; the variables in the others are missing"
    return (Problem("missing-shards", what),)


def _by_pattern(given: str, names: list[str]) -> Location | None:
    """The one checkpoint whose base name fits the `*` and `?` in `given`."""
    directory, pattern = split(given)
    pattern = pattern.replace("[", "[[]")
    prefixes = [p for p in find_checkpoints(directory) if fnmatchcase(os.path.basename(p), pattern)]
    if len(prefixes) > 1:
        raise _ambiguous(given, f"`{given}` fits several checkpoints", prefixes)
    if prefixes:
        return locate(prefixes[0]) if prefixes[0] != given else None
    files = [join(directory, n) for n in sorted(names) if fnmatchcase(n, pattern)]
    files = [path for path in files if directory_files.has_table_footer(path)]
    if not files or files[0].endswith(INDEX_SUFFIX):
        return None
    return Location(given, Format.V1, tuple(files))


def _in_directory(directory: str) -> Location:
    state_file = join(directory, STATE_NAME)
    state = _read_state(state_file)
    if state is not None:
        return _by_state(directory, state_file, state)
    beside = directory.rstrip("/" + os.sep) + INDEX_SUFFIX
    if is_file(beside):
        return Location(beside[: -len(INDEX_SUFFIX)], Format.V2, (beside,))
    if directory_files.is_saved_model(directory):
        return _saved_model(directory)
    prefixes = find_checkpoints(directory)
    if len(prefixes) == 1:
        found = locate(prefixes[0])
        foreign = _foreign_state(state_file)
        if not foreign:
            return found
        note = make_note(
            "foreign-state-file", f"the state file `{state_file}` is not read: {foreign}"
        )
        return replace(found, problems=(*found.problems, note))
    if prefixes:
        what = f"`{directory}` holds {len(prefixes)} checkpoints and no state file that says which"
        foreign = _foreign_state(state_file)
        if foreign:
            what = f"`{directory}` holds {len(prefixes)} checkpoints; `{state_file}`: {foreign}"
        raise _ambiguous(directory, what, prefixes)
    from ckptls.checkpoint.formats.detection import in_directory

    others = in_directory(directory)
    if others:
        return _one_of(others, directory)
    raise not_found.nothing_in(directory)


def _one_of(others: list[Location], directory: str) -> Location:
    """The one checkpoint of a directory, of those in formats of other libraries.

    Files in the place of shards are no checkpoints by themselves: if nothing else is there, and
    their index cannot be read, that is the error.
    """
    from ckptls.checkpoint.formats.detection import broken_index, is_shard

    may_lack_index = all(len(other.files) == 1 for other in others)
    broken = broken_index(directory) if may_lack_index else None
    if broken is not None and all(is_shard(other.prefix) for other in others):
        broken.hint = f"{broken.hint}; or " if broken.hint else ""
        broken.hint += f"name one of its {len(others)} files, such as `{others[0].prefix}`"
        raise broken
    note = f"`{broken.path}` cannot be read: {broken.what}" if broken is not None else ""
    if len(others) == 1:
        notes = (make_note("broken-index", note),) if note else ()
        return replace(others[0], problems=(*others[0].problems, *notes))
    what = f"`{directory}` holds {len(others)} checkpoints" + (f", and {note}" if note else "")
    raise _ambiguous(directory, what, [other.prefix for other in others])


def _read_state(path: str) -> State | None:
    if not is_file(path):
        return None
    from ckptls.checkpoint.layout.state_file import read_state

    return read_state(path)


def _foreign_state(path: str) -> str:
    """What is in the place of a state file, such as a Git LFS pointer; else empty."""
    if not is_file(path) or directory_files.has_table_footer(path):
        return ""
    from ckptls.checkpoint.layout.state_file import foreign_state

    return foreign_state(path)


def _by_state(directory: str, state_file: str, state: State) -> Location:
    """The checkpoint that a state file names, if it lies in the file's own directory.

    The name beside the state file goes first, for directories that were moved. A path that
    leads elsewhere is reported, not followed: a repository must not choose what we open.
    """
    from ckptls.checkpoint.layout.state_file import base_name

    name = base_name(state.path)
    found = _by_prefix(join(directory, name)) if name else None
    written = join(directory, plain(state.path))
    if found and absolute(written) != absolute(found.prefix):
        note = f"the state file names `{state.path}`; the checkpoint of that name beside it is read"
        moved = make_note("moved-checkpoint", note)
        found = replace(found, problems=(*found.problems, moved))
    is_within = is_inside(written, directory)
    if found is None and is_within:
        found = _by_prefix(written)
    if found is None:
        raise not_found.not_where_stated(directory, state_file, state.path, is_inside=is_within)
    return replace(found, state_files=(state_file,))


def _by_prefix(prefix: str) -> Location | None:
    """The checkpoint of exactly this prefix: no directory, and no guess."""
    index = prefix + INDEX_SUFFIX
    if is_file(index):
        return Location(prefix, Format.V2, (index,))
    if is_file(prefix):
        return (
            Location(prefix, Format.V1, (prefix,))
            if directory_files.has_table_footer(prefix)
            else None
        )
    directory, name = split(prefix)
    return _by_shards(prefix) if _shard_sets(directory_files.file_names(directory), name) else None


def _saved_model(directory: str) -> Location:
    prefix = join(directory, SAVED_MODEL_PREFIX)
    found = _by_prefix(prefix)
    if found is None:
        raise CheckpointNotFound(
            f"the SavedModel `{directory}` has no variables", directory, "it may hold none at all"
        )
    return found


def _ambiguous(
    path: str, what: str, candidates: list[str] | tuple[str, ...]
) -> CheckpointAmbiguous:
    return CheckpointAmbiguous(what, path, not_found.choice(candidates), tuple(candidates))
