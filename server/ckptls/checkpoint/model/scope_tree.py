"""The scopes of a checkpoint, as ranges of its sorted names.

All names under one scope stand side by side, so a scope is two positions found by
bisection, and no tree of nodes is ever built.

A scope is written with or without its final slash; the empty string is the root. Names
may hold empty segments (`/x`, `a//b`): the scope of an empty segment is written with the
slash that ends it (`/`, `a//`), which is how `Child.path` gives it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, islice
from math import prod

from ckptls.checkpoint.core.dtypes import item_bytes

TYPE_CHECKING = False  # as typing's, without importing typing
if TYPE_CHECKING:
    from typing import Any, TypeVar

    from ckptls.checkpoint.model.changes import Changes
    from ckptls.checkpoint.names.name_pool import Pool

    T = TypeVar("T")

_AFTER_SLASH = chr(ord("/") + 1)
_LAST_CHARACTER = chr(0x10FFFF)
_MAX_NOTED = 10_000
# So many trees before are asked, of which the last stands for all before it.
_MAX_INHERITED = 4
# With more names added and removed, what was noted is found out again.
_MAX_INHERITED_CHANGES = 64
# What is noted under (NEIGHBOURS, scope, …) rests on the names right in that scope alone.
NEIGHBOURS = "neighbours"
# What is noted under (SPELLINGS, …) rests on which names there are.
SPELLINGS = "spellings"


@dataclass(frozen=True, slots=True)
class Child:
    """One segment under a scope: a scope, a variable, or both at once.

    `name` is the segment, `path` the whole name up to it, and `count` how many variables
    lie under it, itself not counted.
    """

    name: str
    path: str
    count: int
    is_variable: bool

    @property
    def is_scope(self) -> bool:
        """Whether there are variables under it."""
        return self.count > 0


@dataclass(frozen=True, slots=True)
class Totals:
    """What the variables under one scope add up to, at any depth.

    `num_bytes` leaves out strings, whose size no shape tells.
    """

    count: int
    num_parameters: int
    num_bytes: int


class ScopeTree:
    """Questions about scopes; each is answered in a few bisections."""

    __slots__ = (
        "_bytes",
        "_inherited",
        "_kinds",
        "_name_pool",
        "_names",
        "_noted",
        "_parameters",
        "_scope_pool",
        "_scopes",
    )

    def __init__(
        self, names: tuple[str, ...], kinds: Sequence[tuple[str, tuple[int, ...]]]
    ) -> None:
        """`names` ascending and each once; `kinds` their dtypes and shapes."""
        self._noted: dict[object, Any] = {}
        # What trees before have noted, newest first, and what has changed since. Others may still
        # ask these and note more, which holds as well.
        self._inherited: tuple[tuple[dict[object, Any], Changes], ...] = ()
        self._names = names
        self._kinds = kinds
        self._parameters: list[int] | None = None
        self._bytes: list[int] | None = None
        self._scopes: tuple[str, ...] | None = None
        self._name_pool: Pool | None = None
        self._scope_pool: Pool | None = None

    def has_scope(self, scope: str) -> bool:
        """Whether any variable lies under `scope`."""
        first, last = self._range(scope)
        return last > first

    def count(self, scope: str) -> int:
        """How many variables lie under `scope`, at any depth."""
        first, last = self._range(scope)
        return last - first

    def num_parameters(self, scope: str) -> int:
        """How many elements the variables under `scope` have together."""
        first, last = self._range(scope)
        sums = self._parameter_sums()
        return sums[last] - sums[first]

    def num_bytes(self, scope: str) -> int:
        """Bytes of all values under `scope`; strings, whose size no shape tells, count 0."""
        first, last = self._range(scope)
        sums = self._byte_sums()
        return sums[last] - sums[first]

    def totals(self, scope: str) -> Totals:
        """Count, parameters and bytes of what is under `scope`, found at one go."""
        first, last = self._range(scope)
        parameters, size = self._parameter_sums(), self._byte_sums()
        return Totals(last - first, parameters[last] - parameters[first], size[last] - size[first])

    def _parameter_sums(self) -> list[int]:
        if self._parameters is None:
            sizes = (prod(shape) for _, shape in self._kinds)
            self._parameters = list(accumulate(sizes, initial=0))
        return self._parameters

    def _byte_sums(self) -> list[int]:
        if self._bytes is None:
            sizes = (prod(shape) * item_bytes(dtype) for dtype, shape in self._kinds)
            self._bytes = list(accumulate(sizes, initial=0))
        return self._bytes

    def names_under(self, scope: str) -> Sequence[str]:
        """The full names of the variables under `scope`, ascending."""
        first, last = self._range(scope)
        return self._names[first:last]

    def children(self, scope: str, limit: int | None = None, prefix: str = "") -> list[Child]:
        """The segments right under `scope` that start with `prefix`, in name order.

        At most `limit` of them, if it is given; then the work is proportional to it.
        """
        return list(islice(self._children(_with_slash(scope), prefix), limit))

    def scopes(self) -> tuple[str, ...]:
        """Every scope there is, ascending and without final slashes (but see empty segments)."""
        if self._scopes is None:
            self._scopes = tuple(sorted(self._all_scopes()))
        return self._scopes

    @property
    def name_pool(self) -> Pool:
        """The names, for searching them by their ends or without regard to case."""
        if self._name_pool is None:
            from ckptls.checkpoint.names.name_pool import Pool

            self._name_pool = Pool(self._names)
        return self._name_pool

    @property
    def scope_pool(self) -> Pool:
        """The scopes, for searching them likewise."""
        if self._scope_pool is None:
            from ckptls.checkpoint.names.name_pool import Pool

            self._scope_pool = Pool(self.scopes())
        return self._scope_pool

    def glob(self, pattern: str) -> list[str]:
        """The names that match a pattern of the shell, ascending.

        `*` stands for any text, slashes too, as `**` does; `?` for one character, `[ab]` for
        one of several. Only names that begin as the pattern does are looked at.
        """
        from ckptls.checkpoint.names.glob import literal_start, matching

        literal = literal_start(pattern)
        first, last = self._span(literal)
        return matching(pattern, self._names[first:last])

    def _all_scopes(self) -> set[str]:
        found: set[str] = set()
        previous = ""
        for name in self._names:
            parent = name[: name.rfind("/") + 1]
            if parent == previous:
                continue
            previous = parent
            while parent:
                path = _without_slash(parent)
                if path in found:
                    break
                found.add(path)
                parent = parent[: parent.rfind("/", 0, -1) + 1]
        return found

    def noted(self, key: object, make: Callable[[], T]) -> T:
        """What takes long to find out: `make` is asked once a key, while few are kept."""
        known: Any = self._noted.get(key)
        if known is None:
            if len(self._noted) >= _MAX_NOTED:
                self._noted.clear()
            for noted, changes in self._inherited:
                if key in noted:
                    known = _still_true(key, noted[key], changes)
                    break
            known = self._noted[key] = make() if known is None else known
        found: T = known
        return found

    def inherit(self, old: ScopeTree, changes: Changes) -> None:
        """Takes over what an older tree knows, as far as it is still true with these changes."""
        if not (changes.added or changes.removed):
            self._scopes, self._name_pool = old._scopes, old._name_pool
            self._scope_pool = old._scope_pool
        older = [(noted, changes | before) for noted, before in old._inherited]
        several = [(old._noted, changes), *older]
        if len(several) > _MAX_INHERITED:
            (newer, _), (oldest, since) = several[-2:]
            both = {**oldest, **newer}
            several[-2:] = [(both if len(both) <= _MAX_NOTED else dict(newer), since)]
        self._inherited = tuple(
            (noted, since)
            for noted, since in several
            if len(since.added) + len(since.removed) <= _MAX_INHERITED_CHANGES
        )

    def _children(self, base: str, prefix: str) -> Iterator[Child]:
        names = self._names
        position, end = self._span(base + prefix) if "/" not in prefix else (0, 0)
        while position < end:
            name = names[position]
            slash = name.find("/", len(base))
            if slash < 0:
                count = self._count_below(name, position)
                yield Child(name[len(base) :], name, count, is_variable=True)
                position += 1
                continue
            after = self._end(name[: slash + 1], position)
            path = _without_slash(name[: slash + 1])
            if not self._has_variable(path, position):
                yield Child(name[len(base) : slash], path, after - position, is_variable=False)
            position = after

    def _count_below(self, name: str, position: int) -> int:
        """How many variables lie under the scope that is called as the variable at `position`.

        None for one that ends in a slash: with it, the scope would be another (`a//`).
        """
        after = position + 1
        # What begins with the name follows it at once: mostly nothing does.
        if name[-1] == "/" or after == len(self._names) or not self._names[after].startswith(name):
            return 0
        first, last = self._span(name + "/")
        return last - first

    def _has_variable(self, path: str, position: int) -> bool:
        """Whether a variable is called as the scope that begins at `position`."""
        # It, and all between, begin with the path: mostly the name before does not.
        if path[-1] == "/" or position == 0 or not self._names[position - 1].startswith(path):
            return False
        return self._names[bisect_left(self._names, path)] == path

    def _range(self, scope: str) -> tuple[int, int]:
        return self._span(_with_slash(scope))

    def _span(self, start: str) -> tuple[int, int]:
        """Where the names that begin with `start` begin and end."""
        if not start:
            return 0, len(self._names)
        first = bisect_left(self._names, start)
        return first, self._end(start, first)

    def _end(self, start: str, first: int) -> int:
        """Where the names that begin with `start`, from `first` on, come to an end."""
        if start[-1] == "/":
            return bisect_left(self._names, start[:-1] + _AFTER_SLASH, first)
        stem = start.rstrip(_LAST_CHARACTER)
        if not stem:
            return len(self._names)
        return bisect_left(self._names, stem[:-1] + chr(ord(stem[-1]) + 1), first)


def _still_true(key: object, known: Any, changes: Changes) -> Any:
    """What a tree before had noted under a key; None if it has to be found out again."""
    from ckptls.checkpoint.model.suggestion_ranks import is_still_best

    if not isinstance(key, tuple):
        return None
    if key[0] == NEIGHBOURS:
        return known if _with_slash(key[1]) not in changes.scopes else None
    if key[0] == SPELLINGS:
        return known if not (changes.added or changes.removed) else None
    return known if is_still_best(key, known, changes) else None


def _with_slash(scope: str) -> str:
    return scope if not scope or scope[-1] == "/" else scope + "/"


def _without_slash(scope: str) -> str:
    """`a/` as `a`; the scope of an empty segment keeps its slash, to stay itself."""
    return scope if scope == "/" or scope.endswith("//") else scope[:-1]
