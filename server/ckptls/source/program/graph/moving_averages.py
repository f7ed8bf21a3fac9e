"""`tf.train.ExponentialMovingAverage`: the averages it makes, and the map to restore them by.

Source: `tensorflow/python/training/moving_averages.py` of TensorFlow 1.15.
"""

from __future__ import annotations

from ckptls.source.inventory.model_inventory import Purpose
from ckptls.source.program.core.arguments import Arguments
from ckptls.source.program.core.library import find_function, function
from ckptls.source.program.core.library_object import LibraryObject, Method
from ckptls.source.program.core.objects import UNKNOWN, DictValue, ListValue, Value
from ckptls.source.program.core.run_protocol import Run
from ckptls.source.program.graph.graph_state import (
    HOLE,
    current_graph,
    join_names,
    name_value,
    read_name,
)
from ckptls.source.program.graph.scopes import current_scope
from ckptls.source.program.graph.variables import (
    GLOBAL_VARIABLES,
    MOVING_AVERAGE_VARIABLES,
    VariableObject,
    add_variable,
)


class MovingAverageObject(LibraryObject):
    """An `ExponentialMovingAverage`; `name` is what its averages are called."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.averages: dict[VariableObject, VariableObject] = {}
        # Whether it may have averages of variables that are not known.
        self.is_exact = True

    def get_attribute(self, run: Run, name: str) -> Value:
        if name == "name":
            return name_value(self.name)
        return Method(self, name, _METHODS[name]) if name in _METHODS else UNKNOWN

    def average_name(self, variable: VariableObject) -> str:
        """The name of a variable's average, made already or not."""
        made = self.averages.get(variable)
        return made.name if made is not None else f"{variable.name}/{self.name}"


def _of_graph(run: Run, what: str) -> ListValue:
    """The variables that `tf.trainable_variables()` and its like give."""
    found = find_function(f"tensorflow.{what}")
    value = found(run, Arguments(function=f"tensorflow.{what}")) if found is not None else UNKNOWN
    return value if isinstance(value, ListValue) else ListValue([], is_exact=False)


def _read_list(run: Run, given: Value) -> ListValue:
    items = run.iterate(given)
    return ListValue([], is_exact=False) if items is None else ListValue(list(items))


@function(
    "tensorflow.train.ExponentialMovingAverage", "tensorflow.contrib.ExponentialMovingAverage"
)
def make_moving_average(run: Run, arguments: Arguments) -> Value:
    given = arguments.bind("decay num_updates zero_debias name", name="ExponentialMovingAverage")
    return MovingAverageObject(read_name(given["name"]))


def _apply(run: Run, averages: MovingAverageObject, arguments: Arguments) -> Value:
    given = arguments.bind("var_list")["var_list"]
    chosen = _of_graph(run, "trainable_variables") if given is None else _read_list(run, given)
    if not chosen.is_exact and given is not None:
        averages.is_exact = False
        run.note_gap("of which variables averages are kept is not known", arguments.place)
    graph = current_graph(run)
    members = graph.collection(MOVING_AVERAGE_VARIABLES)
    for item in chosen.items:
        is_variable = isinstance(item, VariableObject)
        if is_variable and item in averages.averages:
            continue
        source = item.name if is_variable else HOLE
        full = join_names(current_scope(run).name, source, averages.name)
        made = add_variable(
            run,
            graph,
            full if HOLE in full else graph.take_name(run, full),
            item.shape if is_variable else None,
            item.dtype if is_variable else None,
            trainable=False,
            collections=(GLOBAL_VARIABLES,),
            maker="tensorflow.train.ExponentialMovingAverage",
            purpose=Purpose.AVERAGE,
            of=item.name if is_variable else None,
        )
        if not is_variable:
            continue
        averages.averages[item] = made
        if all(each is not item for each in members.items):
            members.items.append(item)
    return UNKNOWN


def _average(run: Run, averages: MovingAverageObject, arguments: Arguments) -> Value:
    given = arguments.bind("var")["var"]
    if not isinstance(given, VariableObject):
        return UNKNOWN
    made = averages.averages.get(given)
    if made is None:
        return None if averages.is_exact and not current_graph(run).gaps(run) else UNKNOWN
    return made if made.is_made(run) else UNKNOWN


def _average_name(run: Run, averages: MovingAverageObject, arguments: Arguments) -> Value:
    given = arguments.bind("var")["var"]
    if not isinstance(given, VariableObject):
        return UNKNOWN
    return name_value(averages.average_name(given))


def _variables_to_restore(run: Run, averages: MovingAverageObject, arguments: Arguments) -> Value:
    given = arguments.bind("moving_avg_variables")["moving_avg_variables"]
    if given is None:
        trained, moved = (
            _of_graph(run, "trainable_variables"),
            _of_graph(run, "moving_average_variables"),
        )
        averaged = ListValue(trained.items + moved.items, trained.is_exact and moved.is_exact)
    else:
        averaged = _read_list(run, given)
    others = _of_graph(run, "global_variables")
    entries: dict[Value, Value] = {}
    for item in averaged.items:
        if isinstance(item, VariableObject):
            entries.setdefault(name_value(averages.average_name(item)), item)
    is_known = {id(item) for item in averaged.items}
    for item in others.items:
        if isinstance(item, VariableObject) and id(item) not in is_known:
            entries.setdefault(name_value(item.name), item)
    is_exact = averaged.is_exact and others.is_exact and averages.is_exact
    return DictValue(entries, is_exact)


_METHODS = {
    "apply": _apply,
    "average": _average,
    "average_name": _average_name,
    "variables_to_restore": _variables_to_restore,
}
