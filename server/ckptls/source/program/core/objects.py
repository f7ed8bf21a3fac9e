"""The values of a program that is followed.

Python's own objects stand for themselves where they are known and cannot change: None, bool, int,
float, complex, str, bytes, tuple (of values), range, `...`. Anything else is one of the classes
below, or an object of a library (`library_object`). `UNKNOWN` is any value.
"""

from __future__ import annotations

from typing import Any, Final

# A value of the program: see the docstring of this module.
Value = Any


class _Unknown:
    """Any value at all; what is done with it gives it again."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN: Final = _Unknown()


class PartialText:
    """A string of which only parts are known; None stands for each that is not."""

    __slots__ = ("parts",)

    def __init__(self, parts: tuple[str | None, ...]) -> None:
        self.parts = parts

    @property
    def template(self) -> str:
        """The text with `{}` for what is not known."""
        return "".join("{}" if part is None else part for part in self.parts)


def join_texts(*texts: Value) -> Value:
    """The texts in a row: a `str` where all are, else a `PartialText`; never UNKNOWN."""
    parts: list[str | None] = []
    for each in texts:
        if isinstance(each, str):
            some: tuple[str | None, ...] = (each,)
        else:
            some = each.parts if isinstance(each, PartialText) else (None,)
        for part in some:
            if part and parts and parts[-1] is not None:
                parts[-1] += part
            elif part or part is None:
                parts.append(part)
    if not parts:
        return ""
    if len(parts) == 1 and parts[0] is not None:
        return parts[0]
    return PartialText(tuple(parts))


class ListValue:
    """A list or set, which may be changed; not `is_exact` where other items may be in it."""

    __slots__ = ("is_exact", "items", "kind")

    def __init__(self, items: list[Value], is_exact: bool = True, kind: str = "list") -> None:
        self.items = items
        self.is_exact = is_exact
        self.kind = kind


class DictValue:
    """A dictionary; keys are values that Python can hash (objects by identity).

    Not `is_exact` where other entries may be in it.
    """

    __slots__ = ("entries", "is_exact")

    def __init__(self, entries: dict[Value, Value], is_exact: bool = True) -> None:
        self.entries = entries
        self.is_exact = is_exact


class LibraryName:
    """Something of a library that is not looked into, by its full name as it was imported."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def __eq__(self, other: object) -> bool:
        return isinstance(other, LibraryName) and self.name == other.name

    def __hash__(self) -> int:
        return hash(self.name)

    def __repr__(self) -> str:
        return f"LibraryName({self.name!r})"
