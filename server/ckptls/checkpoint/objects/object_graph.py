"""What a TF2 checkpoint says of its own keys: the graph in `_CHECKPOINTABLE_OBJECT_GRAPH`.

`tf.train.Checkpoint` and Keras name values by the attributes that lead to them from the
object that was saved. The graph beside them, one string in a data file, tells what each was
called when it was made, and which are the slot variables of an optimizer.

Source: tensorflow/python/trackable/trackable_utils.py,
tensorflow/python/checkpoint/{checkpoint,save_util}.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ckptls.checkpoint.core.gc_pause import CollectorPaused
from ckptls.checkpoint.core.types import OBJECT_GRAPH_NAME, FileStamp
from ckptls.checkpoint.objects.optimizer_slots import (
    Names,
    Slot,
    named_slots,
    optimizer_keys,
    slot_of_key,
)
from ckptls.checkpoint.objects.trackable_protos import Nodes, decode_nodes

TYPE_CHECKING = False  # as typing's, without importing typing
if TYPE_CHECKING:
    pass

ATTRIBUTES = "/.ATTRIBUTES/"
VALUE_SUFFIX = "/.ATTRIBUTES/VARIABLE_VALUE"
_SAVE_COUNTER = "save_counter" + VALUE_SUFFIX
# What objects keep of their Python side and of their place in a data set.
_STATES = ("OBJECT_CONFIG_JSON", "py_state", "ITERATOR_STATE")


class ObjectGraph:
    """Answers about the keys of an object-based checkpoint.

    Attributes:
        is_complete: False if the graph itself was not there (no data file): then only what
            the keys themselves tell is known, and no full name.
        root_children: the names by which the saved object knows its parts: the keywords of
            `tf.train.Checkpoint`, ascending.
        nodes: the objects with their edges; none if the graph was not there.
        path: the data file in which the graph lies, or would lie; empty if that is not known.
        stamp: what that file was when it was read, None if it was not there.
    """

    __slots__ = (
        "_full_names",
        "_keys",
        "_optimizer_keys",
        "_slots",
        "_slots_of",
        "is_complete",
        "nodes",
        "path",
        "root_children",
        "stamp",
    )

    def __init__(self, nodes: Nodes) -> None:
        self.is_complete = True
        self.nodes = nodes
        self.path = ""
        self.stamp: FileStamp | None = None
        children = nodes.children(0) if len(nodes) else []
        self.root_children = tuple(sorted({name for name, _ in children}))
        with CollectorPaused():
            self._full_names, self._keys = _two_ways(nodes)
            self._slots = _legacy_slots(nodes)
            self._slots.update(named_slots(nodes, self._full_names, self._keys))
            self._slots_of = _by_owner(self._slots)
            self._optimizer_keys = optimizer_keys(nodes) - self._slots.keys()

    @classmethod
    def of_keys(cls, keys: Iterable[str]) -> ObjectGraph:
        """What the keys alone tell, for a checkpoint whose data file is not there."""
        known = frozenset(keys)
        graph = cls(decode_nodes(b""))
        graph.is_complete = False
        first = {key.partition("/")[0] for key in known if ATTRIBUTES in key}
        graph.root_children = tuple(sorted(unescaped(name) for name in first))
        slots = ((key, slot_of_key(key)) for key in known)
        graph._slots = {key: slot for key, slot in slots if slot and slot.owner_key in known}
        graph._slots_of = _by_owner(graph._slots)
        return graph

    def full_names(self, key: str) -> tuple[str, ...]:
        """What the variable under a key was called in its graph; mostly one name."""
        return tuple(dict.fromkeys(self._full_names.get(key, ())))

    def keys_of(self, full_name: str) -> tuple[str, ...]:
        """The keys of the variables that were called so; names need not be unique."""
        return tuple(dict.fromkeys(self._keys.get(full_name, ())))

    def slot(self, key: str) -> Slot | None:
        """The slot that a value is; None if it is none, or its owner is not there."""
        return self._slots.get(key)

    def slots_of(self, key: str) -> tuple[str, ...]:
        """The keys of the slots that optimizers keep for a variable, ascending."""
        return self._slots_of.get(key, ())

    def is_internal(self, key: str) -> bool:
        """Whether a key is the checkpoint's own, and nothing that the saved objects computed."""
        return is_internal_key(key)

    def is_optimizer_state(self, key: str) -> bool:
        """Whether an optimizer keeps the value, and not for one variable: steps, rates."""
        return key in self._optimizer_keys


def is_internal_key(key: str) -> bool:
    """Whether TensorFlow itself put a key there: the graph, the count of saves, Python states."""
    if key in (OBJECT_GRAPH_NAME, _SAVE_COUNTER):
        return True
    _, marker, attribute = key.rpartition(ATTRIBUTES)
    return bool(marker) and attribute in _STATES


def object_path(key: str) -> str:
    """The attributes that lead to a value, as they are in its key: `model/dense/kernel`."""
    return key.partition(ATTRIBUTES)[0]


def unescaped(name: str) -> str:
    """One segment of a key as the attribute is really called (`k.S1` is `k/1`, `a..b` `a.b`)."""
    parts = name.split("..")
    return ".".join(part.replace(".S", "/") for part in parts)


def _two_ways(nodes: Nodes) -> tuple[Names, Names]:
    """From keys to full names and back; neither is unique by contract."""
    names: dict[str, Sequence[str]] = {}
    keys: dict[str, Sequence[str]] = {}
    for attributes in nodes.attributes.values():
        for each in attributes:
            if each.key and each.full_name:
                _add(names, each.key, each.full_name)
                _add(keys, each.full_name, each.key)
    return names, keys


def _add(found: dict[str, Sequence[str]], one: str, other: str) -> None:
    known = found.get(one)
    if known is None:
        found[one] = (other,)
    elif isinstance(known, list):
        known.append(other)
    else:
        found[one] = [*known, other]


def _legacy_slots(nodes: Nodes) -> dict[str, Slot]:
    """The slots that optimizers before Keras 2.11, and those of `tf.compat.v1`, declare."""
    slots: dict[str, Slot] = {}
    for slot_variables in nodes.slot_variables.values():
        for each in slot_variables:
            owners, values = nodes.attributes.get(each.original), nodes.attributes.get(each.slot)
            if owners and values:
                slot = slot_of_key(values[0].key)
                optimizer = slot.optimizer if slot else ""
                slots[values[0].key] = Slot(owners[0].key, each.name, optimizer)
    return slots


def _by_owner(slots: Mapping[str, Slot]) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for key in sorted(slots):
        found.setdefault(slots[key].owner_key, []).append(key)
    return {owner: tuple(keys) for owner, keys in found.items()}
