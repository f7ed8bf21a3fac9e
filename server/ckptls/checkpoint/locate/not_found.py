"""What to say when there is no checkpoint at a path: what stands there instead."""

# Why os.path and not pathlib: see storage/filesystem.py.

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from itertools import islice

from ckptls.checkpoint.core.errors import CheckpointError, CheckpointNotFound, CheckpointUnreadable
from ckptls.checkpoint.core.home_path import expanded_home
from ckptls.checkpoint.layout import directory_files
from ckptls.checkpoint.layout.directory_files import INDEX_SUFFIX, find_checkpoints
from ckptls.checkpoint.names.natural_order import natural_order
from ckptls.checkpoint.storage import filesystem
from ckptls.checkpoint.storage.filesystem import (
    can_be_listed,
    exists,
    is_directory,
    is_file,
    is_remote,
    join,
    split,
)

TYPE_CHECKING = False  # as typing's, without importing typing
if TYPE_CHECKING:
    from ckptls.checkpoint.locate.steps import History

META_SUFFIX = ".meta"
_SHOWN = 5
_LISTED_REMOTE = 8
_DEEP = 2
_FOLDERS = 64
_LISTED = 256  # directories looked into, for what may be meant
# A step at the end of a name, or before its extensions: `m-100`, `epoch_3.weights.h5`.
_BEFORE_STEP = re.compile(r"\.[A-Za-z]+(?=-\d+$)")
_STEP = re.compile(r"(?s)(.*?)(\d+)((?:\.[A-Za-z][A-Za-z0-9]*)*)")
# No file system has longer names, nor an object store.
_MAX_NAME = 1024


def not_found(given: str) -> CheckpointError:
    """The error for a path at which nothing is, with the nearest things as candidates.

    Of a file of a checkpoint they are the nearest prefixes, but of a `.meta` file such files,
    where there are any.
    """
    stem = directory_files.stem_of_part(given)
    error = _not_found(given)
    if stem in ("", given) or not isinstance(error, CheckpointNotFound):
        return error
    of_prefix = _not_found(stem)
    found = of_prefix.candidates if isinstance(of_prefix, CheckpointNotFound) else ()
    if given.endswith(META_SUFFIX):
        graphs = tuple(each + META_SUFFIX for each in found if is_file(each + META_SUFFIX))
        found = graphs or found
    if not found or not isinstance(of_prefix, CheckpointNotFound):
        return error
    which = of_prefix.hint if not given.endswith(META_SUFFIX) else f"did you mean `{found[0]}`?"
    return CheckpointNotFound(f"no file `{given}`", given, which, found)


def _not_found(given: str) -> CheckpointError:
    if not can_be_listed(split(given)[0]):
        return _not_served(given)
    special = _refused(given) or _dangling(given) or _irregular_index(given)
    special = special or _home(given) or _slash_too_many(given)
    if special is not None:
        return special
    directory, name = split(given)
    if directory and not is_directory(directory):
        return no_directory(directory, given)
    if filesystem.is_cut(directory):
        return _too_many(directory, given)
    prefixes = _lying_in(directory)
    what = f"no checkpoint `{name}` in `{_shown_directory(directory)}`"
    hint, candidates = _other_steps(name, prefixes)
    near = _near_prefixes(name, prefixes)
    elsewhere: tuple[str, ...] = ()
    if not hint and (elsewhere := _elsewhere(directory, name)):
        hint = f"did you mean `{elsewhere[0]}`?"
    if not hint and near:
        hint = f"did you mean `{os.path.basename(near[0])}`?"
    if not hint and (beside := _near_directories(name, directory)):
        hint, candidates = f"did you mean the directory `{beside[0]}`?", beside
    if not hint:
        hint = choice(prefixes) if prefixes else "no checkpoint at all is there"
    candidates = tuple(dict.fromkeys((*candidates, *near, *elsewhere)))
    return CheckpointNotFound(what, given, hint, candidates)


def _too_many(directory: str, given: str) -> CheckpointError:
    """The error for a directory of which not all entries are looked at: it proves nothing."""
    where = _shown_directory(directory)
    what = f"the directory `{where}` has more than {filesystem.MAX_ENTRIES:,} entries"
    return CheckpointUnreadable(what, given, hint="give the checkpoints a directory of their own")


