"""What a verdict relies on in checkpoints, so that only changes of that have it given again.

Rules are handed checkpoints that note what they are asked: whether a name is there, what lies in
a scope. A question that is not among those makes the verdict rest on the whole checkpoint.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from ckptls.checkpoint.core.types import OBJECT_GRAPH_NAME
from ckptls.checkpoint.model.changes import Changes
from ckptls.checkpoint.model.checkpoint import Checkpoint, Variable
from ckptls.checkpoint.model.scope_tree import NEIGHBOURS, Child, ScopeTree

T = TypeVar("T")


class Reliance:
    """What was asked of checkpoints.

    names: names of variables that were looked up; scopes: scopes that were looked into, each
    with its final slash; places: scopes of which it was asked whether they are there.
    `on_listing`: which names there are at all; `on_all`: anything else.
    """

    __slots__ = ("names", "on_all", "on_listing", "places", "scopes")

    def __init__(self) -> None:
        self.names: set[str] = set()
        self.scopes: set[str] = set()
        self.places: set[str] = set()
        self.on_listing = False
        self.on_all = False

    def add(self, other: Reliance) -> None:
        """It is relied on that, too."""
        self.names |= other.names
        self.scopes |= other.scopes
        self.places |= other.places
        self.on_listing |= other.on_listing
        self.on_all |= other.on_all

    def is_touched(self, changes: Changes) -> bool:
        """Whether any answer may be another one with these changes."""
        if not changes.names:
            return False
        if self.on_all or (self.on_listing and bool(changes.added or changes.removed)):
            return True
        return not (
            self.names.isdisjoint(changes.names)
            and self.scopes.isdisjoint(changes.scopes)
            and self.places.isdisjoint(changes.lone_scopes)
        )


class Noting:
    """Checkpoints that note what they are asked in `reliance`, which is replaced as one likes."""

    def __init__(self) -> None:
        self.reliance = Reliance()
        self._noting: dict[int, NotingCheckpoint] = {}

    def checkpoint(self, checkpoint: Checkpoint) -> NotingCheckpoint:
        """A checkpoint that notes what it is asked; the same for the same."""
        known = self._noting.get(id(checkpoint))
        if known is None:
            known = self._noting[id(checkpoint)] = NotingCheckpoint(checkpoint, self)
        return known


class NotingCheckpoint:
    """A checkpoint that notes what it is asked."""

    __slots__ = ("_noting", "_tree", "asked")

    def __init__(self, checkpoint: Checkpoint, noting: Noting) -> None:
        self.asked = checkpoint
        self._noting = noting
        self._tree: _NotingTree | None = None

    def __contains__(self, name: object) -> bool:
        if isinstance(name, str):
            self._noting.reliance.names.add(name)
        return name in self.asked

    def __getitem__(self, name: str) -> Variable:
        self._noting.reliance.names.add(name)
        return self.asked[name]

    def get(self, name: str) -> Variable | None:
        self._noting.reliance.names.add(name)
        return self.asked.get(name)

    def __len__(self) -> int:
        return len(self.names)

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    @property
    def names(self) -> tuple[str, ...]:
        self._noting.reliance.on_listing = True
        return self.asked.names

    @property
    def is_object_based(self) -> bool:
        self._noting.reliance.names.add(OBJECT_GRAPH_NAME)
        return self.asked.is_object_based

    @property
    def object_graph(self) -> Any:
        # Where there is one, changes are never known (see `changes_between`).
        return self.asked.object_graph

    @property
    def tree(self) -> _NotingTree:
        if self._tree is None:
            self._tree = _NotingTree(self.asked.tree, self._noting)
        return self._tree

    def __getattr__(self, name: str) -> Any:
        self._noting.reliance.on_all = True
        return getattr(self.asked, name)


class _NotingTree:
    """The tree of a checkpoint, which notes what it is asked."""

    __slots__ = ("_asked", "_noting")

    def __init__(self, tree: ScopeTree, noting: Noting) -> None:
        self._asked = tree
        self._noting = noting

    def has_scope(self, scope: str) -> bool:
        self._noting.reliance.places.add(_with_slash(scope))
        return self._asked.has_scope(scope)

    def count(self, scope: str) -> int:
        self._noting.reliance.scopes.add(_with_slash(scope))
        return self._asked.count(scope)

    def children(self, scope: str, limit: int | None = None, prefix: str = "") -> list[Child]:
        self._noting.reliance.scopes.add(_with_slash(scope))
        return self._asked.children(scope, limit, prefix)

    def noted(self, key: Any, make: Callable[[], T]) -> T:
        if key[0] == NEIGHBOURS:
            self._noting.reliance.scopes.add(_with_slash(key[1]))
        else:
            self._noting.reliance.on_all = True
        return self._asked.noted(key, make)

    def __getattr__(self, name: str) -> Any:
        self._noting.reliance.on_all = True
        return getattr(self._asked, name)


def _with_slash(scope: str) -> str:
    return scope if not scope or scope.endswith("/") else f"{scope}/"


def unwrap_checkpoint(checkpoint: Any) -> Checkpoint:
    """The checkpoint itself, of one that notes what it is asked."""
    found: Checkpoint = checkpoint.asked if isinstance(checkpoint, NotingCheckpoint) else checkpoint
    return found
