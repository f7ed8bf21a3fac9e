"""Runs the statements of a program in order, with what reading tells of each value."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from enum import Enum, auto
from typing import Any, TypeVar

from ckptls.source.inventory.model_inventory import CodeSpan, Gap
from ckptls.source.inventory.restore_request import RestoreRequest
from ckptls.source.program.core import library
from ckptls.source.program.core.arguments import Arguments
from ckptls.source.program.core.library_object import LibraryObject
from ckptls.source.program.core.objects import (
    UNKNOWN,
    DictValue,
    LibraryName,
    ListValue,
    PartialText,
    Value,
    join_texts,
)
from ckptls.source.program.python import container_methods, text_methods
from ckptls.source.program.python.journal import Journal, merge_branches
from ckptls.source.program.python.program_objects import (
    BoundMethod,
    ClassValue,
    Frame,
    FunctionValue,
    Instance,
    ModuleValue,
    PendingGenerator,
    SuperValue,
)
from ckptls.source.semantics.catalogue import canonical
from ckptls.source.semantics.module import LIBRARIES
from ckptls.source.syntax import ir

S = TypeVar("S")
# Statements and expressions that are run, before a program is cut short: two seconds. Networks of
# hundreds of variables take some 10,000.
MAX_PROGRAM_STEPS = 200_000
_MAX_DEPTH = 40
# Rounds of one loop, and items of one container.
MAX_ITEMS = 10_000
_MAX_TEXT = 20_000
_STOP_STEPS = 512


class Flow(Enum):
    """How a statement ends."""

    NEXT = auto()
    RETURN = auto()
    BREAK = auto()
    CONTINUE = auto()
    RAISE = auto()


class _LeftGeneratorError(Exception):
    """The loop over a generator is left while it yields."""


class OutOfStepsError(Exception):
    """The program is too much work, or is not wanted any more."""


_FLOWS = {"return": Flow.RETURN, "raise": Flow.RAISE, "jump": Flow.CONTINUE, "break": Flow.BREAK}
_BINARY: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv,
    "//": operator.floordiv, "%": operator.mod, "**": operator.pow, "&": operator.and_,
    "|": operator.or_, "^": operator.xor, "<<": operator.lshift, ">>": operator.rshift,
    "@": operator.matmul,
}  # fmt: skip
_COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "==": operator.eq, "!=": operator.ne, "<>": operator.ne, "<": operator.lt, ">": operator.gt,
    "<=": operator.le, ">=": operator.ge,
}  # fmt: skip
_PLAIN = (bool, int, float, complex, str, bytes, type(None))


class Evaluator:
    """One run of a program; see `core.run_protocol.Run` for what library models use of it."""

    def __init__(
        self,
        load: Callable[[str, str], ModuleValue | None],
        builtins: Mapping[str, Value],
        functions: Mapping[str, Callable[[Any, Arguments], Value]],
        keras: int | None = None,
        is_stopped: Callable[[], bool] = lambda: False,
        limit: int = MAX_PROGRAM_STEPS,
    ) -> None:
        self._load = load
        self._builtins = builtins
        self._functions = functions
        self.keras = keras
        self._is_stopped = is_stopped
        self._limit = limit
        self.steps = 0
        # The blocks of uncertain code that are being run, each with a number of its own.
        self.blocks: tuple[int, ...] = ()
        self._block_count = 0
        self.is_guarded = False
        self.gaps: list[Gap] = []
        self.restores: list[RestoreRequest] = []
        self._states: dict[Any, Any] = {}
        self._journals: list[Journal] = []
        self._calls: list[CodeSpan] = []
        self._depth = 0
        self.called: set[int] = set()
        # Whether a call in the statement that is run has ended with an error.
        self._has_raised = False
        # Whether the loop that is run may have been left.
        self._is_round_doubtful = False
        self.frame: Frame

    # What library models ask

    def state(self, make: Callable[[], S]) -> S:
        if make not in self._states:
            self._states[make] = make()
        found: S = self._states[make]
        return found

    def place(self) -> CodeSpan | None:
        return self._calls[-1] if self._calls else None

    def note_gap(self, reason: str, place: CodeSpan | None = None) -> None:
        self.gaps.append(Gap(place or self.place(), reason))

    def note_restore(self, request: RestoreRequest) -> None:
        if not self.is_certain:
            request = replace(request, is_reached=False)
        self.restores.append(request)

    @property
    def is_certain(self) -> bool:
        return not self.blocks

    @contextmanager
    def uncertain(self) -> Iterator[None]:
        before, raised = self.blocks, self._has_raised
        self._begin_block()
        try:
            yield
        finally:
            self.blocks, self._has_raised = before, raised

    def _begin_block(self) -> None:
        self._block_count += 1
        self.blocks = (*self.blocks, self._block_count)

    # Steps

    def _step(self) -> None:
        self.steps += 1
        if self.steps > self._limit or (self.steps % _STOP_STEPS == 0 and self._is_stopped()):
            raise OutOfStepsError

    # Changes

    def set_entry(self, table: dict[Value, Value], key: Value, value: Value) -> None:
        """Changes an entry of a table, in a way that can be taken back."""
        if self._journals:
            self._journals[-1].note_entry(table, key)
        if len(table) < MAX_ITEMS or key in table:
            table[key] = value

    def drop_entry(self, table: dict[Value, Value], key: Value) -> None:
        if self._journals:
            self._journals[-1].note_entry(table, key)
        table.pop(key, None)

    def change_items(self, several: ListValue) -> list[Value]:
        """The items of a list, which are about to be changed."""
        if self._journals:
            self._journals[-1].note_items(several)
        if len(several.items) >= MAX_ITEMS:
            several.items, several.is_exact = [], False
        return several.items

    def _either(self, first: Callable[[], Flow], second: Callable[[], Flow]) -> Flow:
        """Runs two ways that the code may go, each from what was before, and merges them."""
        one, other = Journal(), Journal()
        flow = self._run_way(one, first)
        after = one.take_back()
        last = self._run_way(other, second)
        if last is Flow.RAISE and flow is not Flow.RAISE:
            other.take_back()
            one.redo(after)
            kept = one
        elif flow is Flow.RAISE and last is not Flow.RAISE:
            kept, flow = other, last
        else:
            kept = merge_branches(one, after, other)
            if flow is not last:
                self._doubt(flow, last)
                flow = Flow.NEXT
        if self._journals:
            kept.hand_over(self._journals[-1])
        return flow

    def _run_way(self, journal: Journal, way: Callable[[], Flow]) -> Flow:
        """Runs code that may not be reached, and keeps a journal of what it changes."""
        self._journals.append(journal)
        try:
            with self.uncertain():
                return way()
        except _LeftGeneratorError:
            if len(self._journals) > 1:
                journal.hand_over(self._journals[-2])
            raise
        finally:
            self._journals.pop()

    def _doubt(self, *flows: Flow) -> None:
        """The code may have left this function or this round of the loop: what follows in it may
        not be reached."""
        self._begin_block()
        if Flow.RETURN in flows:
            self.frame.is_doubtful = True
        self._is_round_doubtful = self._is_round_doubtful or Flow.BREAK in flows

    # Statements

    def run_block(self, block: ir.Block) -> Flow:
        for statement in block.statements:
            flow = self.run(statement)
            if flow is not Flow.NEXT:
                return flow
        return Flow.NEXT

    def run(self, statement: ir.Stmt) -> Flow:
        """Runs one statement."""
        self._step()
        handler = _STATEMENTS.get(type(statement))
        flow = handler(self, statement) if handler is not None else Flow.NEXT
        if self._has_raised:
            self._has_raised = False
            return Flow.RAISE
        return flow

    def _evaluate_all(self, node: ir.Evaluate | ir.Assert) -> Flow:
        for value in node.values:
            self.evaluate(value)
        return Flow.NEXT

    def _assert(self, node: ir.Assert) -> Flow:
        truth = self.truth(self.evaluate(node.values[0])) if node.values else None
        return Flow.RAISE if truth is False else Flow.NEXT

    def _delete(self, node: ir.Other) -> Value:
        """`del`, of items and of names; or `nonlocal`."""
        for part in node.parts:
            if node.kind == "nonlocal_statement" and isinstance(part, ir.Name):
                self.frame.nonlocals.add(part.name)
            elif isinstance(part, ir.Name):
                self.drop_entry(self.frame.names, part.name)
            elif isinstance(part, ir.Subscript):
                self._delete_item(self.evaluate(part.value), self.evaluate(part.key))
        return UNKNOWN

    def _delete_item(self, value: Value, key: Value) -> None:
        if isinstance(value, DictValue) and container_methods.is_key(key):
            self.drop_entry(value.entries, key)
        elif isinstance(value, ListValue):
            items = self.change_items(value)
            if isinstance(key, int | slice) and value.is_exact:
                try:
                    del items[key]
                except IndexError:
                    value.is_exact = False
            else:
                value.is_exact = False

    def _assign(self, node: ir.Assign) -> Flow:
        if node.value is None:
            return Flow.NEXT
        value = self.evaluate(node.value)
        for target in node.targets:
            self.bind(target, value)
        return Flow.NEXT

    def _augment(self, node: ir.AugmentedAssign) -> Flow:
        before = self.evaluate(node.target)
        value = self.evaluate(node.value)
        if isinstance(before, ListValue) and node.operator == "+":
            self._extend(before, value)
        else:
            self.bind(node.target, self.operate(node.operator, before, value))
        return Flow.NEXT

    def _extend(self, several: ListValue, value: Value) -> None:
        items = self.iterate(value)
        own = self.change_items(several)
        own += items or []
        if items is None:
            several.is_exact = False

    def bind(self, target: ir.Expr, value: Value) -> None:
        """Assigns a value to what stands on the left of an assignment."""
        match target:
            case ir.Name():
                self.set_name(target.name, value)
            case ir.Attribute():
                self.set_attribute(self.evaluate(target.value), target.name, value)
            case ir.Subscript():
                self.set_item(self.evaluate(target.value), self.evaluate(target.key), value)
            case ir.Items():
                self._unpack(target.items, value)
            case ir.Other() if target.parts:
                self.bind(target.parts[0], value)

    def _unpack(self, targets: tuple[ir.Expr, ...], value: Value) -> None:
        items = self.iterate(value)
        star = next((i for i, t in enumerate(targets) if _is_star(t)), None)
        if items is not None and star is not None and len(items) >= len(targets) - 1:
            after = len(targets) - star - 1
            middle = ListValue(items[star : len(items) - after])
            items = [*items[:star], middle, *items[len(items) - after :]]
        if items is None or len(items) != len(targets):
            items = [UNKNOWN] * len(targets)
        for target, item in zip(targets, items, strict=True):
            self.bind(target, item)

    def set_name(self, name: str, value: Value) -> None:
        frame = self.frame
        if name in frame.globals:
            frame = frame.home.frame
        elif name in frame.nonlocals:
            found: Frame | None = frame.outer
            while found is not None and name not in found.names:
                found = found.outer
            frame = found or frame
        self.set_entry(frame.names, name, value)

    def _return(self, node: ir.Return) -> Flow:
        value = self.evaluate(node.value) if node.value is not None else None
        if node.kind == "return":
            self.frame.returns.append(value)
        return _FLOWS[node.kind]

    def _declare(self, node: ir.Global) -> Flow:
        self.frame.globals.update(node.names)
        return Flow.NEXT

    def _if(self, node: ir.If) -> Flow:
        truth = self.truth(self.evaluate(node.test))
        if truth is None:
            return self._either(
                lambda: self.run_block(node.then), lambda: self.run_block(node.otherwise)
            )
        return self.run_block(node.then if truth else node.otherwise)

    def _for(self, node: ir.For) -> Flow:
        values = self.evaluate(node.values)
        if isinstance(values, PendingGenerator):
            return self._for_generator(node, values)
        items = self.iterate(values)
        if items is None:
            return self._maybe_loop(lambda: self._round(node.target, UNKNOWN, node.body))
        before, doubtful = self.blocks, self._is_round_doubtful
        self._is_round_doubtful = False
        flow = Flow.NEXT
        for item in items[:MAX_ITEMS]:
            flow = self._round(node.target, item, node.body)
            if not self._is_round_doubtful and not self.frame.is_doubtful:
                self.blocks = before
            if flow in (Flow.BREAK, Flow.RETURN, Flow.RAISE):
                break
        if not self.frame.is_doubtful:
            self.blocks = before
        is_left, self._is_round_doubtful = self._is_round_doubtful, doubtful
        return self._after_loop(flow, node.otherwise, is_left)

    def _for_generator(self, node: ir.For, generator: PendingGenerator) -> Flow:
        """Runs the body of a loop at each `yield`, with the state that it has there."""
        outside, blocks, doubtful = self.frame, self.blocks, self._is_round_doubtful
        flow = Flow.NEXT

        def run_body(item: Value) -> None:
            nonlocal flow
            inside, self.frame = self.frame, outside
            flow = self._round(node.target, item, node.body)
            self.frame = inside
            if flow in (Flow.BREAK, Flow.RETURN, Flow.RAISE):
                raise _LeftGeneratorError

        if generator.is_used:
            return self.run_block(node.otherwise)
        generator.is_used = True
        try:
            self._run_function(generator.function, generator.arguments, run_body)
        except _LeftGeneratorError:
            if flow is Flow.NEXT:  # another loop was left
                raise
        if not outside.is_doubtful:
            self.blocks = blocks
        is_left, self._is_round_doubtful = self._is_round_doubtful, doubtful
        return self._after_loop(flow, node.otherwise, is_left)

    def _after_loop(self, flow: Flow, otherwise: ir.Block, is_left: bool) -> Flow:
        if flow is Flow.BREAK:
            return Flow.NEXT
        if flow in (Flow.RETURN, Flow.RAISE):
            return flow
        if is_left and otherwise.statements:
            return self._either(lambda: self.run_block(otherwise), lambda: Flow.NEXT)
        return self.run_block(otherwise)

    def _round(self, target: ir.Expr | None, item: Value, body: ir.Block) -> Flow:
        if target is not None:
            self.bind(target, item)
        return self.run_block(body)

    def _maybe_loop(self, run_once: Callable[[], Flow]) -> Flow:
        """A loop whose rounds are not known: once, or not at all."""
        before, doubtful = self.blocks, self._is_round_doubtful

        def once() -> Flow:
            flow = run_once()
            return flow if flow in (Flow.RETURN, Flow.RAISE) else Flow.NEXT

        flow = self._either(once, lambda: Flow.NEXT)
        self._is_round_doubtful = doubtful
        if not self.frame.is_doubtful:
            self.blocks = before
        return flow

    def _while(self, node: ir.While) -> Flow:
        before, doubtful = self.blocks, self._is_round_doubtful
        self._is_round_doubtful = False
        flow = Flow.NEXT
        for _ in range(MAX_ITEMS):
            truth = self.truth(self.evaluate(node.test))
            if truth is None or self._is_round_doubtful:
                flow = self._maybe_loop(lambda: self.run_block(node.body))
                break
            if not truth:
                flow = self.run_block(node.otherwise)
                break
            flow = self.run_block(node.body)
            if flow in (Flow.BREAK, Flow.RETURN, Flow.RAISE):
                break
        if not self.frame.is_doubtful:
            self.blocks = before
        self._is_round_doubtful = doubtful
        return flow if flow in (Flow.RETURN, Flow.RAISE) else Flow.NEXT

    def _try(self, node: ir.Try) -> Flow:
        guarded = self.is_guarded
        self.is_guarded = guarded or bool(node.handlers)
        if node.handlers and self._imports_unknown(node.body):
            # Whether it is installed is not known: both ways are taken.
            handler = node.handlers[0][1]
            flow = self._either(lambda: self.run_block(node.body), lambda: self.run_block(handler))
        else:
            flow = self.run_block(node.body)
        self.is_guarded = guarded
        if flow is Flow.RAISE and node.handlers:
            flow = Flow.NEXT
            with self.uncertain():
                for _, block in node.handlers[:1]:
                    flow = self.run_block(block)
        elif flow is Flow.NEXT:
            flow = self.run_block(node.otherwise)
        last = self.run_block(node.final)
        return last if last is not Flow.NEXT else flow

    def _imports_unknown(self, block: ir.Block) -> bool:
        """Whether a block imports a module that the project has not, and that may be absent."""
        for statement in block.statements:
            names: list[str] = []
            if isinstance(statement, ir.Import):
                names = [name for name, _ in statement.names]
            elif isinstance(statement, ir.ImportFrom) and not statement.level:
                names = [statement.module]
            for name in names:
                is_known = name.partition(".")[0] in LIBRARIES or is_harmless_library(name)
                if not is_known and self._load(name, self.frame.home.file.path) is None:
                    return True
        return False

    def _with(self, node: ir.With) -> Flow:
        return self._enter(node.items, node.body)

    def _enter(self, items: tuple[tuple[ir.Expr, ir.Expr | None], ...], body: ir.Block) -> Flow:
        if not items:
            return self.run_block(body)
        (expression, target), rest = items[0], items[1:]
        value = self.evaluate(expression)
        if isinstance(value, PendingGenerator) and value.function.is_context_manager:
            return self._run_inside(value, target, lambda: self._enter(rest, body))
        entered: Value = UNKNOWN
        if isinstance(value, LibraryObject):
            entered = value.enter(self)
        elif isinstance(value, Instance):
            entered = self.call_method(value, "__enter__")
        if target is not None:
            self.bind(target, entered)
        flow = Flow.NEXT
        try:
            flow = self._enter(rest, body)
        finally:
            caught: Value = None
            if isinstance(value, LibraryObject):
                value.leave(self)
            elif isinstance(value, Instance):
                caught = self.call_method(value, "__exit__", UNKNOWN, UNKNOWN, UNKNOWN)
        if flow is Flow.RAISE and self.truth(caught) is not False:
            if self.truth(caught) is None:
                self._begin_block()
            return Flow.NEXT
        return flow

    def _run_inside(
        self, pending: PendingGenerator, target: ir.Expr | None, body: Callable[[], Flow]
    ) -> Flow:
        """Runs a function that is a context manager, and the body of the `with` at its `yield`."""
        outside = self.frame
        flows: list[Flow] = []

        def run_body(value: Value) -> None:
            inside, self.frame = self.frame, outside
            if target is not None:
                self.bind(target, value)
            flows.append(body())
            self.frame = inside

        self._run_function(pending.function, pending.arguments, run_body)
        return flows[0] if flows else body()

    def _define_function(self, node: ir.Function) -> Flow:
        function = self._function(node.name, node.parameters, node.body)
        value: Value = function
        for decorator in reversed(node.decorators):
            value = self._decorate(decorator, value)
        self.set_name(node.name, value)
        return Flow.NEXT

    def _function(
        self, name: str, parameters: tuple[ir.Parameter, ...], body: ir.Block | ir.Expr
    ) -> FunctionValue:
        defaults = {
            each.name: self.evaluate(each.default)
            for each in parameters
            if each.default is not None
        }
        is_generator = isinstance(body, ir.Block) and has_yield(body)
        frame = self.frame
        return FunctionValue(name, parameters, body, frame, defaults, None, is_generator)

    def _decorate(self, decorator: ir.Expr, value: Value) -> Value:
        if isinstance(decorator, ir.Attribute) and decorator.name in ("setter", "deleter"):
            return self._add_setter(self.evaluate(decorator.value), decorator.name, value)
        made = self.evaluate(decorator)
        name = canonical(made.name) if isinstance(made, LibraryName) else ""
        last = name.rpartition(".")[2]
        if last in ("staticmethod", "classmethod", "property", "cached_property"):
            if isinstance(value, FunctionValue):
                value.kind = last.replace("cached_", "")
            return value
        if last == "contextmanager" and isinstance(value, FunctionValue):
            value.is_context_manager = True
            return value
        if last == "dataclass" or (isinstance(made, LibraryName) and last in ("", "setter")):
            return value
        if isinstance(made, FunctionValue | Instance | BoundMethod | ClassValue):
            return self.call(made, Arguments((value,)))
        if isinstance(made, LibraryName) and library.find_function(name) is not None:
            return self.call(made, Arguments((value,)))
        # What libraries do to functions leaves their variables as they are.
        return value

    def _add_setter(self, found: Value, kind: str, value: Value) -> Value:
        """A property of the class that is defined, with what is run when it is assigned to."""
        if not isinstance(found, FunctionValue) or found.kind != "property":
            return UNKNOWN
        if kind == "setter":
            found.attributes["fset"] = value
        return found

    def _define_class(self, node: ir.Class) -> Flow:
        bases = [self.evaluate(base) for base in node.bases]
        libraries = tuple(canonical(b.name) for b in bases if isinstance(b, LibraryName))
        frame = Frame(self.frame.home, self.frame)
        made = ClassValue(node.name, tuple(bases), frame.names, self.frame.home, library=libraries)
        outside, self.frame = self.frame, frame
        fields = []
        for member in node.body.statements:
            if isinstance(member, ir.Assign) and isinstance(member.targets[0], ir.Name):
                fields.append(member.targets[0].name)
            self.run(member)
        self.frame = outside
        for value in frame.names.values():
            if isinstance(value, FunctionValue) and value.frame is frame:
                value.owner = made
                value.frame = outside
        decorated: Value = made
        for decorator in reversed(node.decorators):
            name = self.evaluate(
                decorator.function if isinstance(decorator, ir.Call) else decorator
            )
            if isinstance(name, LibraryName) and name.name.endswith("dataclass"):
                above = [f for base in made.lineage()[1:] for f in base.fields]
                made.fields = (*above, *fields)
            elif isinstance(name, FunctionValue):
                decorated = self._decorate(decorator, decorated)
        if any(each.endswith("NamedTuple") for each in libraries):
            made.fields, made.is_tuple = tuple(fields), True
        self.set_name(node.name, decorated)
        return Flow.NEXT

    def _import(self, node: ir.Import) -> Flow:
        for name, alias in node.names:
            whole = self._module(name)
            if alias is not None:
                self.set_name(alias, whole)
                continue
            top = name.partition(".")[0]
            self.set_name(top, self._module(top) if top != name else whole)
        return Flow.NEXT

    def _module(self, name: str) -> Value:
        module = self._load(name, self.frame.home.file.path)
        return module if module is not None else LibraryName(name)

    def _import_from(self, node: ir.ImportFrom) -> Flow:
        if node.module == "__future__":
            return Flow.NEXT
        name = "." * node.level + node.module
        module = self._load(name, self.frame.home.file.path)
        for each, alias in node.names:
            if each == "*":
                self._import_all(module)
                continue
            dot = "" if name.endswith(".") else "."
            if module is not None and each in module.frame.names:
                value = module.frame.names[each]
            else:
                below = self._load(f"{name}{dot}{each}", self.frame.home.file.path)
                value = below
                if below is None:
                    is_library = module is None and not node.level
                    value = self.resolve_name(f"{name}.{each}") if is_library else UNKNOWN
            self.set_name(alias or each, value)
        return Flow.NEXT

    def _import_all(self, module: ModuleValue | None) -> None:
        if module is None:
            return
        chosen = module.frame.names.get("__all__")
        names = list(module.frame.names)
        if isinstance(chosen, ListValue):
            names = [each for each in chosen.items if isinstance(each, str)]
        else:
            names = [each for each in names if not each.startswith("_")]
        for each in names:
            self.set_name(each, module.frame.names.get(each, UNKNOWN))

    def _nested(self, node: ir.Block) -> Flow:
        return self.run_block(node)

    # Expressions

    def evaluate(self, node: ir.Expr) -> Value:
        """The value of an expression."""
        self._step()
        handler = _EXPRESSIONS.get(type(node))
        return handler(self, node) if handler is not None else UNKNOWN

    def _text(self, node: ir.Str) -> Value:
        parts: list[Value] = []
        for part in node.parts:
            if isinstance(part, ir.Run):
                parts.append(part.text)
            else:
                value = self.evaluate(part.value)
                parts.append(
                    text_methods.format_value(value, part.spec)
                    if part.spec is not None
                    else UNKNOWN
                )
        return join_texts(*parts)

    def _name(self, node: ir.Name) -> Value:
        frame: Frame | None = self.frame
        while frame is not None:
            if node.name in frame.names:
                return frame.names[node.name]
            frame = frame.outer
        home = self.frame.home.frame
        if node.name in home.names:
            return home.names[node.name]
        return self._builtins.get(node.name, UNKNOWN)

    def _constant(self, node: ir.Constant) -> Value:
        value = node.value
        return UNKNOWN if isinstance(value, float) and math.isnan(value) else value

    def _attribute(self, node: ir.Attribute) -> Value:
        return self.get_attribute(self.evaluate(node.value), node.name)

    def get_attribute(self, value: Value, name: str) -> Value:
        """An attribute of any value."""
        match value:
            case LibraryName():
                return self.resolve_name(f"{value.name}.{name}")
            case ModuleValue():
                if name in value.frame.names:
                    return value.frame.names[name]
                below = self._load(f"{value.name}.{name}", value.file.path)
                return below if below is not None else UNKNOWN
            case LibraryObject():
                return value.get_attribute(self, name)
            case Instance():
                return self._instance_attribute(value, name)
            case ClassValue():
                found = value.find(name)
                if found is None:
                    return value.name if name == "__name__" else UNKNOWN
                return self._bound(found[0], value, value)
            case SuperValue():
                return self._super_attribute(value, name)
            case FunctionValue():
                return value.attributes.get(name, value.name if name == "__name__" else UNKNOWN)
            case BoundMethod() if name == "__name__":
                return self.get_attribute(value.function, name)
        if isinstance(value, tuple) and name in ("ndims", "rank"):  # the shape of a tensor
            return len(value)
        return BoundMethod(value, name) if has_method(value, name) else UNKNOWN

    def resolve_name(self, name: str) -> Value:
        """What a full name of a library stands for."""
        full = canonical(name)
        constant = library.find_constant(full)
        if constant is not None:
            return constant
        if full.endswith(".FLAGS") and full in self._functions:
            return self._functions[full](self, Arguments())
        return LibraryName(name)

    def _instance_attribute(self, value: Instance, name: str) -> Value:
        if name in value.attributes:
            return value.attributes[name]
        found = value.of.find(name)
        if found is not None:
            return self._bound(found[0], value, value.of)
        if name == "__class__":
            return value.of
        if name == "__dict__":
            return DictValue(value.attributes)
        if value.of.is_tuple and name in ("_replace", "_asdict", "_fields"):
            if name == "_fields":
                return value.of.all_fields()
            return BoundMethod(value, name)
        getter = value.of.find("__getattr__")
        if getter is not None:
            return self.call(self._bound(getter[0], value, value.of), Arguments((name,)))
        return value.base.get_attribute(self, name) if value.base is not None else UNKNOWN

    def _bound(self, found: Value, receiver: Value, of: ClassValue) -> Value:
        if not isinstance(found, FunctionValue):
            return found
        if found.kind == "staticmethod":
            return found
        if found.kind == "classmethod":
            return BoundMethod(of, found)
        if not isinstance(receiver, Instance):
            return found
        if found.kind == "property":
            return self.call(BoundMethod(receiver, found), Arguments())
        return BoundMethod(receiver, found)

    def _super_attribute(self, value: SuperValue, name: str) -> Value:
        receiver = value.receiver
        of = receiver.of if isinstance(receiver, Instance) else receiver
        if not isinstance(of, ClassValue):
            return UNKNOWN
        found = of.find(name, value.behind)
        if found is not None:
            return self._bound(found[0], receiver, of)
        if name == "__init__":
            return BoundMethod(receiver, "__init__")
        if isinstance(receiver, Instance) and receiver.base is not None:
            return receiver.base.get_attribute(self, name)
        if name == "__setattr__" and isinstance(receiver, Instance):
            return BoundMethod(receiver, "__setattr__")
        return UNKNOWN

    def set_attribute(self, value: Value, name: str, new: Value) -> None:
        """Assigns to an attribute of any value."""
        match value:
            case Instance():
                setter = value.of.find(name)
                found = setter[0] if setter is not None else None
                if isinstance(found, FunctionValue) and found.kind == "property":
                    self.call(found.attributes.get("fset", UNKNOWN), Arguments((value, new)))
                    return
                self.set_entry(value.attributes, name, new)
                if value.base is not None:
                    value.base.set_attribute(self, name, new)
            case LibraryObject():
                value.set_attribute(self, name, new)
            case ClassValue():
                self.set_entry(value.names, name, new)
            case FunctionValue():
                self.set_entry(value.attributes, name, new)
            case ModuleValue():
                self.set_entry(value.frame.names, name, new)

    def _subscript(self, node: ir.Subscript) -> Value:
        return self.get_item(self.evaluate(node.value), self.evaluate(node.key))

    def get_item(self, value: Value, key: Value) -> Value:
        """An item of any value."""
        if isinstance(value, LibraryObject):
            return value.get_item(self, key)
        if isinstance(value, Instance):
            if value.of.is_tuple and isinstance(key, int | slice):
                items = tuple(value.items())
                try:
                    return items[key]
                except IndexError:
                    return UNKNOWN
            return self.call_method(value, "__getitem__", key)
        return container_methods.get_item(value, key)

    def set_item(self, value: Value, key: Value, new: Value) -> None:
        """Assigns to an item of any value."""
        if isinstance(value, LibraryObject):
            value.set_item(self, key, new)
        elif isinstance(value, Instance):
            self.call_method(value, "__setitem__", key, new)
        elif isinstance(value, DictValue):
            if container_methods.is_key(key):
                self.set_entry(value.entries, key, new)
            else:
                value.is_exact = False
        elif isinstance(value, ListValue):
            items = self.change_items(value)
            if isinstance(key, int) and -len(items) <= key < len(items):
                items[key] = new
            else:
                value.is_exact = False

    def _slice(self, node: ir.Slice) -> Value:
        lower = self.evaluate(node.lower) if node.lower is not None else None
        upper = self.evaluate(node.upper) if node.upper is not None else None
        bounds = (lower, upper)
        if all(each is None or type(each) is int for each in bounds):
            return slice(lower, upper)
        return UNKNOWN

    def _items(self, node: ir.Items) -> Value:
        items: list[Value] = []
        is_exact = True
        for each in node.items:
            if _is_star(each):
                several = self.iterate(self.evaluate(_starred(each)))
                items += several or []
                is_exact = is_exact and several is not None
            else:
                items.append(self.evaluate(each))
        if node.kind == "tuple":
            return tuple(items) if is_exact else UNKNOWN
        return ListValue(items, is_exact, node.kind)

    def _dict(self, node: ir.Dict) -> Value:
        made = DictValue({})
        for key, value in node.entries:
            if key is None:
                merged = self.evaluate(value) if value is not None else UNKNOWN
                if isinstance(merged, DictValue):
                    made.entries.update(merged.entries)
                    made.is_exact = made.is_exact and merged.is_exact
                else:
                    made.is_exact = False
                continue
            name = self.evaluate(key)
            item = self.evaluate(value) if value is not None else UNKNOWN
            if container_methods.is_key(name):
                made.entries[name] = item
            else:
                made.is_exact = False
        return made

    def _conditional(self, node: ir.Conditional) -> Value:
        truth = self.truth(self.evaluate(node.test))
        if truth is not None:
            return self.evaluate(node.then if truth else node.otherwise)
        found: list[Value] = []

        def way(expression: ir.Expr) -> Callable[[], Flow]:
            def run() -> Flow:
                found.append(self.evaluate(expression))
                return Flow.NEXT

            return run

        self._either(way(node.then), way(node.otherwise))
        return found[0] if is_same_value(found) else UNKNOWN

    def _comprehension(self, node: ir.Comprehension) -> Value:
        outside = self.frame
        self.frame = Frame(outside.home, outside)
        self.frame.owner, self.frame.function = outside.owner, outside.function
        found: list[tuple[Value, Value]] = []
        is_exact = self._clauses(node, 0, found)
        self.frame = outside
        if node.key is None:
            kind = "set" if node.kind == "set" else "list"
            return ListValue([value for _, value in found], is_exact, kind)
        known = {key: value for key, value in found if container_methods.is_key(key)}
        return DictValue(known, is_exact and all(container_methods.is_key(k) for k, _ in found))

    def _clauses(
        self, node: ir.Comprehension, depth: int, found: list[tuple[Value, Value]]
    ) -> bool:
        """Goes through the clauses; gives whether all items are known."""
        if depth == len(node.clauses):
            truths = [self.truth(self.evaluate(test)) for test in node.tests]
            if any(truth is False for truth in truths):
                return True
            if None in truths:
                return False
            key = self.evaluate(node.key) if node.key is not None else None
            found.append((key, self.evaluate(node.value)))
            return len(found) < MAX_ITEMS
        target, values = node.clauses[depth]
        items = self.iterate(self.evaluate(values))
        if items is None:
            with self.uncertain():
                self.bind(target, UNKNOWN)
                self._clauses(node, depth + 1, [])
            return False
        is_exact = True
        for item in items[:MAX_ITEMS]:
            self.bind(target, item)
            is_exact = self._clauses(node, depth + 1, found) and is_exact
        return is_exact

    def _lambda(self, node: ir.Lambda) -> Value:
        return self._function("<lambda>", node.parameters, node.body)

    def _other(self, node: ir.Other) -> Value:
        if node.kind in ("delete_statement", "nonlocal_statement"):
            return self._delete(node)
        if node.kind == "not":
            truth = self.truth(self.evaluate(node.parts[0])) if node.parts else None
            return UNKNOWN if truth is None else not truth
        values = [self.evaluate(part) for part in node.parts]
        if node.kind in ("yield", "yield from"):
            given = values[0] if values else None
            items = [given] if node.kind == "yield" else self.iterate(given)
            self.frame.yields_more = self.frame.yields_more or items is None
            for item in items or ():
                if self.frame.on_yield is not None:
                    self.frame.on_yield(item)
                else:
                    self.frame.yields.append(item)
            return UNKNOWN
        if node.kind in ("await", "parenthesized_expression", "type") and values:
            return values[0]
        if node.kind == "named_expression" and len(values) == 2:
            self.bind(node.parts[0], values[1])
            return values[1]
        if node.kind == "step" and type(values[0]) is int and values[0]:
            return slice(None, None, values[0])
        if node.kind == "+" and values:
            return values[0]
        if node.kind == "unary_operator" and values:
            value = values[0]
            if type(value) in (int, float):
                return -value
            return (
                value.operate(self, "-", None, True)
                if isinstance(value, LibraryObject)
                else UNKNOWN
            )
        if node.kind == "ellipsis":
            return ...
        return UNKNOWN

    # Operators

    def _binary(self, node: ir.Binary) -> Value:
        left = self.evaluate(node.left)
        if node.operator in ("and", "or"):
            truth = self.truth(left)
            if truth is None:
                with self.uncertain():
                    self.evaluate(node.right)
                return UNKNOWN
            return self.evaluate(node.right) if truth == (node.operator == "and") else left
        return self.operate(node.operator, left, self.evaluate(node.right))

    def operate(self, sign: str, left: Value, right: Value) -> Value:
        """The result of a binary operator."""
        if isinstance(left, LibraryObject):
            return left.operate(self, sign, right, True)
        if isinstance(right, LibraryObject):
            return right.operate(self, sign, left, False)
        if sign == "%" and isinstance(left, str | PartialText):
            return text_methods.format_percent(left, right)
        if sign == "+" and (isinstance(left, PartialText) or isinstance(right, PartialText)):
            return join_texts(left, right)
        is_text = isinstance(left, str) or isinstance(right, str)
        if sign == "+" and is_text and (left is UNKNOWN or right is UNKNOWN):
            return join_texts(left, right)
        if isinstance(left, Instance):
            method = _OPERATOR_METHODS.get(sign)
            return self.call_method(left, method, right) if method else UNKNOWN
        if isinstance(left, ListValue | tuple) or isinstance(right, ListValue | tuple):
            return container_methods.operate(sign, left, right)
        if not isinstance(left, _PLAIN) or not isinstance(right, _PLAIN):
            return UNKNOWN
        return _calculate(sign, left, right)

    def _compare(self, node: ir.Compare) -> Value:
        values = [self.evaluate(each) for each in node.operands]
        for sign, left, right in zip(node.operators, values, values[1:], strict=False):
            one = self._compared(sign, left, right)
            if one is not True:
                return one
        return True

    def _compared(self, sign: str, left: Value, right: Value) -> Value:
        if sign in ("is", "is not"):
            same = _is_identical(left, right)
            return UNKNOWN if same is None else same == (sign == "is")
        if sign in ("in", "not in"):
            inside = self._contains(right, left)
            return UNKNOWN if inside is None else inside == (sign == "in")
        if isinstance(left, LibraryObject):
            return left.operate(self, sign, right, True)
        if isinstance(right, LibraryObject):
            return right.operate(self, sign, left, False)
        if isinstance(left, Instance) and sign in _COMPARE_METHODS:
            name, is_negated = _COMPARE_METHODS[sign]
            if left.of.find(name) is not None:
                truth = self.truth(self.call_method(left, name, right))
                return UNKNOWN if truth is None else truth != is_negated
        known = (*_PLAIN, LibraryName)
        if isinstance(left, known) and isinstance(right, known):
            try:
                return bool(_COMPARE[sign](left, right)) if sign in _COMPARE else UNKNOWN
            except TypeError:
                return UNKNOWN
        return container_methods.compare(sign, left, right)

    def _contains(self, container: Value, item: Value) -> bool | None:
        if isinstance(container, str):
            return item in container if isinstance(item, str) else None
        if isinstance(container, DictValue):
            if container_methods.is_key(item) and item in container.entries:
                return True
            return False if container.is_exact and container_methods.is_key(item) else None
        if isinstance(container, Instance):
            return self.truth(self.call_method(container, "__contains__", item))
        items = self.iterate(container)
        exact = not isinstance(container, ListValue) or container.is_exact
        return container_methods.contains(items, item, exact)

    # Any value

    def truth(self, value: Value) -> bool | None:
        """Whether a value is true; None where that is not known."""
        if isinstance(value, LibraryObject):
            return value.truth(self)
        if isinstance(value, ListValue):
            return True if value.items else (False if value.is_exact else None)
        if isinstance(value, DictValue):
            return True if value.entries else (False if value.is_exact else None)
        if isinstance(value, (*_PLAIN, tuple, range)):
            return bool(value)
        if isinstance(value, PartialText):
            return True if any(value.parts) else None
        if isinstance(value, Instance):
            if value.of.is_tuple:
                return bool(value.of.all_fields())
            for method in ("__bool__", "__nonzero__", "__len__"):
                if value.of.find(method) is not None:
                    return self.truth(self.call_method(value, method))
            return None if value.base is not None else True
        known = (FunctionValue, ClassValue, BoundMethod, ModuleValue, PendingGenerator)
        if isinstance(value, known):
            return True
        return None

    def iterate(self, value: Value) -> list[Value] | None:
        """The items of any value in order; None where they are not known."""
        if isinstance(value, LibraryObject):
            return value.iterate(self)
        if isinstance(value, PendingGenerator):
            return self._collect(value)
        if isinstance(value, Instance):
            if value.of.is_tuple:
                return value.items()
            if value.of.find("__iter__") is not None:
                return self.iterate(self.call_method(value, "__iter__"))
            return None
        return container_methods.iterate(value)

    def _collect(self, generator: PendingGenerator) -> list[Value] | None:
        """All that a generator yields, at once."""
        if generator.is_used:
            return []
        generator.is_used = True
        found = self._run_function(generator.function, generator.arguments, None)
        return self.iterate(found)

    # Calls

    def _call(self, node: ir.Call) -> Value:
        function = node.function
        if isinstance(function, ir.Name) and function.name in ("super", "locals", "globals"):
            return self._frame_call(function.name, node)
        callee = self.evaluate(function)
        arguments = self._arguments(node)
        if callee is UNKNOWN:
            given = (*arguments.positional, *arguments.keywords.values())
            # Methods of objects that are not known are most often those of sessions.
            is_named = isinstance(function, ir.Name)
            if is_named and any(isinstance(each, LibraryObject) for each in given):
                self.note_gap("a function that is not known is called", arguments.place)
            return UNKNOWN
        span = arguments.place
        assert span is not None
        self._calls.append(span)
        try:
            return self.call(callee, arguments)
        finally:
            self._calls.pop()

    def _frame_call(self, name: str, node: ir.Call) -> Value:
        if name == "globals":
            return DictValue(self.frame.home.frame.names)
        frame: Frame | None = self.frame
        if name == "locals":
            return DictValue(self.frame.names)
        given = [self.evaluate(argument.value) for argument in node.arguments]
        while frame is not None and frame.function is None:
            frame = frame.outer
        if frame is None or frame.function is None or not frame.function.parameters:
            return UNKNOWN
        receiver = frame.names.get(frame.function.parameters[0].name, UNKNOWN)
        behind = given[0] if given else frame.function.owner
        return SuperValue(receiver, behind) if isinstance(behind, ClassValue) else UNKNOWN

    def _arguments(self, node: ir.Call) -> Arguments:
        positional: list[Value] = []
        keywords: dict[str, Value] = {}
        places: list[CodeSpan] = []
        keyword_places: dict[str, CodeSpan] = {}
        is_exact = True
        file = self.frame.home.file
        for argument in node.arguments:
            value = self.evaluate(argument.value)
            written = file.span(argument.value[0], argument.value[1])
            if argument.name == "*":
                items = self.iterate(value)
                positional += items or []
                places += [written] * len(items or [])
                is_exact = is_exact and items is not None
            elif argument.name == "**":
                known = value.entries if isinstance(value, DictValue) else {}
                keywords.update({k: v for k, v in known.items() if isinstance(k, str)})
                is_exact = is_exact and isinstance(value, DictValue) and value.is_exact
            elif argument.name is None:
                positional.append(value)
                places.append(written)
            else:
                keywords[argument.name] = value
                keyword_places[argument.name] = written
        name = node.function
        end = name[1]
        start = end - len(name.name) if isinstance(name, ir.Attribute) else name[0]
        return Arguments(
            tuple(positional),
            keywords,
            is_exact,
            "",
            file.span(node.start, node.end),
            file.span(start, end),
            tuple(places),
            keyword_places,
        )

    def call(self, callee: Value, arguments: Arguments) -> Value:
        """Calls a value of the program."""
        self._step()
        match callee:
            case FunctionValue():
                return self._call_function(callee, arguments)
            case BoundMethod():
                return self._call_bound(callee, arguments)
            case ClassValue():
                return self._instantiate(callee, arguments)
            case LibraryName():
                return self._call_library(callee, arguments)
            case LibraryObject():
                return callee.call(self, arguments)
            case Instance():
                if callee.of.find("__call__") is not None:
                    return self.call(self.get_attribute(callee, "__call__"), arguments)
                if callee.base is not None:
                    return callee.base.call_instance(self, arguments)
        return UNKNOWN

    def call_method(self, value: Value, name: str, *given: Value) -> Value:
        """Calls a method of a value."""
        method = self.get_attribute(value, name)
        return self.call(method, Arguments(given)) if method is not UNKNOWN else UNKNOWN

    def _call_library(self, callee: LibraryName, arguments: Arguments) -> Value:
        name = canonical(callee.name)
        arguments = replace(arguments, function=name)
        known = library.find_function(name)
        if known is not None:
            return known(self, arguments)
        own = self._functions.get(name)
        if own is not None:
            return own(self, arguments)
        if not library.is_harmless(name) and not is_harmless_library(name):
            self.note_gap(f"`{callee.name}` is not followed")
        return UNKNOWN

    def _call_bound(self, callee: BoundMethod, arguments: Arguments) -> Value:
        receiver, function = callee.receiver, callee.function
        if isinstance(function, str):
            if isinstance(receiver, str | PartialText):
                return text_methods.call(self, receiver, function, arguments)
            if isinstance(receiver, Instance):
                return self._call_instance_method(receiver, function, arguments)
            return container_methods.call(self, receiver, function, arguments)
        places = arguments.places
        if arguments.place is not None and len(places) == len(arguments.positional):
            places = (arguments.place, *places)
        moved = replace(arguments, positional=(receiver, *arguments.positional), places=places)
        return self.call(function, moved)

    def _call_instance_method(self, value: Instance, name: str, arguments: Arguments) -> Value:
        if name == "_replace":
            return Instance(value.of, {**value.attributes, **arguments.keywords})
        if name == "_asdict":
            return DictValue(dict(zip(value.of.all_fields(), value.items(), strict=True)))
        if name == "__init__" and value.base is not None:
            initialize = value.base.get_attribute(self, "__init__")
            return self.call(initialize, arguments) if initialize is not UNKNOWN else None
        if name == "__setattr__" and len(arguments.positional) == 2:
            self.set_attribute(value, str(arguments.positional[0]), arguments.positional[1])
        return None

    def _instantiate(self, of: ClassValue, arguments: Arguments) -> Value:
        if of.find("__new__") is not None:
            self.note_gap(f"`{of.name}.__new__` is not followed", arguments.place)
            return UNKNOWN
        made = Instance(of)
        for name in of.library_names():
            base = library.find_base(name)
            if base is not None:
                made.base = base(made)
                break
        initialize = of.find("__init__")
        if initialize is not None:
            self.call(self._bound(initialize[0], made, of), arguments)
        elif of.all_fields():
            self._fill_fields(made, arguments)
        elif made.base is not None:
            self._call_instance_method(made, "__init__", arguments)
        return made

    def _fill_fields(self, made: Instance, arguments: Arguments) -> None:
        fields = made.of.all_fields()
        for name, value in zip(fields, arguments.positional, strict=False):
            made.attributes[name] = value
        made.attributes.update({k: v for k, v in arguments.keywords.items() if k in fields})
        for name in fields:
            if name not in made.attributes:
                found = made.of.find(name)
                known = found is not None and arguments.is_exact
                made.attributes[name] = found[0] if found is not None and known else UNKNOWN

    def _call_function(self, function: FunctionValue, arguments: Arguments) -> Value:
        if function.is_context_manager or function.is_generator:
            return PendingGenerator(function, arguments)
        return self._run_function(function, arguments, None)

    def _run_function(
        self,
        function: FunctionValue,
        arguments: Arguments,
        on_yield: Callable[[Value], None] | None,
    ) -> Value:
        self.called.add(id(function.body))
        if self._depth >= _MAX_DEPTH:
            self.note_gap(f"calls inside calls are too deep at `{function.name}`")
            return UNKNOWN
        frame = Frame(function.frame.home, function.frame)
        frame.function, frame.owner, frame.on_yield = function, function.owner, on_yield
        frame.names.update(bind_parameters(function, arguments))
        outside, self.frame = self.frame, frame
        certain, doubtful = self.blocks, self._is_round_doubtful
        self._is_round_doubtful = False
        self._depth += 1
        try:
            if not isinstance(function.body, ir.Block):
                return self.evaluate(function.body)
            flow = self.run_block(function.body)
        finally:
            self._depth -= 1
            self.frame = outside
            self.blocks, self._is_round_doubtful = certain, doubtful
        if flow is Flow.RAISE:
            self._has_raised = True
        if function.is_generator and on_yield is None:
            return ListValue(frame.yields, not frame.is_doubtful and not frame.yields_more)
        values = list(frame.returns)
        if flow is Flow.NEXT:
            values.append(None)
        return values[0] if values and is_same_value(values) else UNKNOWN if values else None


def has_method(value: Value, name: str) -> bool:
    """Whether a value of Python has a method of a name; shapes of tensors are tuples here."""
    if isinstance(value, str | PartialText):
        return hasattr(str, name)
    if isinstance(value, tuple):
        return name in ("index", "count", "as_list")
    if isinstance(value, ListValue):
        return hasattr(set if value.kind == "set" else list, name)
    if isinstance(value, DictValue):
        return hasattr(dict, name) or name in _OLD_DICT_METHODS
    return isinstance(value, bytes) and hasattr(bytes, name)


_OLD_DICT_METHODS = frozenset(
    ("has_key", "iteritems", "iterkeys", "itervalues", "viewitems", "viewkeys", "viewvalues")
)


def bind_parameters(function: FunctionValue, arguments: Arguments) -> dict[Value, Value]:
    """The values of a function's parameters in a call."""
    positional, keywords = list(arguments.positional), dict(arguments.keywords)
    found: dict[Value, Value] = {}
    is_only_named = False
    for parameter in function.parameters:
        name = parameter.name
        if parameter.kind == "*":
            is_only_named = True
            if name:
                found[name] = tuple(positional) if arguments.is_exact else UNKNOWN
            positional = []
        elif parameter.kind == "**":
            rest = {k: v for k, v in keywords.items() if k not in found}
            found[name] = DictValue(dict(rest), arguments.is_exact)
            keywords = {}
        elif positional and not is_only_named:
            found[name] = positional.pop(0)
        elif name in keywords:
            found[name] = keywords.pop(name)
        elif not arguments.is_exact:
            found[name] = UNKNOWN
        else:
            found[name] = function.defaults.get(name, UNKNOWN)
    return found


