"""What a variable is there for: the model's own, or kept by an optimizer, an average, a saver.

Optimizers and moving averages of TensorFlow 1 name what they keep after the variable it is
for: `w/Adam`, `w/ExponentialMovingAverage`; built inside a scope, they put that before it:
`opt/w/Adam`. So a name is a slot if the name without its last segment is a variable. In an
object-based checkpoint the object graph says it, or else the keys.

Every answer is a few look-ups; nothing is worked out for names that nobody asks about.

Source: tensorflow/python/training/{slot_creator,optimizer,moving_averages}.py,
tensorflow/python/keras/optimizer_v2/optimizer_v2.py; BERT's optimization.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from itertools import islice

from ckptls.checkpoint.core.types import OBJECT_GRAPH_NAME
from ckptls.checkpoint.model.checkpoint import Checkpoint

_AVERAGES = frozenset({"ExponentialMovingAverage", "biased"})
# As TensorFlow's and others' optimizers are called where nobody gave them a name, with the
# number that keeps the second of a kind apart.
_OPTIMIZERS = re.compile(
    r"(?:Adam|AdamW|AdaMax|Adamax|LazyAdam|NadamOptimizer|Nadam|Momentum|RMSProp|Adagrad"
    r"|AdagradDA|ProximalAdagrad|Adadelta|Ftrl|Adafactor|LARS|LARSOptimizer|LAMB"
    r"|adam_[mv]|lamb_[mv]|YFMomentum|PowerSign|AddSign|LookAhead)(?:_\d+)?"
)
# Slots that are called by what they hold; only of a variable of the same shape.
_KERAS_SLOTS = frozenset(
    {"m", "v", "vhat", "momentum", "velocity", "rms", "mg", "accumulator", "linear"}
    | {"accum_grad", "accum_var", "average", "slow"}
)
_MESH_SLOT = re.compile(r"(.+)_slot_([a-z]+(?:_\d+)?)")  # of Mesh TensorFlow: `w_slot_vr`
_STEPS = re.compile(
    r"beta[12]_power(?:_\d+)?|global_step|save_counter|current_loss_scale|good_steps"
    r"|num_good_steps|num_bad_steps"
)
# What Keras's optimizers keep beside slots, under their own name: `training/Adam/iter`.
_KERAS_STATE = re.compile(
    r"(?:.+/)?(?:Adam|AdamW|Adamax|Nadam|SGD|RMSprop|Adagrad|Adadelta|Ftrl)(?:_\d+)?"
    r"/(?:iter|iterations|beta_[12]|decay|learning_rate|rho|momentum|epsilon)"
)
_MOST_SLOTS = 1_000  # names that are asked whether they are slots of one variable
_MOST_OF_ONE = 16  # names under that of a variable that are asked whether they are its slots
_METRICS = "keras_api/metrics/"


class PurposeKind(Enum):
    """Whose a variable is."""

    ORDINARY = "ordinary"
    SLOT = "slot"
    MOVING_AVERAGE = "moving average"
    BOOKKEEPING = "bookkeeping"


@dataclass(frozen=True, slots=True)
class Purpose:
    """What a variable is there for.

    `owner` is the variable that a slot or a moving average is kept for, by its name in the
    checkpoint; `slot` what it is called there: `Adam_1`, `momentum`.
    """

    kind: PurposeKind
    owner: str = ""
    slot: str = ""

    @property
    def is_ordinary(self) -> bool:
        """Whether it is the model's own."""
        return self.kind is PurposeKind.ORDINARY


ORDINARY = Purpose(PurposeKind.ORDINARY)
BOOKKEEPING = Purpose(PurposeKind.BOOKKEEPING)


def purpose_of(name: str, checkpoint: Checkpoint) -> Purpose:
    """What the variable `name` of a checkpoint is there for.

    It is somebody's slot only if that variable is in the checkpoint too: an average without
    its variable is all there is of it, and ordinary.
    """
    if "/.ATTRIBUTES/" in name or checkpoint.object_graph is not None:
        return _by_objects(name, checkpoint)
    return _by_name(name, checkpoint)


def is_kept_aside(scope: str) -> bool:
    """Whether a scope of an object-based checkpoint holds nothing but slots or counts."""
    return scope == "save_counter" or scope.endswith("/.OPTIMIZER_SLOT")


def holds_only_slots(scope: str, checkpoint: Checkpoint) -> bool:
    """Whether what lies under the name of a variable is all kept for it: `w/Adam` under `w`."""
    names = checkpoint.tree.names_under(scope)
    if scope not in checkpoint or len(names) > _MOST_OF_ONE:
        return False
    return all(purpose_of(name, checkpoint).owner == scope for name in names)


