"""What conditions and calculations come to, where their values are known."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import TYPE_CHECKING

from ckptls.source.semantics.pattern_text import Text
from ckptls.source.semantics.values import (
    GraphVariable,
    Literal,
    ScopeValue,
    Sequence,
    Value,
    Values,
)
from ckptls.source.syntax import ir

if TYPE_CHECKING:
    from ckptls.source.semantics.interpreter_protocol import InterpreterProtocol

# Larger numbers are no part of a name.
_LARGE = 1 << 64
_ARITHMETIC: dict[str, Callable[[int, int], int]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
}


def calculate(sign: str, left: Values, right: Values) -> int | None:
    """The result of a calculation with two whole numbers that are known."""
    apply = _ARITHMETIC.get(sign)
    if apply is None or len(left) != 1 or len(right) != 1:
        return None
    first, second = left[0], right[0]
    if not isinstance(first, Literal) or not isinstance(second, Literal):
        return None
    if type(first.value) is not int or type(second.value) is not int:
        return None
    result = apply(first.value, second.value)
    return result if abs(result) < _LARGE else None


def constant_truth(test: ir.Expr) -> bool | None:
    """Whether a condition is written to hold always, or never; None for all others."""
    return bool(test.value) if isinstance(test, ir.Constant) else None


def decide_test(evaluator: InterpreterProtocol, test: ir.Expr) -> bool | None:
    """Whether a condition holds, where it asks whether a name has a value; None if that is not
    known. Yes and no, and numbers, differ from one run of a program to the next."""
    if evaluator.frame.is_repeated:
        return constant_truth(test)
    if isinstance(test, ir.Name):
        truths = {truth_of(value) for value in evaluator.lookup(test.name)}
        return truths.pop() if len(truths) == 1 else None
    if isinstance(test, ir.Other) and test.kind == "not" and test.parts:
        opposite = decide_test(evaluator, test.parts[0])
        return None if opposite is None else not opposite
    if isinstance(test, ir.Compare) and len(test.operands) == 2:
        name, other = test.operands
        is_asked = isinstance(other, ir.Constant) and other.value is None
        if is_asked and isinstance(name, ir.Name) and test.operators[0] in _IS_NONE:
            answers = {_is_none(value) for value in evaluator.lookup(name.name)}
            answer = answers.pop() if len(answers) == 1 else None
            return None if answer is None else answer is _IS_NONE[test.operators[0]]
    return constant_truth(test)


_IS_NONE = {"is": True, "==": True, "is not": False, "!=": False}


def truth_of(value: Value) -> bool | None:
    """Whether a value counts as true; None where that is not known."""
    if isinstance(value, Literal) and value.value is None:
        return False
    if isinstance(value, Text) and value.literal is not None:
        return bool(value.literal)
    return True if isinstance(value, ScopeValue | GraphVariable) else None


def _is_none(value: Value) -> bool | None:
    if isinstance(value, Literal):
        return value.value is None
    return False if isinstance(value, Text | ScopeValue | GraphVariable | Sequence) else None