def is_same_value(values: list[Value]) -> bool:
    """Whether all values are surely the same."""
    first = values[0]
    return all(
        each is first or (isinstance(each, _PLAIN) and type(each) is type(first) and each == first)
        for each in values
    )


def is_harmless_library(name: str) -> bool:
    """Whether a library makes no variables at all: the standard library, NumPy and the like."""
    return name.partition(".")[0] in _HARMLESS


_HARMLESS_LIBRARIES = """
    os sys re math time random json logging argparse collections functools itertools copy
    datetime string pickle csv glob shutil io pathlib typing numpy scipy pandas matplotlib
    PIL cv2 skimage sklearn six absl tqdm yaml urllib requests zipfile tarfile hashlib enum
    abc contextlib operator warnings unittest threading subprocess types dataclasses struct
    tempfile codecs h5py imageio builtins __builtin__ future past queue Queue
    multiprocessing inspect traceback pprint platform socket configparser ConfigParser
    cPickle gzip signal uuid nltk gym librosa soundfile easydict
"""
_HARMLESS = frozenset(_HARMLESS_LIBRARIES.split())


def has_yield(block: ir.Block) -> bool:
    """Whether a function's body has a `yield` of its own."""
    pending: list[Any] = list(block.statements)
    while pending:
        node = pending.pop()
        if isinstance(node, ir.Function | ir.Class | ir.Lambda):
            continue
        if isinstance(node, ir.Other) and node.kind in ("yield", "yield from"):
            return True
        if isinstance(node, tuple):
            pending += [each for each in node if isinstance(each, tuple)]
    return False


