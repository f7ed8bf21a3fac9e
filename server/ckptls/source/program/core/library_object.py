"""Objects of libraries that a program has in its hands, and their methods."""

from __future__ import annotations

from typing import Any

from ckptls.source.program.core.arguments import Arguments
from ckptls.source.program.core.objects import UNKNOWN, Value
from ckptls.source.program.core.run_protocol import Run


class LibraryObject:
    """An object of a library that the models of `program` know: a tensor, a variable, a scope.

    A model derives from it and overrides what its objects can do; all else gives UNKNOWN.
    """

    def get_attribute(self, run: Run, name: str) -> Value:
        """The value of an attribute; methods are `Method` objects."""
        return UNKNOWN

    def set_attribute(self, run: Run, name: str, value: Value) -> None:
        """The program assigns to an attribute."""

    def call(self, run: Run, arguments: Arguments) -> Value:
        """The program calls the object."""
        return UNKNOWN

    def get_item(self, run: Run, key: Value) -> Value:
        """The program subscripts the object."""
        return UNKNOWN

    def set_item(self, run: Run, key: Value, value: Value) -> None:
        """The program assigns to an item."""

    def enter(self, run: Run) -> Value:
        """A `with` statement begins; gives what stands behind `as`."""
        return self

    def leave(self, run: Run) -> None:
        """The `with` statement ends."""

    def iterate(self, run: Run) -> list[Value] | None:
        """The items that a loop goes through; None where they are not known."""
        return None

    def truth(self, run: Run) -> bool | None:
        """Whether the object is true; None where that is not known."""
        return None

    def operate(self, run: Run, operator: str, other: Value, is_left: bool) -> Value:
        """The result of an operator (`+`, `==`; unary ones have None for `other`)."""
        return UNKNOWN


class Method(LibraryObject):
    """A method of an object of a library: `function(run, receiver, arguments)` does its work."""

    def __init__(self, receiver: Value, name: str, function: Any) -> None:
        self.receiver = receiver
        self.name = name
        self.function = function

    def call(self, run: Run, arguments: Arguments) -> Value:
        return self.function(run, self.receiver, arguments)
