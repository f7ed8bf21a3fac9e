"""Variable scopes and name scopes.

Source of the rules: `variable_scope.py` and `ops.py` of TensorFlow 1.15 and 2.21, and programs
that were run (`tests/oracle/test_program_graph.py`).
"""

from __future__ import annotations

from typing import Any

from ckptls.source.inventory.model_inventory import CodeSpan
from ckptls.source.program.core.arguments import Arguments
from ckptls.source.program.core.library import add_constants, add_harmless, function
from ckptls.source.program.core.library_object import LibraryObject, Method
from ckptls.source.program.core.objects import UNKNOWN, Value
from ckptls.source.program.core.run_protocol import Run
from ckptls.source.program.graph.graph_state import (
    HOLE,
    Graph,
    current_graph,
    name_value,
    read_name,
)

# `tf.AUTO_REUSE`: variables that are not there are made.
AUTO_REUSE = "AUTO_REUSE"


class VariableScope(LibraryObject):
    """What `tf.get_variable_scope()` gives: where variables are made and how.

    name: of the scope with those around it; a template where it is not known.
    reuse: False, True or `AUTO_REUSE`; UNKNOWN where it is not known.
    settings: `initializer`, `dtype`, `custom_getter`, `partitioner`, …, where they are given.
    places: the calls that opened it and the scopes around it.
    """

    def __init__(
        self,
        name: str,
        reuse: Value = False,
        settings: dict[str, Value] | None = None,
        places: tuple[CodeSpan, ...] = (),
        original_name_scope: str = "",
    ) -> None:
        self.name = name
        self.reuse = reuse
        self.settings = settings or {}
        self.places = places
        self.original_name_scope = original_name_scope

    def get_attribute(self, run: Run, name: str) -> Value:
        if name == "name":
            return name_value(self.name)
        if name == "reuse":
            return AutoReuse() if self.reuse == AUTO_REUSE else self.reuse
        if name == "original_name_scope":
            opened = self.original_name_scope
            return name_value(f"{opened}/" if opened else "")
        if name in _SCOPE_METHODS:
            return Method(self, name, _SCOPE_METHODS[name])
        return self.settings.get(name)

    def truth(self, run: Run) -> bool | None:
        return True