def _is_star(node: ir.Expr) -> bool:
    return isinstance(node, ir.Other) and node.kind.startswith("list_splat") and bool(node.parts)


def _starred(node: ir.Expr) -> ir.Expr:
    assert isinstance(node, ir.Other)
    return node.parts[0]


def _is_identical(left: Value, right: Value) -> bool | None:
    if left is UNKNOWN or right is UNKNOWN:
        return None
    if left is None or right is None or isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, _PLAIN) and isinstance(right, _PLAIN):
        return type(left) is type(right) and left == right
    if isinstance(left, LibraryName) and isinstance(right, LibraryName):
        return canonical(left.name) == canonical(right.name)
    return left is right


def _calculate(sign: str, left: Value, right: Value) -> Value:
    function = _BINARY.get(sign)
    if function is None:
        return UNKNOWN
    if sign in ("**", "<<") and not _is_small(left, right):
        return UNKNOWN
    if sign == "*" and isinstance(left, str | bytes) | isinstance(right, str | bytes):
        text, times = (left, right) if isinstance(left, str | bytes) else (right, left)
        if not isinstance(times, int) or len(text) * times > _MAX_TEXT:
            return UNKNOWN
    try:
        found = function(left, right)
    except (TypeError, ValueError, ArithmeticError):
        return UNKNOWN
    return UNKNOWN if isinstance(found, str) and len(found) > _MAX_TEXT else found


