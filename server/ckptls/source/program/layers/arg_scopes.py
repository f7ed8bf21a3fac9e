"""`slim.arg_scope`: defaults for the arguments of layers. Source: `arg_scope.py` of tf_slim 1.1."""

from __future__ import annotations

from typing import Any

from ckptls.source.program.core.arguments import Arguments
from ckptls.source.program.core.library import function
from ckptls.source.program.core.library_object import LibraryObject
from ckptls.source.program.core.objects import LibraryName, Value
from ckptls.source.program.core.run_protocol import Run
from ckptls.source.semantics.catalogue import canonical
from ckptls.source.tensorflow.variable_scope import usual_layer

Defaults = dict[Any, dict[str, Value]]


class ArgScopeState:
    """The defaults that are in force, the outermost first."""

    def __init__(self) -> None:
        self.stack: list[Defaults] = [{}]


def key_of(value: Value) -> Any:
    """What the defaults of a function are kept under."""
    if isinstance(value, LibraryName):
        name = canonical(value.name)
        home, _, last = name.rpartition(".")
        return f"{home.partition('.')[0]}.{usual_layer(last)}"
    return id(value)


class ArgScope(LibraryObject):
    """What `arg_scope` gives: defaults to enter, and to pass on."""

    def __init__(self, defaults: Defaults) -> None:
        self.defaults = defaults

    def enter(self, run: Run) -> Value:
        run.state(ArgScopeState).stack.append(self.defaults)
        return self

    def leave(self, run: Run) -> None:
        run.state(ArgScopeState).stack.pop()

    def truth(self, run: Run) -> bool | None:
        return True


class ScopedFunction(LibraryObject):
    """A function of the program that takes defaults of `arg_scope`."""

    def __init__(self, inner: Value) -> None:
        self.inner = inner

    def call(self, run: Run, arguments: Arguments) -> Value:
        return run.call(self.inner, arguments.with_keywords(defaults_of(run, key_of(self))))

    def get_attribute(self, run: Run, name: str) -> Value:
        return run.get_attribute(self.inner, name)

    def truth(self, run: Run) -> bool | None:
        return True


def defaults_of(run: Run, key: Any) -> dict[str, Value]:
    """The defaults that are in force for a function."""
    return run.state(ArgScopeState).stack[-1].get(key, {})


@function("tf_slim.arg_scope", "tensorflow.contrib.framework.arg_scope")
def arg_scope(run: Run, arguments: Arguments) -> Value:
    first = arguments.bind("list_ops_or_scope")["list_ops_or_scope"]
    if isinstance(first, ArgScope):
        return first
    functions = run.iterate(first)
    if functions is None:
        run.note_gap("the functions of an arg_scope are not known", arguments.place)
        functions = []
    keywords = {k: v for k, v in arguments.keywords.items() if k != "list_ops_or_scope"}
    made = dict(run.state(ArgScopeState).stack[-1])
    for each in functions:
        key = key_of(each)
        made[key] = {**made.get(key, {}), **keywords}
    return ArgScope(made)


@function("tf_slim.add_arg_scope", "tensorflow.contrib.framework.add_arg_scope")
def add_arg_scope(run: Run, arguments: Arguments) -> Value:
    return ScopedFunction(arguments.positional[0]) if arguments.positional else None
