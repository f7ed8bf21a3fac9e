"""The graphs of a program: what was made in each, its scopes, collections and taken names."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from ckptls.source.inventory.model_inventory import Gap, ModelInventory
from ckptls.source.program.core.arguments import Arguments
from ckptls.source.program.core.library import find_function, function
from ckptls.source.program.core.library_object import LibraryObject, Method
from ckptls.source.program.core.objects import UNKNOWN, ListValue, PartialText, Value
from ckptls.source.program.core.run_protocol import Run

# Defined in `scopes` and `variables`, which import this module.
VariableScope = Any
VariableObject = Any

HOLE = "{}"


def read_name(value: Value) -> str:
    """A name as a template: `{}` stands for each part that is not known."""
    if isinstance(value, str):
        return value
    return value.template if isinstance(value, PartialText) else HOLE


def name_value(template: str) -> Value:
    """The value of a program for a name that may be a template."""
    if HOLE not in template:
        return template
    parts: list[str | None] = []
    for index, text in enumerate(template.split(HOLE)):
        if index:
            parts.append(None)
        if text:
            parts.append(text)
    return PartialText(tuple(parts))


class Graph(LibraryObject):
    """One `tf.Graph`.

    variables: in the order in which they are made.
    store: those of `get_variable` by their names.
    scope: the variable scope that is open; None stands for the root before anything was opened.
    name_scope: of operations, without a slash at the end.
    scope_counts: how often a variable scope was opened, which numbers default names.
    first_gap: how many gaps the run had when the graph was made.
    """

    def __init__(self, first_gap: int = 0) -> None:
        self.variables: list[VariableObject] = []
        self.store: dict[str, VariableObject] = {}
        self.scope: VariableScope | None = None
        self.name_scope = ""
        self.scope_counts: dict[str, int] = {}
        self.names_in_use: dict[str, int] = {}
        # Names that only uncertain code took, with the blocks of that code.
        self.doubtful_names: dict[str, tuple[int, ...]] = {}
        self.collections: dict[str, ListValue] = {}
        self.first_gap = first_gap

    def gaps(self, run: Run) -> tuple[Gap, ...]:
        """What was not followed since the graph was made."""
        return tuple(run.gaps[self.first_gap :])

    def take_name(self, run: Run, name: str, is_default: bool = False) -> str:
        """The name that an operation or a name scope gets: numbered where it is in use.

        Names are compared without regard to case, as TensorFlow does since its files are kept on
        file systems that do so too.
        is_default: the program did not write the name, so that others may have taken it in code
            that was not followed.
        """
        if HOLE in name:
            return name
        key = name.lower()
        count = self.names_in_use.get(key, 0)
        self.names_in_use[key] = count + 1
        self._note_doubt(run, key, count)
        if (count or is_default) and (self.gaps(run) or self.is_doubtful(run, key)):
            return name + HOLE
        if not count:
            return name
        numbered = key
        while numbered in self.names_in_use:
            numbered = f"{key}_{count}"
            count += 1
        self.names_in_use[numbered] = 1
        return f"{name}_{count - 1}"

    def _note_doubt(self, run: Run, key: str, count: int) -> None:
        if run.blocks:
            self.doubtful_names.setdefault(key, run.blocks)
        elif not count:
            self.doubtful_names.pop(key, None)

    def is_doubtful(self, run: Run, key: str) -> bool:
        blocks = self.doubtful_names.get(key)
        return blocks is not None and run.blocks[: len(blocks)] != blocks

    def take_scoped_name(self, run: Run, name: str, is_default: bool = False) -> str:
        """`take_name` for a name inside the name scope that is open."""
        return self.take_name(run, join_names(self.name_scope, name), is_default)

    def collection(self, key: str) -> ListValue:
        """A collection, as the list that the graph itself keeps."""
        return self.collections.setdefault(key, ListValue([]))

    def inventory(self, run: Run) -> ModelInventory:
        """The variables so far, as seen from the code that is run now."""
        return ModelInventory(tuple(v.record(run) for v in self.variables), self.gaps(run))

    def enter(self, run: Run) -> Value:
        state = run.state(GraphState)
        state.outer.append(state.graph)
        state.graph = self
        return self

    def leave(self, run: Run) -> None:
        state = run.state(GraphState)
        if state.outer:
            state.graph = state.outer.pop()

    def get_attribute(self, run: Run, name: str) -> Value:
        if name == "as_default":
            return Method(self, name, lambda run, graph, _: graph)
        if name in _GRAPH_METHODS:
            return Method(self, name, _GRAPH_METHODS[name])
        return UNKNOWN


class GraphState:
    """The graphs of a run."""

    def __init__(self) -> None:
        self.graph = Graph()
        self.outer: list[Graph] = []
        self.graphs = [self.graph]
        # Values put into a variable of another shape are taken: so do resource variables, which
        # a graph has after `disable_eager_execution` unless all of version 2 is turned off.
        self.has_resource_variables = False

    def add_graph(self, run: Run) -> Graph:
        """A new graph, which is not the default one yet."""
        graph = Graph(len(run.gaps))
        self.graphs.append(graph)
        return graph


def current_graph(run: Run) -> Graph:
    """The default graph."""
    return run.state(GraphState).graph


def graphs_inventory(run: Run) -> ModelInventory:
    """The variables of all graphs of a run, at its end."""
    variables = [v.record(run) for graph in run.state(GraphState).graphs for v in graph.variables]
    return ModelInventory(tuple(variables), tuple(run.gaps))


def join_names(*names: str) -> str:
    """Names joined by slashes, empty ones left out."""
    return "/".join(name for name in names if name)


def merge_shapes(
    first: tuple[int | None, ...] | None, second: tuple[int | None, ...] | None
) -> tuple[int | None, ...] | None:
    """What two shapes agree on."""
    if first is None or second is None or len(first) != len(second):
        return None
    return tuple(a if a == b else None for a, b in zip(first, second, strict=True))


def as_items(values: Iterable[Value], is_exact: bool = True) -> ListValue:
    """A list of the program."""
    return ListValue(list(values), is_exact)


@function("tensorflow.Graph")
def make_graph(run: Run, arguments: Arguments) -> Value:
    return run.state(GraphState).add_graph(run)


@function("tensorflow.get_default_graph")
def get_default_graph(run: Run, arguments: Arguments) -> Value:
    return current_graph(run)


@function("tensorflow.reset_default_graph")
def reset_default_graph(run: Run, arguments: Arguments) -> Value:
    state = run.state(GraphState)
    if run.is_certain:
        state.graph = state.add_graph(run)
    else:
        run.note_gap("the graph may be cleared here", arguments.place)
    return None


@function("tensorflow.disable_v2_behavior", "tensorflow.disable_resource_variables")
def disable_resource_variables(run: Run, arguments: Arguments) -> Value:
    run.state(GraphState).has_resource_variables = False
    return None


@function("tensorflow.disable_eager_execution", "tensorflow.enable_resource_variables")
def enable_resource_variables(run: Run, arguments: Arguments) -> Value:
    run.state(GraphState).has_resource_variables = True
    return None


def _in_graph(name: str) -> Callable[[Run, Graph, Arguments], Value]:
    """A method of graphs that does what a function does for the default graph."""

    def call(run: Run, graph: Graph, arguments: Arguments) -> Value:
        found = find_function(name)
        if found is None:
            return UNKNOWN
        graph.enter(run)
        try:
            return found(run, replace(arguments, function=name))
        finally:
            graph.leave(run)

    return call


_GRAPH_METHODS = {
    "get_collection": _in_graph("tensorflow.get_collection"),
    "get_collection_ref": _in_graph("tensorflow.get_collection_ref"),
    "add_to_collection": _in_graph("tensorflow.add_to_collection"),
    "name_scope": _in_graph("tensorflow.name_scope"),
    "device": _in_graph("tensorflow.device"),
    "control_dependencies": _in_graph("tensorflow.control_dependencies"),
}
