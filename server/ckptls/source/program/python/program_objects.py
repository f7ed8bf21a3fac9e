"""Objects that code of a program makes: functions, classes, instances, modules, frames."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from ckptls.source.inventory.model_inventory import CodeSpan
from ckptls.source.program.core.library import LibraryBase
from ckptls.source.program.core.objects import UNKNOWN, Value
from ckptls.source.syntax import ir


class CodeFile:
    """A file of the program: its path and where its lines begin."""

    __slots__ = ("line_of", "path")

    def __init__(self, path: str, line_of: Callable[[int], int]) -> None:
        self.path = path
        self.line_of = line_of

    def span(self, start: int, end: int) -> CodeSpan:
        return CodeSpan(self.path, start, end, self.line_of(start))


class Frame:
    """The names of a module, a class body, or one run of a function.

    outer: where names are looked for that are not here; a class body is none for its methods.
    """

    __slots__ = (
        *("function", "globals", "home", "is_doubtful", "names", "nonlocals", "on_yield"),
        *("outer", "owner", "returns", "yields", "yields_more"),
    )

    def __init__(self, home: ModuleValue, outer: Frame | None = None) -> None:
        self.names: dict[Value, Value] = {}
        self.outer = outer
        self.home = home
        self.globals: set[str] = set()
        self.nonlocals: set[str] = set()
        # The class of the method that is run, for `super()`, and the function.
        self.owner: ClassValue | None = None
        self.function: FunctionValue | None = None
        # Values that may be returned although the function goes on.
        self.returns: list[Value] = []
        # Whether the function may have returned already.
        self.is_doubtful = False
        self.yields: list[Value] = []
        # Whether it yields items that are not known.
        self.yields_more = False
        self.on_yield: Callable[[Value], None] | None = None


@dataclass(eq=False, slots=True)
class ModuleValue:
    """A module of the project; `frame` has its names."""

    name: str
    file: CodeFile
    frame: Frame = field(init=False)

    def __post_init__(self) -> None:
        self.frame = Frame(self)


@dataclass(eq=False, slots=True)
class FunctionValue:
    """A function, or a lambda, whose body is an expression.

    defaults: by the names of parameters, evaluated where the function is defined.
    """

    name: str
    parameters: tuple[ir.Parameter, ...]
    body: ir.Block | ir.Expr
    frame: Frame
    defaults: Mapping[str, Value]
    owner: ClassValue | None = None
    is_generator: bool = False
    is_context_manager: bool = False
    attributes: dict[Value, Value] = field(default_factory=dict)
    kind: str = ""  # "staticmethod", "classmethod", "property"


@dataclass(frozen=True, slots=True)
class BoundMethod:
    """A function with what it is bound to."""

    receiver: Value
    function: Value


@dataclass(eq=False, slots=True)
class ClassValue:
    """A class of the program; `fields` are those of a named tuple or dataclass, in order."""

    name: str
    bases: tuple[Value, ...]
    names: dict[Value, Value]
    home: ModuleValue | None = None
    fields: tuple[str, ...] = ()
    is_tuple: bool = False
    library: tuple[str, ...] = ()

    def lineage(self) -> tuple[ClassValue, ...]:
        """The class and those above it, in the order in which attributes are looked for."""
        found: list[ClassValue] = [self]
        for base in self.bases:
            if isinstance(base, ClassValue):
                for each in base.lineage():
                    if each in found:
                        found.remove(each)
                    found.append(each)
        return tuple(found)

    def find(self, name: str, behind: ClassValue | None = None) -> tuple[Value, ClassValue] | None:
        """An attribute and the class that has it; only of classes `behind` one, if given."""
        lineage = self.lineage()
        if behind is not None and behind in lineage:
            lineage = lineage[lineage.index(behind) + 1 :]
        return next(((each.names[name], each) for each in lineage if name in each.names), None)

    def all_fields(self) -> tuple[str, ...]:
        return next((each.fields for each in self.lineage() if each.fields), ())

    def library_names(self) -> Iterator[str]:
        """The classes of libraries that it derives from."""
        for each in self.lineage():
            yield from each.library


@dataclass(eq=False, slots=True)
class Instance:
    """An object of a class of the program; `base` is what a class of a library adds."""

    of: ClassValue
    attributes: dict[Value, Value] = field(default_factory=dict)
    base: LibraryBase | None = None

    def items(self) -> list[Value]:
        """The values of a named tuple."""
        return [self.attributes.get(name, UNKNOWN) for name in self.of.all_fields()]


@dataclass(frozen=True, slots=True)
class SuperValue:
    """`super()`: an object (or class), seen from behind one of its classes."""

    receiver: Value
    behind: ClassValue


@dataclass(eq=False, slots=True)
class PendingGenerator:
    """A call of a generator, until a loop or a `with` statement runs it; only once."""

    function: FunctionValue
    arguments: Value
    is_used: bool = False