def _is_small(left: Value, right: Value) -> bool:
    return all(isinstance(e, int | float) and abs(e) < 1_000 for e in (left, right))


# The methods that compare objects, and whether what they give is turned round.
_COMPARE_METHODS = {
    "==": ("__eq__", False),
    "!=": ("__eq__", True),
    "<": ("__lt__", False),
    ">": ("__gt__", False),
    "<=": ("__le__", False),
    ">=": ("__ge__", False),
}
_OPERATOR_METHODS = {"+": "__add__", "-": "__sub__", "*": "__mul__", "/": "__truediv__"}
_STATEMENTS: dict[type, Callable[[Evaluator, Any], Flow]] = {
    ir.Evaluate: Evaluator._evaluate_all,
    ir.Assert: Evaluator._assert,
    ir.Assign: Evaluator._assign,
    ir.AugmentedAssign: Evaluator._augment,
    ir.Return: Evaluator._return,
    ir.Global: Evaluator._declare,
    ir.Block: Evaluator._nested,
    ir.If: Evaluator._if,
    ir.For: Evaluator._for,
    ir.While: Evaluator._while,
    ir.Try: Evaluator._try,
    ir.With: Evaluator._with,
    ir.Function: Evaluator._define_function,
    ir.Class: Evaluator._define_class,
    ir.Import: Evaluator._import,
    ir.ImportFrom: Evaluator._import_from,
}
_EXPRESSIONS: dict[type, Callable[[Evaluator, Any], Value]] = {
    ir.Str: Evaluator._text,
    ir.Name: Evaluator._name,
    ir.Constant: Evaluator._constant,
    ir.Attribute: Evaluator._attribute,
    ir.Subscript: Evaluator._subscript,
    ir.Slice: Evaluator._slice,
    ir.Items: Evaluator._items,
    ir.Dict: Evaluator._dict,
    ir.Conditional: Evaluator._conditional,
    ir.Comprehension: Evaluator._comprehension,
    ir.Lambda: Evaluator._lambda,
    ir.Other: Evaluator._other,
    ir.Binary: Evaluator._binary,
    ir.Compare: Evaluator._compare,
    ir.Call: Evaluator._call,
}
