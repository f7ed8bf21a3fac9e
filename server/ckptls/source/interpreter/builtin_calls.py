"""Functions of Python's own that need more than the values of their arguments."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ckptls.source.semantics.pattern_text import Text
from ckptls.source.semantics.values import (
    UNKNOWN,
    Arguments,
    Instance,
    Literal,
    Member,
    Sequence,
    StringTemplate,
    Values,
    texts,
    union,
)
from ckptls.source.stdlib import containers
from ckptls.source.stdlib.argument_binding import bind_partial
from ckptls.source.stdlib.containers import items_of
from ckptls.source.syntax import ir
from ckptls.source.tensorflow import exit_stack, variable_scope

if TYPE_CHECKING:
    from ckptls.source.semantics.interpreter_protocol import InterpreterProtocol


def _current_scope(caller: InterpreterProtocol, node: ir.Call, arguments: Arguments) -> Values:
    return (variable_scope.current(caller.frame.scopes),)


def _as_record(caller: InterpreterProtocol, node: ir.Call, arguments: Arguments) -> Values:
    """`vars(arguments)`: its items are the attributes."""
    return arguments[0][1] if arguments else UNKNOWN


def _attribute_of(caller: InterpreterProtocol, node: ir.Call, arguments: Arguments) -> Values:
    """`getattr(value, name, default)`."""
    positional = [values for key, values in arguments if key is None]
    names = texts(positional[1]) if len(positional) > 1 else ()
    if len(names) != 1 or not names[0].literal:
        return UNKNOWN
    found = union(*(caller.member(value, names[0].literal) for value in positional[0]))
    return union(found, *positional[2:3])


def _mapped(caller: InterpreterProtocol, node: ir.Call, arguments: Arguments) -> Values:
    """`map(function, items)`."""
    positional = [values for key, values in arguments if key is None]
    if len(positional) != 2:
        return UNKNOWN
    items, is_whole = items_of(positional[1])
    found: list[Values] = []
    for item in items:
        if caller.work.is_spent:
            return (Sequence("list", tuple(found), is_complete=False),)
        given = (caller.apply(function, node, ((None, item),)) for function in positional[0])
        found.append(union(*given))
    return (Sequence("list", tuple(found), is_whole),)


def _filtered(caller: InterpreterProtocol, node: ir.Call, arguments: Arguments) -> Values:
    """`filter(function, items)`: some of the items, or those that are something."""
    positional = [values for key, values in arguments if key is None]
    if len(positional) != 2:
        return UNKNOWN
    items, is_whole = items_of(positional[1])
    is_plain = positional[0] == (Literal(None),)
    if is_plain:
        items = tuple(
            item for item in items if not all(isinstance(e, Text) and e.literal == "" for e in item)
        )
    else:
        _mapped(caller, node, arguments)
    return (Sequence("list", items, is_whole and is_plain),)


def _as_method(name: str) -> Callable[[InterpreterProtocol, ir.Call, Arguments], Values]:
    """`str.strip(text)`, which is handed to `map` mostly."""

    def call(caller: InterpreterProtocol, node: ir.Call, arguments: Arguments) -> Values:
        values = arguments[0][1] if arguments and arguments[0][0] is None else UNKNOWN
        return union(*(caller.apply(Member(v, name), node, arguments[1:]) for v in values))

    return call


def _above(caller: InterpreterProtocol, node: ir.Call, arguments: Arguments) -> Values:
    """`super()`."""
    owner = caller.frame.owner
    return (Instance(owner, is_super=True),) if owner is not None else UNKNOWN


def _template(caller: InterpreterProtocol, node: ir.Call, arguments: Arguments) -> Values:
    """`string.Template(text)`."""
    return (StringTemplate(template=arguments[0][1]),) if arguments else UNKNOWN


_METHODS = ("strip", "lstrip", "rstrip", "lower", "upper", "split", "format", "join", "replace")
SPECIAL: dict[str, Callable[[InterpreterProtocol, ir.Call, Arguments], Values]] = {
    "builtins.dict": lambda caller, node, arguments: containers.to_dict(arguments),
    "collections.OrderedDict": lambda caller, node, arguments: containers.to_dict(arguments),
    "collections.defaultdict": lambda caller, node, arguments: containers.to_dict(arguments[1:]),
    "builtins.sorted": lambda caller, node, arguments: containers.in_order(arguments),
    "builtins.max": lambda caller, node, arguments: containers.extreme(arguments, max),
    "builtins.min": lambda caller, node, arguments: containers.extreme(arguments, min),
    "string.Template": _template,
    "builtins.vars": _as_record,
    "builtins.getattr": _attribute_of,
    "builtins.map": _mapped,
    "builtins.filter": _filtered,
    **{f"builtins.str.{name}": _as_method(name) for name in _METHODS},
    "builtins.super": _above,
    "tensorflow.get_variable_scope": _current_scope,
    "dataclasses.asdict": _as_record,
    **{name: lambda caller, node, arguments: exit_stack.STACK for name in exit_stack.NAMES},
    "functools.partial": lambda caller, node, arguments: bind_partial(arguments),
}
