"""Recurrent cells of TensorFlow 1, which make their variables where they are called first.

Source: `rnn_cell_impl.py` and `rnn.py` of TensorFlow 1.15.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ckptls.source.inventory.model_inventory import Shape
from ckptls.source.program.core.arguments import Arguments
from ckptls.source.program.core.library import add_harmless, function
from ckptls.source.program.core.library_object import LibraryObject, Method
from ckptls.source.program.core.objects import UNKNOWN, Value
from ckptls.source.program.core.run_protocol import Run
from ckptls.source.program.graph.scopes import open_scope
from ckptls.source.program.graph.tensor_shapes import last_size, tensor_of
from ckptls.source.program.graph.tensors import Tensor
from ckptls.source.program.graph.variables import make_variable, read_size


def _sum(one: int | None, other: int | None) -> int | None:
    return None if one is None or other is None else one + other


@dataclass(frozen=True, slots=True)
class CellKind:
    """The default name of a cell's scope, and its variables by the sizes of inputs and units."""

    scope: str
    variables: Callable[[int | None, int | None], tuple[tuple[str, Shape], ...]]


def _lstm(inputs: int | None, units: int | None) -> tuple[tuple[str, Shape], ...]:
    gates = None if units is None else 4 * units
    return ("kernel", (_sum(inputs, units), gates)), ("bias", (gates,))


def _gru(inputs: int | None, units: int | None) -> tuple[tuple[str, Shape], ...]:
    rows, gates = _sum(inputs, units), None if units is None else 2 * units
    return (
        ("gates/kernel", (rows, gates)),
        ("gates/bias", (gates,)),
        ("candidate/kernel", (rows, units)),
        ("candidate/bias", (units,)),
    )


def _basic(inputs: int | None, units: int | None) -> tuple[tuple[str, Shape], ...]:
    return ("kernel", (_sum(inputs, units), units)), ("bias", (units,))


_KINDS = {
    "BasicLSTMCell": CellKind("basic_lstm_cell", _lstm),
    "LSTMCell": CellKind("lstm_cell", _lstm),
    "GRUCell": CellKind("gru_cell", _gru),
    "BasicRNNCell": CellKind("basic_rnn_cell", _basic),
    "LSTMBlockCell": CellKind("lstm_cell", _lstm),
}
_HOMES = ("tensorflow.nn.rnn_cell", "tensorflow.contrib.rnn")


class Cell(LibraryObject):
    """A recurrent cell; `scope` is the scope that its variables are in once they are made."""

    units: int | None = None

    def call(self, run: Run, arguments: Arguments) -> Value:
        inputs = tensor_of(arguments.bind("inputs state scope")["inputs"])
        output = self.step(run, inputs)
        return (output, UNKNOWN)

    def step(self, run: Run, inputs: Tensor) -> Tensor:
        """Makes the variables, if they are not there; gives the output."""
        raise NotImplementedError

    def get_attribute(self, run: Run, name: str) -> Value:
        if name in ("output_size", "_num_units"):
            return UNKNOWN if self.units is None else self.units
        if name == "zero_state":
            return Method(self, name, lambda run, cell, given: UNKNOWN)
        return UNKNOWN


class PlainCell(Cell):
    """A cell with variables of its own."""

    def __init__(self, kind: CellKind, units: int | None, name: Value, reuse: Value, maker: str):
        self.kind, self.units, self.name, self.reuse = kind, units, name, reuse
        self.maker = maker
        self.is_made = False

    def step(self, run: Run, inputs: Tensor) -> Tensor:
        if not self.is_made:
            self.is_made = run.is_certain
            scope = open_scope(run, self.name, self.kind.scope, reuse=self.reuse)
            scope.enter(run)
            for name, shape in self.kind.variables(last_size(inputs), self.units):
                make_variable(run, name, shape, inputs.dtype or "float32", maker=self.maker)
            scope.leave(run)
        if inputs.shape is None:
            return Tensor(None, inputs.dtype)
        return Tensor((*inputs.shape[:-1], self.units), inputs.dtype)


