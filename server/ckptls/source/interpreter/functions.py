"""Functions and classes of the project: running them, and what objects of classes have."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from ckptls.source.interpreter.calls import Caller
from ckptls.source.interpreter.decorators import Wrapping, find_wrapping
from ckptls.source.semantics.catalogue import Catalogue
from ckptls.source.semantics.module import Environment
from ckptls.source.semantics.pattern_text import Text
from ckptls.source.semantics.run_state import Answers, CallRecord, Frame, Recorder, Scopes
from ckptls.source.semantics.values import (
    UNKNOWN,
    Arguments,
    ClassValue,
    FunctionKey,
    FunctionValue,
    Instance,
    Literal,
    Member,
    ScopeValue,
    Sequence,
    Values,
    union,
)
from ckptls.source.semantics.work import MAX_STEPS_ELSEWHERE
from ckptls.source.stdlib import flags
from ckptls.source.stdlib.argument_binding import Bound, bind_parameters
from ckptls.source.syntax import ir
from ckptls.source.syntax.ir import Chunk

_MAX_DEPTH = 4
# Longer functions that mention nothing of the catalogue are not run for what they return.
_SMALL_BYTES = 1_500
_PROPERTIES = frozenset({"property", "cached_property", "lazy_property", "define_scope"})
_BUILT_IN = frozenset({"staticmethod", "classmethod", "property"})
_ENDINGS = frozenset({b"return", b"yield", b"global"})
_MAX_BASES = 16


class Functions(Caller):
    """Runs functions of the project where they are called."""

    def __init__(
        self, module: Frame, chunk: Chunk, catalogue: Catalogue, environment: Environment
    ) -> None:
        super().__init__(module, chunk, catalogue, environment)
        self.depth = 0
        self._decorating: dict[FunctionKey, Wrapping | None] = {}
        # What functions returned that were called in this chunk or function.
        self.returned_before: dict[object, tuple[int, Values, Answers, Scopes]] = {}
        # Classes whose bases are being looked up.
        self._descending: set[tuple[Chunk, int]] = set()
        self._known_members: dict[int, _Members] = {}

    def enter(
        self,
        function: FunctionValue,
        bound: Bound,
        scopes: Scopes,
        guarded: bool,
        is_alone: bool = False,
    ) -> Frame:
        """Runs the body of a function with these arguments.

        is_alone: it is run although no call of it is known, so its parameters may get others
        than their defaults.
        """
        caller, chunk = self.frame, self.chunk
        frame = Frame(self._around(function), scopes, guarded)
        frame.owner = function.owner
        self.chunk, self.frame = function.chunk, frame
        node = function.function
        options = flags.option_defaults(self, node.decorators) if node.decorators else {}
        parameters = [each for each in node.parameters if each.name]
        for index, parameter in enumerate(parameters):
            values = bound.get(parameter.name)
            if values is None:
                values = options.get(parameter.name)
            if values is None:
                values = self._default(function, index, parameter)
                if is_alone:
                    values = _doubtful(values, function)
            frame.variables[parameter.name] = values
        self.execute(node.body)
        self.frame, self.chunk = caller, chunk
        return frame

    def execute(self, statement: ir.Stmt) -> bool:
        """Runs a statement; see `interpreter`."""
        raise NotImplementedError

    def _around(self, function: FunctionValue) -> Frame:
        """The frame in which a function was defined."""
        outer = self.module
        if function.home is not None:
            outer = Frame(None, home=function.home)
        if not function.closure:
            return outer
        frame = Frame(outer)
        frame.variables.update(function.closure)
        frame.owner = function.owner
        return frame

    def _default(self, function: FunctionValue, index: int, parameter: ir.Parameter) -> Values:
        if index == 0 and function.owner is not None:
            if _has_decorator(function.function, "classmethod"):
                return (function.owner,)
            if not is_static(function.function):
                return (Instance(function.owner),)
        if parameter.default is not None:
            return self.evaluate(parameter.default)
        return UNKNOWN

    def apply_function(self, callee: FunctionValue, node: ir.Call, arguments: Arguments) -> Values:
        if not callee.function.decorators:
            return self._apply(callee, node, bind_parameters(callee, arguments))
        around = self._wrappings(callee)
        if len(around) > 1:
            # Several, each with arguments of its own: as if one of them did anything.
            around = [Wrapping((), None, any(each.gives_itself for each in around))]
        bound = around[0].bound(callee, arguments) if around else bind_parameters(callee, arguments)
        returned = self._apply(callee, node, bound)
        return callee.bound if callee.bound and around and around[0].gives_itself else returned

    def _wrappings(self, callee: FunctionValue) -> list[Wrapping]:
        """What the decorators of a function do to its calls, where the project has them."""
        found: list[Wrapping] = []
        before = self.frame
        self.frame = self._around(callee)
        for decorator in callee.function.decorators:
            if isinstance(decorator, ir.Name) and decorator.name in _BUILT_IN:
                continue
            name = decorator.function if isinstance(decorator, ir.Call) else decorator
            for value in self.evaluate(name) if isinstance(name, ir.Name | ir.Attribute) else ():
                if isinstance(value, FunctionValue):
                    if value.key not in self._decorating:
                        self._decorating[value.key] = find_wrapping(value.function)
                    known = self._decorating[value.key]
                    if isinstance(decorator, ir.Call):  # what it makes is the decorator
                        known = Wrapping((), None, gives_itself=False)
                    found += [known] if known is not None else []
        self.frame = before
        return found

    def _apply(self, callee: FunctionValue, node: ir.Call, bound: Bound) -> Values:
        if callee.home is None and not callee.is_nested:
            if not self.quiet:
                record = self._record(callee, bound)
                if record not in self.recorded_calls:
                    self.recorded_calls.add(record)
                    self.effects.calls.append(record)
            return self.returned(callee, bound)
        if callee.home is not None and not self.quiet and self.entrance is None:
            self.effects.outgoing.append(self._record(callee, bound))
        return self._run_inline(callee, node, bound)

    def _record(self, callee: FunctionValue, bound: Bound) -> CallRecord:
        frame = self.frame
        return CallRecord(callee, tuple(bound.items()), frame.scopes, frame.is_guarded)

    def _run_inline(self, callee: FunctionValue, node: ir.Call, bound: Bound) -> Values:
        """Runs a function for what it finds in these arguments, and for what it returns."""
        if self.depth >= _MAX_DEPTH or self.work.is_spent:
            return UNKNOWN
        if callee.home is not None and not self._is_worth_running(callee):
            return UNKNOWN
        before = self.entrance
        if callee.home is not None and before is None:
            self.entrance = self.place(node)
        self.depth += 1
        frame = self.enter(callee, bound, self.frame.scopes, self.frame.is_guarded)
        self.frame.scopes = frame.scopes
        self.depth -= 1
        self.entrance = before
        if not frame.returns and frame.yielded is None:
            return (Literal(None),)
        return _given_back(callee, frame)

    def _is_worth_running(self, callee: FunctionValue) -> bool:
        """Whether a function of another module may tell anything: a small one by what it
        returns, another one by what it mentions."""
        if self.work.elsewhere > MAX_STEPS_ELSEWHERE:
            self.work.was_cut = True
            return False
        words = callee.chunk.words
        if not words.isdisjoint(self.catalogue.words):
            return True
        if callee.home is not None and callee.function.name.encode() in callee.home.exports.telling:
            return True
        return b"return" in words and callee.chunk.byte_length < _SMALL_BYTES

    def returned(self, callee: FunctionValue, bound: Bound) -> Values:
        """What a function of this document returns; what is found on the way does not count."""
        if self.depth >= _MAX_DEPTH or self.work.is_spent:
            return UNKNOWN
        if not _ENDINGS & callee.chunk.words:
            is_maker = self.quiet and callee.function.name == "__init__"
            if is_maker or b"enter_context" in callee.chunk.words:
                self._run_quietly(callee, bound)
            return UNKNOWN
        if callee.chunk.byte_length > 4 * _SMALL_BYTES and callee.chunk.words.isdisjoint(
            self.catalogue.words
        ):
            return UNKNOWN
        if self.frame.depth == 0:
            return _given_back(callee, self._run_quietly(callee, bound))
        return self._known_return(callee, bound)

    def _known_return(self, callee: FunctionValue, bound: Bound) -> Values:
        """As `returned`, run once for the same arguments as long as nothing was assigned.

        It is remembered while one chunk or function is run, not longer: what that finds must not
        rest on what was run before it.
        """
        key = (callee.key, tuple(bound.items()), self.frame.scopes, self.depth)
        known = self.returned_before.get(key) if not self._descending else None
        if known is None or known[0] != self.shared.writes:
            before = self.shared.writes
            recorder = Recorder(len(self.shared.imported))
            self.shared.recorders.append(recorder)
            values = _given_back(callee, self._run_quietly(callee, bound))
            self.shared.recorders.pop()
            is_settled = before == self.shared.writes and not self._descending
            known = (before if is_settled else -1, values, recorder.answers, self.frame.scopes)
            self.returned_before[key] = known
        else:
            self.frame.scopes = known[3]
            self.shared.note_answers(known[2])
        return known[1]

    def _run_quietly(self, callee: FunctionValue, bound: Bound) -> Frame:
        self.depth += 1
        self.quiet += 1
        frame = self.enter(callee, bound, self.frame.scopes, self.frame.is_guarded)
        # Mostly they are as before; but what is entered by a call may be left elsewhere.
        self.frame.scopes = frame.scopes
        self.quiet -= 1
        self.depth -= 1
        return frame

    # Classes and their objects

    def instance(self, of: ClassValue, node: ir.Call, arguments: Arguments) -> Values:
        made = Instance(of)
        initializer = self._method(made, "__init__")
        if initializer is None:
            self._with_fields(of, arguments)
        else:
            self.apply_function(initializer, node, arguments)
            # What it assigns is needed right behind the call.
            if initializer.home is None and self.depth < _MAX_DEPTH and not self.work.is_spent:
                self._run_quietly(initializer, bind_parameters(initializer, arguments))
        return (made,)

    def _with_fields(self, of: ClassValue, arguments: Arguments) -> None:
        """An object of a dataclass or named tuple: arguments are its attributes."""
        names = [name for each in self._bases(of) for name in self._members(each).fields]
        for key, values in arguments:
            if key is None and names:
                self.write_attribute(of, names.pop(0), values)
            elif key not in (None, "*", "**"):
                self.write_attribute(of, str(key), values)

    def class_member(self, value: Instance | ClassValue, name: str) -> Values:
        of = value.of if isinstance(value, Instance) else value
        classes = self._bases(of)
        if isinstance(value, Instance) and value.is_super:
            next(classes, None)
        for each in classes:
            found = self.read_attribute(each, name)
            if found is not None:
                return found
            method = self._own_method(each, value, name)
            if method is None:
                continue
            if isinstance(value, Instance) and _PROPERTIES & _decorators(method.function):
                return self.resolved(self._property(method))
            return (method,)
        return (Member(value, name),)

    def _property(self, method: FunctionValue) -> Values:
        if method.home is None:
            return self.returned(method, {})
        if self.depth >= _MAX_DEPTH or self.work.is_spent:
            return UNKNOWN
        return union(*self._run_quietly(method, self._self_of(method)).returns)

    def _self_of(self, method: FunctionValue) -> Bound:
        names = [each.name for each in method.function.parameters]
        return {names[0]: method.bound} if names and method.bound else {}

    def _method(self, value: Instance, name: str) -> FunctionValue | None:
        for each in self._bases(value.of):
            found = self._own_method(each, value, name)
            if found is not None:
                return found
        return None

    def _own_method(
        self, of: ClassValue, value: Instance | ClassValue, name: str
    ) -> FunctionValue | None:
        method = self._members(of).methods.get(name)
        if method is None:
            return None
        chunk, statement = method
        bound: Values = ()
        if _has_decorator(statement, "classmethod"):
            bound = (of,)
        elif isinstance(value, Instance) and not is_static(statement):
            bound = (Instance(value.of),)
        is_nested, known = bool(of.identity), of.closure
        return FunctionValue(
            chunk or of.chunk, id(statement), statement, of, bound, is_nested, known, of.home
        )

    def _members(self, of: ClassValue) -> _Members:
        """The methods and fields of a class, found once."""
        known = self._known_members.get(id(of.definition))
        if known is None or known.definition is not of.definition:
            known = self._known_members[id(of.definition)] = _members_of(of.definition)
        return known

    def _bases(self, of: ClassValue) -> Iterator[ClassValue]:
        """A class and those that it is made from, as far as they are of the project."""
        pending = [of]
        seen: set[tuple[Chunk, int]] = set()
        while pending and len(seen) < _MAX_BASES:
            each = pending.pop(0)
            if (each.chunk, each.identity) in seen:
                continue
            seen.add((each.chunk, each.identity))
            yield each
            pending += self._parents(each)

    def _parents(self, of: ClassValue) -> list[ClassValue]:
        if not of.definition.bases:
            return []
        if (of.chunk, of.identity) in self._descending:
            # A name of a base may mean an object of the class itself.
            return []
        before = self.frame
        self.frame = Frame(None, home=of.home) if of.home is not None else self.module
        if of.closure:
            self.frame = Frame(self.frame)
            self.frame.variables.update(of.closure)
        self._descending.add((of.chunk, of.identity))
        found = self._classes(of.definition.bases)
        if not found and of.home is None and before is not self.module:
            self.frame = before
            found = self._classes(of.definition.bases)
        self._descending.discard((of.chunk, of.identity))
        self.frame = before
        return found

    def _classes(self, bases: tuple[ir.Expr, ...]) -> list[ClassValue]:
        return [
            value
            for base in bases
            if isinstance(base, ir.Name | ir.Attribute)
            for value in self.evaluate(base)
            if isinstance(value, ClassValue)
        ]


def _given_back(callee: FunctionValue, frame: Frame) -> Values:
    """What a run of a function gives: a context manager the scope that it opens."""
    inside = frame.yielded.names if frame.yielded is not None else frame.scopes.names
    if inside != frame.scopes.names and _has_decorator(callee.function, "contextmanager"):
        return (ScopeValue(inside.without_suffix("/")),)
    if frame.yields:
        return (Sequence("list", tuple(frame.yields), UNKNOWN not in frame.yields),)
    return union(*frame.returns)


def _doubtful(values: Values, function: FunctionValue) -> Values:
    """What a parameter may get beside its default where no call is known.

    Numbers of layers and classes differ from call to call. A function inside another one is
    called there, with what its own calls say.
    """
    if function.is_nested and any(isinstance(each, Text) for each in values):
        return union(values, UNKNOWN)
    if any(isinstance(e, Literal) and type(e.value) in (int, float) for e in values):
        return UNKNOWN
    return values


def is_static(function: ir.Function) -> bool:
    """Whether a method takes no object."""
    return _has_decorator(function, "staticmethod")


def _decorators(function: ir.Function) -> frozenset[str]:
    return frozenset(
        each.name for each in function.decorators if isinstance(each, ir.Name | ir.Attribute)
    )


def _has_decorator(function: ir.Function, name: str) -> bool:
    return name in _decorators(function)


class _Members(NamedTuple):
    """What the body of a class has: methods by name, with the chunk if they are one of their own,
    and the names that it assigns, in order."""

    definition: ir.Class
    methods: dict[str, tuple[Chunk | None, ir.Function]]
    fields: list[str]


def _members_of(definition: ir.Class) -> _Members:
    found = _Members(definition, {}, [])
    for member in definition.body.statements:
        chunk = member if isinstance(member, Chunk) else None
        statement = member.statement if isinstance(member, Chunk) else member
        if isinstance(statement, ir.Function):
            found.methods.setdefault(statement.name, (chunk, statement))
        elif isinstance(statement, ir.Assign):
            names = [each.name for each in statement.targets if isinstance(each, ir.Name)]
            found.fields.extend(names)
    return found
