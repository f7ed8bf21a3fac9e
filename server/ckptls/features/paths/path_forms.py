"""Whether TensorFlow opens a path in the form that a function wants, and if not, why.

Each answer follows from the facts that were seen at the path (`checkpoint/layout/path_facts`); the
oracle tests compare it with TensorFlow for every form and many shapes of paths.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ckptls.checkpoint.core.errors import CheckpointAmbiguous
from ckptls.checkpoint.core.types import Format
from ckptls.checkpoint.layout.directory_files import STATE_NAME, stem_of_part
from ckptls.checkpoint.layout.path_facts import META_SUFFIX, PathFacts
from ckptls.checkpoint.locate.locate import SAVED_MODEL_PREFIX
from ckptls.checkpoint.model.checkpoint import Checkpoint
from ckptls.source.semantics.sites import PathForm, PathUse
from ckptls.workspace.checkpoint_store import Entry

# Functions to which a checkpoint, or a file of one, is given by its prefix.
PREFIXES = frozenset({PathForm.PREFIX, PathForm.ANY, PathForm.OBJECTS})
DIRECTORIES = frozenset({PathForm.DIRECTORY, PathForm.WORKING})
_MOST = 3
_STATE_FILE = "this is the state file, which only names checkpoints"
_OTHER_FORMATS = (
    *(".h5", ".hdf5", ".keras", ".safetensors", ".npz", ".pt", ".pth", ".bin", ".json"),
)


@dataclass(frozen=True, slots=True)
class Misfit:
    """Why a path is not what a function takes.

    Attributes:
        message: the reason, for a person.
        instead: paths that the function takes, written like the one in the code; best first.
        is_silent: the function does not raise, but finds no checkpoint.
    """

    message: str
    instead: tuple[str, ...] = ()
    is_silent: bool = False


def opens(form: PathForm, written: str, entry: Entry) -> bool:
    """Whether functions that take this form of path open what stands at the place."""
    facts = entry.facts
    if facts is None:
        return entry.checkpoint is not None
    is_prefix = facts.is_prefix and not names_directory(written) and "[" not in written
    is_prefix = is_prefix and not _is_empty(entry)
    leads = facts.is_directory and facts.leads and "[" not in written
    match form:
        case PathForm.PREFIX:
            return is_prefix
        case PathForm.OBJECTS:
            return is_prefix or facts.saved_model == entry.path
        case PathForm.ANY:
            return leads if facts.is_directory else is_prefix
        case PathForm.DIRECTORY:
            return leads
        case PathForm.WORKING:
            return facts.is_directory or not (facts.is_file or facts.is_prefix)
        case PathForm.META:
            return facts.is_file and _may_be_graph(entry.path)
        case PathForm.SAVED_MODEL:
            return facts.saved_model == entry.path
    return entry.checkpoint is not None or facts.is_file or is_prefix


def misfit(use: PathUse, entry: Entry) -> Misfit | None:
    """What is wrong with the form of a path that is not opened; None if nothing can be proved.

    A path at which nothing is has no wrong form, nor has a directory without checkpoints.
    """
    facts, written = entry.facts, use.text.literal
    if facts is None or not written:
        return None
    if use.form in PREFIXES:
        return _for_prefix(use.form, entry, facts, written)
    if use.form in DIRECTORIES:
        return _for_directory(use.form, entry, facts, written)
    if use.form is PathForm.META:
        return _for_graph(entry, facts, written)
    if use.form is PathForm.SAVED_MODEL:
        return _for_saved_model(entry, facts, written)
    return None


def names_directory(written: str) -> bool:
    """Whether a path can only be that of a directory: `m/`, `m/.`, `..`."""
    return re.search(r"(?:^|/)\.{0,2}$", written) is not None


def is_moved(entry: Entry) -> bool:
    """Whether a state file names what is not there, while checkpoints lie beside it."""
    facts = entry.facts
    if facts is None or not facts.is_directory or facts.state is None:
        return False
    return bool(facts.state.written) and not facts.state.is_there and bool(_inside(entry))


def prefixes_inside(entry: Entry, written: str) -> tuple[str, ...]:
    """The prefixes in a directory, written like the path of the directory in the code."""
    return _written_like(written, entry.path, _inside(entry))


def written_like(written: str, place: str, other: str) -> str:
    """How code that writes `place` as `written` would write the place `other`."""
    below = os.path.relpath(other, place).replace(os.sep, "/")
    is_open_ended = written in (".", "./")
    stem = _without_slash(written) or ("/" if written.startswith("/") else "")
    if not below.startswith(".."):
        return below if is_open_ended else "/".join(filter(None, (stem, below)))
    if stem.rpartition("/")[2] in ("", ".", ".."):
        return "/".join(filter(None, (stem, below)))
    return _joined(os.path.dirname(stem), os.path.relpath(other, os.path.dirname(place)))


def _without_slash(written: str) -> str:
    end = len(written)
    while True:
        if written.endswith("/", 0, end):
            end -= 1
        elif written.endswith("/.", 0, end):
            end -= 2
        else:
            return written[:end]


def _joined(directory: str, below: str) -> str:
    parts = below.replace(os.sep, "/").split("/")
    while parts and parts[0] == ".." and directory.rpartition("/")[2] not in ("", ".", ".."):
        directory = os.path.dirname(directory)
        del parts[0]
    parts = [part for part in parts if part != "."]
    return os.path.join(directory, *parts) if parts else directory or "."


def _for_prefix(form: PathForm, entry: Entry, facts: PathFacts, written: str) -> Misfit | None:
    if _is_state_file(entry, facts):
        return Misfit(_STATE_FILE, _written_like(written, entry.path, _stated(entry, facts)))
    if "[" in written and (facts.is_prefix or facts.leads):
        return Misfit("TensorFlow treats `[` in a path as a pattern and does not find this one")
    if _is_empty(entry):
        return Misfit("TensorFlow finds no variable in this file")
    is_looked_into = facts.is_directory and form is PathForm.ANY
    if facts.is_prefix and names_directory(written) and not is_looked_into:
        right = _without_slash(written)
        return Misfit("a path that ends in a slash is a directory, not a prefix", (right,))
    if facts.is_file and entry.checkpoint is not None and not facts.is_prefix:
        return _for_file(entry, entry.checkpoint, written)
    if not facts.is_directory:
        return None
    instead = prefixes_inside(entry, written)
    if form is not PathForm.ANY:
        message = "this is a directory; expected the prefix of one checkpoint"
        return Misfit(message, instead) if instead else None
    is_foreign = facts.state is not None and bool(facts.state.foreign)
    if is_moved(entry) or not (instead or facts.is_prefix or is_foreign):
        return None
    return Misfit(_without_state(facts), instead)


def _for_file(entry: Entry, checkpoint: Checkpoint, written: str) -> Misfit | None:
    """A file that is no checkpoint itself, but leads a person to one."""
    if checkpoint.format not in (Format.V1, Format.V2) or checkpoint.prefix == entry.path:
        return None
    message = "this is a file of the checkpoint; expected its prefix"
    if _is_of_saved_model(entry):
        message = "this is the graph of a SavedModel; expected the prefix of its variables"
    return Misfit(message, _written_like(written, entry.path, (checkpoint.prefix,)))


def _for_directory(form: PathForm, entry: Entry, facts: PathFacts, written: str) -> Misfit | None:
    if facts.is_directory:
        if form is PathForm.WORKING or is_moved(entry):
            return None
        if "[" in written and facts.leads:
            message = "TensorFlow treats `[` in a path as a pattern and finds no checkpoint here"
            return Misfit(message, is_silent=True)
        is_foreign = facts.state is not None and bool(facts.state.foreign)
        if is_foreign or _right_inside(entry) or _is_saved_model(entry):
            return Misfit(_without_state(facts), is_silent=True)
        if not facts.is_prefix:
            return None
    above = os.path.dirname(entry.path)
    is_stated = facts.state_above is not None and facts.state_above.is_there
    leads = form is PathForm.WORKING or (is_stated and "[" not in written)
    instead = (written_like(written, entry.path, above),) if leads else ()
    if _is_state_file(entry, facts):
        return Misfit(_STATE_FILE, instead)
    if facts.is_prefix:
        message = "this is the prefix of a checkpoint; expected the directory that contains it"
        return Misfit(message, instead)
    if facts.is_file and stem_of_part(entry.path) != entry.path:
        message = "this is a file of a checkpoint; expected the directory that contains it"
        return Misfit(message, instead)
    return Misfit("this is a file; expected a directory") if facts.is_file else None


def _for_graph(entry: Entry, facts: PathFacts, written: str) -> Misfit | None:
    stem = stem_of_part(entry.path)
    graph = (stem + META_SUFFIX,) if facts.has_graph else ()
    if facts.is_directory and not facts.is_prefix:
        graphs = _written_like(written, entry.path, facts.graphs)
        message = "this is a directory; expected the `.meta` file of one checkpoint"
        return Misfit(message, graphs) if graphs or facts.saved_model else None
    if _is_of_saved_model(entry):
        return Misfit("this is the graph of a SavedModel; expected a `.meta` file")
    if _is_state_file(entry, facts):
        stated = facts.state_above
        there = (stated.place + META_SUFFIX,) if stated is not None and stated.has_graph else ()
        return Misfit(_STATE_FILE, _written_like(written, entry.path, there))
    if facts.is_prefix:
        which = os.path.basename(stem) + META_SUFFIX
        message = "this is the prefix of a checkpoint; the graph is in its `.meta` file"
        if not graph:
            message += f", and `{which}` is not there"
        return Misfit(message, _written_like(written, entry.path, graph))
    return None


def _for_saved_model(entry: Entry, facts: PathFacts, written: str) -> Misfit | None:
    if facts.saved_model:
        right = written_like(written, entry.path, facts.saved_model)
        return Misfit("this is a part of a SavedModel; expected its directory", (right,))
    within = os.path.join(entry.path, "")
    near = (each.path for each in reversed(entry.near) if _is_saved_model(each))
    inner = [path for path in near if path.startswith(within)]
    if inner:
        message = "this is not a SavedModel, but a directory that contains SavedModels"
        return Misfit(message, _written_like(written, entry.path, inner[:_MOST]))
    if _right_inside(entry):
        return Misfit("this directory contains a checkpoint, not a SavedModel")
    if facts.is_prefix or (facts.is_file and entry.checkpoint is not None):
        return Misfit("this is a checkpoint; expected the directory of a SavedModel")
    return (
        Misfit("this is a file; expected the directory of a SavedModel") if facts.is_file else None
    )


def _without_state(facts: PathFacts) -> str:
    what = "has no state file" if facts.state is None else "has no valid state file"
    also = " of that name" if facts.is_prefix else ""
    if facts.state is not None and facts.state.foreign:
        found = f"the state file `{STATE_NAME}` of the directory{also} is not read"
        return f"{found}, so TensorFlow finds no checkpoint in it: {facts.state.foreign}"
    return f"the directory{also} {what} `{STATE_NAME}`, so TensorFlow finds no checkpoint in it"


def _is_empty(entry: Entry) -> bool:
    """Whether the place is a table without variables, as an index under another name is."""
    checkpoint = entry.checkpoint
    if checkpoint is None or checkpoint.format is not Format.V1 or len(checkpoint):
        return False
    return checkpoint.prefix == entry.path


def _is_state_file(entry: Entry, facts: PathFacts) -> bool:
    """Whether the place is that of a valid state file, and of no checkpoint."""
    if os.path.basename(entry.path) != STATE_NAME or not facts.is_file or facts.is_prefix:
        return False
    return facts.state_above is not None and bool(facts.state_above.written)


def _stated(entry: Entry, facts: PathFacts) -> tuple[str, ...]:
    """What the state file at the place names, or the checkpoint of that name beside it."""
    directory = os.path.dirname(entry.path)
    if facts.state_above is not None and facts.state_above.is_there:
        return (facts.state_above.place,)
    checkpoint = entry.checkpoint
    if checkpoint is not None and os.path.dirname(checkpoint.prefix) == directory:
        return (checkpoint.prefix,)
    return ()


def _inside(entry: Entry) -> tuple[str, ...]:
    """The TensorFlow checkpoints that lie in a directory, the latest first."""
    return tuple(_below(entry))[:_MOST]


def _right_inside(entry: Entry) -> bool:
    return any(os.path.dirname(prefix) == entry.path for prefix in _below(entry))


def _below(entry: Entry) -> Iterator[str]:
    checkpoint, error = entry.checkpoint, entry.error
    within = os.path.join(entry.path, "")
    if checkpoint is not None:
        if checkpoint.format in (Format.V1, Format.V2) and checkpoint.prefix.startswith(within):
            yield checkpoint.prefix
    elif isinstance(error, CheckpointAmbiguous):
        yield from filter(is_tensorflow_name, reversed(error.candidates))
    for near in reversed(entry.near):
        facts = near.facts
        if near.path.startswith(within) and facts is not None:
            if facts.is_prefix and is_tensorflow_name(near.path):
                yield near.path
            elif facts.saved_model == near.path:
                yield os.path.join(near.path, SAVED_MODEL_PREFIX)


def is_tensorflow_name(prefix: str) -> bool:
    """Whether a checkpoint of this name is TensorFlow's, and not in a format of others."""
    return not prefix.endswith(_OTHER_FORMATS)


def _is_saved_model(entry: Entry) -> bool:
    return entry.facts is not None and entry.facts.saved_model == entry.path


def _is_of_saved_model(entry: Entry) -> bool:
    return os.path.basename(entry.path) in ("saved_model.pb", "saved_model.pbtxt")


def _may_be_graph(path: str) -> bool:
    if path.endswith(META_SUFFIX):
        return True
    is_part = stem_of_part(path) != path or os.path.basename(path) == STATE_NAME
    return not is_part and not path.endswith(("saved_model.pb", *_OTHER_FORMATS))


def _written_like(written: str, place: str, others: Iterable[str]) -> tuple[str, ...]:
    return tuple(written_like(written, place, other) for other in others)
