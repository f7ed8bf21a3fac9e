"""From tree-sitter's nodes to our expressions.

Source: node names of tree-sitter-python 0.25 (its grammar also knows Python 2).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from ckptls.source.syntax import ir
from ckptls.source.text.string_literals import decode
from ckptls.source.text.text_limits import MAX_LENGTH, MAX_NAME

if TYPE_CHECKING:
    from tree_sitter import Node

# Expressions inside each other, operators in a row, clauses of a comprehension; what is deeper
# or longer is not known, but its parts are looked at as far as that.
_MAX_DEPTH = 80
TOO_DEEP = "too deep"
_MAX_CHAIN = 400
_MAX_BOOLEAN_CHAIN = 40
_MAX_CLAUSES = 12
# Of longer lists and dictionaries values are not kept: what is no number or string is lowered.
_MAX_ITEMS = 4_096
_SKIPPED = frozenset({"comment", "line_continuation", "(", ")", "[", "]", "{", "}", ",", ":"})
_OPENING = re.compile(r"""([A-Za-z]*)('''|\"\"\"|'|\")""")
_CLOSING = ("'''", '"""', "'", '"')

Positions = Callable[[int], int]


class Expressions:
    """Lowers expressions of one chunk.

    `position` turns tree-sitter's byte offset into code points from the chunk's start,
    `text` is the chunk's text.
    """

    def __init__(self, text: str, position: Positions) -> None:
        self._text = text
        self._position = position
        self._depth = 0

    def lower(self, node: Node) -> ir.Expr:
        """The expression that a node stands for; `Other` where nothing fits."""
        if self._depth >= _MAX_DEPTH:
            return ir.Other(*self._span(node), TOO_DEEP, ())
        self._depth += 1
        lowered = _HANDLERS.get(node.type, Expressions._other)(self, node)
        self._depth -= 1
        return lowered

    def each(self, nodes: Iterable[Node]) -> tuple[ir.Expr, ...]:
        return tuple(self.lower(node) for node in nodes if node.type not in _SKIPPED)

    def _span(self, node: Node) -> tuple[int, int]:
        return self._position(node.start_byte), self._position(node.end_byte)

    def _other(self, node: Node) -> ir.Expr:
        start, end = self._span(node)
        return ir.Other(start, end, node.type, self.each(node.named_children))

    def _name(self, node: Node) -> ir.Expr:
        start, end = self._span(node)
        if end - start > MAX_NAME:
            return ir.Other(start, end, "too long", ())
        return ir.Name(start, end, self._text[start:end])

    def _attribute(self, node: Node) -> ir.Expr:
        value = node.child_by_field_name("object")
        name = node.child_by_field_name("attribute")
        if value is None or name is None:
            return self._other(node)
        start, end = self._span(node)
        name_start, name_end = self._span(name)
        if name_end - name_start > MAX_NAME:
            return self._other(node)
        return ir.Attribute(start, end, self.lower(value), self._text[name_start:name_end])

    def _call(self, node: Node) -> ir.Expr:
        function = node.child_by_field_name("function")
        arguments = node.child_by_field_name("arguments")
        if function is None or arguments is None:
            return self._other(node)
        start, end = self._span(node)
        if arguments.type == "generator_expression":
            lowered: tuple[ir.Argument, ...] = (ir.Argument(None, self.lower(arguments)),)
        else:
            lowered = self.arguments(arguments)
        return ir.Call(start, end, self.lower(function), lowered)

    def arguments(self, node: Node) -> tuple[ir.Argument, ...]:
        """The arguments between the parentheses of a call or a class header."""
        found: list[ir.Argument] = []
        for child in node.children:
            kind = child.type
            if kind in _SKIPPED:
                continue
            if kind == "keyword_argument":
                name = child.child_by_field_name("name")
                value = child.child_by_field_name("value")
                if name is not None and value is not None:
                    start, end = self._span(name)
                    found.append(ir.Argument(self._text[start:end], self.lower(value), start))
            elif kind in ("list_splat", "dictionary_splat"):
                star = "*" if kind == "list_splat" else "**"
                found += [ir.Argument(star, part) for part in self.each(child.named_children)]
            elif kind == "ERROR":
                found += [ir.Argument(None, part) for part in self.each(child.named_children)]
            elif child.is_named:
                found.append(ir.Argument(None, self.lower(child)))
        return tuple(found)

    def _string(self, node: Node) -> ir.Expr:
        start, end = self._span(node)
        return ir.Str(start, end, tuple(self._parts(node)), 1)

    def _concatenated(self, node: Node) -> ir.Expr:
        start, end = self._span(node)
        strings = [child for child in node.children if child.type == "string"]
        parts = tuple(part for child in strings for part in self._parts(child))
        return ir.Str(start, end, parts, len(strings))

    def _parts(self, node: Node) -> Iterable[ir.Run | ir.Interpolation]:
        start, end = self._span(node)
        opening = _OPENING.match(self._text, start)
        if opening is None:
            return
        prefix, quotes = opening[1].lower(), opening[2]
        inner = opening.end()
        outer = end
        if end - inner >= len(quotes) and self._text.startswith(quotes, end - len(quotes)):
            outer = end - len(quotes)
        literal = (inner, outer)
        if outer - inner > MAX_LENGTH:
            yield ir.Interpolation(ir.Other(inner, outer, "too long", ()), None)
            return
        is_formatted = "f" in prefix or "t" in prefix
        position = inner
        if is_formatted:
            for hole in node.children:
                if hole.type != "interpolation":
                    continue
                hole_start, hole_end = self._span(hole)
                if hole_start > position:
                    yield self._run(position, hole_start, prefix, literal, is_formatted)
                expression = hole.child_by_field_name("expression")
                if expression is not None:
                    yield ir.Interpolation(self.lower(expression), self._spec(hole))
                else:
                    yield ir.Interpolation(ir.Other(hole_start, hole_end, "empty", ()), None)
                position = hole_end
        if position < outer or position == inner:
            yield self._run(position, outer, prefix, literal, is_formatted)

    def _spec(self, hole: Node) -> str | None:
        """The format of an interpolation without its colon."""
        if any(child.type == "=" for child in hole.children):
            # `{value=}` writes the expression, too.
            return None
        for child in hole.named_children:
            if child.type == "format_specifier":
                return None if child.named_children else self._source(child).removeprefix(":")
            if child.type == "type_conversion":
                return None
        return ""

    def _run(
        self, start: int, end: int, prefix: str, literal: tuple[int, int], is_formatted: bool
    ) -> ir.Run:
        text, offsets = decode(self._text[start:end], start, prefix, is_formatted)
        return ir.Run(start, end, text, offsets, literal)

    def _constant(self, node: Node) -> ir.Expr:
        start, end = self._span(node)
        return ir.Constant(start, end, _constant_value(node.type, self._text[start:end]))

    def _binary(self, node: Node) -> ir.Expr:
        # Operators in a row nest to the left, thousands at times: one after the other.
        outer, row = node, []
        while node.type in _OPERATIONS:
            left = node.child_by_field_name("left")
            right = node.child_by_field_name("right")
            operator = node.child_by_field_name("operator")
            if left is None or right is None or operator is None:
                break
            row.append((self._span(node), operator.type, right))
            node = left
        if not row:
            return self._other(node)
        is_boolean = any(operator in ("and", "or") for _, operator, _ in row)
        if len(row) > (_MAX_BOOLEAN_CHAIN if is_boolean else _MAX_CHAIN):
            parts = (node, *(right for _, _, right in reversed(row)))
            return ir.Other(*self._span(outer), "chain", self.each(parts))
        found = self.lower(node)
        for (start, end), operator_type, right in reversed(row):
            found = ir.Binary(start, end, operator_type, found, self.lower(right))
        return found

    def _not(self, node: Node) -> ir.Expr:
        start, end = self._span(node)
        return ir.Other(start, end, "not", self.each(node.named_children))

    def _unary(self, node: Node) -> ir.Expr:
        start, end = self._span(node)
        operator = node.child_by_field_name("operator")
        kind = node.type if operator is None or operator.type == "-" else operator.type
        return ir.Other(start, end, kind, self.each(node.named_children))

    def _yield(self, node: Node) -> ir.Expr:
        start, end = self._span(node)
        kind = "yield from" if any(each.type == "from" for each in node.children) else "yield"
        return ir.Other(start, end, kind, self.each(node.named_children))

    def _compare(self, node: Node) -> ir.Expr:
        start, end = self._span(node)
        operators: list[str] = []
        operands: list[ir.Expr] = []
        for child in node.children:
            if child.type in _SKIPPED:
                continue
            if child.is_named and child.type not in ("not in", "is not"):
                operands.append(self.lower(child))
            else:
                operators.append(child.type)
        return ir.Compare(start, end, tuple(operators), tuple(operands))

    def _subscript(self, node: Node) -> ir.Expr:
        value = node.child_by_field_name("value")
        indices = node.children_by_field_name("subscript")
        if value is None or not indices:
            return self._other(node)
        start, end = self._span(node)
        lowered = self.each(indices)
        index = (
            lowered[0]
            if len(lowered) == 1
            else ir.Items(lowered[0][0], lowered[-1][1], "tuple", lowered)
        )
        return ir.Subscript(start, end, self.lower(value), index)

    def _slice(self, node: Node) -> ir.Expr:
        start, end = self._span(node)
        bounds: list[ir.Expr | None] = [None]
        for child in node.children:
            if child.type == ":":
                bounds.append(None)
            elif child.is_named and child.type not in _SKIPPED:
                bounds[-1] = self.lower(child)
        if len(bounds) == 3 and bounds[0] is bounds[1] is None and bounds[2] is not None:
            return ir.Other(start, end, "step", (bounds[2],))
        if len(bounds) != 2:
            return ir.Other(start, end, "slice", tuple(each for each in bounds if each))
        return ir.Slice(start, end, bounds[0], bounds[1])

    def _items(self, node: Node) -> ir.Expr:
        start, end = self._span(node)
        if node.named_child_count > _MAX_ITEMS:
            return ir.Other(start, end, "too many", tuple(self._telling(node)))
        return ir.Items(start, end, _ITEM_KINDS[node.type], self._unwrap(node))

    def _telling(self, node: Node) -> Iterator[ir.Expr]:
        """The items of a long list, or the entries of a long dictionary, that are more than
        numbers and strings."""
        cursor = node.walk()
        is_there = cursor.goto_first_child()
        while is_there:
            child = cursor.node
            if child is not None and child.is_named and child.type not in _PLAIN:
                parts = child.named_children if child.type == "pair" else [child]
                yield from self.each(each for each in parts if each.type not in _PLAIN)
            is_there = cursor.goto_next_sibling()

    def _unwrap(self, node: Node) -> tuple[ir.Expr, ...]:
        found: list[ir.Expr] = []
        for child in node.named_children:
            if child.type == "ERROR":
                found += self.each(child.named_children)
            elif child.type not in _SKIPPED:
                found.append(self.lower(child))
        return tuple(found)

    def _dict(self, node: Node) -> ir.Expr:
        start, end = self._span(node)
        if node.named_child_count > _MAX_ITEMS:
            return ir.Other(start, end, "too many", tuple(self._telling(node)))
        entries: list[tuple[ir.Expr | None, ir.Expr | None]] = []
        for child in node.named_children:
            kind = child.type
            if kind == "pair":
                key = child.child_by_field_name("key")
                value = child.child_by_field_name("value")
                entries.append(
                    (self.lower(key) if key else None, self.lower(value) if value else None)
                )
            elif kind == "dictionary_splat":
                entries += [(None, part) for part in self.each(child.named_children)]
            elif kind == "ERROR":
                entries += [(part, None) for part in self.each(child.named_children)]
        return ir.Dict(start, end, tuple(entries))

    def _parenthesized(self, node: Node) -> ir.Expr:
        inner = [child for child in node.named_children if child.type not in _SKIPPED]
        while len(inner) == 1 and inner[0].type == "parenthesized_expression":
            node = inner[0]
            inner = [child for child in node.named_children if child.type not in _SKIPPED]
        return self.lower(inner[0]) if len(inner) == 1 else self._other(node)

    def _conditional(self, node: Node) -> ir.Expr:
        parts = self.each(node.named_children)
        if len(parts) != 3:
            return self._other(node)
        start, end = self._span(node)
        then, test, otherwise = parts
        return ir.Conditional(start, end, test, then, otherwise)

    def _comprehension(self, node: Node) -> ir.Expr:
        body = node.child_by_field_name("body")
        if body is None:
            return self._other(node)
        start, end = self._span(node)
        key: ir.Expr | None = None
        if body.type == "pair":
            key_node = body.child_by_field_name("key")
            value_node = body.child_by_field_name("value")
            if key_node is None or value_node is None:
                return self._other(node)
            key, value = self.lower(key_node), self.lower(value_node)
        else:
            value = self.lower(body)
        clauses: list[tuple[ir.Expr, ir.Expr]] = []
        tests: list[ir.Expr] = []
        for child in node.named_children:
            if child.type == "for_in_clause":
                left = child.child_by_field_name("left")
                right = child.child_by_field_name("right")
                if left is not None and right is not None:
                    clauses.append((self.lower(left), self.lower(right)))
            elif child.type == "if_clause":
                tests += self.each(child.named_children)
        if len(clauses) > _MAX_CLAUSES:
            return self._other(node)
        kind = node.type.split("_")[0]
        return ir.Comprehension(start, end, kind, key, value, tuple(clauses), tuple(tests))

    def _lambda(self, node: Node) -> ir.Expr:
        body = node.child_by_field_name("body")
        parameters = node.child_by_field_name("parameters")
        if body is None:
            return self._other(node)
        start, end = self._span(node)
        lowered = self.parameters(parameters) if parameters is not None else ()
        return ir.Lambda(start, end, lowered, self.lower(body))

    def parameters(self, node: Node) -> tuple[ir.Parameter, ...]:
        """The parameters of a function or lambda, in order."""
        found: list[ir.Parameter] = []
        for child in node.named_children:
            kind = child.type
            if kind == "identifier":
                found.append(ir.Parameter(self._source(child), "", None))
            elif kind in ("default_parameter", "typed_default_parameter"):
                name = child.child_by_field_name("name")
                value = child.child_by_field_name("value")
                if name is not None:
                    default = self.lower(value) if value is not None else None
                    found.append(ir.Parameter(self._source(name), "", default))
            elif kind in ("list_splat_pattern", "dictionary_splat_pattern"):
                star = "*" if kind.startswith("list") else "**"
                found.append(ir.Parameter(self._source(child).lstrip("*"), star, None))
            elif kind == "typed_parameter" and child.named_children:
                inner = child.named_children[0]
                source = self._source(inner)
                stars = source[: len(source) - len(source.lstrip("*"))]
                found.append(ir.Parameter(source.lstrip("*"), stars, None))
            elif kind == "keyword_separator":
                found.append(ir.Parameter("", "*", None))
        return tuple(found)

    def _source(self, node: Node) -> str:
        start, end = self._span(node)
        return self._text[start:end]


def _constant_value(kind: str, text: str) -> float | bool | None:
    if kind in ("true", "false"):
        return kind == "true"
    if kind == "none":
        return None
    digits = text.replace("_", "").rstrip("lLjJ")
    try:
        if kind == "float":
            return float(digits)
        is_old_octal = digits.startswith("0") and digits.isdigit() and len(digits) > 1
        return int(digits, 8 if is_old_octal else 0)
    except (ValueError, OverflowError):
        return float("nan")


_OPERATIONS = frozenset({"binary_operator", "boolean_operator"})
_PLAIN = frozenset({"comment", "string", "integer", "float", "true", "false", "none"})
_ITEM_KINDS = {
    "list": "list",
    "tuple": "tuple",
    "set": "set",
    "expression_list": "tuple",
    "pattern_list": "tuple",
    "tuple_pattern": "tuple",
    "list_pattern": "tuple",
}
_HANDLERS: dict[str, Callable[[Expressions, Node], ir.Expr]] = {
    "identifier": Expressions._name,
    "attribute": Expressions._attribute,
    "call": Expressions._call,
    "string": Expressions._string,
    "concatenated_string": Expressions._concatenated,
    "integer": Expressions._constant,
    "float": Expressions._constant,
    "true": Expressions._constant,
    "false": Expressions._constant,
    "none": Expressions._constant,
    "binary_operator": Expressions._binary,
    "boolean_operator": Expressions._binary,
    "not_operator": Expressions._not,
    "unary_operator": Expressions._unary,
    "yield": Expressions._yield,
    "comparison_operator": Expressions._compare,
    "subscript": Expressions._subscript,
    "slice": Expressions._slice,
    "dictionary": Expressions._dict,
    "parenthesized_expression": Expressions._parenthesized,
    "conditional_expression": Expressions._conditional,
    "list_comprehension": Expressions._comprehension,
    "set_comprehension": Expressions._comprehension,
    "generator_expression": Expressions._comprehension,
    "dictionary_comprehension": Expressions._comprehension,
    "lambda": Expressions._lambda,
    **dict.fromkeys(_ITEM_KINDS, Expressions._items),
}
