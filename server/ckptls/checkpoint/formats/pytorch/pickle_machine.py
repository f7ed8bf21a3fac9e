"""The stack machine that pickles are programs for, which moves symbols in the place of objects.

Source: the standard library's pickletools and Lib/pickle.py (protocols 0 to 5).
"""

from __future__ import annotations

import pickle
import pickletools
import struct
from collections.abc import Callable
from typing import Any

from ckptls.checkpoint.core.errors import CheckpointDamaged, CheckpointTooLarge
from ckptls.checkpoint.formats.pytorch.pickle_symbols import (
    Call,
    EndOfData,
    Global,
    Mapping,
    Persistent,
)

# A state dict of 500,000 parameters has about 130 MB, 25 million opcodes, 5 million objects.
MAX_OPCODES = 32_000_000
MAX_OBJECTS = 8_000_000
_NO_END = "a pickle without its end"
_COMPUTED = "what another call returned"
_RAISED = (ValueError, struct.error, OverflowError, EOFError, LookupError, TypeError)


class Machine:
    """A stack of symbols, the marks on it, and the memo."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.stack: list[Any] = []
        self.marked: list[list[Any]] = []
        self.memo: dict[int, Any] = {}
        self.objects = 0
        self.globals: dict[str, Global] = {}
        self.called: dict[str, None] = {}
        self.outside: list[Persistent] = []

    def run(self, start: int) -> tuple[Any, int]:
        data, steps, place = self.data, _STEPS, start
        try:
            for _ in range(MAX_OPCODES):
                code = data[place]
                if code == _STOP:
                    return self.stack.pop(), place + 1
                place = steps[code](self, place + 1)
        except _RAISED as error:
            if place + 1 >= len(data):  # at an opcode, or at the one byte of its argument
                raise EndOfData(_NO_END, where=len(data)) from None
            what = f"not a valid pickle: {str(error)[:200] or type(error).__name__}"
            raise CheckpointDamaged(what, where=place) from None
        raise CheckpointTooLarge(f"a pickle of more than {MAX_OPCODES:,} opcodes")

    def make(self, count: int = 1) -> None:
        """Count new objects, each of which takes a hundred bytes or so."""
        self.objects += count
        if self.objects > MAX_OBJECTS:
            raise CheckpointTooLarge(f"a pickle of more than {MAX_OBJECTS:,} objects")

    def number(self, place: int, size: int) -> int:
        end = place + size
        if end > len(self.data):
            raise EndOfData(_NO_END)
        return int.from_bytes(self.data[place:end], "little")

    def raw(self, place: int, count: int) -> bytes:
        found = self.data[place : place + count]
        if len(found) < count:
            raise EndOfData(_NO_END)
        return found

    def line(self, place: int) -> tuple[bytes, int]:
        end = self.data.find(b"\n", place)
        if end < 0:
            raise EndOfData(_NO_END)
        return self.data[place:end], end + 1

    def since_mark(self) -> list[Any]:
        items = self.stack
        self.stack = self.marked.pop()
        return items

    def global_named(self, name: str) -> Global:
        known = self.globals.get(name)
        if known is None:
            known = self.globals[name] = Global(name)
        return known

    def call(self, function: Any, arguments: Any) -> Call:
        self.make()
        self.called[function.name if isinstance(function, Global) else _COMPUTED] = None
        return Call(function, arguments)

    def refer(self, name: Any) -> Any:
        """The object outside that goes by `name`; a class that comes with its source is inside."""
        for each in name[:2] if isinstance(name, tuple) and "storage" not in name[:1] else ():
            if isinstance(each, Global):
                return each
        self.make()
        found = Persistent(name)
        self.outside.append(found)
        return found

    def items_of(self, target: Any) -> list[Any]:
        if isinstance(target, list):
            return target
        if not isinstance(target, Call):
            raise TypeError("something is appended to what is not a list")
        if target.items is None:
            target.items = []
        return target.items

    def pairs_of(self, target: Any) -> list[tuple[Any, Any]]:
        if isinstance(target, Mapping):
            return target.pairs
        if not isinstance(target, Call):
            raise TypeError("something is set on what is not a dictionary")
        if target.pairs is None:
            target.pairs = []
        return target.pairs


_Step = Callable[[Machine, int], int]


def _skip(size: int) -> _Step:
    """An opcode that moves no symbol, with an argument of `size` bytes."""
    return lambda machine, place: place + size


def _mark(machine: Machine, place: int) -> int:
    machine.marked.append(machine.stack)
    machine.stack = []
    return place


def _pop(machine: Machine, place: int) -> int:
    if machine.stack:
        machine.stack.pop()
    else:
        machine.since_mark()
    return place


def _pop_mark(machine: Machine, place: int) -> int:
    machine.since_mark()
    return place


def _duplicate(machine: Machine, place: int) -> int:
    machine.stack.append(machine.stack[-1])
    return place


def _put(size: int) -> _Step:
    def step(machine: Machine, place: int) -> int:
        machine.memo[machine.number(place, size)] = machine.stack[-1]
        return place + size

    return step


def _put_byte(machine: Machine, place: int) -> int:
    machine.memo[machine.data[place]] = machine.stack[-1]
    return place + 1


def _put_line(machine: Machine, place: int) -> int:
    text, place = machine.line(place)
    machine.memo[int(text)] = machine.stack[-1]
    return place


def _memoize(machine: Machine, place: int) -> int:
    machine.memo[len(machine.memo)] = machine.stack[-1]
    return place


def _get(size: int) -> _Step:
    def step(machine: Machine, place: int) -> int:
        machine.stack.append(machine.memo[machine.number(place, size)])
        return place + size

    return step


def _get_byte(machine: Machine, place: int) -> int:
    machine.stack.append(machine.memo[machine.data[place]])
    return place + 1


def _get_line(machine: Machine, place: int) -> int:
    text, place = machine.line(place)
    machine.stack.append(machine.memo[int(text)])
    return place


def _constant(value: Any) -> _Step:
    def step(machine: Machine, place: int) -> int:
        machine.stack.append(value)
        return place

    return step


def _empty(make: Callable[[], Any]) -> _Step:
    def step(machine: Machine, place: int) -> int:
        machine.make()
        machine.stack.append(make())
        return place

    return step


def _argument(opcode: pickletools.OpcodeInfo) -> _Step:
    """An opcode that pushes its argument, read by pickletools: one of those that are not common."""
    read: Callable[[_Bytes], Any] = opcode.arg.reader  # type: ignore[union-attr, assignment]

    def step(machine: Machine, place: int) -> int:
        stream = _Bytes(machine.data, place)
        machine.stack.append(read(stream))
        return stream.place

    return step


class _Bytes:
    """The part of a file's methods that pickletools reads arguments with."""

    def __init__(self, data: bytes, place: int) -> None:
        self._data = data
        self.place = place

    def read(self, count: int) -> bytes:
        found = self._data[self.place : self.place + count]
        if len(found) < count:
            raise EndOfData(_NO_END)
        self.place += count
        return found

    def readline(self) -> bytes:
        end = self._data.find(b"\n", self.place)
        if end < 0:
            raise EndOfData(_NO_END)
        found = self._data[self.place : end + 1]
        self.place = end + 1
        return found


