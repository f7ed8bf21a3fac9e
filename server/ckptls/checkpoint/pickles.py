"""What a pickle would build, without building it.

A pickle is a program for a stack machine. Here its opcodes move symbols: a function it names
is a `Global`, a call of one is a `Call`, and nothing is imported, looked up or called.

Source: the standard library's pickletools and Lib/pickle.py (protocols 0 to 5).
"""

from __future__ import annotations

import pickletools
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ckptls.checkpoint.errors import CheckpointDamaged

MAX_PICKLE_BYTES = 128 << 20
MAX_OPCODES = 2_000_000
_RAISED = (ValueError, struct.error, OverflowError, EOFError, LookupError, TypeError)


@dataclass(frozen=True, slots=True)
class Global:
    """A function or class that the pickle names, as `module.name`."""

    name: str


@dataclass(slots=True, eq=False)
class Call:
    """An object that the pickle would make by calling `function`, and what it would put in.

    Attributes:
        pairs: keys and values set on it, as on a dictionary.
        items: values appended to it, as to a list.
        state: what it would be given as its attributes.
    """

    function: Any
    arguments: Any
    pairs: list[tuple[Any, Any]] = field(default_factory=list)
    items: list[Any] = field(default_factory=list)
    state: Any = None


@dataclass(slots=True, eq=False)
class Mapping:
    """A dictionary: its keys may be symbols, so they stay a list."""

    pairs: list[tuple[Any, Any]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Persistent:
    """An object that lies outside of the pickle; `name` is whatever the pickle calls it by."""

    name: Any


def symbols(data: bytes) -> Any:
    """What the pickle in `data` leaves on its stack, made of symbols.

    Strings, numbers, None, lists and tuples are themselves.

    Raises:
        CheckpointDamaged: no sound pickle, or one of more than two million opcodes.
    """
    machine = _Machine()
    count = 0
    try:
        for opcode, argument, place in pickletools.genops(data):
            count += 1
            if count > MAX_OPCODES:
                raise CheckpointDamaged("a pickle of over two million steps", where=place)
            if opcode.name == "STOP":
                return machine.pop()
            machine.step(opcode.name, argument)
    except _RAISED as error:
        raise CheckpointDamaged(f"no sound pickle: {str(error)[:200]}") from None
    raise CheckpointDamaged("a pickle without its end")


class _Machine:
    """A stack of symbols, the marks on it, and the memo."""

    def __init__(self) -> None:
        self._stack: list[Any] = []
        self._marked: list[list[Any]] = []
        self._memo: dict[int, Any] = {}

    def pop(self) -> Any:
        return self._stack.pop()

    def step(self, name: str, argument: Any) -> None:
        if name in _CONSTANTS:
            self._stack.append(argument)
        elif name in _VALUES:
            self._stack.append(_VALUES[name]())
        else:
            step = _STEPS.get(name)
            if step is None:
                raise ValueError(f"the opcode {name} is not known")
            step(self, argument)

    def nothing(self, _: Any) -> None:
        """An opcode that moves no symbol."""

    def mark(self, _: Any) -> None:
        self._marked.append(self._stack)
        self._stack = []

    def since_mark(self) -> list[Any]:
        items = self._stack
        self._stack = self._marked.pop()
        return items

    def pop_any(self, _: Any) -> None:
        if self._stack:
            self._stack.pop()
        else:
            self.since_mark()

    def pop_mark(self, _: Any) -> None:
        self.since_mark()

    def duplicate(self, _: Any) -> None:
        self._stack.append(self._stack[-1])

    def put(self, place: int) -> None:
        self._memo[place] = self._stack[-1]

    def memoize(self, _: Any) -> None:
        self._memo[len(self._memo)] = self._stack[-1]

    def get(self, place: int) -> None:
        self._stack.append(self._memo[place])

    def tuple_since_mark(self, _: Any) -> None:
        items = tuple(self.since_mark())
        self._stack.append(items)

    def list_since_mark(self, _: Any) -> None:
        items = self.since_mark()
        self._stack.append(items)

    def mapping_since_mark(self, _: Any) -> None:
        mapping = Mapping(_pairs(self.since_mark()))
        self._stack.append(mapping)

    def tuple_of(self, count: int) -> None:
        items = tuple(self._stack[-count:])
        if len(items) < count:
            raise IndexError("the stack is too short")
        del self._stack[-count:]
        self._stack.append(items)

    def append(self, _: Any) -> None:
        item = self._stack.pop()
        self._items_of(self._stack[-1]).append(item)

    def appends(self, _: Any) -> None:
        items = self.since_mark()
        self._items_of(self._stack[-1]).extend(items)

    def set_item(self, _: Any) -> None:
        value, key = self._stack.pop(), self._stack.pop()
        self._pairs_of(self._stack[-1]).append((key, value))

    def set_items(self, _: Any) -> None:
        pairs = _pairs(self.since_mark())
        self._pairs_of(self._stack[-1]).extend(pairs)

    def global_of(self, argument: str) -> None:
        module, _, name = argument.partition(" ")
        self._stack.append(Global(f"{module}.{name}"))

    def stack_global(self, _: Any) -> None:
        name, module = self._stack.pop(), self._stack.pop()
        if not isinstance(name, str) or not isinstance(module, str):
            raise ValueError("a name that is no text")
        self._stack.append(Global(f"{module}.{name}"))

    def extension(self, number: int) -> None:
        self._stack.append(Global(f"extension.{number}"))

    def call(self, _: Any) -> None:
        arguments, function = self._stack.pop(), self._stack.pop()
        self._stack.append(Call(function, arguments))

    def call_with_keywords(self, _: Any) -> None:
        self._stack.pop()
        self.call(None)

    def instance(self, argument: str) -> None:
        arguments = tuple(self.since_mark())
        self.global_of(argument)
        self._stack.append(Call(self._stack.pop(), arguments))

    def object_since_mark(self, _: Any) -> None:
        function, *arguments = self.since_mark()
        self._stack.append(Call(function, tuple(arguments)))

    def build(self, _: Any) -> None:
        state = self._stack.pop()
        if isinstance(self._stack[-1], Call):
            self._stack[-1].state = state

    def persistent(self, argument: str) -> None:
        self._stack.append(Persistent(argument))

    def persistent_of_stack(self, _: Any) -> None:
        self._stack.append(Persistent(self._stack.pop()))

    @staticmethod
    def _items_of(target: Any) -> list[Any]:
        if isinstance(target, list):
            return target
        if isinstance(target, Call):
            return target.items
        raise TypeError("something is appended to what is no list")

    @staticmethod
    def _pairs_of(target: Any) -> list[tuple[Any, Any]]:
        if isinstance(target, (Mapping, Call)):
            return target.pairs
        raise TypeError("something is set on what is no dictionary")


def _pairs(items: list[Any]) -> list[tuple[Any, Any]]:
    if len(items) % 2:
        raise ValueError("a key without its value")
    return list(zip(items[::2], items[1::2], strict=True))


_CONSTANTS = frozenset(
    (
        "INT",
        "BININT",
        "BININT1",
        "BININT2",
        "LONG",
        "LONG1",
        "LONG4",
        "STRING",
        "BINSTRING",
        "SHORT_BINSTRING",
        "BINBYTES",
        "SHORT_BINBYTES",
        "BINBYTES8",
        "BYTEARRAY8",
        "UNICODE",
        "SHORT_BINUNICODE",
        "BINUNICODE",
        "BINUNICODE8",
        "FLOAT",
        "BINFLOAT",
    )
)
_VALUES: dict[str, Callable[[], Any]] = {
    "NONE": lambda: None,
    "NEWTRUE": lambda: True,
    "NEWFALSE": lambda: False,
    "EMPTY_TUPLE": tuple,
    "EMPTY_LIST": list,
    "EMPTY_SET": list,
    "EMPTY_DICT": Mapping,
    "NEXT_BUFFER": lambda: Global("buffer"),
}
_STEPS: dict[str, Callable[[_Machine, Any], None]] = {
    **dict.fromkeys(("PROTO", "FRAME", "READONLY_BUFFER"), _Machine.nothing),
    **dict.fromkeys(("PUT", "BINPUT", "LONG_BINPUT"), _Machine.put),
    **dict.fromkeys(("GET", "BINGET", "LONG_BINGET"), _Machine.get),
    **dict.fromkeys(("EXT1", "EXT2", "EXT4"), _Machine.extension),
    **dict.fromkeys(("REDUCE", "NEWOBJ"), _Machine.call),
    **dict.fromkeys(("APPENDS", "ADDITEMS"), _Machine.appends),
    **dict.fromkeys(("LIST", "FROZENSET"), _Machine.list_since_mark),
    "MARK": _Machine.mark,
    "POP": _Machine.pop_any,
    "POP_MARK": _Machine.pop_mark,
    "DUP": _Machine.duplicate,
    "MEMOIZE": _Machine.memoize,
    "TUPLE": _Machine.tuple_since_mark,
    "TUPLE1": lambda machine, _: machine.tuple_of(1),
    "TUPLE2": lambda machine, _: machine.tuple_of(2),
    "TUPLE3": lambda machine, _: machine.tuple_of(3),
    "DICT": _Machine.mapping_since_mark,
    "APPEND": _Machine.append,
    "SETITEM": _Machine.set_item,
    "SETITEMS": _Machine.set_items,
    "GLOBAL": _Machine.global_of,
    "STACK_GLOBAL": _Machine.stack_global,
    "NEWOBJ_EX": _Machine.call_with_keywords,
    "INST": _Machine.instance,
    "OBJ": _Machine.object_since_mark,
    "BUILD": _Machine.build,
    "PERSID": _Machine.persistent,
    "BINPERSID": _Machine.persistent_of_stack,
}
