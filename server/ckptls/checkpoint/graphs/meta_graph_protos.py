"""The messages in a model that speak of variables: nodes, definitions, saved objects.

Each is decoded to a fixed depth; what is nested deeper is never looked at.

Source: tensorflow/core/framework/{node_def,attr_value,variable,tensor_shape}.proto,
tensorflow/core/protobuf/saved_object_graph.proto.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ckptls.checkpoint.codecs.protobuf_wire import LENGTH, VARINT, fields, read_varint, signed
from ckptls.checkpoint.core.dtypes import dtype_name
from ckptls.checkpoint.formats.tensorflow.protos import MAX_RANK

PartialShape = tuple[int | None, ...] | None  # None for a size, or the rank, that is unknown

_SHORT_FIELDS = frozenset({0x1A, 0x22, 0x2A})  # tags of a node's inputs, device, attributes


@dataclass(frozen=True, slots=True)
class NodeKind:
    """dtype and shape of a node that holds a variable."""

    dtype: str
    shape: PartialShape


@dataclass(frozen=True, slots=True)
class Part:
    """Where a partition lies in its variable: from `offset` on it takes `shape` elements."""

    full_name: str
    full_shape: tuple[int, ...]
    offset: tuple[int, ...]
    shape: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Definition:
    """What a collection says of a variable; `is_bare` if it is no more than a name."""

    name: str
    is_trainable: bool = False
    part: Part | None = None
    is_bare: bool = False


@dataclass(frozen=True, slots=True)
class SavedVariable:
    """A variable among the objects of a SavedModel."""

    name: str
    dtype: str
    shape: PartialShape
    is_trainable: bool


def decode_text(data: bytes) -> str:
    """A name; what is no UTF-8 becomes `\\xNN`."""
    return data.decode("utf-8", "backslashreplace")


def without_output(name: str) -> str:
    """The name of a node of a tensor's: `w` of `w:0`."""
    return name.removesuffix(":0").removeprefix("^")


def name_of_tensor(data: bytes) -> Definition:
    """What a collection of nodes holds: the name of a tensor."""
    return Definition(without_output(decode_text(data)), is_bare=True)


def decode_definition(data: bytes) -> Definition:
    """A VariableDef."""
    name, is_trainable, part = "", False, None
    for number, wire, a, b in fields(data, 0, len(data)):
        if number == 1 and wire == LENGTH:
            name = without_output(decode_text(data[a:b]))
        elif number == 4 and wire == LENGTH:
            part = _part(data, a, b)
        elif number == 7 and wire == VARINT:
            is_trainable = bool(a)
    return Definition(name, is_trainable, part if part and part.full_name else None)


def decode_variable_attributes(data: bytes, start: int, end: int) -> NodeKind:
    """The `dtype` and `shape` of a NodeDef; its other attributes are passed over."""
    dtype, shape = 0, None
    for (a, b), (c, d) in _attributes(data, start, end):
        if b - a != 5:
            continue
        if data[a:b] == b"dtype":
            dtype = _attribute_type(data, c, d)
        elif data[a:b] == b"shape":
            shape = _attribute_shape(data, c, d)
    return NodeKind(dtype_name(dtype).removesuffix("_ref"), shape)


def _attributes(
    data: bytes, pos: int, end: int
) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    """Where key and value of each attribute of a NodeDef lie."""
    while pos + 2 < end and data[pos + 1] < 128 and data[pos] in _SHORT_FIELDS:
        start, after = pos + 2, pos + 2 + data[pos + 1]
        if after > end:
            break
        if data[pos] == 0x2A:
            value = start + 2 + data[start + 1] if start + 2 < after else after
            # A short key, then a short value, and nothing else: as it is mostly laid out.
            if value + 2 > after or data[start] != 0x0A or data[value] != 0x12:
                break
            if data[start + 1] > 127 or value + 2 + data[value + 1] != after:
                break
            yield (start + 2, value), (value + 2, after)
        pos = after
    for number, wire, a, b in fields(data, pos, end):
        if number == 5 and wire == LENGTH:
            key = value_span = (a, a)
            for part, part_wire, c, d in fields(data, a, b):
                if part_wire == LENGTH and part == 1:
                    key = (c, d)
                elif part_wire == LENGTH and part == 2:
                    value_span = (c, d)
            yield key, value_span


def decode_saved_object(data: bytes) -> SavedVariable | None:
    """The variable that a SavedObject is; None if it is something else."""
    if b"\x3a" not in data:  # the tag of field 7
        return None
    for number, wire, a, b in fields(data, 0, len(data)):
        if number == 7 and wire == LENGTH:
            return _saved_variable(data, a, b)
    return None


def _saved_variable(data: bytes, start: int, end: int) -> SavedVariable:
    name, dtype, is_trainable = "", 0, False
    shape: PartialShape = None
    for number, wire, a, b in fields(data, start, end):
        if wire == VARINT and number == 1:
            dtype = a
        elif wire == LENGTH and number == 2:
            shape = decode_partial_shape(data, a, b)
        elif wire == VARINT and number == 3:
            is_trainable = bool(a)
        elif wire == LENGTH and number == 6:
            name = without_output(decode_text(data[a:b]))
    return SavedVariable(name, dtype_name(dtype), shape, is_trainable)


def decode_partial_shape(data: bytes, start: int, end: int) -> PartialShape:
    """A TensorShapeProto of a graph, where sizes may be unknown."""
    sizes: list[int | None] = []
    for number, wire, a, b in fields(data, start, end):
        if number == 3 and wire == VARINT and a:
            return None
        if number == 2 and wire == LENGTH:
            size = 0
            for part, part_wire, value, _ in fields(data, a, b):
                if part == 1 and part_wire == VARINT:
                    size = signed(value)
            sizes.append(size if size >= 0 else None)
            if len(sizes) > MAX_RANK:
                return None
    return tuple(sizes)


def _attribute_type(data: bytes, start: int, end: int) -> int:
    """The type in an AttrValue."""
    for number, wire, value, _ in fields(data, start, end):
        if number == 6 and wire == VARINT:
            return value
    return 0


def _attribute_shape(data: bytes, start: int, end: int) -> PartialShape:
    """The shape in an AttrValue."""
    for number, wire, a, b in fields(data, start, end):
        if number == 7 and wire == LENGTH:
            return decode_partial_shape(data, a, b)
    return None


def _part(data: bytes, start: int, end: int) -> Part:
    """A SaveSliceInfoDef."""
    name = ""
    numbers: dict[int, list[int]] = {2: [], 3: [], 4: []}
    for number, wire, a, b in fields(data, start, end):
        if number == 1 and wire == LENGTH:
            name = decode_text(data[a:b])
        elif number in numbers and wire in (LENGTH, VARINT):
            numbers[number] += _packed(data, a, b) if wire == LENGTH else [signed(a)]
    full_shape, offset, shape = (tuple(numbers[n][: MAX_RANK + 1]) for n in (2, 3, 4))
    return Part(name, full_shape, offset, shape)


def _packed(data: bytes, pos: int, end: int) -> list[int]:
    found: list[int] = []
    while pos < end and len(found) <= MAX_RANK:
        value, pos = read_varint(data, pos, end)
        found.append(signed(value))
    return found
