"""What is different in a checkpoint that took the place of another one."""

from __future__ import annotations

from dataclasses import dataclass


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
