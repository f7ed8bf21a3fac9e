"""What an expression may be worth, given the names around it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ckptls.source.interpreter.names import Names
from ckptls.source.semantics.dict_spans import find_braces
from ckptls.source.semantics.interpreter_protocol import InterpreterProtocol
from ckptls.source.semantics.pattern_text import Hole, Origin, Piece, Text
from ckptls.source.semantics.values import (
    UNKNOWN,
    ClassValue,
    Flag,
    FlagHolder,
    GraphVariable,
    Imported,
    Instance,
    Literal,
    Mapping,
    Member,
    ModelName,
    ModelVariable,
    NameTest,
    Operation,
    Qualified,
    Record,
    ScopeValue,
    Sequence,
    Tracked,
    Unknown,
    Value,
    Values,
    combined,
    texts,
    union,
    weight_of,
)
from ckptls.source.stdlib import flags, strings
from ckptls.source.stdlib.conditions import calculate, decide_test, truth_of
from ckptls.source.stdlib.containers import (
    add_sequences,
    get_item,
    get_slice,
    items_of,
    merge_mappings,
    repeat_sequence,
    repeated_keys,
    unpack_element,
    with_item,
)
from ckptls.source.stdlib.guards import are_names, is_name_test, is_tested
from ckptls.source.syntax import ir
from ckptls.source.syntax.ir import Chunk
from ckptls.source.syntax.lower_expressions import TOO_DEEP
from ckptls.source.text.text_limits import MAX_NAME

# Statements and expressions inside each other, those of functions that are followed included.
MAX_NESTING = 100


class Evaluator(Names, InterpreterProtocol):
    """Evaluates expressions in a frame; calls are left to the class above it."""

    def evaluate(self, expression: ir.Expr) -> Values:
        """All that the expression may be worth; sites inside it are noted on the way."""
        work = self.work
        work.spent += 1
        if self.nesting >= MAX_NESTING:
            work.was_cut = True
            return UNKNOWN
        self.nesting += 1
        values = _HANDLERS[type(expression)](self, expression)
        self.nesting -= 1
        return values

    @contextmanager
    def guarded(self, is_guarded: bool = True) -> Iterator[None]:
        """Code whose names are tested by the code itself."""
        before = self.frame.is_guarded
        self.frame.is_guarded = before or is_guarded
        try:
            yield
        finally:
            self.frame.is_guarded = before

    def _string(self, node: ir.Str) -> Values:
        # What is written in another module has no place in this document.
        chunk = self.chunk if self.chunk.pool is self.root.pool else None
        if len(node.parts) == 1 and isinstance(node.parts[0], ir.Run):
            return (Text((_piece(chunk, node.parts[0]),)),)
        self.work.spent += len(node.parts)
        found: tuple[Text, ...] = (Text(),)
        for part in node.parts:
            if isinstance(part, ir.Run):
                found = strings.concatenate(found, (Text((_piece(chunk, part),)),))
                continue
            values = self.evaluate(part.value)
            if not self.work.affords(len(found) * len(values)):
                values = UNKNOWN
            if part.spec is not None:
                found = strings.concatenate(found, strings.format_values(values, part.spec))
            else:
                found = strings.concatenate(found, (Text((Hole(),)),))
        return found

    def _name(self, node: ir.Name) -> Values:
        return self.lookup(node.name)

    def _constant(self, node: ir.Constant) -> Values:
        return (Literal(node.value),)

    def _attribute(self, node: ir.Attribute) -> Values:
        return union(*(self.member(value, node.name) for value in self.evaluate(node.value)))

    def member(self, value: Value, name: str) -> Values:
        """The values of `value.name`."""
        match value:
            case Qualified() if flags.is_flags(value.name):
                return self.member(flags.FLAGS, name)
            case Qualified():
                full = f"{value.name}.{name}"
                if len(full) > MAX_NAME:
                    return UNKNOWN
                if flags.is_flags(full):
                    return (flags.FLAGS,)
                return (strings.CONSTANTS.get(full) or Qualified(full),)
            case Imported():
                full = f"{value.module.name}.{name}"
                if self.catalogued(full):
                    return (Qualified(full),)
                return self.resolved((Imported(value.module, name),))
            case Instance() | ClassValue():
                return self.class_member(value, name)
            case Record():
                if name == "__dict__":
                    return (value,)
                if name in flags.METHODS and self.read_key(value.key(name)) is None:
                    return (Member(value, name),)
                return self.resolved(flags.read_record(self, value, name))
            case Tracked() if value.kind == "checkpoint-state":
                return _state_member(value, name)
            case FlagHolder():
                return self.resolved(flags.member(self, value, name))
            case ModelVariable() if name in ("name", "op"):
                # `v.op.name` and `v.name` differ by the `:0` alone.
                return (value,) if name == "op" else (ModelName(chosen=value.chosen),)
            case Tracked() if (read := self.tracked_member(value, name)) is not None:
                return read
            case GraphVariable() if name == "op":
                return (Operation(name=(value.name,)),)
            case Operation() if name == "name":
                return value.name
            case ScopeValue() if name in ("name", "original_name_scope"):
                return (value.name,)
            case Text() | Flag() if name == "value":
                # Of a member of an enumeration, of a flag.
                return (value,)
            case Text():
                found = strings.path_member(value, name)
                return found if found is not None else (Member(value, name),)
        return (Member(value, name),)

    def class_member(self, value: Instance | ClassValue, name: str) -> Values:
        """A member of a class or object of the project; see `functions`."""
        return (Member(value, name),)

    def _binary(self, node: ir.Binary) -> Values:
        if node.operator in _BOOLEAN:
            return self._boolean(node)
        # `a + b + c + …` may have thousands of terms: one after the other, not one in another.
        operations = [node]
        while isinstance(node.left, ir.Binary) and node.left.operator not in _BOOLEAN:
            node = node.left
            operations.append(node)
        left = self.evaluate(node.left)
        for each in reversed(operations):
            self.work.spent += 1
            left = self._operated(each.operator, left, self.evaluate(each.right))
        return left

    def _operated(self, operator: str, left: Values, right: Values) -> Values:
        """The values of `left operator right`."""
        values = weight_of(left) + weight_of(right) + len(left) * len(right)
        if operator == "%":
            values += sum(each.length for each in left if isinstance(each, Text)) // 2
        if not self.work.affords(values):
            return UNKNOWN
        if operator == "+" and calculate("+", left, right) is None:
            return _added(left, right)
        if operator == "%":
            found = [strings.format_percent(each, right) for each in left if isinstance(each, Text)]
            return union(*found) if found else UNKNOWN
        if operator == "*" and any(isinstance(each, Sequence) for each in left + right):
            return combined(left, right, repeat_sequence)
        if operator == "|" and any(isinstance(each, Mapping) for each in left):
            return combined(left, right, merge_mappings)
        if (number := calculate(operator, left, right)) is not None:
            return (Literal(number),)
        if operator == "/" and any(isinstance(each, Text) for each in left):
            return strings.join_paths((left, right))
        return UNKNOWN

    def _boolean(self, node: ir.Binary) -> Values:
        left = self.evaluate(node.left)
        is_test = is_name_test(node.left) or is_tested(left)
        with self.guarded(is_test):
            right = self.evaluate(node.right)
        if is_tested(left) or is_tested(right):
            return (NameTest(),)
        if node.operator == "or":
            truths = [truth_of(value) for value in left]
            if all(truths) and not isinstance(node.left, ir.Binary):
                return left
            kept = (v for v, is_true in zip(left, truths, strict=True) if is_true is not False)
            left = tuple(v for v in kept if not (isinstance(v, Literal) and not v.value))
            return union(left, right)
        return right if left == UNKNOWN else union(left, right)

    def _compare(self, node: ir.Compare) -> Values:
        operands = [self.evaluate(operand) for operand in node.operands]
        for operator, left, right in zip(node.operators, operands, operands[1:], strict=False):
            if not self.work.affords(weight_of(left) + weight_of(right)):
                continue
            if operator in ("in", "not in"):
                self.tested_in(left, right, node)
            self.compared(operator, left, right, node)
        is_asked = any(is_tested(each) or are_names(each) for each in operands)
        is_test = is_name_test(node) or is_asked
        return (NameTest(),) if is_test else UNKNOWN

    def tested_in(self, left: Values, right: Values, node: ir.Compare) -> None:
        """`left in right` was met; the catalogue's objects may have something to say."""

    def compared(self, operator: str, left: Values, right: Values, node: ir.Compare) -> None:
        """`left operator right` was met; see `name_tests`."""

    def tracked_member(self, value: Tracked, name: str) -> Values | None:
        """What is read off an object that the catalogue follows."""

    def _subscript(self, node: ir.Subscript) -> Values:
        value = self.evaluate(node.value)
        if isinstance(node.key, ir.Slice):
            return self._sliced(value, node.key)
        return self.subscripted(value, self.evaluate(node.key), node)

    def _sliced(self, value: Values, key: ir.Slice) -> Values:
        bounds: list[int | None] = []
        for part in (key.lower, key.upper):
            if part is None:
                bounds.append(None)
                continue
            found = self.evaluate(part)
            number = found[0].value if isinstance(found[0], Literal) else None
            if len(found) != 1 or type(number) is not int:
                return UNKNOWN
            bounds.append(number)
        if not self.work.affords(weight_of(value)):
            return UNKNOWN
        return union(get_slice(each, bounds[0], bounds[1]) for each in value)

    def _slice(self, node: ir.Slice) -> Values:
        for part in (node.lower, node.upper):
            if part is not None:
                self.evaluate(part)
        return UNKNOWN

    def subscripted(self, value: Values, index: Values, node: ir.Subscript) -> Values:
        """The values of `value[index]`."""
        return union(*(self._item(container, index) for container in value))

    def _item(self, container: Value, index: Values) -> Values:
        if isinstance(container, Record):
            names = [each.literal for each in texts(index)]
            if len(names) == 1 and names[0]:
                return self.resolved(
                    flags.read_record(self, container, flags.normalize_name(names[0]))
                )
            return UNKNOWN
        if isinstance(container, Qualified) and container.name == "os.environ":
            names = [each.literal for each in texts(index)]
            return (
                flags.read_environment(self, names[0]) if len(names) == 1 and names[0] else UNKNOWN
            )
        if isinstance(container, Mapping | Sequence) and not self.work.affords(
            len(index) + container.size.weight
        ):
            return UNKNOWN
        return self.resolved(get_item(container, index))

    def _items(self, node: ir.Items) -> Values:
        items: list[Values] = []
        is_complete = True
        for each in node.items:
            values = self.evaluate(each)
            if isinstance(each, ir.Other) and each.kind == "list_splat":
                more, is_whole = items_of(values) if self._affords(values) else ((), False)
                items += more
                is_complete = is_complete and is_whole
            else:
                items.append(values)
        return (Sequence(node.kind, tuple(items), is_complete),)

    def _dict(self, node: ir.Dict) -> Values:
        entries: list[tuple[Values, Values]] = []
        is_complete = True
        for key, value in node.entries:
            if key is not None:
                keys = self.evaluate(key)
                entries.append((keys, self.evaluate(value) if value is not None else ()))
            elif value is not None:
                spread = self.evaluate(value)
                if not self._affords(spread):
                    is_complete = False
                elif len(spread) == 1 and isinstance(spread[0], Mapping):
                    entries += spread[0].entries
                    is_complete = is_complete and spread[0].is_complete
                else:
                    is_complete = False
        repeated = repeated_keys(node, entries)
        return (Mapping(tuple(entries), is_complete, repeated, find_braces(self.chunk, node)),)

    def _conditional(self, node: ir.Conditional) -> Values:
        tested = self.evaluate(node.test)
        chosen = decide_test(self, node.test)
        with self.guarded(is_name_test(node.test) or is_tested(tested)):
            then, otherwise = self.evaluate(node.then), self.evaluate(node.otherwise)
        return union(then if chosen is not False else (), otherwise if chosen is not True else ())

    def _comprehension(self, node: ir.Comprehension) -> Values:
        pairs: list[tuple[Values, Values]] = []
        with self.names_kept():
            is_complete = self._rounds(node, node.clauses, pairs) and not node.tests
        if node.kind == "dictionary":
            return (Mapping(tuple(pairs), is_complete),)
        return (Sequence("list", tuple(value for _, value in pairs), is_complete),)

    def _rounds(
        self,
        node: ir.Comprehension,
        clauses: tuple[tuple[ir.Expr, ir.Expr], ...],
        pairs: list[tuple[Values, Values]],
    ) -> bool:
        """Adds what a comprehension gives with the last of its clauses; whether that is all."""
        if clauses:
            target, source = clauses[0]
            items, is_complete = items_of(self.evaluate(source))
            for index, item in enumerate(items):
                if self.work.is_spent:
                    # The others are taken together.
                    self.bind(target, union(*items[index:], UNKNOWN))
                    self._rounds(node, clauses[1:], pairs)
                    return False
                self.bind(target, item)
                is_complete = self._rounds(node, clauses[1:], pairs) and is_complete
            return is_complete
        is_guarded = any(is_name_test(test) for test in node.tests)
        is_test = any(list(map(is_tested, map(self.evaluate, node.tests))))
        with self.guarded(is_guarded or is_test):
            key = self.evaluate(node.key) if node.key is not None else ()
            pairs.append((key, self.evaluate(node.value)))
        return True

    def bind(self, target: ir.Expr, values: Values) -> None:
        """Assigns to a target: a name, a tuple of targets, an attribute or an item."""
        if isinstance(target, ir.Name):
            self.assign(target.name, values)
        elif isinstance(target, ir.Items):
            for index, part in enumerate(target.items):
                if isinstance(part, ir.Other):
                    self.evaluate(part)
                else:
                    self.bind(part, union(*(unpack_element(value, index) for value in values)))
        elif isinstance(target, ir.Attribute):
            for owner in self.evaluate(target.value):
                if isinstance(owner, Instance):
                    self.write_attribute(owner.of, target.name, values)
                elif isinstance(owner, ClassValue):
                    self.write_attribute(owner, target.name, values)
                elif isinstance(owner, Record):
                    self.write_key(owner.key(target.name), values)
        elif isinstance(target, ir.Subscript):
            self._bind_item(target, values)
        else:
            self.evaluate(target)

    def _bind_item(self, target: ir.Subscript, values: Values) -> None:
        containers, key = self.evaluate(target.value), self.evaluate(target.key)
        for container in containers:
            if isinstance(container, Record):
                for name in texts(key):
                    if name.literal:
                        self.write_key(container.key(name.literal), values)
        is_mapping = any(isinstance(each, Mapping) for each in containers)
        if is_mapping and isinstance(target.value, ir.Name):
            self.assign(target.value.name, with_item(containers, key, values))

    def write_attribute(self, owner: ClassValue, name: str, values: Values) -> None:
        """Notes that a method assigned to `self.name`."""
        self.write_key((owner.chunk, name), values)

    def _affords(self, values: Values) -> bool:
        """Whether values may be gone through."""
        return self.work.affords(weight_of(values))

    def _other(self, node: ir.Other) -> Values:
        values = [self.evaluate(part) for part in node.parts]
        if node.kind == TOO_DEEP:
            self.work.was_cut = True
        if node.kind in ("yield", "yield from"):
            self.frame.yielded = self.frame.scopes
            self.frame.yields.append(UNKNOWN if self.frame.is_repeated or not values else values[0])
        if node.kind == "not" and values:
            return (NameTest(),) if is_tested(values[0]) else UNKNOWN
        if node.kind in ("await", "parenthesized_expression", "list_splat") and values:
            return values[0]
        if node.kind == "named_expression" and len(values) == 2:
            self.bind(node.parts[0], values[1])
            return values[1]
        if node.kind == "unary_operator" and len(values) == 1:
            return tuple(_negated(value) for value in values[0])
        return UNKNOWN

    def function_of(self, node: ir.Lambda) -> Values:
        """The function that a lambda makes; see `interpreter`."""
        return UNKNOWN

    def _call(self, node: ir.Call) -> Values:
        return self.call(node)

    def call(self, node: ir.Call) -> Values:
        """The values of a call; this class evaluates no more than its arguments."""
        for argument in node.arguments:
            self.evaluate(argument.value)
        return UNKNOWN


