"""`tf.train.ExponentialMovingAverage`: under which names averages of variables are saved.

Source: `moving_averages.py` of TensorFlow 1.15; compared in `tests/oracle/test_recurrent.py`.
"""

from __future__ import annotations

from ckptls.source.semantics.pattern_text import UNKNOWN_TEXT, Text, text
from ckptls.source.semantics.values import (
    UNKNOWN,
    GraphVariable,
    Literal,
    Mapping,
    ModelName,
    ModelVariable,
    MovingAverage,
    Selection,
    Value,
    Values,
    texts,
    union,
)
from ckptls.source.stdlib.argument_binding import Bound
from ckptls.source.stdlib.containers import items_of

_NAME = "ExponentialMovingAverage"


def make_average(bound: Bound) -> Values:
    """The object; its name is put behind the names of variables."""
    return (MovingAverage(suffix=bound.get("name", (text(_NAME),))),)


def call_method(method: str, average: MovingAverage, bound: Bound) -> Values:
    """What one of its methods gives: `average_name`, `average`, `variables_to_restore`."""
    names = texts(average.suffix)
    if method == "variables_to_restore":
        return (_to_restore(bound.get("moving_avg_variables", (Literal(None),)), names),)
    found: list[Value] = []
    for variable in bound.get("var", UNKNOWN):
        several = _averages(variable, names)
        if method == "average_name":
            found += several
        elif isinstance(variable, GraphVariable):
            found += [GraphVariable(name, variable.shape) for name in several]
    return union(found)


def _averages(variable: Value, names: tuple[Text, ...]) -> list[Text]:
    whose = variable.name if isinstance(variable, GraphVariable) else UNKNOWN_TEXT
    return [whose + text("/") + name for name in names]


def _to_restore(variables: Values, names: tuple[Text, ...]) -> Mapping:
    """Averages of the variables that are given, or of those that have some, by their names;
    and all other variables of the model by theirs."""
    entries: list[tuple[Values, Values]] = []
    items, _ = items_of(variables)
    for item in items:
        given = [variable for variable in item if isinstance(variable, GraphVariable)]
        entries += [(tuple(_averages(each, names)), (each,)) for each in given]
    rest: Values = (Selection(),)
    key, value = ModelName(chosen=rest), ModelVariable(chosen=rest)
    return Mapping((*entries, ((key,), (value,))), is_complete=False)
