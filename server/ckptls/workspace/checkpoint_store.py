"""The checkpoints that were asked for, each read once as long as it does not change."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ckptls.checkpoint.core.errors import CheckpointError, CheckpointNotFound, CheckpointUnreadable
from ckptls.checkpoint.core.types import FileStamp, Format
from ckptls.checkpoint.data_files import DataLoss, DataNeeds, has_one_file, loss_of, needs_of
from ckptls.checkpoint.layout.path_facts import PathFacts, facts_of
from ckptls.checkpoint.locate.locate import locate
from ckptls.checkpoint.model.checkpoint import Checkpoint
from ckptls.checkpoint.model.location import Location
from ckptls.checkpoint.reader import patiently, read_location
from ckptls.checkpoint.storage.filesystem import (
    is_directory,
    is_remote,
    is_versioned,
    shown,
    stamp_of,
)
from ckptls.workspace.meta_graph_store import ModelStore

if TYPE_CHECKING:
    from ckptls.checkpoint.graphs.meta_graph import Model

logger = logging.getLogger(__name__)

# What lies on another machine is looked at again after so long, not at each refresh.
REMOTE_SECONDS = 60.0

# File systems tell times in ticks of some milliseconds: a file that was read so soon after it
# was written may be written again, to the same size, without another stamp.
_TICK_NS = 50_000_000
# Below this number of absent paths, evicting unreferenced ones is not worth a search.
_FEW = 256
_MOST_NEAR = 8
# Somebody may be waiting in an editor, and the watcher looks again soon.
_PAUSES_SECONDS = (0.005, 0.02, 0.05, 0.1)


@dataclass(frozen=True, slots=True)
class Entry:
    """What stands at a path: a checkpoint, or why there is none.

    `model` is the graph in the `.meta` file or SavedModel that the path names, if it does.
    `is_directory`: there is a directory of the name of this checkpoint, too, which functions
    that take both look into instead. `facts` are those by which TensorFlow decides whether it
    opens the path; None for paths on other machines. `near` are the first of the places that the
    error has as candidates; `loss` is what is missing of the checkpoint's data. `graph_error`: the
    graph that the path names is not there, but another kind of file in its place.
    """

    path: str
    checkpoint: Checkpoint | None = None
    error: CheckpointError | None = None
    model: Model | None = None
    is_directory: bool = False
    facts: PathFacts | None = None
    near: tuple[Entry, ...] = ()
    loss: DataLoss | None = None
    graph_error: CheckpointError | None = None

    @property
    def is_absent(self) -> bool:
        """Whether there simply is nothing at the path."""
        return isinstance(self.error, CheckpointNotFound) and self.model is None


class CheckpointStore:
    """Entries by path. `peek` never touches the disk; `load` does, from any thread.

    `clock` tells seconds, as time.monotonic does.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._entries: dict[str, Entry] = {}
        self._asked: dict[str, float] = {}  # addresses, and when their servers were asked
        self._forgotten = 0
        self._read: dict[tuple[FileStamp | None, ...], Checkpoint] = {}
        self._young: set[tuple[FileStamp | None, ...]] = set()
        self._models = ModelStore()
        self._needs: dict[FileStamp, DataNeeds | None] = {}
        self._lock = threading.Lock()
        # While it is found out which paths are still asked for: those.
        self._wanted: set[str] | None = None
        self._room = _FEW

    def peek(self, path: str) -> Entry | None:
        """What was last seen at a path; None if nobody looked yet."""
        if self._wanted is not None:
            self._wanted.add(path)
        return self._entries.get(path)

    def evict_unreferenced(self, ask: Callable[[], object]) -> None:
        """Drops paths at which nothing is, if there are many, but for those that `ask` peeks at.

        While a path is being typed, each key asks for a new path that is not asked for again.
        """
        if len(self._entries) <= self._room:
            return
        with self._lock:
            wanted = self._wanted = set()
        ask()
        with self._lock:
            self._wanted = None
            for path, entry in list(self._entries.items()):
                if path not in wanted and entry.checkpoint is None and entry.model is None:
                    del self._entries[path]
                    self._asked.pop(path, None)
            self._room = max(_FEW, 2 * len(self._entries))

    def checkpoints(self) -> tuple[Checkpoint, ...]:
        """All that were read, each once, in order of their prefixes."""
        with self._lock:
            entries = list(self._entries.values())
        found = {each.checkpoint.prefix: each.checkpoint for each in entries if each.checkpoint}
        return tuple(found[prefix] for prefix in sorted(found))

    def load(self, path: str) -> Entry:
        """What stands at a path now; a file that did not change is not read again."""
        forgotten = self._forgotten
        model = None
        facts = None
        wrong = None
        try:
            model, wrong = self._models.at(path)
            facts = facts_of(path)
            checkpoint = patiently(lambda: self._read_or_known(locate(path)), _PAUSES_SECONDS)
            is_both = _is_directory_too(path, checkpoint)
            loss = self._loss_of(checkpoint)
            entry = Entry(
                path, checkpoint, None, model, is_both, facts, loss=loss, graph_error=wrong
            )
        except CheckpointError as error:
            near = _near(error) if facts is not None else ()
            entry = Entry(
                path, None, _alone(error), model, facts=facts, near=near, graph_error=wrong
            )
        except OSError as error:
            reason = error.strerror or str(error)
            refusal = CheckpointUnreadable(f"cannot be read: {reason}", path)
            entry = Entry(path, None, refusal, facts=facts)
        except Exception as error:
            # Who finds nothing here asks again, and would go on asking for ever.
            logger.exception("%s could not be read", shown(path))
            text = f"internal error: {type(error).__name__}: {error}"
            entry = Entry(path, error=CheckpointUnreadable(text, path), facts=facts)
        # Not under the lock: among many names that takes a while.
        self._compare(self._entries.get(path), entry)
        with self._lock:
            before = self._entries.get(path)
            entry = _kept(before, entry)
            if is_remote(path):
                if forgotten != self._forgotten:
                    return entry
                self._asked[path] = self._clock()
            self._entries[path] = entry
            if before is not None and before.checkpoint is not entry.checkpoint:
                self._drop_if_replaced(before.checkpoint)
            if self._wanted is not None:
                self._wanted.add(path)
        return entry

    def _loss_of(self, checkpoint: Checkpoint) -> DataLoss | None:
        """What is missing of a checkpoint's data; the index is looked into once."""
        stamp = checkpoint.stamp[0] if checkpoint.stamp else None
        if stamp is None or checkpoint.format is not Format.V2:
            return None
        with self._lock:
            is_known, needs = stamp in self._needs, self._needs.get(stamp)
        if not is_known or (needs is None and has_one_file(checkpoint.prefix)):
            needs = needs_of(checkpoint)
            with self._lock:
                self._needs[stamp] = needs
                while len(self._needs) > 2 * len(self._entries) + 16:
                    self._needs.pop(next(iter(self._needs)))
        return loss_of(needs) if needs is not None else None

    def _compare(self, before: Entry | None, after: Entry) -> None:
        """Has a checkpoint that takes the place of another one know what is different in it."""
        old, new = (before.checkpoint if before else None), after.checkpoint
        if old is None or new is None or old is new:
            return
        if all(entry.checkpoint is not new for entry in list(self._entries.values())):
            new.succeed(old)

    def _drop_if_replaced(self, old: Checkpoint | None) -> None:
        """Forgets what was read of files that are others now: a listing may be large."""
        if any(entry.checkpoint is old for entry in self._entries.values()):
            return
        for key in [key for key, known in self._read.items() if known is old]:
            self._young.discard(key)
            del self._read[key]

    def forget_remote(self) -> None:
        """Drops all that was read on other machines; it is not looked at again."""
        with self._lock:
            for path in self._asked:
                self._entries.pop(path, None)
            self._asked.clear()
            self._forgotten += 1

    def _read_or_known(self, location: Location) -> Checkpoint:
        key = tuple(stamp_of(file) for file in (*location.files, *location.state_files))
        is_telling = all(stamp is not None and is_versioned(stamp) for stamp in key)
        known = self._read.get(key) if is_telling else None
        is_known = known is not None and known.prefix == location.prefix and _has_its_objects(known)
        if known is not None and is_known and key not in self._young:
            return known
        started_ns = time.time_ns()
        checkpoint = read_location(location, with_objects=True)
        if known is not None and is_known and _has_same_variables(known, checkpoint):
            checkpoint = known
        with self._lock:
            self._young.discard(key)
            if any(mtime_ns > started_ns - _TICK_NS for _, mtime_ns, *_ in _stamps(checkpoint)):
                self._young.add(key)
            self._read[key] = checkpoint
            while len(self._read) > 2 * len(self._entries) + 16:
                oldest = next(iter(self._read))
                self._young.discard(oldest)
                del self._read[oldest]
        return checkpoint

    def refresh(self, paths: Iterable[str] | None = None) -> set[str]:
        """Looks again at known paths; those at which something is different now."""
        changed = set()
        here, there = self.due()
        for path in here + there if paths is None else paths:
            before = self._entries.get(path)
            after = self.load(path)
            if before is None or not _is_same(before, after):
                changed.add(path)
        return changed

    def due(self) -> tuple[list[str], list[str]]:
        """The known paths to look at again: those of this machine, and those of others."""
        now = self._clock()
        with self._lock:
            here = [path for path in self._entries if path not in self._asked]
            there = [path for path, when in self._asked.items() if now - when >= REMOTE_SECONDS]
        return here, there

    def paths_near(self, file: str) -> list[str]:
        """The known paths that a change of `file` may concern."""
        directory = os.path.dirname(file)
        with self._lock:
            known = list(self._entries)
        return [path for path in known if path == directory or os.path.dirname(path) == directory]