class AutoReuse(LibraryObject):
    """The value `tf.AUTO_REUSE`."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, AutoReuse)

    def __hash__(self) -> int:
        return hash(AUTO_REUSE)

    def truth(self, run: Run) -> bool | None:
        return True


class ScopeContext(LibraryObject):
    """`with tf.variable_scope(…)`: the scope is made when the block is entered."""

    def __init__(
        self,
        name: Value,
        default_name: Value = None,
        reuse: Value = None,
        settings: dict[str, Value] | None = None,
        has_name_scope: bool = True,
        place: CodeSpan | None = None,
    ) -> None:
        self.name = name
        self.default_name = default_name
        self.reuse = reuse
        self.settings = settings or {}
        self.has_name_scope = has_name_scope
        self.place = place
        # One context may be entered several times, inside itself too.
        self.entered: list[tuple[Graph, VariableScope | None, str, str, dict[str, int] | None]] = []

    def enter(self, run: Run) -> Value:
        graph = current_graph(run)
        outer = current_scope(run)
        restored: dict[str, int] | None = None
        places = (*outer.places, self.place) if self.place is not None else outer.places
        saved_name_scope = graph.name_scope
        name = self.name
        if isinstance(name, VariableScope):
            scope = VariableScope(
                name.name, self.reuse or name.reuse, {**name.settings, **self.settings}, places
            )
            scope.original_name_scope = name.original_name_scope
            restored = dict(graph.scope_counts)
            opened = name.name.rsplit("/", 1)[-1]
            if self.has_name_scope and opened:
                graph.name_scope = graph.take_scoped_name(run, opened)
        else:
            if name is None:
                own = self._unique_default(run, graph, outer)
                opened = read_name(self.default_name)
            else:
                own = opened = read_name(name)
            if self.has_name_scope and opened:
                is_default = name is None
                graph.name_scope = _open_name_scope(run, graph, opened, is_default)
            scope = VariableScope(
                f"{outer.name}/{own}" if outer.name else own,
                self.reuse or outer.reuse,
                {**outer.settings, **self.settings},
                places,
                graph.name_scope,
            )
        graph.scope_counts[scope.name] = graph.scope_counts.get(scope.name, 0) + 1
        if run.blocks:
            graph.doubtful_names.setdefault(f"scope:{scope.name}", run.blocks)
        self.entered.append((graph, graph.scope, saved_name_scope, scope.name, restored))
        graph.scope = scope
        return scope

    def _unique_default(self, run: Run, graph: Graph, outer: VariableScope) -> str:
        prefix = read_name(self.default_name)
        full = f"{outer.name}/{prefix}" if outer.name else prefix
        number = 0
        numbered = full
        is_known = not graph.gaps(run)
        while graph.scope_counts.get(numbered, 0):
            is_known = is_known and not graph.is_doubtful(run, f"scope:{numbered}")
            number += 1
            numbered = f"{full}_{number}"
        if not is_known:
            return prefix + HOLE
        return f"{prefix}_{number}" if number else prefix

    def leave(self, run: Run) -> None:
        if not self.entered:
            return
        graph, scope, name_scope, name, counts = self.entered.pop()
        graph.scope = scope
        graph.name_scope = name_scope
        if counts is not None:
            graph.scope_counts = counts
            return
        start = f"{name}/"
        for each in graph.scope_counts:
            if each.startswith(start):
                graph.scope_counts[each] = 0


class NameScopeContext(LibraryObject):
    """`with tf.name_scope(…)`."""

    def __init__(self, name: Value) -> None:
        self.name = name
        self.entered: list[tuple[Graph, str]] = []

    def enter(self, run: Run) -> Value:
        graph = current_graph(run)
        self.entered.append((graph, graph.name_scope))
        name = self.name
        if name is None or name == "":
            graph.name_scope = ""
            return ""
        graph.name_scope = _open_name_scope(run, graph, read_name(name), False)
        return name_value(graph.name_scope + "/")

    def leave(self, run: Run) -> None:
        if self.entered:
            graph, name_scope = self.entered.pop()
            graph.name_scope = name_scope


class TransparentContext(LibraryObject):
    """A `with` block that has no bearing on names (`tf.device`)."""


def _open_name_scope(run: Run, graph: Graph, name: str, is_default: bool) -> str:
    """The name scope that a name opens; one that ends in a slash is taken as it is."""
    if name.endswith("/"):
        return name[:-1]
    return graph.take_scoped_name(run, name, is_default)


def current_scope(run: Run) -> VariableScope:
    """The variable scope that is open; the root one if no other is."""
    graph = current_graph(run)
    if graph.scope is None:
        graph.scope = VariableScope("")
    return graph.scope


def read_reuse(run: Run, reuse: Value) -> Value:
    """`reuse` as scopes keep it: None where it is inherited, else True, `AUTO_REUSE` or UNKNOWN."""
    if isinstance(reuse, AutoReuse):
        return AUTO_REUSE
    if reuse is None:
        return None
    truth = run.truth(reuse)
    return UNKNOWN if truth is None else truth or None


_SETTINGS = (
    "initializer",
    "regularizer",
    "caching_device",
    "partitioner",
    "custom_getter",
    "dtype",
    "use_resource",
    "constraint",
)
_SCOPE_PARAMETERS = (
    "name_or_scope default_name values initializer regularizer caching_device partitioner"
    " custom_getter reuse dtype use_resource constraint auxiliary_name_scope"
)


def open_scope(
    run: Run,
    name: Value,
    default_name: Value = None,
    *,
    reuse: Value = None,
    settings: dict[str, Value] | None = None,
    has_name_scope: bool = True,
    place: CodeSpan | None = None,
) -> ScopeContext:
    """A scope to enter and leave, as `tf.variable_scope(name, default_name, reuse=…)` gives it.

    name: a text, a `VariableScope`, or None for the default name, which is numbered.
    settings: `custom_getter`, `initializer`, `dtype`, `partitioner`, …
    """
    return ScopeContext(
        name, default_name, read_reuse(run, reuse), settings, has_name_scope, place or run.place()
    )


@function("tensorflow.variable_scope", "tf_slim.variable_scope")
def variable_scope(run: Run, arguments: Arguments) -> Value:
    given = arguments.bind(_SCOPE_PARAMETERS, auxiliary_name_scope=True)
    return open_scope(
        run,
        given["name_or_scope"],
        given["default_name"],
        reuse=given["reuse"],
        settings={name: given[name] for name in _SETTINGS if given[name] is not None},
        has_name_scope=run.truth(given["auxiliary_name_scope"]) is not False,
        place=arguments.place,
    )


@function("tensorflow.variable_op_scope")
def variable_op_scope(run: Run, arguments: Arguments) -> Value:
    given = arguments.bind("values name_or_scope default_name initializer regularizer")
    return open_scope(
        run,
        given["name_or_scope"],
        given["default_name"],
        reuse=given.get("reuse"),
        place=arguments.place,
    )


@function("tensorflow.name_scope", "tensorflow.keras.backend.name_scope")
def name_scope(run: Run, arguments: Arguments) -> Value:
    given = arguments.bind("name default_name values")
    return NameScopeContext(given["default_name"] if given["name"] is None else given["name"])


@function("tensorflow.op_scope")
def op_scope(run: Run, arguments: Arguments) -> Value:
    given = arguments.bind("values name default_name")
    return NameScopeContext(given["default_name"] if given["name"] is None else given["name"])


@function("tensorflow.get_variable_scope")
def get_variable_scope(run: Run, arguments: Arguments) -> Value:
    return current_scope(run)


@function("tensorflow.no_regularizer")
def no_regularizer(run: Run, arguments: Arguments) -> Value:
    return None


@function(
    "tensorflow.device",
    "tensorflow.control_dependencies",
    "tensorflow.colocate_with",
    "tensorflow.init_scope",
    "tensorflow.Session",
    "tensorflow.InteractiveSession",
    "tensorflow.GradientTape",
    "tensorflow.train.replica_device_setter",
    "tensorflow.get_default_session",
)
def transparent(run: Run, arguments: Arguments) -> Value:
    return TransparentContext()


def _reuse_variables(run: Run, scope: VariableScope, arguments: Arguments) -> Value:
    scope.reuse = True if run.is_certain else UNKNOWN
    return None


def _setter(name: str) -> Any:
    def set_it(run: Run, scope: VariableScope, arguments: Arguments) -> Value:
        scope.settings[name] = arguments.positional[0] if arguments.positional else UNKNOWN
        return None

    return set_it


_SCOPE_METHODS = {
    "reuse_variables": _reuse_variables,
    **{f"set_{name}": _setter(name) for name in _SETTINGS},
}

add_constants({"tensorflow.AUTO_REUSE": AutoReuse()})
add_harmless(["tensorflow.global_variables_initializer", "tensorflow.group", "tensorflow.no_op"])
