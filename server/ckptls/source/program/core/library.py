"""The tables of library functions and classes that `program` knows.

A model of a library registers them when its module is loaded:

    @function("tensorflow.get_variable")
    def get_variable(run: Run, arguments: Arguments) -> Value: ...

    @base_class("tensorflow.Module")
    class ModuleBase(LibraryBase): ...

Names are canonical (`semantics.catalogue.canonical`): `tensorflow.compat.v1.get_variable` is
`tensorflow.get_variable`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from ckptls.source.program.core.arguments import Arguments
from ckptls.source.program.core.library_object import LibraryObject
from ckptls.source.program.core.objects import Value
from ckptls.source.program.core.run_protocol import Run

Function = Callable[[Run, Arguments], Value]
F = TypeVar("F", bound=Function)
C = TypeVar("C", bound=type)

_FUNCTIONS: dict[str, Function] = {}
_CONSTANTS: dict[str, Value] = {}
_BASES: dict[str, type[LibraryBase]] = {}
# Names that make no variables whatever they are given, by their beginning.
_HARMLESS: set[str] = set()
# Functions of the module `tensorflow` itself that may make variables, but are not followed.
_UNSURE = frozenset(
    (
        *("while_loop", "map_fn", "scan", "foldl", "foldr", "case", "switch_case", "cond"),
        *("py_function", "import_graph_def", "custom_gradient", "recompute_grad", "vectorized_map"),
        *("make_template", "function", "Module", "Variable", "get_variable", "variable_scope"),
        *("get_local_variable", "create_partitioned_variables", "VariableScope"),
    )
)


class LibraryBase(LibraryObject):
    """What an object of a class of the program has from a library's class that it derives from.

    `instance` is the object of the program. The interpreter asks this where the classes of the
    program have no attribute of a name, and tells it of each assignment.
    """

    def __init__(self, instance: Value) -> None:
        self.instance = instance

    def call_instance(self, run: Run, arguments: Arguments) -> Value:
        """The program calls the object, and its classes have no `__call__`."""
        return self.call(run, arguments)


def function(*names: str) -> Callable[[F], F]:
    """Registers a function under its full canonical names."""

    def register(made: F) -> F:
        for name in names:
            _FUNCTIONS[name] = made
        return made

    return register


def base_class(*names: str) -> Callable[[C], C]:
    """Registers a class that classes of a program derive from, under its canonical names."""

    def register(made: C) -> C:
        for name in names:
            _BASES[name] = made
        return made

    return register


def add_constants(values: dict[str, Value]) -> None:
    """Registers names that stand for values (`tensorflow.GraphKeys.GLOBAL_VARIABLES`)."""
    _CONSTANTS.update(values)


def add_harmless(beginnings: Iterable[str]) -> None:
    """Registers names, or beginnings with a dot at the end, of what makes no variables."""
    _HARMLESS.update(beginnings)


def find_function(name: str) -> Function | None:
    """The function of a canonical name."""
    return _FUNCTIONS.get(name)


def find_base(name: str) -> type[LibraryBase] | None:
    """The class of a canonical name that classes of programs derive from."""
    return _BASES.get(name)


def find_constant(name: str) -> Value | None:
    """The value that a canonical name stands for."""
    return _CONSTANTS.get(name)


def is_harmless(name: str) -> bool:
    """Whether what a canonical name stands for makes no variables, whatever it is given."""
    if name in _HARMLESS:
        return True
    if "rnn" in name:  # networks and cells, which stand among operations
        return False
    parts = name.split(".")
    if len(parts) == 2 and parts[0] == "tensorflow" and parts[1] not in _UNSURE:
        return True  # of these, all that make variables are registered
    return any(".".join(parts[:count]) + "." in _HARMLESS for count in range(1, len(parts)))