def nothing_in(directory: str) -> CheckpointError:
    """The error for a directory without any checkpoint."""
    refused = _refused(directory)
    if refused is not None:
        return refused
    if filesystem.is_cut(directory):
        return _too_many(directory, directory)
    inner = tuple(prefix for each in _directories_in(directory) for prefix in _prefixes_in(each))
    what = f"no checkpoint in the directory `{_shown_directory(directory)}`"
    hint = choice(inner) if inner else _unreadable_in(directory)
    return CheckpointNotFound(what, directory, hint, inner)


def _unreadable_in(directory: str) -> str:
    """What a few files of a directory are that look like weights, or like its state file."""
    from ckptls.checkpoint.formats.detection import likely_names, why_unreadable

    reasons = _irregular_in(directory)
    for name in likely_names(directory):
        reason = why_unreadable(join(directory, name))
        if reason:
            reasons.append(f"`{name}`: {reason}")
    more = f"; and {len(reasons) - _SHOWN} more" if len(reasons) > _SHOWN else ""
    return "; ".join(reasons[:_SHOWN]) + more


def _irregular_in(directory: str) -> list[str]:
    """Which indexes in a directory, or it itself, are directories or pipes."""
    found = []
    above, name = split(directory.rstrip("/" + os.sep))
    if name.endswith(INDEX_SUFFIX) and name != INDEX_SUFFIX and not is_remote(directory):
        found.append(not_regular(join(above, name), "a directory").what)
    for name in filesystem.irregular_names(directory):
        if directory_files.stem_of_part(name) not in ("", name) and not name.endswith(META_SUFFIX):
            kind = filesystem.irregular_kind(join(directory, name))
            found.append(f"`{name}`: {not_regular(name, kind).what}")
    return found


def nothing_finished(history: History) -> CheckpointError:
    """The error for a directory of which no checkpoint is finished."""
    if not history.steps:
        return nothing_in(history.directory)
    what = f"no finished checkpoint in the directory `{_shown_directory(history.directory)}`"
    newest = history.steps[-1]
    hint = f"of `{os.path.basename(newest.prefix)}`: {newest.note}"
    return CheckpointNotFound(what, history.directory, hint)


def without_index(given: str, stem: str) -> CheckpointNotFound:
    """The error for a data or meta file of a checkpoint that has no index."""
    prefixes = _lying_in(split(given)[0])
    what = f"`{given}` is there, but not its index `{stem}{INDEX_SUFFIX}`"
    return CheckpointNotFound(what, given, choice(prefixes) if prefixes else "", prefixes)


def not_where_stated(
    directory: str, state_file: str, stated: str, *, is_inside: bool
) -> CheckpointNotFound:
    """The error for a state file that names what is not there, or lies elsewhere."""
    prefixes = _lying_in(directory)
    what = f"the state file `{state_file}` names `{stated}`, "
    what += "which is not there" if is_inside else "which is outside of its directory"
    hint = choice(prefixes) if prefixes else "" if is_inside else "to read that one, name it itself"
    return CheckpointNotFound(what, directory, hint, prefixes)


def no_directory(directory: str, given: str = "") -> CheckpointError:
    """The error for a directory that is not there, because of which `given` is not either."""
    refused = _refused(directory)
    if refused is not None:
        return refused
    above, segment = split(directory.rstrip("/" + os.sep))
    while above and not is_directory(above):
        higher, name = split(above)
        if higher == above:  # not even the bucket is there
            return CheckpointNotFound(f"{_no(given)}there is no `{above}`", given or directory)
        above, segment = higher, name
    wrong = join(above, segment)
    if exists(wrong):
        target = filesystem.link_target(wrong)
        kind = f"a link to `{target}`, which is not there" if target else "a file, no directory"
        return CheckpointNotFound(f"{_no(given)}`{wrong}` is {kind}", given or directory)
    what = f"{_no(given)}there is no directory `{wrong}`"
    from ckptls.checkpoint.names.edit_distance import nearest

    names = directory_files.directory_names(above)
    near = _but_for_blanks(segment, names) or nearest(segment, names, limit=1)
    hint = f"did you mean `{join(above, near[0])}`?" if near else ""
    whole = given or directory
    candidates = tuple(_with_directory(whole, above, segment, name) for name in near)
    elsewhere = _by_a_folder(whole, above, segment)
    if elsewhere and not any(map(_is_there, candidates)):
        hint = f"did you mean `{elsewhere[0]}`?"
    candidates = (*candidates, *elsewhere)
    return CheckpointNotFound(what, whole, hint, candidates)


