"""Code that asks for names before it uses them: what it decides is no mistake."""

from __future__ import annotations

from ckptls.source.semantics.values import NameTest, Tracked, Values
from ckptls.source.syntax import ir

_TESTS = frozenset({"has_tensor", "startswith", "endswith", "match", "search", "fullmatch", "get"})


def is_name_test(test: ir.Expr) -> bool:
    """Whether a condition asks about names, so that what it decides is no mistake."""
    while isinstance(test, ir.Binary):
        if is_name_test(test.right):
            return True
        test = test.left
    if isinstance(test, ir.Compare):
        pairs = zip(test.operators, test.operands[1:], strict=False)
        return any(map(is_name_test, test.operands)) or any(
            operator in ("in", "not in") and not isinstance(right, ir.Items)
            for operator, right in pairs
        )
    if isinstance(test, ir.Comprehension):
        return any(map(is_name_test, (test.value, *test.tests)))
    if isinstance(test, ir.Call):
        function = test.function
        name = function.name if isinstance(function, ir.Attribute | ir.Name) else ""
        return name in _TESTS or any(is_name_test(argument.value) for argument in test.arguments)
    if isinstance(test, ir.Other):
        return any(is_name_test(part) for part in test.parts)
    return False


def is_tested(values: Values) -> bool:
    """Whether the values of a condition come from such a question asked before."""
    return any(isinstance(value, NameTest) for value in values)


def are_names(values: Values) -> bool:
    """Whether values are all the names of a checkpoint: `wanted <= names`."""
    return any(isinstance(value, Tracked) and value.kind == "variable-map" for value in values)


_CATCHES = {"Exception", "BaseException", "NotFoundError", "OpError", "KeyError", "ValueError"}
_CATCHES |= {"errors", "error", "LookupError", "RuntimeError", "StandardError", "DataLossError"}


def catches(caught: tuple[ir.Expr, ...]) -> bool:
    """Whether a handler stops the error of a name that is not there."""
    if not caught:
        return True
    return any(
        isinstance(each, ir.Name | ir.Attribute) and each.name in _CATCHES for each in caught
    )
