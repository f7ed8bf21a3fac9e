"""Objects that make their variables where they run: layers, and the cells of recurrent networks.

Source: `rnn.py` and `rnn_cell_impl.py` of TensorFlow 1.15, for the cells of `contrib` its
`rnn_cell.py` and `lstm_ops.py`; compared with TensorFlow in `tests/oracle/test_recurrent.py`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ckptls.source.semantics.catalogue import Roles
from ckptls.source.semantics.pattern_text import DIGITS, UNKNOWN_TEXT, Text, text
from ckptls.source.semantics.sites import Role
from ckptls.source.semantics.values import (
    UNKNOWN,
    GraphVariable,
    LayerObject,
    Literal,
    Sequence,
    Tracked,
    Value,
    Values,
    texts,
    union,
)
from ckptls.source.stdlib.containers import items_of
from ckptls.source.tensorflow import variable_scope

if TYPE_CHECKING:
    from ckptls.source.semantics.catalogue import Entry
    from ckptls.source.semantics.interpreter_protocol import InterpreterProtocol
    from ckptls.source.semantics.site_emitter import Emitter
    from ckptls.source.stdlib.argument_binding import Bound

# Between the words of a name: `SeparableConv2D`.
_CAPITALS = re.compile(r"(?<=[a-z])(?=[A-Z])")
# Variables of cells in a cell.
_MAX_VARIABLES = 1_000
_SCOPE = Roles(itself=(Role.GRAPH_SCOPE,))


@dataclass(frozen=True, slots=True)
class _Kind:
    """What a cell calls its scope and its variables; `switches` put more of them in."""

    scope: str
    variables: tuple[str, ...] = ()
    switches: tuple[tuple[str, tuple[str, ...]], ...] = ()


_PLAIN = ("kernel", "bias")
_GATED = ("gates/kernel", "gates/bias", "candidate/kernel", "candidate/bias")
_PEEPHOLES = ("w_f_diag", "w_i_diag", "w_o_diag")
_KINDS = {
    "BasicRNNCell": _Kind("basic_rnn_cell", _PLAIN),
    "BasicLSTMCell": _Kind("basic_lstm_cell", _PLAIN),
    "LSTMCell": _Kind(
        "lstm_cell",
        _PLAIN,
        (("use_peepholes", _PEEPHOLES), ("num_proj", ("projection/kernel",))),
    ),
    "GRUCell": _Kind("gru_cell", _GATED),
    "GRUBlockCell": _Kind("gru_cell", _GATED),
    "GRUBlockCellV2": _Kind("gru_cell", _GATED),
    "LSTMBlockCell": _Kind("lstm_cell", _PLAIN, (("use_peephole", _PEEPHOLES),)),
}
# Cells around a cell, which add nothing to its names.
_WRAPPERS = frozenset({"DropoutWrapper", "ResidualWrapper", "DeviceWrapper"})


def make_cell(caller: InterpreterProtocol, entry: Entry, bound: Bound) -> Values:
    """The cell or layer that calling its class makes."""
    if entry.short_name in _WRAPPERS:
        return bound.get("cell", UNKNOWN)
    if entry.short_name == "MultiRNNCell":
        return (_stacked(bound.get("cells", UNKNOWN)),)
    kind = _KINDS.get(entry.short_name) or _kind_of_layer(caller, entry.short_name, bound)
    named = texts(bound.get("name", ())) if bound.get("name") != (Literal(None),) else ()
    scope = text(kind.scope) + variable_scope.NUMBERED if kind is not None else UNKNOWN_TEXT
    return (LayerObject(scope=named or (scope,), variables=_variables(kind, bound)),)


def _kind_of_layer(caller: InterpreterProtocol, name: str, bound: Bound) -> _Kind | None:
    """What `tf.layers.Dense` and its like make: the same as `tf.layers.dense`."""
    layer = variable_scope.LAYERS.get(_CAPITALS.sub("_", name).lower())
    if layer is None:
        return None
    names = [each.literal for each in variable_scope.suffixes(caller, layer, bound)]
    return _Kind(layer.scope, tuple(name for name in names if name))


def _variables(kind: _Kind | None, bound: Bound) -> Values:
    if kind is None:
        return (UNKNOWN_TEXT,)
    names = [*kind.variables]
    for switch, more in kind.switches:
        values = bound.get(switch, (Literal(None),))
        if not all(isinstance(each, Literal) and not each.value for each in values):
            names += more
    return tuple(map(text, names))


def _stacked(cells: Values) -> LayerObject:
    """`MultiRNNCell`: each cell in a scope with its number."""
    items, is_whole = items_of(cells)
    inner: list[Value] = []
    named: list[Value] = []
    for number, item in enumerate(items):
        if len(inner) > _MAX_VARIABLES:
            break
        index = text(str(number)) if is_whole else Text((DIGITS,))
        place = text("cell_") + index + text("/")
        for cell in item:
            scope, variables, below = _parts(cell)
            inner += [place + one + text("/") + each for one in scope for each in variables]
            named += [_pair(place, one) for one in scope if one.origins]
            named += [_pair(place + one + text("/") + b, n) for one in scope for b, n in below]
    own = text("multi_rnn_cell") + variable_scope.NUMBERED
    return LayerObject(
        scope=(own,), variables=union(inner), inner_names=tuple(dict.fromkeys(named))
    )


def _pair(before: Text, name: Text) -> Value:
    return Sequence("tuple", ((before,), (name,)))


def _parts(cell: Value) -> tuple[tuple[Text, ...], tuple[Text, ...], list[tuple[Text, Text]]]:
    """Scope, variables and named cells inside; holes for a cell that is not known."""
    if not isinstance(cell, LayerObject):
        return (UNKNOWN_TEXT,), (UNKNOWN_TEXT,), []
    pairs = [
        (before, name)
        for pair in cell.inner_names
        if isinstance(pair, Sequence)
        for before, name in zip(texts(pair.items[0]), texts(pair.items[1]), strict=True)
    ]
    return texts(cell.scope), texts(cell.variables), pairs


def run_network(
    caller: InterpreterProtocol, entry: Entry, bound: Bound, emitter: Emitter
) -> Values:
    """A network that runs cells over a sequence."""
    name = entry.short_name
    around = _opened(caller, bound, _DEFAULT_SCOPES.get(name, "rnn"))
    for outer in around:
        if name.startswith("stack_"):
            _run_stack(caller, bound, outer, emitter)
        elif "bidirectional" in name:
            _run_both(caller, bound, outer, emitter)
        else:
            _run_cells(caller, bound.get("cell", UNKNOWN), outer, emitter)
    return UNKNOWN


_DEFAULT_SCOPES = {
    "bidirectional_dynamic_rnn": "bidirectional_rnn",
    "static_bidirectional_rnn": "bidirectional_rnn",
    "stack_bidirectional_dynamic_rnn": "stack_bidirectional_rnn",
    "stack_bidirectional_rnn": "stack_bidirectional_rnn",
}


def call_cell(caller: InterpreterProtocol, cell: Tracked, bound: Bound, emitter: Emitter) -> Values:
    """`cell(inputs, state, scope=None)`: a scope that is given takes the place of its own."""
    given = bound.get("scope", (Literal(None),))
    if given == (Literal(None),):
        _run_cells(caller, (cell,), caller.frame.scopes.names, emitter)
        return UNKNOWN
    for outer in _opened(caller, bound, ""):
        _run_inside(caller, cell, outer, emitter)
    return UNKNOWN


def _opened(caller: InterpreterProtocol, bound: Bound, default: str) -> tuple[Text, ...]:
    """What `scope=` opens, with a slash at its end."""
    given = bound.get("scope", (Literal(None),))
    if given == (Literal(None),):
        given = (text(default),)
    opened = variable_scope.open_scope(caller, {"name_or_scope": given})
    found = [variable_scope.enter_scopes(caller.frame.scopes, (each,))[0].names for each in opened]
    return tuple(dict.fromkeys(found))


def _run_both(caller: InterpreterProtocol, bound: Bound, outer: Text, emitter: Emitter) -> None:
    for side in ("fw", "bw"):
        inside = outer + text(side + "/")
        _run_cells(caller, bound.get(f"cell_{side}", UNKNOWN), inside, emitter)


def _run_stack(caller: InterpreterProtocol, bound: Bound, outer: Text, emitter: Emitter) -> None:
    """Bidirectional networks, one upon the other."""
    for side in ("fw", "bw"):
        items, is_whole = items_of(bound.get(f"cells_{side}", UNKNOWN))
        for number, cells in enumerate(items):
            index = text(str(number)) if is_whole else Text((DIGITS,))
            inside = outer + text("cell_") + index + text(f"/bidirectional_rnn/{side}/")
            _run_cells(caller, cells, inside, emitter)


def _run_cells(caller: InterpreterProtocol, cells: Values, outer: Text, emitter: Emitter) -> None:
    for cell in cells:
        scope, _, _ = _parts(cell)
        named = tuple(each for each in scope if each.origins)
        if named:
            emitter.outer = outer
            emitter.emit(named, _SCOPE, "name")
        for one in scope:
            _run_inside(caller, cell, outer + one + text("/"), emitter)


def _run_inside(caller: InterpreterProtocol, cell: Value, inside: Text, emitter: Emitter) -> None:
    """The variables of a cell in a scope, and the names that the code gave inside it."""
    _, variables, named = _parts(cell)
    for before, name in named:
        emitter.outer = inside + before
        emitter.emit((name,), _SCOPE, "name")
    if not caller.quiet:
        made = [GraphVariable(inside + variable, None) for variable in variables]
        caller.effects.variables += made
