"""`contextlib.ExitStack`: scopes that a call enters, and that are left with the stack."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ckptls.source.semantics.values import UNKNOWN, ExitStack, Value, Values
from ckptls.source.tensorflow import variable_scope

if TYPE_CHECKING:
    from ckptls.source.semantics.interpreter_protocol import InterpreterProtocol
    from ckptls.source.semantics.values import Arguments

NAMES = ("contextlib.ExitStack", "contextlib2.ExitStack")
METHODS = frozenset({"enter_context", "pop_all"})
STACK: Values = (ExitStack(),)


def is_stack(value: Value) -> bool:
    return isinstance(value, ExitStack)


def call_method(
    caller: InterpreterProtocol, value: Value, name: str, arguments: Arguments
) -> Values:
    """`stack.enter_context(manager)` gives what `with manager as …` would; `stack.pop_all()`
    hands what was entered on to another stack.

    What stands around the code behind it is known inside a `with` over the stack, which leaves
    all that was entered. Elsewhere a stack may be closed anywhere, or never.
    """
    frame = caller.frame
    if name == "pop_all":
        frame.are_stacks_left = frame.are_stacks_left or is_stack(value)
        return STACK if is_stack(value) else UNKNOWN
    inside, given = variable_scope.enter_scopes(
        frame.scopes, arguments[0][1] if arguments else UNKNOWN
    )
    if inside != frame.scopes:
        is_known = is_stack(value) and frame.stacks > 0
        frame.scopes = inside if is_known else variable_scope.with_unknown_outer(frame.scopes)
    return given
