"""The objects of a checkpoint as their message holds them: nodes, and what hangs on each.

`decode_nodes` walks the message once. Every node's place, attributes and slot variables are
kept; its children, which are the bulk, are checked and decoded again when somebody asks.
Nothing here follows an edge, so shared nodes and cycles are no matter.

Source: tensorflow/core/protobuf/trackable_object_graph.proto.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from dataclasses import dataclass

from ckptls.checkpoint.codecs.protobuf_wire import LENGTH, VARINT, fields, read_varint
from ckptls.checkpoint.core.errors import CheckpointDamaged, CheckpointTooLarge
from ckptls.checkpoint.core.gc_pause import CollectorPaused

MAX_GRAPH_BYTES = 256 * 1024 * 1024
MAX_NODES = 5_000_000
MAX_EDGES = 5_000_000  # children, attributes and slot variables together
_VALUE_NAME = "VARIABLE_VALUE"
_VALUE = b"\x0a\x0eVARIABLE_VALUE"  # the field of that name


@dataclass(frozen=True, slots=True)
class Attribute:
    """A value that a node keeps in the checkpoint: under `key`, called `full_name` in a graph."""

    name: str
    full_name: str
    key: str


@dataclass(frozen=True, slots=True)
class SlotVariable:
    """What an optimizer keeps for a variable; `original` and `slot` are numbers of nodes."""

    original: int
    name: str
    slot: int


class Nodes:
    """All nodes of an object graph, numbered from the root, which is 0.

    Attributes:
        attributes: the attributes of those nodes that have some.
        slot_variables: the slot variables of those nodes that have some.
    """

    __slots__ = ("_data", "_ends", "_starts", "attributes", "slot_variables")

    def __init__(self, data: bytes, spans: tuple[array[int], array[int]]) -> None:
        self._data = data
        self._starts, self._ends = spans
        self.attributes: dict[int, tuple[Attribute, ...]] = {}
        self.slot_variables: dict[int, tuple[SlotVariable, ...]] = {}

    def __len__(self) -> int:
        return len(self._starts)

    def children(self, node: int) -> list[tuple[str, int]]:
        """(local name, number) of what a node refers to, in order; a number may recur."""
        data, pos, end = self._data, self._starts[node], self._ends[node]
        found: list[tuple[str, int]] = []
        after, count = _past_plain_children(data, pos, end, len(self))
        for _ in range(count):
            name = pos + 4  # behind two tags, a length and the first byte of a number
            child = data[pos + 3]
            if child > 127:
                child, name = child & 127 | (data[name] & 127) << 7, name + 1
                if data[name - 1] > 127:
                    child, name = child | data[name] << 14, name + 1
            pos += 2 + data[pos + 1]
            found.append((_text(data, name + 2, pos), child))
        for number, wire, a, b in fields(data, after, end):
            if number == 1 and wire == LENGTH:
                found.append(_child(data, a, b))
        return found

    def with_child(self, name: str) -> list[int]:
        """The nodes that have a child of this local name, ascending."""
        text = name.encode()
        wanted = bytes([0x12, len(text)]) + text  # as the field of a child holds it
        found: list[int] = []
        place = self._data.find(wanted)
        while place >= 0:
            node = _node_at(self._starts, place)
            if node >= 0:  # each node is decoded once, whatever is in it
                if any(child == name for child, _ in self.children(node)):
                    found.append(node)
                place = max(place, self._ends[node] - 1)
            place = self._data.find(wanted, place + 1)
        return found


def decode_nodes(data: bytes) -> Nodes:
    """The nodes of a TrackableObjectGraph.

    Raises:
        CheckpointDamaged: not such a message, or an edge to a node that is not there.
        CheckpointUnsupported: larger than any that TensorFlow writes.
    """
    if len(data) > MAX_GRAPH_BYTES:
        raise CheckpointTooLarge(f"an object graph of {len(data):,} bytes")
    with CollectorPaused():
        nodes = Nodes(data, _spans(data))
        _walk(data, nodes)
    return nodes


def _spans(data: bytes) -> tuple[array[int], array[int]]:
    starts, ends = array("L"), array("L")
    pos, end = 0, len(data)
    while pos < end:
        # A node of less than 128 bytes, or of less than 16 kB, is taken as it stands.
        if end - pos > 2 and data[pos] == 0x0A and data[pos + 1] < 128:
            start, after = pos + 2, pos + 2 + data[pos + 1]
        elif end - pos > 2 and data[pos] == 0x0A and data[pos + 2] < 128:
            start = pos + 3
            after = start + (data[pos + 1] & 127 | data[pos + 2] << 7)
        else:
            number, wire, start, after = next(fields(data, pos, end))
            if number != 1 or wire != LENGTH:
                pos = after
                continue
        if after > end:
            raise CheckpointDamaged("an object runs past the graph", where=pos)
        starts.append(start)
        ends.append(after)
        if len(starts) > MAX_NODES:
            raise CheckpointTooLarge(f"an object graph of more than {MAX_NODES:,} nodes")
        pos = after
    return starts, ends


def _walk(data: bytes, nodes: Nodes) -> None:
    """Fill in attributes and slot variables, and check where all edges lead."""
    count, edges = len(nodes), 0
    for node, (start, end) in enumerate(zip(nodes._starts, nodes._ends, strict=True)):
        pos, passed = _past_plain_children(data, start, end, count)
        if pos < end:
            plain = _plain_attribute(data, pos, end)
            if plain is not None:
                nodes.attributes[node] = plain
                passed += 1
            else:
                passed += _rest(data, (pos, end), nodes, node)
        edges += passed
        if edges > MAX_EDGES:
            raise CheckpointTooLarge(f"an object graph of more than {MAX_EDGES:,} edges")


def _rest(data: bytes, span: tuple[int, int], nodes: Nodes, node: int) -> int:
    """Take in what is left of a node, laid out in any way; how many edges that was."""
    count, edges = len(nodes), 0
    attributes: list[Attribute] = []
    slots: list[SlotVariable] = []
    for number, wire, a, b in fields(data, *span):
        if wire != LENGTH or number > 3:
            continue
        edges += 1
        if number == 1:
            _checked(_child(data, a, b)[1], count, a)
        elif number == 2:
            attributes.append(_attribute(data, a, b))
        else:
            slots.append(_slot_variable(data, a, b, count))
    if attributes:
        nodes.attributes[node] = tuple(attributes)
    if slots:
        nodes.slot_variables[node] = tuple(slots)
    return edges


def _plain_attribute(data: bytes, pos: int, end: int) -> tuple[Attribute] | None:
    """The one attribute of a variable's node as TensorFlow lays it out, with nothing but the
    mark of having values behind it; None if it is anything else."""
    if data[pos] != 0x12 or end - pos < 24:
        return None
    size, pos = data[pos + 1], pos + 2
    if size > 127:
        size, pos = size & 127 | data[pos] << 7, pos + 1
        if size > 0x3FFF:
            return None
    after = pos + size
    if after != end and (after + 4 != end or data[after] != 0x2A):
        return None
    name = pos + len(_VALUE)
    if data[pos:name] != _VALUE or name + 2 > after:
        return None
    key = name + 2 + data[name + 1]
    if data[name] != 0x12 or data[name + 1] > 127 or key + 2 > after:
        return None
    if data[key] != 0x1A or data[key + 1] > 127 or key + 2 + data[key + 1] != after:
        return None
    return (Attribute(_VALUE_NAME, _text(data, name + 2, key), _text(data, key + 2, after)),)


def _past_plain_children(data: bytes, pos: int, end: int, count: int) -> tuple[int, int]:
    """Where the children end that are laid out as TensorFlow does it, and how many they are.

    That is: a message of less than 128 bytes, with a number of up to three bytes first.
    """
    passed = 0
    while pos + 5 < end and data[pos] == 0x0A and data[pos + 2] == 0x08:
        after = pos + 2 + data[pos + 1]
        if data[pos + 1] > 127 or after > end:
            break
        number, place = data[pos + 3], pos + 4
        if number > 127:
            number = number & 127 | (data[place] & 127) << 7
            if data[place] > 127:
                place += 1
                if place >= end or data[place] > 127:
                    break
                number |= data[place] << 14
            place += 1
        if number >= count or place >= after or data[place] != 0x12:
            break
        if place + 2 + data[place + 1] != after:
            break
        pos = after
        passed += 1
    return pos, passed


def _child(data: bytes, start: int, end: int) -> tuple[str, int]:
    name, node = "", 0
    for number, wire, a, b in fields(data, start, end):
        if number == 1 and wire == VARINT:
            node = a
        elif number == 2 and wire == LENGTH:
            name = _text(data, a, b)
    return name, node


def _attribute(data: bytes, start: int, end: int) -> Attribute:
    texts = ["", "", ""]
    for number, wire, a, b in fields(data, start, end):
        if wire == LENGTH and 1 <= number <= 3:
            texts[number - 1] = _text(data, a, b)
    return Attribute(*texts)


def _slot_variable(data: bytes, start: int, end: int, count: int) -> SlotVariable:
    numbers, name = [0, 0, 0], ""
    for number, wire, a, b in fields(data, start, end):
        if wire == VARINT and number in (1, 3):
            numbers[number - 1] = _checked(a, count, start)
        elif wire == LENGTH and number == 2:
            name = _text(data, a, b)
    return SlotVariable(numbers[0], name, numbers[2])


def _checked(node: int, count: int, where: int) -> int:
    if node >= count:
        raise CheckpointDamaged(f"object {node:,} of {count:,} is referred to", where=where)
    return node


def _text(data: bytes, start: int, end: int) -> str:
    return data[start:end].decode("utf-8", "backslashreplace")


def _node_at(starts: array[int], place: int) -> int:
    """The node in which a position of the data lies; -1 before the first."""
    return bisect_right(starts, place) - 1


def string_value(stored: bytes) -> tuple[int, int]:
    """Where the one string in the stored value of a scalar starts, and where it ends.

    The value is its length, a checksum of the length, and the bytes.

    Raises:
        CheckpointDamaged: the lengths do not agree.
    """
    length, pos = read_varint(stored, 0, len(stored))
    if pos + 4 + length != len(stored):
        raise CheckpointDamaged(
            f"a string of {length:,} bytes in a value of {len(stored):,}", where=0
        )
    return pos + 4, len(stored)