def _near(error: CheckpointError) -> tuple[Entry, ...]:
    places = error.candidates[:_MOST_NEAR] if isinstance(error, CheckpointNotFound) else ()
    return tuple(Entry(os.path.normpath(place), facts=facts_of(place)) for place in places)


def _alone(error: CheckpointError) -> CheckpointError:
    """An error that can be kept: one that was raised holds all that was at work at the time."""
    error.__cause__ = error.__context__ = None
    return error.with_traceback(None)


def _is_directory_too(path: str, checkpoint: Checkpoint) -> bool:
    is_by_prefix = checkpoint.format is Format.V2 and checkpoint.prefix == path
    return is_by_prefix and not is_remote(path) and is_directory(path)


def _kept(before: Entry | None, after: Entry) -> Entry:
    """`after`, with the checkpoint of `before` if a server only could not say that it is that."""
    old, new = (before.checkpoint if before else None), after.checkpoint
    if old is None or new is None or old is new or old.stamp != new.stamp:
        return after
    if all(is_versioned(stamp) for stamp in new.stamp):
        return after
    is_same = old.prefix == new.prefix and _has_same_variables(old, new)
    return replace(after, checkpoint=old) if is_same else after


def _has_its_objects(checkpoint: Checkpoint) -> bool:
    """Whether the data file with the object graph, if there is one, is as it was.

    It may come after the index, or be written to its end after it. On other machines, where a
    look costs, a graph that is whole is not looked at again.
    """
    graph = checkpoint.object_graph
    if graph is None or not graph.path or (graph.is_complete and is_remote(graph.path)):
        return True
    return stamp_of(graph.path) == graph.stamp


def _stamps(checkpoint: Checkpoint) -> tuple[FileStamp, ...]:
    graph = checkpoint.object_graph
    return (*checkpoint.stamp, *((graph.stamp,) if graph is not None and graph.stamp else ()))


def _has_same_variables(one: Checkpoint, other: Checkpoint) -> bool:
    if _stamps(one) != _stamps(other):  # the data file of one of them had no graph
        return False
    return one.names == other.names and list(one.variables()) == list(other.variables())


def _is_same(before: Entry, after: Entry) -> bool:
    if before.model is not after.model or before.graph_error is not after.graph_error:
        return False
    if before.is_directory != after.is_directory:
        return False
    if (before.facts, before.near, before.loss) != (after.facts, after.near, after.loss):
        return False
    if before.checkpoint is not None or after.checkpoint is not None:
        return before.checkpoint is after.checkpoint
    return str(before.error) == str(after.error)