def _text(size: int) -> _Step:
    def step(machine: Machine, place: int) -> int:
        start = place + size
        end = start + machine.number(place, size)
        text = machine.data[start:end]
        if end > len(machine.data):
            raise EndOfData(_NO_END)
        machine.stack.append(text.decode("utf-8", "surrogatepass"))
        return end

    return step


def _raw(size: int) -> _Step:
    def step(machine: Machine, place: int) -> int:
        count = machine.number(place, size)
        machine.stack.append(machine.raw(place + size, count))
        return place + size + count

    return step


def _unsigned(size: int) -> _Step:
    def step(machine: Machine, place: int) -> int:
        machine.stack.append(machine.number(place, size))
        return place + size

    return step


def _byte(machine: Machine, place: int) -> int:
    machine.stack.append(machine.data[place])
    return place + 1


def _signed(machine: Machine, place: int) -> int:
    value = machine.number(place, 4)
    machine.stack.append(value - (1 << 32) if value >> 31 else value)
    return place + 4


def _tuple_since_mark(machine: Machine, place: int) -> int:
    machine.make()
    items = tuple(machine.since_mark())
    machine.stack.append(items)
    return place


def _tuple_of(count: int) -> _Step:
    def step(machine: Machine, place: int) -> int:
        stack = machine.stack
        if len(stack) < count:
            raise IndexError("the stack is too short")
        machine.make()
        stack[-count:] = [tuple(stack[-count:])]
        return place

    return step


def _list_since_mark(machine: Machine, place: int) -> int:
    machine.make()
    items = machine.since_mark()
    machine.stack.append(items)
    return place


def _mapping_since_mark(machine: Machine, place: int) -> int:
    machine.make()
    pairs = _pairs(machine)
    machine.stack.append(Mapping(pairs))
    return place


def _append(machine: Machine, place: int) -> int:
    item = machine.stack.pop()
    machine.items_of(machine.stack[-1]).append(item)
    return place


def _appends(machine: Machine, place: int) -> int:
    items = machine.since_mark()
    machine.items_of(machine.stack[-1]).extend(items)
    return place


def _set_item(machine: Machine, place: int) -> int:
    machine.make()
    value, key = machine.stack.pop(), machine.stack.pop()
    machine.pairs_of(machine.stack[-1]).append((key, value))
    return place


def _set_items(machine: Machine, place: int) -> int:
    pairs = _pairs(machine)
    machine.pairs_of(machine.stack[-1]).extend(pairs)
    return place