def choice(prefixes: Sequence[str]) -> str:
    """`name one of ...`, with a few of them."""
    shown = ", ".join(f"`{prefix}`" for prefix in prefixes[:_SHOWN])
    more = f" and {len(prefixes) - _SHOWN} more" if len(prefixes) > _SHOWN else ""
    return f"there is {shown}" if len(prefixes) == 1 else f"name one of {shown}{more}"


def _no(given: str) -> str:
    return f"no checkpoint `{given}`: " if given else ""


def _not_served(given: str) -> CheckpointNotFound:
    """The error for a web server, which shows no directories."""
    what = f"no checkpoint `{given}`: the server has neither this nor `{given}{INDEX_SUFFIX}`"
    hint = "it lists no directories, so name the prefix of a checkpoint"
    return CheckpointNotFound(what, given, hint)


def _refused(given: str) -> CheckpointError | None:
    """The error for a path, or a directory on the way to it, that the system does not show."""
    path = given
    while True:
        reason = filesystem.refusal(path)
        if reason:
            return CheckpointUnreadable(reason, path or ".")
        above = split(path.rstrip("/" + os.sep))[0] if path else path
        if above == path:
            return None
        path = above


def _dangling(given: str) -> CheckpointNotFound | None:
    """The error for a link, or an index that is one, to what is not there."""
    for path in (given, given + INDEX_SUFFIX):
        target = filesystem.link_target(path)
        if target:
            return CheckpointNotFound(
                f"`{path}` is a link to `{target}`, which is not there", given
            )
    return None


def _irregular_index(given: str) -> CheckpointUnreadable | None:
    """The error for a prefix whose index, or part that is named, is a directory or a pipe."""
    for path in (given, given + INDEX_SUFFIX):
        kind = filesystem.irregular_kind(path)
        if kind and directory_files.stem_of_part(path) != path:
            return not_regular(path, kind)
    return None


def not_regular(path: str, kind: str) -> CheckpointUnreadable:
    """The error for a part of a checkpoint that is `kind`, such as a directory or a named pipe."""
    part = "the index of a checkpoint" if path.endswith(INDEX_SUFFIX) else "a part of a checkpoint"
    return CheckpointUnreadable(f"it is {kind}; {part} is a regular file", path)


def _home(given: str) -> CheckpointNotFound | None:
    """The error for a `~` that no shell has replaced; TensorFlow does not either."""
    if not given.startswith("~") or is_directory(split(given)[0] or given):
        return None
    what = f"no checkpoint `{given}`: `~` in a path is for the shell to replace"
    meant = expanded_home(given)
    is_there = is_directory(meant) or is_file(meant + INDEX_SUFFIX) or is_file(meant)
    hint = f"did you mean `{meant}`?" if is_there else ""
    return CheckpointNotFound(what, given, hint, (meant,) if is_there else ())


def _slash_too_many(given: str) -> CheckpointNotFound | None:
    """The error for a prefix, or a file, with a slash behind it."""
    prefix = given.rstrip("/" + os.sep)
    if prefix == given or not (is_file(prefix + INDEX_SUFFIX) or is_file(prefix)):
        return None
    what = f"no checkpoint `{given}`: with the slash it would be a directory"
    return CheckpointNotFound(what, given, f"did you mean `{prefix}`?", (prefix,))


