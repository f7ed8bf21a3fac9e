"""`tf.make_template`: a function that makes its variables in a scope of its own.

Source: `template.py` of TensorFlow 1.15; compared in `tests/oracle/test_recurrent.py`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ckptls.source.semantics.catalogue import Roles
from ckptls.source.semantics.pattern_text import Text
from ckptls.source.semantics.sites import Role
from ckptls.source.semantics.values import (
    UNKNOWN,
    FunctionTemplate,
    Literal,
    ScopeValue,
    Values,
    union,
)
from ckptls.source.stdlib.argument_binding import bind_partial, may_be_set
from ckptls.source.tensorflow import variable_scope

if TYPE_CHECKING:
    from ckptls.source.semantics.catalogue import Entry
    from ckptls.source.semantics.interpreter_protocol import InterpreterProtocol
    from ckptls.source.semantics.values import Arguments
    from ckptls.source.stdlib.argument_binding import Bound
    from ckptls.source.syntax import ir

_NONE: Values = (Literal(None),)
_NAME = Roles(itself=(Role.GRAPH_SCOPE,))
_OWN = frozenset({"name_", "func_", "create_scope_now_", "unique_name_", "custom_getter_"})


def make(caller: InterpreterProtocol, bound: Bound) -> Values:
    """The template: its scope, or what will name it, and its function with what is given."""
    given = tuple((name, values) for name, values in bound.items() if name not in _OWN)
    function = bind_partial(((None, bound.get("func_", UNKNOWN)), *given))
    unique = bound.get("unique_name_", _NONE)
    wanted = {"name_or_scope": unique, "default_name": bound.get("name_", UNKNOWN)}
    if may_be_set("create_scope_now_", bound):
        return (
            FunctionTemplate(scope=variable_scope.open_scope(caller, wanted), function=function),
        )
    names = wanted["default_name"] if unique == _NONE else unique
    is_unique = unique != _NONE and bool(unique)
    return (FunctionTemplate(scope=names, function=function, is_unique=is_unique),)


def call(
    caller: InterpreterProtocol,
    entry: Entry,
    template: FunctionTemplate,
    node: ir.Call,
    arguments: Arguments,
) -> Values:
    """Runs the function of a template in its scope, which the first call opens."""
    scope, function = template.scope, template.function
    emitter = caller.emitter_of(entry, node, ())
    if not any(isinstance(each, ScopeValue) for each in scope):
        emitter.outer = caller.frame.scopes.names
        emitter.emit(tuple(each for each in scope if isinstance(each, Text)), _NAME, "name_")
        wanted = {"name_or_scope": scope if template.is_unique else _NONE, "default_name": scope}
        scope = variable_scope.open_scope(caller, wanted)
    before = caller.frame.scopes
    inside, _ = variable_scope.enter_scopes(before, scope)
    caller.frame.scopes = replace(inside, defaults=before.defaults)
    found = union(*(caller.apply(each, node, arguments) for each in function))
    caller.frame.scopes = before
    return found