_BOOLEAN = ("and", "or")


def _piece(chunk: Chunk | None, run: ir.Run) -> Piece:
    if chunk is None:
        return Piece(run.text)
    return Piece(run.text, Origin(chunk, run.start, run.end, run.literal, run.offsets))


def _added(left: Values, right: Values) -> Values:
    if any(isinstance(value, Sequence) for value in (*left, *right)):
        return combined(left, right, add_sequences)
    if not any(isinstance(value, Text) for value in (*left, *right)):
        return UNKNOWN
    return strings.concatenate(texts(left), texts(right)) or UNKNOWN


def _negated(value: Value) -> Value:
    if isinstance(value, Literal) and type(value.value) in (int, float):
        return Literal(-value.value)  # type: ignore[operator]
    return Unknown()


def _state_member(value: Tracked, name: str) -> Values:
    if name == "model_checkpoint_path":
        return flags.latest_checkpoint(value.paths)
    return UNKNOWN


_HANDLERS: dict[type, Callable[..., Values]] = {
    ir.Str: Evaluator._string,
    ir.Name: Evaluator._name,
    ir.Attribute: Evaluator._attribute,
    ir.Call: Evaluator._call,
    ir.Binary: Evaluator._binary,
    ir.Compare: Evaluator._compare,
    ir.Subscript: Evaluator._subscript,
    ir.Items: Evaluator._items,
    ir.Slice: Evaluator._slice,
    ir.Dict: Evaluator._dict,
    ir.Conditional: Evaluator._conditional,
    ir.Comprehension: Evaluator._comprehension,
    ir.Constant: Evaluator._constant,
    ir.Lambda: lambda evaluator, node: evaluator.function_of(node),
    ir.Other: Evaluator._other,
}
