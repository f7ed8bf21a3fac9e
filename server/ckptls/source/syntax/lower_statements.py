"""From tree-sitter's nodes to our statements."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ckptls.source.syntax import ir
from ckptls.source.syntax.lower_expressions import TOO_DEEP, Expressions, Positions

if TYPE_CHECKING:
    from tree_sitter import Node

_IGNORED = frozenset({"comment", "line_continuation", "pass_statement", ";"})
_JUMPS = {
    "return_statement": "return",
    "raise_statement": "raise",
    "continue_statement": "jump",
    "break_statement": "break",
}
_EXCEPT = ("except_clause", "except_group_clause")

# Lowers one statement that is to be a chunk of its own.
SubChunk = Callable[["Node"], "ir.Stmt"]

# Statements of a block longer than this are chunks of their own, so that a keystroke in a
# long function lowers one statement again and not the function.
LARGE_BLOCK_BYTES = 1500
# Blocks inside each other; what is deeper is not looked at.
_MAX_DEPTH = 40
# Parts of one broken statement, such as a run of words: what is behind them is not looked at.
_MAX_PARTS = 10_000
# Bodies of functions from this length on are lowered only when the function is run.
_SMALL_BODY_BYTES = 120


class Statements:
    """Lowers the statements of one chunk; `sub_chunk` makes the chunks inside it."""

    def __init__(self, text: str, position: Positions, sub_chunk: SubChunk) -> None:
        self._text = text
        self._position = position
        self._sub_chunk = sub_chunk
        self._expressions = Expressions(text, position)
        self._depth = 0

    def lower(self, node: Node) -> ir.Stmt:
        """The statement that a node stands for."""
        if self._depth >= _MAX_DEPTH:
            return ir.Evaluate((ir.Other(0, 0, TOO_DEEP, ()),))
        self._depth += 1
        lowered = _HANDLERS.get(node.type, Statements._evaluate)(self, node)
        self._depth -= 1
        return lowered

    def lower_each(self, node: Node) -> ir.Block:
        """The statements that a module consists of, in order, broken ones too."""
        return ir.Block(
            tuple(self.lower(each) for each in node.named_children if each.type not in _IGNORED)
        )

    def _expression(self, node: Node | None) -> ir.Expr | None:
        return None if node is None else self._expressions.lower(node)

    def _evaluate(self, node: Node) -> ir.Stmt:
        """Any other statement: its expressions, and its blocks one after the other."""
        values: list[ir.Expr] = []
        blocks: list[ir.Stmt] = []
        children = node.named_children
        if len(children) > _MAX_PARTS:
            children = children[:_MAX_PARTS]
            values.append(ir.Other(0, 0, TOO_DEEP, ()))
        for child in children:
            if child.type in _IGNORED:
                continue
            if child.type in _HANDLERS or child.type.endswith(("_statement", "_clause")):
                blocks.append(self.lower(child))
            else:
                values.append(self._expressions.lower(child))
        statement = ir.Evaluate(tuple(values))
        return ir.Block((statement, *blocks)) if blocks else statement

    def _source(self, node: Node) -> str:
        return self._text[self._position(node.start_byte) : self._position(node.end_byte)]

    def _expression_statement(self, node: Node) -> ir.Stmt:
        children = [child for child in node.named_children if child.type not in _IGNORED]
        if len(children) == 1:
            if children[0].type == "assignment":
                return self._assign(children[0])
            if children[0].type == "augmented_assignment":
                return self._augmented(children[0])
        return ir.Evaluate(self._expressions.each(children))

    def _assign(self, node: Node) -> ir.Stmt:
        targets: list[ir.Expr] = []
        current: Node | None = node
        value: ir.Expr | None = None
        while current is not None:
            left = current.child_by_field_name("left")
            right = current.child_by_field_name("right")
            if left is not None:
                targets.append(self._expressions.lower(left))
            if right is not None and right.type == "assignment":
                current = right
                continue
            value = self._expression(right)
            break
        return ir.Assign(tuple(targets), value)

    def _augmented(self, node: Node) -> ir.Stmt:
        left = node.child_by_field_name("left")
        right = node.child_by_field_name("right")
        operator = node.child_by_field_name("operator")
        if left is None or right is None or operator is None:
            return ir.Evaluate(self._expressions.each(node.named_children))
        sign = operator.type.rstrip("=")
        return ir.AugmentedAssign(
            self._expressions.lower(left), sign, self._expressions.lower(right)
        )

    def _jump(self, node: Node) -> ir.Stmt:
        values = self._expressions.each(node.named_children)
        value = values[0] if len(values) == 1 else None
        if len(values) > 1:
            value = ir.Items(values[0][0], values[-1][1], "tuple", values)
        return ir.Return(value, _JUMPS[node.type])

    def _marked(self, node: Node) -> ir.Stmt:
        """A statement that is known by the kind of its one expression."""
        start, end = self._position(node.start_byte), self._position(node.end_byte)
        parts = self._expressions.each(node.named_children)
        return ir.Evaluate((ir.Other(start, end, node.type, parts),))

    def _assert(self, node: Node) -> ir.Stmt:
        return ir.Assert(self._expressions.each(node.named_children))

    def _import(self, node: Node) -> ir.Stmt:
        return ir.Import(self._imported(node.children_by_field_name("name")))

    def _import_from(self, node: Node) -> ir.Stmt:
        module = node.child_by_field_name("module_name")
        source = self._source(module) if module is not None else "__future__"
        name = source.lstrip(".")
        level = source[: len(source) - len(name)].count(".")
        names = self._imported(node.children_by_field_name("name"))
        if any(child.type == "wildcard_import" for child in node.children):
            names = (("*", None),)
        return ir.ImportFrom(name.strip(), level, names)

    def _imported(self, nodes: list[Node]) -> tuple[tuple[str, str | None], ...]:
        found: list[tuple[str, str | None]] = []
        for node in nodes:
            if node.type == "aliased_import":
                name = node.child_by_field_name("name")
                alias = node.child_by_field_name("alias")
                if name is not None and alias is not None:
                    found.append((self._source(name), self._source(alias)))
            else:
                found.append((self._source(node), None))
        return tuple(found)

    def block(self, node: Node | None) -> ir.Block:
        """The statements of a block; each a chunk of its own in a long one."""
        if node is None:
            return ir.NOTHING
        is_large = node.end_byte - node.start_byte > LARGE_BLOCK_BYTES
        lower = self._sub_chunk if is_large else self.lower
        return ir.Block(
            tuple(lower(child) for child in node.named_children if child.type not in _IGNORED)
        )

    def _if(self, node: Node) -> ir.Stmt:
        clauses = node.children_by_field_name("alternative")
        otherwise = ir.NOTHING
        for clause in reversed(clauses):
            if clause.type == "else_clause":
                otherwise = self.block(clause.child_by_field_name("body"))
            else:
                otherwise = ir.Block((self._branch(clause, otherwise),))
        return self._branch(node, otherwise)

    def _branch(self, node: Node, otherwise: ir.Block) -> ir.Stmt:
        test = self._expression(node.child_by_field_name("condition"))
        then = self.block(node.child_by_field_name("consequence"))
        return ir.If(test or _UNKNOWN, then, otherwise)

    def _match(self, node: Node) -> ir.Stmt:
        """A `match` is an `if` over its cases; one for anything is the `else`."""
        body = node.child_by_field_name("body")
        cases = body.named_children if body is not None else []
        otherwise = ir.NOTHING
        for case in reversed([each for each in cases if each.type == "case_clause"]):
            then = self.block(case.child_by_field_name("consequence"))
            guard = case.child_by_field_name("guard")
            patterns = [each for each in case.named_children if each.type == "case_pattern"]
            if guard is None and [each.text for each in patterns] == [b"_"]:
                otherwise = then
            else:
                subject = self._expression(node.child_by_field_name("subject"))
                start, end = self._position(case.start_byte), self._position(case.end_byte)
                fits = ir.Other(start, end, "case", (subject or _UNKNOWN,))
                otherwise = ir.Block((ir.If(fits, then, otherwise),))
        return otherwise.statements[0] if len(otherwise.statements) == 1 else otherwise

    def _for(self, node: Node) -> ir.Stmt:
        return ir.For(
            self._expression(node.child_by_field_name("left")) or _UNKNOWN,
            self._expression(node.child_by_field_name("right")) or _UNKNOWN,
            self.block(node.child_by_field_name("body")),
            self._else(node),
        )

    def _while(self, node: Node) -> ir.Stmt:
        test = self._expression(node.child_by_field_name("condition")) or _UNKNOWN
        return ir.While(test, self.block(node.child_by_field_name("body")), self._else(node))

    def _else(self, node: Node) -> ir.Block:
        clause = node.child_by_field_name("alternative")
        return self.block(clause.child_by_field_name("body")) if clause is not None else ir.NOTHING

    def _try(self, node: Node) -> ir.Stmt:
        handlers: list[tuple[tuple[ir.Expr, ...], ir.Block]] = []
        otherwise = final = ir.NOTHING
        for child in node.named_children:
            if child.type in _EXCEPT:
                handlers.append(self._handler(child))
            elif child.type == "else_clause":
                otherwise = self.block(child.child_by_field_name("body"))
            elif child.type == "finally_clause":
                final = self.block(child.named_children[-1] if child.named_children else None)
        body = self.block(node.child_by_field_name("body"))
        return ir.Try(body, tuple(handlers), otherwise, final)

    def _handler(self, node: Node) -> tuple[tuple[ir.Expr, ...], ir.Block]:
        caught: tuple[ir.Expr, ...] = ()
        block: Node | None = None
        for child in node.named_children:
            if child.type == "block":
                block = child
            elif not caught and child.type not in _IGNORED:
                inner = child.named_children[0] if child.type == "as_pattern" else child
                lowered = self._expressions.lower(inner)
                caught = lowered.items if isinstance(lowered, ir.Items) else (lowered,)
        return caught, self.block(block)

    def _global(self, node: Node) -> ir.Stmt:
        return ir.Global(tuple(self._source(each) for each in node.named_children))

    def _with(self, node: Node) -> ir.Stmt:
        items: list[tuple[ir.Expr, ir.Expr | None]] = []
        for clause in node.named_children:
            if clause.type != "with_clause":
                continue
            for item in clause.named_children:
                value = item.child_by_field_name("value") if item.type == "with_item" else item
                if value is None:
                    continue
                if value.type == "tuple":
                    # Parenthesised items: `with (a() as x, b() as y):`.
                    items += [self._with_item(part) for part in value.named_children]
                else:
                    items.append(self._with_item(value))
        return ir.With(tuple(items), self.block(node.child_by_field_name("body")))

    def _with_item(self, value: Node) -> tuple[ir.Expr, ir.Expr | None]:
        if value.type == "as_pattern" and len(value.named_children) > 1:
            target = value.named_children[1]
            if target.type == "as_pattern_target" and target.named_children:
                target = target.named_children[0]
            return self._expressions.lower(value.named_children[0]), self._expressions.lower(target)
        return self._expressions.lower(value), None

    def _function(self, node: Node, decorators: tuple[ir.Expr, ...] = ()) -> ir.Stmt:
        name = node.child_by_field_name("name")
        parameters = node.child_by_field_name("parameters")
        return ir.Function(
            self._source(name) if name is not None else "",
            self._expressions.parameters(parameters) if parameters is not None else (),
            self._lazy(node.child_by_field_name("body")),
            decorators,
        )

    def _lazy(self, node: Node | None) -> ir.Block:
        """A block that is lowered when it is run, as one chunk."""
        if node is None or node.end_byte - node.start_byte < _SMALL_BODY_BYTES:
            return self.block(node)
        return ir.Block((self._sub_chunk(node),))

    def _class(self, node: Node, decorators: tuple[ir.Expr, ...] = ()) -> ir.Stmt:
        name = node.child_by_field_name("name")
        bases = node.child_by_field_name("superclasses")
        body = node.child_by_field_name("body")
        members = body.named_children if body is not None else []
        return ir.Class(
            self._source(name) if name is not None else "",
            tuple(argument.value for argument in self._expressions.arguments(bases))
            if bases is not None
            else (),
            ir.Block(tuple(self._sub_chunk(c) for c in members if c.type not in _IGNORED)),
            decorators,
        )

    def _decorated(self, node: Node) -> ir.Stmt:
        decorators = tuple(
            value
            for child in node.named_children
            if child.type == "decorator"
            for value in self._expressions.each(child.named_children)
        )
        definition = node.child_by_field_name("definition")
        if definition is None:
            return ir.Evaluate(decorators)
        if definition.type == "class_definition":
            return self._class(definition, decorators)
        return self._function(definition, decorators)

    def _nested_block(self, node: Node) -> ir.Stmt:
        return self.block(node)


_UNKNOWN = ir.Other(0, 0, "unknown", ())
_HANDLERS: dict[str, Callable[[Statements, Node], ir.Stmt]] = {
    "expression_statement": Statements._expression_statement,
    "assignment": Statements._assign,
    "augmented_assignment": Statements._augmented,
    "return_statement": Statements._jump,
    "raise_statement": Statements._jump,
    "continue_statement": Statements._jump,
    "break_statement": Statements._jump,
    "delete_statement": Statements._marked,
    "nonlocal_statement": Statements._marked,
    "global_statement": Statements._global,
    "assert_statement": Statements._assert,
    "import_statement": Statements._import,
    "import_from_statement": Statements._import_from,
    "future_import_statement": Statements._import_from,
    "block": Statements._nested_block,
    "if_statement": Statements._if,
    "match_statement": Statements._match,
    "for_statement": Statements._for,
    "while_statement": Statements._while,
    "try_statement": Statements._try,
    "with_statement": Statements._with,
    "function_definition": Statements._function,
    "class_definition": Statements._class,
    "decorated_definition": Statements._decorated,
}
