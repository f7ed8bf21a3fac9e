"""What optimizers keep in an object-based checkpoint: slots of variables, and their own state.

Legacy optimizers declare their slots, and name the keys after the owner. New ones keep all
they have in one list, `_variables`; only what each is called tells for which variable it is:
`Adam/m/dense/kernel` (Keras 2), `adam/dense_kernel_momentum` (Keras 3).

Source: tensorflow/python/checkpoint/util.py; keras/src/optimizers/base_optimizer.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ckptls.checkpoint.objects.trackable_protos import Nodes

_SLOT_MARKER = "/.OPTIMIZER_SLOT/"
_ATTRIBUTES = "/.ATTRIBUTES/"
_LIST = "_variables"
_OWNERS = "_trainable_variables"
_MAX_READINGS = 64
_MAX_NAME = 1024
# Each set: children that, all together, only an optimizer has.
_SIGNS = (
    {_LIST, "_iterations"},
    {_LIST, "iterations"},
    {"iter", "learning_rate"},
    {"iter", "decay"},
    {"beta1_power", "beta2_power"},
)

Names = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Slot:
    """A value that an optimizer keeps for one variable.

    `owner_key` is the key of the variable, `slot_name` what the optimizer calls the value,
    `optimizer` the optimizer's name or path as far as it is known.
    """

    owner_key: str
    slot_name: str
    optimizer: str


def slot_of_key(key: str) -> Slot | None:
    """The slot that a key of a legacy optimizer spells out; None if it spells none."""
    owner, marker, rest = key.rpartition(_SLOT_MARKER)
    path, attributes, attribute = rest.rpartition(_ATTRIBUTES)
    if not (owner and marker and attributes):
        return None
    optimizer, _, name = path.rpartition("/")
    return Slot(f"{owner}{_ATTRIBUTES}{attribute}", name, optimizer)


def optimizer_keys(nodes: Nodes) -> set[str]:
    """The keys of what optimizers hold themselves: lists of theirs, steps, rates."""
    found: set[str] = set()
    for optimizer in _optimizers(nodes):
        children = nodes.children(optimizer)
        inside = [node for _, node in children]
        for name, node in children:
            if name == _LIST:
                inside += [each for _, each in nodes.children(node)]
        for node in inside:
            found.update(each.key for each in nodes.attributes.get(node, ()))
    return found


def named_slots(nodes: Nodes, full_names: Names, keys: Names) -> dict[str, Slot]:
    """The slots among the lists of new optimizers, found by the names of their values."""
    lists = [
        (optimizer, each)
        for optimizer in _optimizers(nodes)
        for name, each in nodes.children(optimizer)
        if name == _LIST
    ]
    if not lists:
        return {}
    own = set(_keys_in(nodes, [each for _, each in lists]))
    owners = _Owners(full_names, keys, own)
    slots: dict[str, Slot] = {}
    for optimizer, each in lists:
        beside = _owners_by_place(nodes, optimizer)
        for key in _keys_in(nodes, [each]):
            for full_name in full_names.get(key, ()):
                slot = owners.slot(full_name, beside.get(key, ""))
                if slot is not None:
                    slots[key] = slot
    return slots


class _Owners:
    """The variables that slots may belong to, by what they are called."""

    def __init__(self, full_names: Names, keys: Names, own: set[str]) -> None:
        self._full_names = full_names
        self._keys = {name: found for name, found in keys.items() if not own.issuperset(found)}
        self._flat: dict[str, list[str]] = {}
        for name, found in self._keys.items():
            self._flat.setdefault(name.replace("/", "_"), []).extend(found)

    def slot(self, full_name: str, beside: str) -> Slot | None:
        """The slot that a full name tells, if it tells of one owner.

        `beside` is the key of the owner if the slot stands in a list that goes along with one
        of owners: it decides between several that are called the same.
        """
        if len(full_name) > _MAX_NAME:
            return None
        for optimizer, name, owner, is_flat in _readings(full_name):
            found = (self._flat if is_flat else self._keys).get(owner, ())
            if len(found) == 1:
                return Slot(found[0], name, optimizer)
            if found and beside:
                names = self._full_names.get(beside, ())
                if owner in names or owner in [each.replace("/", "_") for each in names]:
                    return Slot(beside, name, optimizer)
        return None


def _readings(full_name: str) -> Iterator[tuple[str, str, str, bool]]:
    """(optimizer, slot, owner, whether its slashes are `_`) that a full name may mean.

    The longest owner comes first.
    """
    segments = full_name.split("/")
    for i in range(1, min(len(segments), _MAX_READINGS)):
        yield "/".join(segments[: i - 1]), segments[i - 1], "/".join(segments[i:]), False
    scope, _, last = full_name.rpartition("/")
    place = last.rfind("_")
    for _ in range(_MAX_READINGS):
        if place <= 0:
            break
        yield scope, last[place + 1 :], last[:place], True
        place = last.rfind("_", 0, place)


def _optimizers(nodes: Nodes) -> list[int]:
    """The nodes that are optimizers, ascending."""
    found = set(nodes.slot_variables)
    for name in (_LIST, "iter", "beta1_power"):
        for node in nodes.with_child(name):
            names = {child for child, _ in nodes.children(node)}
            if any(signs <= names for signs in _SIGNS):
                found.add(node)
    return sorted(found)


def _owners_by_place(nodes: Nodes, optimizer: int) -> dict[str, str]:
    """From keys of slots to keys of owners: lists of slots go along with that of the owners."""
    children = dict(nodes.children(optimizer))
    owners = {}
    if _OWNERS in children:
        owners = dict(nodes.children(children[_OWNERS]))
    found: dict[str, str] = {}
    for name, each in children.items():
        if owners and name not in (_LIST, _OWNERS):
            for place, slot in nodes.children(each):
                values = nodes.attributes.get(slot)
                owner = nodes.attributes.get(owners.get(place, -1))
                if values and owner:
                    found[values[0].key] = owner[0].key
    return found


def _keys_in(nodes: Nodes, lists: list[int]) -> Iterator[str]:
    for each in lists:
        for _, node in nodes.children(each):
            for attribute in nodes.attributes.get(node, ()):
                yield attribute.key
