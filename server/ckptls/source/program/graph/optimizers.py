"""Optimizers of TensorFlow 1: the variables that they make beside those of the model.

Source: the `_create_slots` of each class in `tensorflow/python/training` of TensorFlow 1.15.
"""

from __future__ import annotations

from dataclasses import dataclass

from ckptls.source.inventory.model_inventory import Purpose
from ckptls.source.program.core.arguments import Arguments
from ckptls.source.program.core.library import function
from ckptls.source.program.core.library_object import LibraryObject, Method
from ckptls.source.program.core.objects import UNKNOWN, ListValue, Value
from ckptls.source.program.core.run_protocol import Run
from ckptls.source.program.graph.graph_state import Graph, current_graph, join_names
from ckptls.source.program.graph.scopes import current_scope
from ckptls.source.program.graph.tensors import Tensor
from ckptls.source.program.graph.variables import (
    GLOBAL_VARIABLES,
    TRAINABLE_VARIABLES,
    VariableObject,
    add_variable,
)


@dataclass(frozen=True, slots=True)
class Kind:
    """What an optimizer makes: slots of each variable, and powers of its own, by name."""

    slots: tuple[str, ...] = ()
    powers: tuple[str, ...] = ()


KINDS = {
    "GradientDescentOptimizer": Kind(),
    "MomentumOptimizer": Kind(("Momentum",)),
    "AdamOptimizer": Kind(("Adam", "Adam_1"), ("beta1_power", "beta2_power")),
    "RMSPropOptimizer": Kind(("RMSProp", "RMSProp_1")),
    "AdagradOptimizer": Kind(("Adagrad",)),
    "AdadeltaOptimizer": Kind(("Adadelta", "Adadelta_1")),
    "FtrlOptimizer": Kind(("Ftrl", "Ftrl_1")),
    "ProximalAdagradOptimizer": Kind(("ProximalAdagrad",)),
    "ProximalGradientDescentOptimizer": Kind(),
}


class OptimizerObject(LibraryObject):
    """An optimizer; `name` is what its slots are called."""

    def __init__(self, kind: Kind, maker: str, name: str) -> None:
        self.kind = kind
        self.maker = maker
        self.name = name
        # What was made already, by the graph and the names of variable and slot.
        self.made: set[tuple[int, str, str]] = set()

    def is_new(self, graph: Graph, variable: str, slot: str) -> bool:
        """Notes that a slot is made; whether it was not there yet."""
        key = (id(graph), variable, slot)
        is_new = key not in self.made
        self.made.add(key)
        return is_new

    def get_attribute(self, run: Run, name: str) -> Value:
        if name == "minimize":
            return Method(self, name, _minimize)
        if name == "compute_gradients":
            return Method(self, name, _compute_gradients)
        if name == "apply_gradients":
            return Method(self, name, _apply_gradients)
        return UNKNOWN


def _make(run: Run, arguments: Arguments) -> Value:
    last = arguments.function.rpartition(".")[2]
    kind = KINDS[last]
    centered = arguments.keywords.get("centered")
    if last == "RMSPropOptimizer" and centered not in (None, False):
        kind = Kind((*kind.slots, "RMSProp_2"), kind.powers)
        if centered is not True:
            run.note_gap("whether an optimizer keeps means of gradients is not known")
    given = arguments.keywords.get("name")
    plain = last.removesuffix("Optimizer")
    name = given if isinstance(given, str) else plain
    if name != plain:
        slots = tuple(each.replace(plain, name) for each in kind.slots)
        kind = Kind(slots, kind.powers)
    return OptimizerObject(kind, arguments.function, name)


for _name in KINDS:
    function(f"tensorflow.train.{_name}")(_make)


def _compute_gradients(run: Run, optimizer: OptimizerObject, arguments: Arguments) -> Value:
    variables = arguments.bind("loss var_list")["var_list"]
    chosen = _variables(run, variables)
    if chosen is None:
        return ListValue([], is_exact=False)
    return ListValue([(Tensor(each.shape, each.dtype), each) for each in chosen])


