"""The nodes of a graph: all their names, and dtype and shape of those that hold variables.

A graph has thousands of nodes of which a few hold variables, so the walk looks at the name
and the operation of each, which come first, and leaves the rest of it alone.

Source: tensorflow/core/framework/{graph,node_def}.proto.
"""

from __future__ import annotations

from ckptls.checkpoint.codecs.protobuf_window import Skimmer
from ckptls.checkpoint.codecs.protobuf_wire import LENGTH
from ckptls.checkpoint.core.errors import CheckpointDamaged, CheckpointError, CheckpointTooLarge
from ckptls.checkpoint.graphs.meta_graph_protos import (
    NodeKind,
    decode_text,
    decode_variable_attributes,
)

_MAX_NODES = 10_000_000
_MAX_NAME_BYTES = 64 * 1024
_MAX_NODE_BYTES = 1 << 20  # of a node that holds a variable
_VARIABLES = frozenset({b"Variable", b"VariableV2", b"VarHandleOp"})
_INITIAL = ord("V")  # of them all


class Scan:
    """What was found in one graph.

    Attributes:
        names: the names of all nodes, each with a line break behind it.
        variables: name -> dtype and shape of the nodes that hold variables.
        count: how many nodes there are.
    """

    __slots__ = ("count", "names", "variables")

    def __init__(self) -> None:
        self.names = bytearray()
        self.variables: dict[str, NodeKind] = {}
        self.count = 0


def scan_nodes(skimmer: Skimmer, start: int, end: int, scan: Scan) -> None:
    """Add the nodes of the GraphDef from `start` to `end` in the file to a scan.

    Raises:
        CheckpointDamaged: it is not such a message.
    """
    pos = start
    while pos < end:
        window = skimmer.window(pos)
        try:
            after = pos + _scan_window(window, min(len(window), end - pos), scan)
        except CheckpointError as error:
            raise CheckpointDamaged(error.what, where=pos + (error.where or 0)) from error
        if after == pos:  # what comes next is no plain node, or larger than the window
            number, wire, a, after = next(skimmer.fields(pos, end))
            if number == 1 and wire == LENGTH:
                _scan_single(skimmer, a, after, scan)
        pos = after
        if scan.count > _MAX_NODES:
            raise CheckpointTooLarge("more nodes than any graph has", where=pos)


def _scan_window(data: bytes, end: int, scan: Scan) -> int:
    """Take the nodes that lie whole in data[:end] and begin as TensorFlow writes them.

    That is: name, then operation, both of less than 128 bytes. Returns where the first lies
    that does not.
    """
    pos = 0
    names: list[bytes] = []
    add = names.append
    while pos + 8 < end and data[pos] == 0x0A:
        size, name = data[pos + 1], pos + 2
        if size > 127:
            size, name = size & 127 | data[pos + 2] << 7, pos + 3
            if size > 0x3FFF:
                break
        after = name + size
        if after > end or size < 4 or data[name] != 0x0A:
            break
        operation = name + 2 + data[name + 1]
        if data[name + 1] > 127 or operation + 2 > after or data[operation] != 0x12:
            break
        stop = operation + 2 + data[operation + 1]
        if data[operation + 1] > 127 or stop > after:
            break
        add(data[name + 2 : operation])
        if data[operation + 2] == _INITIAL and data[operation + 2 : stop] in _VARIABLES:
            kind = decode_variable_attributes(data, stop, after)
            scan.variables[decode_text(data[name + 2 : operation])] = kind
        pos = after
    scan.names += b"\n".join([*names, b""])
    scan.count += len(names)
    return pos


def _scan_single(skimmer: Skimmer, start: int, end: int, scan: Scan) -> None:
    """Take one node of any size and layout; of a large one, only what is needed is read."""
    name, operation = b"", b""
    for number, wire, a, b in skimmer.fields(start, end):
        if wire == LENGTH and number in (1, 2) and b - a <= _MAX_NAME_BYTES:
            if number == 1:
                name = skimmer.read(a, b)
            else:
                operation = skimmer.read(a, b)
    scan.names += name + b"\n"
    scan.count += 1
    if operation in _VARIABLES and end - start <= _MAX_NODE_BYTES:
        data = skimmer.read(start, end)
        scan.variables[decode_text(name)] = decode_variable_attributes(data, 0, len(data))
