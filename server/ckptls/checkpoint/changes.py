"""What is different in a checkpoint that took the place of another one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

TYPE_CHECKING = False  # as typing's, without importing typing
if TYPE_CHECKING:
    from ckptls.checkpoint.model import Checkpoint

# With more changed names, asking everything again costs less than asking what they touch.
_MAX_CHANGED = 1_000


@dataclass(frozen=True, slots=True)
class Changes:
    """Names that are different in two listings.

    Attributes:
        names: names that were added or removed, or have another dtype or shape.
        added: names that were added.
        removed: names that were removed.
        scopes: the scopes around those that were added or removed, each with its final slash;
            the root is the empty string.
        lone_scopes: those of them that only one of the listings has.
    """

    names: frozenset[str] = frozenset()
    added: frozenset[str] = frozenset()
    removed: frozenset[str] = frozenset()
    scopes: frozenset[str] = frozenset()
    lone_scopes: frozenset[str] = frozenset()

    def __or__(self, other: Changes) -> Changes:
        """What may be different after both, one after the other."""
        return Changes(
            self.names | other.names,
            self.added | other.added,
            self.removed | other.removed,
            self.scopes | other.scopes,
            self.lone_scopes | other.lone_scopes,
        )


NOTHING = Changes()


def changes_between(old: Checkpoint, new: Checkpoint) -> Changes | None:
    """The changes from one listing to another; None if they are not worth comparing.

    That is: many names changed, or more than names, dtypes and shapes may have: another format,
    other layers, a graph of objects.
    """
    if (old.format, old.layers, old.holds_model) != (new.format, new.layers, new.holds_model):
        return None
    if old.object_graph is not None or new.object_graph is not None:
        return None
    if old.names == new.names:
        kinds = zip(new.names, old.kinds, new.kinds, strict=True)
        changed = frozenset(name for name, one, other in kinds if one != other)
        return Changes(changed) if len(changed) <= _MAX_CHANGED else None
    before = dict(zip(old.names, old.kinds, strict=True))
    after = dict(zip(new.names, new.kinds, strict=True))
    added = frozenset(after.keys() - before.keys())
    removed = frozenset(before.keys() - after.keys())
    if len(added) + len(removed) > _MAX_CHANGED:
        return None
    other = frozenset(name for name, kind in after.items() if before.get(name, kind) != kind)
    names = other | added | removed
    if len(names) > _MAX_CHANGED:
        return None
    scopes = frozenset(_scopes_around(added | removed))
    lone = frozenset(s for s in scopes if old.tree.has_scope(s) != new.tree.has_scope(s))
    return Changes(names, added, removed, scopes, lone)


def _scopes_around(names: Iterable[str]) -> set[str]:
    found = {""}
    for name in names:
        scope = name[: name.rfind("/") + 1]
        while scope not in found:
            found.add(scope)
            scope = scope[: scope.rfind("/", 0, -1) + 1]
    return found
