"""What a decorator of the project does to the arguments of the functions below it.

`def layer(op)` with a wrapper that calls `op(self, inputs, *args, **kwargs)` puts an argument
in; one that is called otherwise may do anything. What decorators of libraries do is not asked:
nearly all keep the arguments as they are.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ckptls.source.semantics.values import UNKNOWN, Arguments, FunctionValue, Values
from ckptls.source.stdlib.argument_binding import Bound, bind_parameters
from ckptls.source.syntax import ir
from ckptls.source.syntax.ir import Chunk

# How deep statements and expressions are looked into for the call of the function.
_MAX_DEPTH = 40


@dataclass(frozen=True, slots=True)
class Wrapping:
    """A wrapper, and the one form in which it calls what it wraps; None if that is unknown.

    gives_itself: it returns its first parameter, whatever the function returns.
    """

    parameters: tuple[ir.Parameter, ...]
    called_with: tuple[ir.Argument, ...] | None
    gives_itself: bool

    def bound(self, callee: FunctionValue, arguments: Arguments) -> Bound:
        """The parameters of a function that is called through the wrapper."""
        plain = bind_parameters(callee, arguments)
        names = [each.name for each in callee.function.parameters if not each.kind]
        if self.called_with is None:
            given = {key for key, _ in arguments}
            is_self = bool(callee.bound)
            kept = {*given, *(names[:1] if is_self else ())}
            return {name: plain[name] if name in kept else UNKNOWN for name in names}
        return bind_parameters(callee, tuple(self._passed(callee, arguments)))

    def _passed(
        self, callee: FunctionValue, arguments: Arguments
    ) -> Iterator[tuple[str | None, Values]]:
        """The arguments that the function itself is called with, without its object."""
        positional: list[Values] = [values for key, values in arguments if key is None]
        keywords = {key: values for key, values in arguments if key is not None}
        plain = [each.name for each in self.parameters if not each.kind]
        before = [*([callee.bound] if callee.bound else []), *positional]
        own = dict(zip(plain, before, strict=False))
        own.update((key, keywords.pop(key)) for key in plain if key in keywords)
        rest = before[len(plain) :]
        given: list[tuple[str | None, Values]] = []
        for argument in self.called_with or ():
            name = argument.value.name if isinstance(argument.value, ir.Name) else ""
            if argument.name == "*":
                given += [(None, values) for values in rest] if self._is("*", name) else []
                given += [] if self._is("*", name) else [("*", UNKNOWN)]
            elif argument.name == "**":
                given += list(keywords.items()) if self._is("**", name) else []
            else:
                given.append((argument.name, own.get(name, UNKNOWN)))
        is_first_itself = bool(callee.bound) and bool(given) and given[0][0] is None
        yield from given[1:] if is_first_itself else given

    def _is(self, kind: str, name: str) -> bool:
        return any(each.kind == kind and each.name == name for each in self.parameters)


def find_wrapping(decorator: ir.Function) -> Wrapping | None:
    """What a decorator makes of a function; None if it gives that back as it is."""
    if not decorator.parameters:
        return None
    wrapped = decorator.parameters[0].name
    made = [each for each in _statements(decorator.body) if isinstance(each, ir.Function)]
    returned = [
        each.value.name
        for each in _statements(decorator.body)
        if isinstance(each, ir.Return) and isinstance(each.value, ir.Name)
    ]
    if returned == [wrapped]:
        return None
    wrappers = [each for each in made if returned == [each.name]]
    if len(wrappers) != 1:
        return Wrapping((), None, gives_itself=False)
    wrapper = wrappers[0]
    calls = {
        each.arguments
        for each in _nodes(wrapper.body)
        if isinstance(each, ir.Call)
        and isinstance(each.function, ir.Name)
        and each.function.name == wrapped
    }
    forms = {_form(arguments): arguments for arguments in calls}
    called_with = next(iter(forms.values())) if len(forms) == 1 else None
    first = wrapper.parameters[0].name if wrapper.parameters else None
    returns = [each for each in _nodes(wrapper.body) if isinstance(each, ir.Return)]
    values = [each.value for each in returns if each.kind == "return"]
    gives_itself = bool(values) and all(
        isinstance(each, ir.Name) and each.name == first for each in values
    )
    return Wrapping(wrapper.parameters, called_with, gives_itself)


def _form(arguments: tuple[ir.Argument, ...]) -> tuple[object, ...]:
    """What matters of the arguments of a call: not where they stand."""
    return tuple(
        (each.name, each.value.name if isinstance(each.value, ir.Name) else None)
        for each in arguments
    )


def _statements(block: ir.Block) -> Iterator[ir.Stmt]:
    for statement in block.statements:
        inner = statement.statement if isinstance(statement, Chunk) else statement
        if isinstance(inner, ir.Block):
            yield from _statements(inner)
        else:
            yield inner


def _nodes(node: object, depth: int = 0) -> Iterator[object]:
    """A node and all below it."""
    if depth > _MAX_DEPTH:
        return
    if isinstance(node, Chunk):
        node = node.statement
    if isinstance(node, tuple):
        yield node
        for each in node:
            yield from _nodes(each, depth + 1)