def _other_steps(name: str, prefixes: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    """For a step that is not there: which are. The nearest go first among the candidates."""
    match = _STEP.fullmatch(name) if len(name) <= _MAX_NAME else None
    if match is None:
        return "", ()
    steps: dict[int, str] = {}
    for prefix in prefixes:
        other = _STEP.fullmatch(os.path.basename(prefix))
        if other is not None and match[1] and other.group(1, 3) == match.group(1, 3):
            steps[int(other[2])] = prefix
    wanted = int(match[2])
    near = sorted(steps, key=lambda step: (abs(step - wanted), step))
    if not near:
        return "", ()
    shown = sorted(near[:_SHOWN])
    listed = ", ".join(map(str, shown[:-1])) + (" and " if shown[1:] else "") + str(shown[-1])
    few = f"its steps there are {listed}" if shown[1:] else f"its only step there is {listed}"
    hint = (
        few if len(near) <= _SHOWN else f"of its {len(near)} steps there the nearest are {listed}"
    )
    return hint, tuple(steps[step] for step in near)


def _elsewhere(directory: str, name: str) -> tuple[str, ...]:
    """Checkpoints of this very name in directories below this one and beside it."""
    if is_remote(directory):
        return ()
    beside = split(directory.rstrip("/" + os.sep))[0] if directory else ".."
    places = [*_directories_in(directory), *_directories_in(beside)] if name else []
    found = [join(place, name) for place in dict.fromkeys(places)]
    if name and directory:
        found.append(join(beside, name))
    return tuple(path for path in found if is_file(path + INDEX_SUFFIX) or _is_v1(path))


def _is_v1(path: str) -> bool:
    return is_file(path) and directory_files.has_table_footer(path)


def _but_for_blanks(name: str, names: list[str]) -> list[str]:
    """The names that differ from this one by blanks alone."""
    wanted = "".join(name.split())
    return [each for each in names if each != name and "".join(each.split()) == wanted][:1]


def _by_a_folder(given: str, above: str, wrong: str) -> tuple[str, ...]:
    """What is there if one folder more, or one fewer, stands in a path that ends at `above`."""
    if is_remote(given) or above.count(os.sep) < _DEEP:  # not all that a system has mounted
        return ()
    rest = given[len(join(above, wrong)) :].strip("/" + os.sep)
    found = [join(above, rest)] if rest else []
    tail = (wrong, rest) if rest else (wrong,)
    found += [join(place, *tail) for place in _directories_in(above)[:_FOLDERS]]
    return tuple(path for path in found if _is_there(path))


def _is_there(path: str) -> bool:
    return is_file(path + INDEX_SUFFIX) or is_file(path) or is_directory(path)


def without_extension(base: str) -> str:
    """The base name of a prefix without what stands before its step: `m-9` of `m.ckpt-9`."""
    return _BEFORE_STEP.sub("", base)


def _near_prefixes(name: str, prefixes: tuple[str, ...]) -> tuple[str, ...]:
    """Those whose base names go on where `name` ends (latest step first), or have an extension
    before the step that `name` lacks; then similar ones."""
    by_name = {os.path.basename(prefix): prefix for prefix in prefixes}
    longer = [base for base in by_name if name and base.startswith(name)]
    longer.reverse()
    longer += [base for base in by_name if base != name and without_extension(base) == name]
    from ckptls.checkpoint.names.edit_distance import nearest

    similar = [base for base in nearest(name, by_name) if base not in longer]
    return tuple(by_name[base] for base in longer + similar)


def _near_directories(name: str, directory: str) -> tuple[str, ...]:
    """Directories of nearly that name that hold checkpoints; with a slash at their ends."""
    if is_remote(directory):
        return ()
    from ckptls.checkpoint.names.edit_distance import nearest

    names = nearest(name, directory_files.directory_names(directory), limit=2)
    places = (join(directory, each) for each in names)
    return tuple(join(place, "") for place in places if _prefixes_in(place))


def _directories_in(directory: str) -> list[str]:
    """Directories right in this one, in natural order; of very many only some."""
    names = sorted(directory_files.directory_names(directory), key=natural_order)
    if is_remote(directory):  # each costs a request
        names = names[-_LISTED_REMOTE:]
    return [join(directory, name) for name in islice(names, _LISTED)]


def _prefixes_in(directory: str) -> tuple[str, ...]:
    """The checkpoints in a directory; of a SavedModel the directory, which names it."""
    return (directory,) if directory_files.is_saved_model(directory) else _lying_in(directory)


def _lying_in(directory: str) -> tuple[str, ...]:
    """The checkpoints of all formats right in a directory, TensorFlow's first."""

    from ckptls.checkpoint.formats.detection import prefixes_in

    found = find_checkpoints(directory)
    return tuple(dict.fromkeys((*found, *prefixes_in(directory))))


def _with_directory(given: str, above: str, wrong: str, right: str) -> str:
    start = len(join(above, ""))
    return given[:start] + right + given[start + len(wrong) :]


def _shown_directory(directory: str) -> str:
    return join(directory or ".", "")
