"""From a path as the code writes it to the checkpoints that it may mean on this machine."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from ckptls.checkpoint.core.home_path import expanded_home
from ckptls.checkpoint.data_files import DataLoss
from ckptls.checkpoint.layout.directory_files import STATE_NAME
from ckptls.checkpoint.locate.locate import SAVED_MODEL_PREFIX
from ckptls.checkpoint.model.checkpoint import Checkpoint
from ckptls.checkpoint.storage import filesystem
from ckptls.source.semantics.sites import Evidence, PathForm, PathUse
from ckptls.source.semantics.text_matcher import matcher
from ckptls.workspace.checkpoint_store import Entry

Lookup = Callable[[str], "Entry | None"]


@dataclass(frozen=True, slots=True)
class Resolution:
    """What was found for some paths.

    checkpoints: those that are there, with the surest first.
    evidence: how sure the least sure of them is.
    is_complete: every path was found.
    pending: places that nobody has looked at yet.
    unreadable: what is there but cannot be read.
    forbidden: addresses on other machines that nobody allowed to read.
    losses: by the prefix of a checkpoint what is missing of its data.
    """

    checkpoints: tuple[Checkpoint, ...] = ()
    evidence: Evidence = Evidence.WORKSPACE
    is_complete: bool = False
    pending: tuple[str, ...] = ()
    unreadable: tuple[Entry, ...] = ()
    forbidden: tuple[str, ...] = ()
    losses: tuple[tuple[str, DataLoss], ...] = ()

    @property
    def is_telling(self) -> bool:
        """Whether something is there that TensorFlow would open for some of the paths."""
        return bool(self.checkpoints) and self.evidence > Evidence.WORKSPACE


@dataclass(frozen=True, slots=True)
class Roots:
    """Directories that relative paths are tried against, in order.

    is_remote_allowed: whether code and settings may lead to other machines.
    trusted: addresses that the user named, and that are allowed anyway.
    launches: places that scripts and configurations give to flags, by their names.
    beyond: other directories from which a program may be run. What lies there helps nobody and
        proves nothing, but a path that is right from there is not wrong.
    """

    directories: tuple[str, ...]
    is_remote_allowed: bool = False
    trusted: tuple[str, ...] = ()
    launches: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    beyond: tuple[str, ...] = ()

    def candidates(self, path: str) -> tuple[str, ...]:
        """Absolute places that a path may mean; none for an address that is not allowed."""
        path = filesystem.plain_if_local(path)
        if filesystem.is_remote(path):
            return () if self.forbids(path) else (path,)
        path = expanded_home(path)
        if os.path.isabs(path):
            return (os.path.normpath(path),)
        places = (self._below(root, path) for root in self.directories)
        return tuple(dict.fromkeys(place for place in places if place))

    def candidates_beyond(self, path: str, entries: Iterable[Entry]) -> tuple[str, ...]:
        """More places to look at, where only something near stands at the candidates."""
        path = filesystem.plain_if_local(path)
        if filesystem.is_remote(path) or os.path.isabs(expanded_home(path)):
            return ()
        if not any(each.near for each in entries) or not all(each.is_absent for each in entries):
            return ()
        return tuple(os.path.normpath(os.path.join(each, path)) for each in self.beyond)

    def forbids(self, path: str) -> bool:
        """Whether a path is an address on another machine that must not be read.

        A chain of file systems is not taken from code in any case: some of them write files,
        or lead back to this machine.
        """
        if not filesystem.is_remote(path) or path in self.trusted:
            return False
        return not self.is_remote_allowed or filesystem.is_chained(path)

    def _below(self, root: str, path: str) -> str:
        if not filesystem.is_remote(root):
            return os.path.normpath(os.path.join(root, path))
        return "" if self.forbids(root) else filesystem.absolute(filesystem.join(root, path))


def resolve(
    uses: Iterable[PathUse], roots: Roots, lookup: Lookup, known: Iterable[str] = ()
) -> Resolution:
    """The checkpoints that path expressions mean.

    `known` are prefixes found in the workspace: a path of which only the end is written is
    looked for among them, and what is found so is no more than `file` evidence. What lies where
    the path leads although TensorFlow would not open it from there helps, and proves nothing.
    """
    checkpoints: dict[str, Checkpoint] = {}
    pending: list[str] = []
    unreadable: list[Entry] = []
    forbidden: list[str] = []
    losses: dict[str, DataLoss] = {}
    evidence = Evidence.CALL
    is_complete = True
    for use in uses:
        places, grade, is_known = _places(use, roots, known)
        is_complete = is_complete and is_known
        several = _found(places, lookup, pending, unreadable)
        if not several:
            is_complete = False
            pending += _unseen_beyond(use, places, roots, lookup)
        if use.text.literal is not None and roots.forbids(use.text.literal):
            forbidden.append(use.text.literal)
        opened = [each for each in several if _opens(use, each)]
        # Of the places that a path may mean the first counts; of a flag's values, and of what
        # ends as the path does, all do.
        has_several = use.flag is not None or use.text.literal is None
        counting = several if has_several else (opened or several)[:1]
        if len(opened) < len(counting):
            grade = Evidence.WORKSPACE
        for found in _checkpoints(counting):
            checkpoints[found.prefix] = found
            evidence = min(evidence, grade)
        for entry in counting:
            if entry.loss is not None and entry.checkpoint is not None:
                losses[entry.checkpoint.prefix] = entry.loss
    if not checkpoints:
        return Resolution(
            pending=tuple(pending), unreadable=tuple(unreadable), forbidden=tuple(forbidden)
        )
    return Resolution(
        tuple(checkpoints.values()),
        evidence,
        is_complete and not pending,
        tuple(pending),
        tuple(unreadable),
        tuple(forbidden),
        tuple(losses.items()),
    )


def _places(
    use: PathUse, roots: Roots, known: Iterable[str]
) -> tuple[tuple[str, ...], Evidence, bool]:
    """Where the checkpoint may be, how sure that is, and whether it can be nowhere else."""
    if use.flag is not None:
        given = roots.launches.get(use.flag, ())
        return tuple(p for p in given if not roots.forbids(p)), Evidence.FILE, True
    literal = use.text.literal
    if literal == "":  # a default that stands for nothing, and no checkpoint for TensorFlow
        return (), Evidence.FILE, False
    if literal is None:
        ending = _with_ending(use, known)
        return ending, Evidence.FILE, bool(ending)
    return roots.candidates(literal), use.evidence, True


def _found(
    places: Iterable[str], lookup: Lookup, pending: list[str], unreadable: list[Entry]
) -> list[Entry]:
    found = []
    for place in places:
        entry = lookup(place)
        if entry is None:
            pending.append(place)
        elif entry.checkpoint is not None:
            found.append(entry)
        elif not entry.is_absent:
            unreadable.append(entry)
    return found


def _unseen_beyond(use: PathUse, places: Iterable[str], roots: Roots, lookup: Lookup) -> list[str]:
    entries = [entry for place in places if (entry := lookup(place)) is not None]
    more = roots.candidates_beyond(use.text.literal or "", entries)
    return [place for place in more if lookup(place) is None]


def _checkpoints(entries: Iterable[Entry]) -> Iterator[Checkpoint]:
    return (entry.checkpoint for entry in entries if entry.checkpoint is not None)


def _opens(use: PathUse, entry: Entry) -> bool:
    """Whether TensorFlow's functions that take such paths open the checkpoint from this one.

    Of a directory they open what its state file names, and never a checkpoint that merely
    lies there, which is all that a person needs. A file of a checkpoint is no prefix either,
    but says which one is meant; `checkpoint-path-form` tells that it has the wrong end.

    Source: tensorflow/python/training/checkpoint_utils.py (`_get_checkpoint_filename`) and
    checkpoint_management.py (`latest_checkpoint`).
    """
    checkpoint, place = entry.checkpoint, entry.path
    if checkpoint is None or use.evidence is Evidence.PINNED:
        return checkpoint is not None
    is_stated = filesystem.join(place, STATE_NAME) in checkpoint.files and not _leads_elsewhere(
        entry
    )
    is_itself = not checkpoint.prefix.startswith(filesystem.join(place, ""))
    is_saved_model = checkpoint.prefix == filesystem.join(place, SAVED_MODEL_PREFIX)
    if use.is_latest or use.form in (PathForm.DIRECTORY, PathForm.WORKING):
        return is_stated
    if use.form is PathForm.ANY:
        return is_stated or (is_itself and not entry.is_directory)
    if use.form is PathForm.OBJECTS:  # it looks into a SavedModel, too
        return is_itself or is_saved_model
    if use.form is PathForm.PREFIX:
        return is_itself
    return use.form is not PathForm.SAVED_MODEL or is_saved_model


def _leads_elsewhere(entry: Entry) -> bool:
    """Whether a state file names a checkpoint outside of its directory, which is there."""
    state = entry.facts.state if entry.facts is not None else None
    if state is None or not state.is_there or entry.checkpoint is None:
        return False
    return state.place != os.path.normpath(entry.checkpoint.prefix)


def _with_ending(use: PathUse, known: Iterable[str]) -> tuple[str, ...]:
    """Known prefixes that end as the path does; a whole file name must be written."""
    if "/" not in use.text.tail.rstrip("/"):
        return ()
    fits = matcher(use.text).fits
    return tuple(prefix for prefix in known if fits(prefix))
