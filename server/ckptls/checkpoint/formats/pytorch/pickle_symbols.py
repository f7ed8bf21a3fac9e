"""What stands for the objects that a pickle would build.

Strings, numbers, None, lists and tuples stand for themselves.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ckptls.checkpoint.core.errors import CheckpointDamaged


@dataclass(frozen=True, slots=True)
class Global:
    """A function or class that the pickle names, as `module.name`."""

    name: str


class Call:
    """An object that the pickle would make by calling `function`, and what it would put in.

    Attributes:
        pairs: keys and values set on it, as on a dictionary; None if there are none.
        items: values appended to it, as to a list; None if there are none.
        state: what it would be given as its attributes.
        is_new: `function` is a class of which an object is made without calling its `__init__`.
    """

    __slots__ = ("arguments", "function", "is_new", "items", "pairs", "state")

    def __init__(self, function: Any, arguments: Any, *, is_new: bool = False) -> None:
        self.function = function
        self.arguments = arguments
        self.pairs: list[tuple[Any, Any]] | None = None
        self.items: list[Any] | None = None
        self.state: Any = None
        self.is_new = is_new


class Mapping:
    """A dictionary: its keys may be symbols, so they stay a list."""

    __slots__ = ("pairs",)

    def __init__(self, pairs: list[tuple[Any, Any]]) -> None:
        self.pairs = pairs


class Persistent:
    """An object that lies outside of the pickle; `name` is whatever the pickle calls it by."""

    __slots__ = ("name",)

    def __init__(self, name: Any) -> None:
        self.name = name


class EndOfData(CheckpointDamaged):
    """The data ends inside of a pickle, which may go on behind it."""