def slots_of(name: str, checkpoint: Checkpoint) -> tuple[str, ...]:
    """The slots and moving averages that are kept for the variable `name`, ascending.

    Those built inside another scope are looked for among all names: some milliseconds at
    100,000 of them.
    """
    graph = checkpoint.object_graph
    if graph is not None:
        return tuple(key for key in graph.slots_of(name) if key in checkpoint)
    pool = checkpoint.tree.name_pool
    scope = name.partition("/.ATTRIBUTES/")[0] + "/"
    near = (*pool.under(scope)[:_MOST_SLOTS], *_mesh_slots(name, checkpoint))
    far = islice(pool.holding("/" + scope), _MOST_SLOTS)
    found = {each for each in (*near, *far) if purpose_of(each, checkpoint).owner == name}
    return tuple(sorted(found))


def _by_objects(key: str, checkpoint: Checkpoint) -> Purpose:
    graph = checkpoint.object_graph
    if graph is None:
        return _by_key(key, checkpoint)
    slot = graph.slot(key)
    if slot is not None and slot.owner_key in checkpoint:
        return Purpose(PurposeKind.SLOT, slot.owner_key, slot.slot_name)
    if graph.is_internal(key) or graph.is_optimizer_state(key) or _METRICS in key:
        return BOOKKEEPING
    for full_name in graph.full_names(key):
        average = _average(full_name)
        owners = graph.keys_of(average) if average else ()
        if len(owners) == 1 and owners[0] in checkpoint:
            return Purpose(PurposeKind.MOVING_AVERAGE, owners[0], full_name[len(average) + 1 :])
    return ORDINARY


def _by_key(key: str, checkpoint: Checkpoint) -> Purpose:
    """As far as the key alone tells, for a checkpoint that was read without its objects."""
    from ckptls.checkpoint.objects.object_graph import is_internal_key
    from ckptls.checkpoint.objects.optimizer_slots import slot_of_key

    slot = slot_of_key(key)
    if slot is not None and slot.owner_key in checkpoint:
        return Purpose(PurposeKind.SLOT, slot.owner_key, slot.slot_name)
    return BOOKKEEPING if is_internal_key(key) or _METRICS in key else ORDINARY


def _average(full_name: str) -> str:
    """The name of which `full_name` is the moving average, or an empty string."""
    owner, _, last = full_name.rpartition("/")
    return owner if last in _AVERAGES else ""


def _by_name(name: str, checkpoint: Checkpoint) -> Purpose:
    before, _, last = name.rpartition("/")
    if _STEPS.fullmatch(last) or _KERAS_STATE.fullmatch(name) or name == OBJECT_GRAPH_NAME:
        return BOOKKEEPING
    mesh = _MESH_SLOT.fullmatch(name)
    if mesh is not None and mesh[1] in checkpoint:
        return Purpose(PurposeKind.SLOT, mesh[1], mesh[2])
    if last == "local_step" and (before in checkpoint or _average(before) in checkpoint):
        return BOOKKEEPING
    kind = PurposeKind.MOVING_AVERAGE if last in _AVERAGES else PurposeKind.SLOT
    is_telling = last in _AVERAGES or _OPTIMIZERS.fullmatch(last) is not None
    for owner in _outer_scopes_left_out(before):
        if owner in checkpoint and (
            is_telling or _fits(name, owner, checkpoint, is_inside=owner == before)
        ):
            return Purpose(kind, owner, last)
    return ORDINARY


def _fits(name: str, owner: str, checkpoint: Checkpoint, *, is_inside: bool) -> bool:
    """Whether something that no optimizer's own name tells is kept for a variable, by its shape.

    What lies right under a variable and has its shape is, however it is called, since
    optimizers may have been given names; but not where both are scalars.
    """
    variable = checkpoint.get(name)
    shape = checkpoint[owner].shape
    if variable is None or variable.shape != shape:
        return False
    return name.rpartition("/")[2] in _KERAS_SLOTS or (is_inside and shape != ())


def _outer_scopes_left_out(name: str) -> Iterator[str]:
    """The name, then without its first scope, its first two, and so on."""
    while name:
        yield name
        name = name.partition("/")[2]


def _mesh_slots(name: str, checkpoint: Checkpoint) -> Iterator[str]:
    scope, _, last = name.rpartition("/")
    for child in checkpoint.tree.children(scope, _MOST_SLOTS, f"{last}_slot_"):
        yield child.path
