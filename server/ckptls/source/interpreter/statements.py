"""Statements: what running them does to names, scopes and guards.

They run in order, branches each and merged, loops over known items once an item.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from ckptls.source.interpreter.expressions import MAX_NESTING
from ckptls.source.interpreter.functions import Functions
from ckptls.source.interpreter.names import STARRED
from ckptls.source.semantics.catalogue import Catalogue
from ckptls.source.semantics.module import Environment
from ckptls.source.semantics.run_state import Frame, Scopes
from ckptls.source.semantics.values import (
    UNKNOWN,
    ClassValue,
    FunctionValue,
    Imported,
    Literal,
    Qualified,
    Values,
    union,
)
from ckptls.source.stdlib.conditions import constant_truth, decide_test
from ckptls.source.stdlib.containers import items_of
from ckptls.source.stdlib.guards import are_names, catches, is_name_test, is_tested
from ckptls.source.syntax import ir
from ckptls.source.syntax.ir import Chunk
from ckptls.source.tensorflow import variable_scope
from ckptls.source.tensorflow.exit_stack import is_stack


class Executor(Functions):
    """Runs statements in a frame."""

    def __init__(
        self, module: Frame, chunk: Chunk, catalogue: Catalogue, environment: Environment
    ) -> None:
        super().__init__(module, chunk, catalogue, environment)
        self._mentioned: dict[int, tuple[object, frozenset[str]]] = {}

    def execute(self, statement: ir.Stmt) -> bool:
        """Runs a statement; True if control surely leaves the block here."""
        work = self.work
        work.spent += 1
        if self.frame.home is not None:
            work.elsewhere += 1
        if self.nesting >= MAX_NESTING:
            work.was_cut = True
            return False
        self.nesting += 1
        if isinstance(statement, Chunk):
            outer, self.chunk = self.chunk, statement
            inner = statement.statement
            is_left = bool(_HANDLERS[type(inner)](self, inner))
            self.chunk = outer
        else:
            is_left = bool(_HANDLERS[type(statement)](self, statement))
        self.nesting -= 1
        return is_left

    def _block(self, block: ir.Block) -> bool:
        guarded = self.frame.is_guarded
        is_left = False
        for statement in block.statements:
            if self.execute(statement):
                is_left = True
                break
        self.frame.is_guarded = guarded
        return is_left

    def catalogued(self, name: str) -> bool:
        return self.catalogue.function(name) is not None

    def _import(self, node: ir.Import) -> None:
        for name, alias in node.names:
            root = name if alias is not None else name.partition(".")[0]
            module = self.imported_module(root)
            found = Qualified(root) if module is None else Imported(module)
            self.assign(alias or root, (found,))

    def _import_from(self, node: ir.ImportFrom) -> None:
        name = "." * node.level + node.module
        module = self.imported_module(name)
        for each, alias in node.names:
            if each == "*":
                if module is not None or name.partition(".")[0] in STARRED:
                    brought = Imported(module, "*") if module is not None else Qualified(name)
                    self.star((brought,))
            elif not node.module and (below := self.imported_module(name + each)) is not None:
                # `from . import each`, where that is a module.
                self.assign(alias or each, (Imported(below),))
            elif module is not None and not self.catalogued(f"{name}.{each}"):
                self.assign(alias or each, (Imported(module, each),))
            else:
                self.assign(alias or each, (Qualified(f"{name}.{each}"),))

    def _assign(self, node: ir.Assign) -> None:
        if node.value is None:
            return
        values = self.evaluate(node.value)
        for target in node.targets:
            self.bind(target, values)

    def _augmented(self, node: ir.AugmentedAssign) -> None:
        operation = ir.Binary(0, 0, node.operator, node.target, node.value)
        self.bind(node.target, self.evaluate(operation))

    def _evaluate_all(self, node: ir.Evaluate) -> None:
        for value in node.values:
            self.evaluate(value)

    def _assert(self, node: ir.Assert) -> None:
        for value in node.values:
            self.evaluate(value)
        test = node.values[0] if node.values else None
        is_asked = isinstance(test, ir.Call) and is_name_test(test)
        if isinstance(test, ir.Compare):
            self.quiet += 1
            is_asked = any(are_names(self.evaluate(each)) for each in test.operands)
            self.quiet -= 1
        # Other tests of the kind, of arguments mostly, say nothing about names.
        if is_asked:
            self.frame.is_guarded = True

    def _return(self, node: ir.Return) -> bool:
        if node.kind == "break":  # what is behind the loop comes with these values, too
            return False
        values = self.evaluate(node.value) if node.value is not None else (Literal(None),)
        if node.kind == "return":
            self.frame.returns.append(values)
        return True

    def _global(self, node: ir.Global) -> None:
        self.frame.globals |= frozenset(node.names)

    def _if(self, node: ir.If) -> bool:
        """Runs all branches of an `if`, one after the other, each from what was before it."""
        guarded, around = self.frame.is_guarded, self.frame.scopes
        branches: list[_Branch] = []
        following: ir.If | None = node
        while following is not None:
            clause, following = following, None
            is_guard = is_tested(self.evaluate(clause.test)) or is_name_test(clause.test)
            chosen = constant_truth(clause.test)
            if chosen is not None:
                last = clause.then if chosen else clause.otherwise
            else:
                chosen, around = decide_test(self, clause.test), self.frame.scopes
                self.frame.is_guarded = self.frame.is_guarded or is_guard
                branches.append(self._branch(clause.then, around, is_guard, chosen))
                last = clause.otherwise
            if len(last.statements) == 1 and isinstance(last.statements[0], ir.If):
                following = last.statements[0]
                self.work.spent += 1
        if not branches:
            return self._block(last)
        taken = [self._branch(last, around, False, None)]
        is_left = taken[0].is_left
        for branch in reversed(branches):
            is_other_left = is_left
            is_left = branch.is_left and is_other_left
            if branch.is_left or (not is_other_left and branch.chosen is False):
                continue
            if is_other_left or branch.chosen is True:
                taken = []
            taken.append(branch)
        self.frame.is_guarded = guarded
        self.settle(self.joined([each.assigned for each in reversed(taken)]))
        self.frame.scopes = taken[-1].scopes
        if any(each.scopes != self.frame.scopes for each in taken):
            self.frame.scopes = variable_scope.with_unknown_outer(self.frame.scopes)
        if is_left:
            return True
        if branches[0].is_guard and (branches[0].is_left or is_other_left):
            self.frame.is_guarded = True
        return False

    def _branch(
        self, block: ir.Block, around: Scopes, is_guard: bool, chosen: bool | None
    ) -> _Branch:
        """Runs a branch, and takes back what it did."""
        self.frame.scopes = around
        self.branch()
        is_left = self._block(block)
        assigned, inside = self.take_back(), self.frame.scopes
        self.frame.scopes = around
        return _Branch(assigned, inside, is_left, is_guard, chosen)

    def _for(self, node: ir.For) -> None:
        items, is_whole = items_of(self.evaluate(node.values))
        around = self.frame.scopes
        repeated = self.frame.is_repeated
        self.frame.is_repeated = repeated or not is_whole
        if not is_whole:
            self.branch()
        for index, item in enumerate(items):
            if self.work.is_spent:
                # The others are taken together.
                self.bind(node.target, union(*items[index:], UNKNOWN))
                self._block(node.body)
                break
            self.bind(node.target, item)
            self._block(node.body)
        self.frame.is_repeated = repeated
        if not is_whole:
            self.settle(self.joined([self.take_back(), {}]))
            self.frame.scopes = variable_scope.join_scopes(around, self.frame.scopes)
        self._block(node.otherwise)

    def _while(self, node: ir.While) -> None:
        self.evaluate(node.test)
        around = self.frame.scopes
        repeated, self.frame.is_repeated = self.frame.is_repeated, True
        self.branch()
        with self.guarded(is_name_test(node.test)):
            self._block(node.body)
        self.frame.is_repeated = repeated
        self.settle(self.joined([self.take_back(), {}]))
        self.frame.scopes = variable_scope.join_scopes(around, self.frame.scopes)
        self._block(node.otherwise)

    def _try(self, node: ir.Try) -> bool:
        is_guard = any(catches(caught) for caught, _ in node.handlers)
        around = self.frame.scopes
        self.branch()
        with self.guarded(is_guard):
            is_left = self._block(node.body)
        is_left = self._block(node.otherwise) or is_left
        # How far it came before anything was caught is not known.
        if node.handlers:
            self.frame.scopes = variable_scope.join_scopes(around, self.frame.scopes)
        after = self.take_back()
        for _, block in node.handlers:
            self.branch()
            is_handler_left = self._block(block)
            caught = self.take_back()
            if not is_handler_left:
                after, is_left = self.joined([caught, after]), False
        self.settle(after)
        return self._block(node.final) or is_left

    def _with(self, node: ir.With) -> bool:
        outer, stacks_outside = self.frame.scopes, self.frame.stacks
        guarded = self.frame.is_guarded
        for expression, target in node.items:
            values = self.evaluate(expression)
            self.frame.stacks += any(map(is_stack, values))
            self.frame.scopes, values = variable_scope.enter_scopes(self.frame.scopes, values)
            if _suppresses(expression):
                self.frame.is_guarded = True
            if target is not None:
                self.bind(target, values)
        is_left = self._block(node.body)
        if self.frame.are_stacks_left and self.frame.stacks > stacks_outside:
            outer = variable_scope.with_unknown_outer(outer)
        self.frame.scopes, self.frame.is_guarded = outer, guarded
        self.frame.stacks = stacks_outside
        return is_left

    def _function(self, node: ir.Function) -> None:
        for decorator in node.decorators:
            self.evaluate(decorator)
        is_nested = self.frame.depth > 0
        value = FunctionValue(
            self.chunk,
            id(node),
            node,
            is_nested=is_nested,
            closure=self._closure(node) if is_nested else (),
            home=self.frame.home,
        )
        self.assign(node.name, (value,))
        if self.quiet or self.frame.home is not None:
            return
        if not is_nested:
            self.effects.functions.append(value)
        else:
            self.enter(value, {}, self.frame.scopes, self.frame.is_guarded, is_alone=True)

    def _closure(self, node: ir.Function | ir.Class) -> tuple[tuple[str, Values], ...]:
        """What a function or class defined here may know of the functions around it."""
        known: list[tuple[str, Values]] = []
        for name in sorted(self._names_in(node)):
            frame: Frame | None = self.frame
            while frame is not None and frame.parent is not None:
                values = frame.variables.get(name)
                if values is not None:
                    known.append((name, values))
                    break
                frame = frame.parent
        return tuple(known)

    def _names_in(self, node: ir.Function | ir.Class) -> frozenset[str]:
        """The names that a definition mentions, found once."""
        known = self._mentioned.get(id(node))
        if known is None or known[0] is not node:
            known = self._mentioned[id(node)] = node, _names_in(node)
        return known[1]

    def function_of(self, node: ir.Lambda) -> Values:
        body = ir.Block((ir.Return(node.body, "return"),))
        function = ir.Function("<lambda>", node.parameters, body, ())
        closure = self._closure(function) if self.frame.depth else ()
        home = self.frame.home
        value = FunctionValue(
            self.chunk, id(node), function, is_nested=True, closure=closure, home=home
        )
        if not self.quiet and home is None:
            self.enter(value, {}, self.frame.scopes, self.frame.is_guarded, is_alone=True)
        return (value,)

    def _class(self, node: ir.Class) -> None:
        is_nested = self.frame.depth > 0
        value = ClassValue(
            self.chunk,
            node,
            self.frame.home,
            identity=id(node) if is_nested else 0,
            closure=self._closure(node) if is_nested else (),
        )
        for base in node.bases:
            self.evaluate(base)
        for decorator in node.decorators:
            self.evaluate(decorator)
        outer = self.frame
        frame = Frame(outer)
        self.frame = frame
        for member in node.body.statements:
            statement = member.statement if isinstance(member, Chunk) else member
            if isinstance(statement, ir.Function):
                chunk = member if isinstance(member, Chunk) else self.chunk
                method = FunctionValue(chunk, id(statement), statement, value)
                if outer.depth == 0 and not self.quiet:
                    self.effects.functions.append(method)
            else:
                self.execute(member)
        self.frame = outer
        for name, values in frame.variables.items():
            self.write_attribute(value, name, values)
        self.assign(node.name, (value,))


class _Branch(NamedTuple):
    """What a branch of an `if` does: assigned names, scopes behind it, whether it is left for
    good; whether its test is one of names, and whether that is known to hold."""

    assigned: dict[str, Values]
    scopes: Scopes
    is_left: bool
    is_guard: bool
    chosen: bool | None


def _names_in(node: object) -> frozenset[str]:
    """Every name in a part of a program, attributes too; of what is not lowered, every word."""
    found: set[str] = set()
    pending = [node]
    while pending:
        each = pending.pop()
        if isinstance(each, Chunk):
            found.update(word.decode() for word in each.words)
        elif isinstance(each, tuple):
            if isinstance(each, ir.Name):
                found.add(each.name)
            pending.extend(part for part in each if isinstance(part, tuple | Chunk))
    return frozenset(found)


def _suppresses(expression: ir.Expr) -> bool:
    """`contextlib.suppress(KeyError)`."""
    if not isinstance(expression, ir.Call):
        return False
    function = expression.function
    return (
        isinstance(function, ir.Name | ir.Attribute)
        and function.name == "suppress"
        and catches(tuple(each.value for each in expression.arguments))
    )


_HANDLERS: dict[type, Callable[..., bool | None]] = {
    ir.Import: Executor._import,
    ir.ImportFrom: Executor._import_from,
    ir.Assign: Executor._assign,
    ir.AugmentedAssign: Executor._augmented,
    ir.Evaluate: Executor._evaluate_all,
    ir.Assert: Executor._assert,
    ir.Return: Executor._return,
    ir.Global: Executor._global,
    ir.Block: Executor._block,
    ir.If: Executor._if,
    ir.For: Executor._for,
    ir.While: Executor._while,
    ir.Try: Executor._try,
    ir.With: Executor._with,
    ir.Function: Executor._function,
    ir.Class: Executor._class,
}
