"""Which functions of a document are run, and in which order.

A function matters if it mentions a function of the catalogue or a function that matters, or
is a method of a class with such a method; the others are not even lowered. Callers come
before those that they call. Words are compared, not meanings, so this errs on the side of
running too much.
"""

from __future__ import annotations

from ckptls.source.semantics.values import FunctionValue
from ckptls.source.syntax.ir import Chunk

# Words beside those of the catalogue by which code defines values that others use.
_WORDS = frozenset({b"add_argument", b"add_option", b"set_defaults", b"FLAGS", b"global"})
# Words of Python by which a function has to do with others.
_TELLING = frozenset({b"super", b"global"})
_Row = tuple["bytes", "int", "bytes", bool, frozenset[bytes]]


class Plan:
    """The plan of one document, kept from version to version: most edits do not change it."""

    def __init__(self) -> None:
        self._base: frozenset[bytes] = frozenset()
        self._names: frozenset[bytes] = frozenset()
        self._chunks: dict[Chunk, tuple[bool, frozenset[bytes]]] = {}
        self._functions: list[FunctionValue] = []
        self._rows: list[_Row] = []
        self._order: list[int] = []
        self._relevant: frozenset[int] = frozenset()

    def of(
        self, functions: list[FunctionValue], words: frozenset[bytes]
    ) -> list[tuple[FunctionValue, bool]]:
        """The functions in the order to run them, each with whether it matters by itself.

        `words` are those of the catalogue, and names by which code comes to what it follows.
        """
        rows = self._changed_rows(functions) if words == self._base else None
        if rows is None:
            rows = self._all_rows(functions, words)
        self._functions = functions
        if rows != self._rows:
            self._rows = rows
            self._order = _order(rows)
            self._relevant = frozenset(_relevant(rows))
        relevant = self._relevant
        return [(functions[index], index in relevant) for index in self._order]

    def _changed_rows(self, functions: list[FunctionValue]) -> list[_Row] | None:
        """The rows where the same functions stand in the same places, edited perhaps."""
        if len(functions) != len(self._functions):
            return None
        rows = self._rows
        owners: dict[int, Chunk] = {}
        for index, (old, new) in enumerate(zip(self._functions, functions, strict=True)):
            name, owner, owner_name, _, _ = self._rows[index]
            if new.owner is not None and owners.setdefault(owner, new.owner.chunk) is not (
                new.owner.chunk
            ):
                return None
            if old is new:
                continue
            is_method = new.owner is not None
            if new.function.name.encode() != name or is_method != (owner >= 0):
                return None
            if new.owner is not None and new.owner.definition.name.encode() != owner_name:
                return None
            if old.chunk is not new.chunk:
                self._chunks.pop(old.chunk, None)
            if rows is self._rows:
                rows = list(rows)
            rows[index] = (name, owner, owner_name, *self._about(new.chunk))
        # Of two classes of one name a method may have moved from one to the other.
        return rows if len(set(owners.values())) == len(owners) else None

    def _all_rows(self, functions: list[FunctionValue], words: frozenset[bytes]) -> list[_Row]:
        names = {function.function.name.encode() for function in functions}
        owners: dict[Chunk, int] = {}
        for function in functions:
            if function.owner is not None:
                owners.setdefault(function.owner.chunk, len(owners))
                names.add(function.owner.definition.name.encode())
        if words != self._base or names != self._names:
            self._base, self._names = words, frozenset(names)
            self._chunks.clear()
        rows = [self._row(function, owners) for function in functions]
        # A chunk holds all that was ever found in it: one of an older text must not stay.
        self._chunks = {each.chunk: self._about(each.chunk) for each in functions}
        return rows

    def _about(self, chunk: Chunk) -> tuple[bool, frozenset[bytes]]:
        """Whether a chunk mentions something that matters by itself, and which functions."""
        known = self._chunks.get(chunk)
        if known is None:
            found = chunk.words
            is_direct = not (found.isdisjoint(self._base) and found.isdisjoint(_WORDS))
            known = (is_direct, found & self._names | found & _TELLING)
            self._chunks[chunk] = known
        return known

    def _row(self, function: FunctionValue, owners: dict[Chunk, int]) -> _Row:
        owner = function.owner
        return (
            function.function.name.encode(),
            -1 if owner is None else owners[owner.chunk],
            b"" if owner is None else owner.definition.name.encode(),
            *self._about(function.chunk),
        )


def _order(rows: list[_Row]) -> list[int]:
    """Indexes so that one comes after those that mention it, and `__init__` before methods.

    Of two that mention each other not, the one that assigns to `global` names comes first.
    """
    writers = {row[0] for row in rows if b"global" in row[4]}
    by_name: dict[bytes, list[int]] = {}
    by_owner: dict[int, list[int]] = {}
    for index, (name, owner, owner_name, _, _) in enumerate(rows):
        by_name.setdefault(name, []).append(index)
        if owner >= 0:
            by_owner.setdefault(owner, []).append(index)
            if name == b"__init__":
                by_name.setdefault(owner_name, []).append(index)

    def mentioned_by(index: int) -> list[list[int]]:
        """The functions that one mentions, those to be visited first at the end."""
        name, owner, _, _, mentioned = rows[index]
        names = sorted(mentioned, key=lambda each: (each not in writers, each))
        found = [by_name[each] for each in names if each in by_name]
        if b"super" in mentioned:
            found.append(by_name[name])
        if owner >= 0 and name == b"__init__":
            found.append(by_owner[owner])
        return found

    first = {b"__init__", *writers}
    finished: list[int] = []
    seen: set[int] = set()
    for root in sorted(range(len(rows)), key=lambda index: rows[index][0] in first):
        if root in seen:
            continue
        seen.add(root)
        # Depth first without recursion: a function is finished when all it mentions are. What was
        # visited leaves its groups, so that many functions of one name are gone through once.
        stack = [(root, mentioned_by(root))]
        while stack:
            index, groups = stack[-1]
            while groups and not (groups[-1] and groups[-1][-1] not in seen):
                if groups[-1]:
                    groups[-1].pop()
                else:
                    groups.pop()
            if not groups:
                finished.append(index)
                stack.pop()
                continue
            following = groups[-1].pop()
            seen.add(following)
            stack.append((following, mentioned_by(following)))
    return finished[::-1]


def _relevant(rows: list[_Row]) -> set[int]:
    """Indexes of the functions that are worth running."""
    groups: dict[int, list[int]] = {}
    for index, row in enumerate(rows):
        groups.setdefault(row[1] if row[1] >= 0 else -2 - index, []).append(index)
    users: dict[bytes, list[int]] = {}
    for key, group in groups.items():
        for index in group:
            for name in rows[index][4]:
                users.setdefault(name, []).append(key)
    pending = [key for key, group in groups.items() if any(rows[index][3] for index in group)]
    found = set(pending)
    while pending:
        for index in groups[pending.pop()]:
            name, _, owner_name, _, _ = rows[index]
            for called in (name, owner_name):
                # The users of a name are found with the first function that has it.
                for key in users.pop(called, ()) if called != b"__init__" else ():
                    if key not in found:
                        found.add(key)
                        pending.append(key)
    return {index for key in found for index in groups[key]}