class ManyCells(Cell):
    """`MultiRNNCell(cells)`."""

    def __init__(self, cells: list[Value] | None) -> None:
        self.cells = cells
        last = cells[-1] if cells else None
        self.units = last.units if isinstance(last, Cell) else None

    def step(self, run: Run, inputs: Tensor) -> Tensor:
        if self.cells is None:
            run.note_gap("the cells of a MultiRNNCell are not known")
            return Tensor()
        outer = open_scope(run, "multi_rnn_cell")
        outer.enter(run)
        for number, cell in enumerate(self.cells):
            inner = open_scope(run, f"cell_{number}")
            inner.enter(run)
            inputs = run_cell(run, cell, inputs)
            inner.leave(run)
        outer.leave(run)
        return inputs


def run_cell(run: Run, cell: Value, inputs: Tensor) -> Tensor:
    """Runs a cell once, whatever it is."""
    if isinstance(cell, Cell):
        return cell.step(run, inputs)
    if cell is UNKNOWN:
        run.note_gap("a recurrent cell is not known")
        return Tensor()
    found = run.call(cell, Arguments((inputs, UNKNOWN)))
    return tensor_of(found[0] if isinstance(found, tuple) and found else found)


def _make_cell(run: Run, arguments: Arguments) -> Value:
    kind = _KINDS[arguments.function.rpartition(".")[2]]
    bound = arguments.bind("num_units")
    special = {"num_proj", "use_peepholes"} & arguments.keywords.keys()
    if any(run.truth(arguments.keywords[name]) is not False for name in special):
        run.note_gap("peepholes and projections of a cell are not followed", arguments.place)
    units = read_size(run, bound["num_units"])
    given = arguments.keywords
    return PlainCell(kind, units, given.get("name"), given.get("reuse"), arguments.function)


for _home in _HOMES:
    for _name in _KINDS:
        function(f"{_home}.{_name}")(_make_cell)


@function(*(f"{home}.MultiRNNCell" for home in _HOMES))
def _make_many(run: Run, arguments: Arguments) -> Value:
    return ManyCells(run.iterate(arguments.bind("cells")["cells"]))


@function(*(f"{home}.{name}" for home in _HOMES for name in ("DropoutWrapper", "ResidualWrapper")))
def _wrap(run: Run, arguments: Arguments) -> Value:
    return arguments.bind("cell")["cell"]


def _first_step(run: Run, inputs: Value) -> Tensor:
    """The first of a list of inputs, or all steps in one tensor."""
    items = run.iterate(inputs) if not isinstance(inputs, Tensor) else None
    return tensor_of(items[0] if items else inputs)


@function(
    "tensorflow.nn.dynamic_rnn", "tensorflow.nn.static_rnn", "tensorflow.contrib.rnn.static_rnn"
)
def _run_network(run: Run, arguments: Arguments) -> Value:
    bound = arguments.bind("cell inputs")
    first = _first_step(run, bound["inputs"])
    scope = open_scope(run, arguments.keywords.get("scope"), "rnn")
    scope.enter(run)
    output = run_cell(run, bound["cell"], first)
    scope.leave(run)
    return (output, UNKNOWN)


@function(
    *("tensorflow.nn.bidirectional_dynamic_rnn", "tensorflow.nn.static_bidirectional_rnn"),
    "tensorflow.contrib.rnn.static_bidirectional_rnn",
)
def _run_both(run: Run, arguments: Arguments) -> Value:
    bound = arguments.bind("cell_fw cell_bw inputs")
    first = _first_step(run, bound["inputs"])
    scope = open_scope(run, arguments.keywords.get("scope"), "bidirectional_rnn")
    scope.enter(run)
    outputs = []
    for name, cell in (("fw", bound["cell_fw"]), ("bw", bound["cell_bw"])):
        inner = open_scope(run, name)
        inner.enter(run)
        outputs.append(run_cell(run, cell, first))
        inner.leave(run)
    scope.leave(run)
    return (tuple(outputs), UNKNOWN)


add_harmless(f"{home}.{name}" for home in _HOMES for name in ("LSTMStateTuple", "RNNCell"))
