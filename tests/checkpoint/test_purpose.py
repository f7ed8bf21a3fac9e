"""What a variable is there for, told by its name and by what else is in the checkpoint."""

from __future__ import annotations

import pytest

from ckptls.checkpoint.core.types import Format
from ckptls.checkpoint.graphs.variable_role import PurposeKind, purpose_of, slots_of
from ckptls.checkpoint.model.checkpoint import Checkpoint

SUFFIX = "/.ATTRIBUTES/VARIABLE_VALUE"


def checkpoint(**shapes: tuple[int, ...]) -> Checkpoint:
    """float32 variables; `__` in a keyword stands for `/`."""
    named = {name.replace("__", "/"): shape for name, shape in shapes.items()}
    return listing(named)


def listing(shapes: dict[str, tuple[int, ...]]) -> Checkpoint:
    names = sorted(shapes)
    return Checkpoint("m", Format.V2, names, [("float32", shapes[name]) for name in names])


SLOTS = (
    *("Adam", "Adam_1", "Adam_3", "Momentum", "RMSProp", "RMSProp_2", "Adagrad", "Adadelta_1"),
    *("Ftrl", "AdagradDA_1", "ProximalAdagrad", "adam_m", "adam_v", "Adafactor_1", "MyOptimizer"),
)


@pytest.mark.parametrize("slot", SLOTS)
def test_what_an_optimizer_keeps_is_named_after_its_variable(slot: str) -> None:
    held = listing({"net/w": (3, 2), f"net/w/{slot}": (3, 2)})
    purpose = purpose_of(f"net/w/{slot}", held)
    assert (purpose.kind, purpose.owner, purpose.slot) == (PurposeKind.SLOT, "net/w", slot)
    assert slots_of("net/w", held) == (f"net/w/{slot}",)
    assert purpose_of("net/w", held).is_ordinary


@pytest.mark.parametrize("slot", ["Adam", "Adam_1", "Momentum", "ExponentialMovingAverage"])
def test_without_its_variable_it_is_nobodys_slot(slot: str) -> None:
    held = listing({"net/b": (3, 2), f"net/w/{slot}": (3, 2)})
    assert purpose_of(f"net/w/{slot}", held).is_ordinary


def test_an_optimizer_built_inside_a_scope_puts_it_in_front() -> None:
    held = checkpoint(a__w=(2,), opt__a__w__Adam=(2,), opt__a__w__Adam_1=(2,), opt__beta1_power=())
    assert purpose_of("opt/a/w/Adam_1", held).owner == "a/w"
    assert slots_of("a/w", held) == ("opt/a/w/Adam", "opt/a/w/Adam_1")
    assert purpose_of("opt/beta1_power", held).kind is PurposeKind.BOOKKEEPING


def test_the_longest_name_that_is_a_variable_is_the_owner() -> None:
    held = checkpoint(w=(2,), a__w=(2,), a__w__Adam=(2,))
    assert purpose_of("a/w/Adam", held).owner == "a/w"
    assert slots_of("w", held) == ()


def test_an_average_is_that_of_its_variable() -> None:
    held = checkpoint(w=(2,), w__ExponentialMovingAverage=(2,))
    purpose = purpose_of("w/ExponentialMovingAverage", held)
    assert (purpose.kind, purpose.owner) == (PurposeKind.MOVING_AVERAGE, "w")


def test_a_name_that_tells_nothing_needs_the_shape_of_its_owner() -> None:
    held = checkpoint(w=(2,), w__Mine=(2,), w__other=(3,), x=(), x__y=())
    assert purpose_of("w/Mine", held).kind is PurposeKind.SLOT
    assert purpose_of("w/other", held).is_ordinary
    assert purpose_of("x/y", held).is_ordinary  # two scalars prove nothing


def test_keras_slots_of_a_graph_stand_under_the_optimizer() -> None:
    held = checkpoint(
        dense__kernel=(2, 3), training__Adam__dense__kernel__m=(2, 3), training__Adam__iter=()
    )
    assert purpose_of("training/Adam/dense/kernel/m", held).owner == "dense/kernel"
    assert purpose_of("training/Adam/iter", held).kind is PurposeKind.BOOKKEEPING


def test_slots_of_mesh_tensorflow_are_written_with_underscores() -> None:
    held = checkpoint(net__k=(4, 2), net__k_slot_vr=(4,), net__k_slot_vc=(2,), net__l_slot_v=(2,))
    assert purpose_of("net/k_slot_vr", held).owner == "net/k"
    assert slots_of("net/k", held) == ("net/k_slot_vc", "net/k_slot_vr")
    assert purpose_of("net/l_slot_v", held).is_ordinary


@pytest.mark.parametrize(
    "name", ["global_step", "beta1_power", "beta2_power_1", "save_counter", "good_steps"]
)
def test_counts_and_rates_are_bookkeeping(name: str) -> None:
    held = listing({name: (), f"{name}s/w": (2,)})
    assert purpose_of(name, held).kind is PurposeKind.BOOKKEEPING
    assert purpose_of(f"{name}s/w", held).is_ordinary


def test_keys_alone_tell_slots_where_the_object_graph_was_not_asked_for() -> None:
    slot = f"net/w/.OPTIMIZER_SLOT/optimizer/m{SUFFIX}"
    orphan = f"net/b/.OPTIMIZER_SLOT/optimizer/m{SUFFIX}"
    held = listing({f"net/w{SUFFIX}": (2,), slot: (2,), orphan: (2,), f"save_counter{SUFFIX}": ()})
    assert (purpose_of(slot, held).owner, purpose_of(slot, held).slot) == (f"net/w{SUFFIX}", "m")
    assert slots_of(f"net/w{SUFFIX}", held) == (slot,)
    assert purpose_of(orphan, held).is_ordinary
    assert purpose_of(f"save_counter{SUFFIX}", held).kind is PurposeKind.BOOKKEEPING
    assert purpose_of("_CHECKPOINTABLE_OBJECT_GRAPH", held).kind is PurposeKind.BOOKKEEPING