def _pairs(machine: Machine) -> list[tuple[Any, Any]]:
    items = machine.since_mark()
    if len(items) % 2:
        raise ValueError("a key without its value")
    machine.make(len(items) // 2)
    return list(zip(items[::2], items[1::2], strict=True))


def _global(machine: Machine, place: int) -> int:
    module, place = machine.line(place)
    name, place = machine.line(place)
    machine.stack.append(machine.global_named(f"{module.decode()}.{name.decode()}"))
    return place


def _stack_global(machine: Machine, place: int) -> int:
    name, module = machine.stack.pop(), machine.stack.pop()
    if not isinstance(name, str) or not isinstance(module, str):
        raise ValueError("a name that is not a text")
    machine.stack.append(machine.global_named(f"{module}.{name}"))
    return place


def _extension(size: int) -> _Step:
    def step(machine: Machine, place: int) -> int:
        number = machine.number(place, size)
        machine.stack.append(machine.global_named(f"extension.{number}"))
        return place + size

    return step


def _reduce(machine: Machine, place: int) -> int:
    stack = machine.stack
    arguments = stack.pop()
    stack[-1] = machine.call(stack[-1], arguments)
    return place


def _new_object(machine: Machine, place: int) -> int:
    machine.make()
    stack = machine.stack
    arguments = stack.pop()
    stack[-1] = Call(stack[-1], arguments, is_new=True)
    return place


def _new_object_with_keywords(machine: Machine, place: int) -> int:
    keywords = machine.stack.pop()
    place = _new_object(machine, place)
    if isinstance(keywords, Mapping) and keywords.pairs:
        call: Call = machine.stack[-1]
        call.arguments = (call.arguments, keywords)
    return place


def _instance(machine: Machine, place: int) -> int:
    arguments = tuple(machine.since_mark())
    place = _global(machine, place)
    machine.stack.append(machine.call(machine.stack.pop(), arguments))
    return place


def _object_since_mark(machine: Machine, place: int) -> int:
    function, *arguments = machine.since_mark()
    machine.stack.append(machine.call(function, tuple(arguments)))
    return place


def _build(machine: Machine, place: int) -> int:
    state = machine.stack.pop()
    if isinstance(machine.stack[-1], Call):
        machine.stack[-1].state = state
    return place


def _persistent_line(machine: Machine, place: int) -> int:
    name, place = machine.line(place)
    machine.stack.append(machine.refer(name.decode("ascii", "backslashreplace")))
    return place


def _persistent(machine: Machine, place: int) -> int:
    stack = machine.stack
    stack[-1] = machine.refer(stack[-1])
    return place


def _unknown(machine: Machine, place: int) -> int:
    raise ValueError(f"unknown opcode {machine.data[place - 1]}")


_STOP = pickle.STOP[0]
_BY_NAME: dict[str, _Step] = {
    **dict.fromkeys(("APPENDS", "ADDITEMS"), _appends),
    **dict.fromkeys(("LIST", "FROZENSET"), _list_since_mark),
    **dict.fromkeys(("EMPTY_LIST", "EMPTY_SET"), _empty(list)),
    "PROTO": _skip(1),
    "FRAME": _skip(8),
    "READONLY_BUFFER": _skip(0),
    "MARK": _mark,
    "POP": _pop,
    "POP_MARK": _pop_mark,
    "DUP": _duplicate,
    "PUT": _put_line,
    "BINPUT": _put_byte,
    "LONG_BINPUT": _put(4),
    "MEMOIZE": _memoize,
    "GET": _get_line,
    "BINGET": _get_byte,
    "LONG_BINGET": _get(4),
    "NONE": _constant(None),
    "NEWTRUE": _constant(True),
    "NEWFALSE": _constant(False),
    "EMPTY_TUPLE": _constant(()),
    "EMPTY_DICT": _empty(lambda: Mapping([])),
    "NEXT_BUFFER": _constant(Global("buffer")),
    "SHORT_BINUNICODE": _text(1),
    "BINUNICODE": _text(4),
    "BINUNICODE8": _text(8),
    "SHORT_BINBYTES": _raw(1),
    "BINBYTES": _raw(4),
    "BINBYTES8": _raw(8),
    "BYTEARRAY8": _raw(8),
    "BININT": _signed,
    "BININT1": _byte,
    "BININT2": _unsigned(2),
    "TUPLE": _tuple_since_mark,
    "TUPLE1": _tuple_of(1),
    "TUPLE2": _tuple_of(2),
    "TUPLE3": _tuple_of(3),
    "DICT": _mapping_since_mark,
    "APPEND": _append,
    "SETITEM": _set_item,
    "SETITEMS": _set_items,
    "GLOBAL": _global,
    "STACK_GLOBAL": _stack_global,
    "EXT1": _extension(1),
    "EXT2": _extension(2),
    "EXT4": _extension(4),
    "REDUCE": _reduce,
    "NEWOBJ": _new_object,
    "NEWOBJ_EX": _new_object_with_keywords,
    "INST": _instance,
    "OBJ": _object_since_mark,
    "BUILD": _build,
    "PERSID": _persistent_line,
    "BINPERSID": _persistent,
}
_STEPS: list[_Step] = [_unknown] * 256
for _opcode in pickletools.opcodes:
    if _opcode.name != "STOP":
        _STEPS[ord(_opcode.code)] = _BY_NAME.get(_opcode.name) or _argument(_opcode)