def _variables(run: Run, given: Value) -> list[VariableObject] | None:
    if given is None:
        members = current_graph(run).collection(TRAINABLE_VARIABLES)
        items: list[Value] | None = members.items if members.is_exact else None
    else:
        items = run.iterate(given)
    if items is None:
        return None
    return [each for each in items if isinstance(each, VariableObject)]


def _minimize(run: Run, optimizer: OptimizerObject, arguments: Arguments) -> Value:
    bound = arguments.bind("loss global_step var_list")
    _make_slots(run, optimizer, _variables(run, bound["var_list"]), arguments)
    return UNKNOWN


def _apply_gradients(run: Run, optimizer: OptimizerObject, arguments: Arguments) -> Value:
    pairs = run.iterate(arguments.bind("grads_and_vars")["grads_and_vars"])
    known = pairs is not None and all(isinstance(p, tuple) and len(p) == 2 for p in pairs)
    variables = [p[1] for p in pairs or () if isinstance(p[1], VariableObject)] if known else None
    _make_slots(run, optimizer, variables, arguments)
    return UNKNOWN


def _make_slots(
    run: Run,
    optimizer: OptimizerObject,
    variables: list[VariableObject] | None,
    arguments: Arguments,
) -> None:
    graph = current_graph(run)
    if variables is None:
        run.note_gap("which variables are trained is not known", arguments.place)
        return
    for power in optimizer.kind.powers:
        if not optimizer.is_new(graph, "", power):
            continue
        name = graph.take_scoped_name(run, power)
        _add(run, name, (), "float32", optimizer, Purpose.SLOT, None)
    for variable in variables:
        for slot in optimizer.kind.slots:
            if not optimizer.is_new(graph, variable.name, slot):
                continue
            full = join_names(current_scope(run).name, variable.name, slot)
            name = full if "{}" in full else graph.take_name(run, full)
            _add(run, name, variable.shape, variable.dtype, optimizer, Purpose.SLOT, variable.name)


def _add(
    run: Run,
    name: str,
    shape: tuple[int | None, ...] | None,
    dtype: str | None,
    optimizer: OptimizerObject,
    purpose: Purpose,
    of: str | None,
) -> None:
    made = add_variable(
        run,
        current_graph(run),
        name,
        shape,
        dtype,
        trainable=False,
        collections=(GLOBAL_VARIABLES,),
        maker=optimizer.maker,
        purpose=purpose,
        of=of,
    )
    # A variable that the loss does not depend on has no gradient, and no slots.
    made.is_conditional = of is not None


@function(
    *(
        f"{module}.{name}"
        for module in ("tensorflow.train", "tf_slim", "tensorflow.contrib.framework")
        for name in ("get_or_create_global_step", "create_global_step")
    )
)
def get_or_create_global_step(run: Run, arguments: Arguments) -> Value:
    graph = current_graph(run)
    known = graph.collection("global_step").items
    if known:
        return known[0]
    made = add_variable(
        run,
        graph,
        join_names(current_scope(run).name, "global_step"),
        (),
        "int64",
        trainable=False,
        collections=(GLOBAL_VARIABLES, "global_step"),
        maker=arguments.function,
        purpose=Purpose.STEP,
    )
    graph.store[made.name] = made
    return made


@function("tensorflow.gradients")
def gradients(run: Run, arguments: Arguments) -> Value:
    given = arguments.bind("ys xs")["xs"]
    items = [given] if isinstance(given, Tensor) else run.iterate(given)
    if items is None:
        return UNKNOWN
    return ListValue(
        [Tensor(e.shape, e.dtype) if isinstance(e, Tensor) else UNKNOWN for e in items]
    )


@function("tensorflow.clip_by_global_norm")
def clip_by_global_norm(run: Run, arguments: Arguments) -> Value:
    items = run.iterate(arguments.bind("t_list")["t_list"])
    return (UNKNOWN if items is None else ListValue(items), Tensor(()))
