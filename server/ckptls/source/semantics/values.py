"""What an expression may be worth, as far as reading the code can tell.

An expression has several possible values (branches, defaults); `UNKNOWN` among them says
that there are others. Texts are in `pattern_text`.
"""

from __future__ import annotations

from collections import abc
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, NamedTuple, Protocol

from ckptls.source.semantics.pattern_text import UNKNOWN_TEXT, Hole, Text, text
from ckptls.source.syntax import ir

if TYPE_CHECKING:
    from ckptls.source.semantics.dict_spans import Braces
    from ckptls.source.syntax.ir import Chunk

# More alternatives than this are not followed; what is left out is UNKNOWN.
MAX_ALTERNATIVES = 64
# Containers that hold more values, at any depth, are not looked into.
MAX_WEIGHT = 4_096
# The same for layers of values in values.
MAX_LAYERS = 24


@dataclass(frozen=True, slots=True)
class Unknown:
    """A value that the interpreter cannot determine."""


@dataclass(frozen=True, slots=True)
class Literal:
    """A number, True, False or None."""

    value: int | float | bool | None


class Size(NamedTuple):
    """How many values a value is made of, itself included, and in how many layers."""

    weight: int
    depth: int


_ONE = Size(1, 1)
_Parts = Iterable["Values"]


def _size_of(parts: _Parts) -> Size | None:
    """The size of a value that is made of these; None if it is too large to be followed.

    A value that is in it twice counts twice: that is what comparing and hashing it costs.
    """
    weight = depth = 1
    for values in parts:
        for value in values:
            weight += 1
            if isinstance(value, _COMPOUND):
                size = value.size
                weight += size.weight - 1
                depth = max(depth, size.depth + 1)
                if weight > MAX_WEIGHT:
                    return None
    return Size(weight, depth) if weight <= MAX_WEIGHT and depth <= MAX_LAYERS else None


@dataclass(frozen=True, slots=True)
class Sequence:
    """A list, tuple or set; `is_complete` is False where other items may be in it."""

    kind: str
    items: tuple[Values, ...]
    is_complete: bool = True
    size: Size = field(init=False, compare=False, repr=False)
    _hash: int = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        size = _size_of(self.items)
        if size is None:
            object.__setattr__(self, "items", ())
            object.__setattr__(self, "is_complete", False)
        object.__setattr__(self, "size", size or _ONE)
        object.__setattr__(self, "_hash", hash((self.kind, self.items, self.is_complete)))

    def __hash__(self) -> int:
        return self._hash


@dataclass(frozen=True, slots=True)
class Mapping:
    """A dictionary, as pairs; a half-typed pair has no values on its right.

    `repeated` are keys that are written although an earlier one is the same; `braces` is
    where all of it is written, if it is in one place.
    """

    entries: tuple[tuple[Values, Values], ...]
    is_complete: bool = True
    repeated: tuple[Text, ...] = ()
    braces: Braces | None = None
    size: Size = field(init=False, compare=False, repr=False)
    _hash: int = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        size = _size_of(values for entry in self.entries for values in entry)
        if size is None:
            object.__setattr__(self, "entries", ())
            object.__setattr__(self, "is_complete", False)
        object.__setattr__(self, "size", size or _ONE)
        object.__setattr__(self, "_hash", hash((self.entries, self.is_complete, self.braces)))

    def __hash__(self) -> int:
        return self._hash


@dataclass(frozen=True, slots=True)
class Qualified:
    """Something imported, by its full dotted name."""

    name: str


@dataclass(frozen=True, slots=True)
class Outside:
    """Something that a library made which the catalogue does not know."""


class ExportsLike(Protocol):
    """What is asked of the names that a module leaves behind; see `modules.Exports`."""

    @property
    def telling(self) -> frozenset[bytes]: ...


class EnvironmentLike(Protocol):
    """What is asked of the world around a module; see `modules.Environment`."""

    @property
    def path(self) -> str | None: ...
    @property
    def flags(self) -> abc.Mapping[str, str]: ...
    @property
    def module(self) -> Callable[[str], ModuleLike | None]: ...


class ModuleLike(Protocol):
    """What is asked of another module of the project; see `modules.Module`."""

    @property
    def name(self) -> str: ...
    @property
    def path(self) -> str: ...
    @property
    def environment(self) -> EnvironmentLike: ...
    @property
    def exports(self) -> ExportsLike: ...
    def get(self, name: str) -> Values | None: ...
    def attribute(self, key: tuple[Chunk, str]) -> Values | None: ...
    def gives(self, name: str) -> bool: ...


@dataclass(frozen=True, slots=True)
class Imported:
    """A name of another module of the project, or with an empty name the module itself.

    It is looked up there when it is used: most imports of a file never matter.
    """

    module: ModuleLike
    name: str = ""


@dataclass(frozen=True, slots=True)
class Record:
    """An object whose attributes the code sets: parsed arguments, a configuration.

    It is known by the place of the call that made it.
    """

    kind: str
    chunk: Chunk
    place: int = 0

    def key(self, name: str) -> tuple[Chunk, str]:
        """Where its attribute `name` is kept."""
        return self.chunk, f"{self.place}.{name}"


@dataclass(frozen=True, slots=True)
class Flag:
    """The value of a command-line flag, or of a key of some configuration, that no code gives."""

    name: str


FunctionKey = tuple["Chunk", int, "Chunk | None"]


@dataclass(frozen=True, slots=True)
class FunctionValue:
    """A function of this document, or with a `home` of another module of the project.

    `owner` is the class it is a method of, `closure` what a nested function knows of the
    functions around it. It is the same function as long as its chunk and its node are the
    same objects, so the node is identified by `id` and never compared.
    """

    chunk: Chunk
    identity: int
    function: ir.Function = field(compare=False)
    owner: ClassValue | None = None
    bound: Values = ()
    is_nested: bool = False
    closure: tuple[tuple[str, Values], ...] = ()
    home: ModuleLike | None = None
    size: Size = field(init=False, compare=False, repr=False)
    _hash: int = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        owner = (self.owner,) if self.owner is not None else ()
        size = _size_of((owner, self.bound, *(known for _, known in self.closure)))
        if size is None:
            object.__setattr__(self, "closure", ())
            object.__setattr__(self, "bound", ())
        object.__setattr__(self, "size", size or _ONE)
        object.__setattr__(
            self, "_hash", hash((self.chunk, self.identity, self.owner, self.bound, self.closure))
        )

    def __hash__(self) -> int:
        return self._hash

    @property
    def key(self) -> FunctionKey:
        """What it is known by: where it is written, and for a method the class around it.

        A class that is edited is another class, also to methods that stay as they are.
        """
        return self.chunk, self.identity, self.owner.chunk if self.owner is not None else None


@dataclass(frozen=True, slots=True)
class ClassValue:
    """A class of this document, or with a `home` of another module of the project.

    One that a function defines is identified by its node as well (`identity`, else 0), and its
    methods know of the functions around it what is in `closure`.
    """

    chunk: Chunk
    definition: ir.Class = field(compare=False)
    home: ModuleLike | None = None
    identity: int = 0
    closure: tuple[tuple[str, Values], ...] = ()
    size: Size = field(init=False, compare=False, repr=False)
    _hash: int = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        size = _size_of(known for _, known in self.closure)
        if size is None:
            object.__setattr__(self, "closure", ())
        object.__setattr__(self, "size", size or _ONE)
        object.__setattr__(self, "_hash", hash((self.chunk, self.identity, self.closure)))

    def __hash__(self) -> int:
        return self._hash


@dataclass(frozen=True, slots=True)
class Instance:
    """An object of a class of the project; `is_super`: looked at from above that class."""

    of: ClassValue
    is_super: bool = False

    @property
    def size(self) -> Size:
        return self.of.size


@dataclass(frozen=True, slots=True)
class Member:
    """`value.name`, for what the catalogue or Python knows about such values."""

    value: Value
    name: str
    size: Size = field(init=False, compare=False, repr=False)
    _hash: int = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        size = _size_of(((self.value,),))
        if size is None:
            object.__setattr__(self, "value", _UNKNOWN)
        object.__setattr__(self, "size", size or _ONE)
        object.__setattr__(self, "_hash", hash((self.value, self.name)))

    def __hash__(self) -> int:
        return self._hash


@dataclass(frozen=True, slots=True)
class Latest:
    """The newest checkpoint of a directory, as `tf.train.latest_checkpoint` gives it.

    flag: the directory is the value of that flag, which no code gives.
    is_beside: only its name is taken, and looked for in the directory, wherever the state file
        says that it is.
    """

    directory: Text
    flag: str | None = None
    is_beside: bool = False


@dataclass(frozen=True, slots=True)
class Tracked:
    """An object that the catalogue follows: a reader, a session, a list of names, …

    The base of the classes below, which know more of their objects than these do.

    Attributes:
        kind: what methods of the catalogue are looked up by (`of` of an entry).
        paths: the paths of its checkpoint.
        form: what these paths must be: the value of a `PathForm`.
    """

    kind: str
    paths: Values = ()
    form: str = "prefix or directory"
    size: Size = field(init=False, compare=False, repr=False)

    # The fields whose values count for its size, and are detached with it.
    held: ClassVar[tuple[str, ...]] = ("paths",)

    def __post_init__(self) -> None:
        size = _size_of([getattr(self, name) for name in self.held])
        if size is None:
            for name in self.held:
                object.__setattr__(self, name, UNKNOWN)
        object.__setattr__(self, "size", size or _ONE)


@dataclass(frozen=True, slots=True)
class NameTest(Tracked):
    """The result of code that tests whether a checkpoint has a name."""

    kind: str = field(default="name-test", init=False)


@dataclass(frozen=True, slots=True)
class Operation(Tracked):
    """`variable.op`; `name` is the name of the variable."""

    kind: str = field(default="operation", init=False)
    name: Values = ()
    held = ("paths", "name")


@dataclass(frozen=True, slots=True)
class ModelVariable(Tracked):
    """One of the variables of the model that a selection chooses."""

    kind: str = field(default="model-variable", init=False)
    chosen: Values = ()
    held = ("paths", "chosen")


@dataclass(frozen=True, slots=True)
class ModelName(Tracked):
    """The name of a `ModelVariable`."""

    kind: str = field(default="model-name", init=False)
    chosen: Values = ()
    held = ("paths", "chosen")


@dataclass(frozen=True, slots=True)
class LatestName(Tracked):
    """The base name of the newest checkpoint of a directory."""

    kind: str = field(default="latest-name", init=False)
    latest: Latest | None = None


@dataclass(frozen=True, slots=True)
class FlagHolder(Tracked):
    """What defining a flag gives: an object with its value."""

    kind: str = field(default="flag", init=False)
    flag: str = ""


@dataclass(frozen=True, slots=True)
class ExitStack(Tracked):
    """`contextlib.ExitStack()`."""

    kind: str = field(default="exit-stack", init=False)


@dataclass(frozen=True, slots=True)
class StringTemplate(Tracked):
    """`string.Template(text)`."""

    kind: str = field(default="string-template", init=False)
    template: Values = ()
    held = ("paths", "template")


@dataclass(frozen=True, slots=True)
class PartialCall(Tracked):
    """`functools.partial(function, …)`.

    names: of the arguments that are given, None for those by place; `values` are theirs.
    """

    kind: str = field(default="partial", init=False)
    function: Values = ()
    names: tuple[str | None, ...] = ()
    values: tuple[Values, ...] = ()
    held = ("paths", "function")

    def __post_init__(self) -> None:
        size = _size_of((self.function, *self.values))
        if size is None:
            object.__setattr__(self, "function", UNKNOWN)
            object.__setattr__(self, "values", tuple(UNKNOWN for _ in self.values))
        object.__setattr__(self, "size", size or _ONE)

    @property
    def arguments(self) -> Arguments:
        return tuple(zip(self.names, self.values, strict=True))


@dataclass(frozen=True, slots=True)
class FunctionTemplate(Tracked):
    """`tf.make_template(…)`.

    scope: the scope that it has opened, or texts that will name it.
    is_unique: the texts are `unique_name_`, which is taken as it is.
    """

    kind: str = field(default="template", init=False)
    scope: Values = ()
    function: Values = ()
    is_unique: bool = False
    held = ("paths", "scope", "function")


@dataclass(frozen=True, slots=True)
class LayerObject(Tracked):
    """A layer or recurrent cell, which makes its variables where it runs.

    scope: texts that name its scope.
    variables: the names of its variables in that scope.
    inner_names: pairs of what stands before the name of a cell inside, and that name.
    """

    kind: str = field(default="layer-object", init=False)
    scope: Values = ()
    variables: Values = ()
    inner_names: Values = ()
    held = ("paths", "scope", "variables", "inner_names")


@dataclass(frozen=True, slots=True)
class MovingAverage(Tracked):
    """`tf.train.ExponentialMovingAverage(…)`; `suffix` is put behind the names of variables."""

    kind: str = field(default="moving-average", init=False)
    suffix: Values = ()
    held = ("paths", "suffix")


@dataclass(frozen=True, slots=True)
class Saver(Tracked):
    """`tf.train.Saver(variables)`; `reshapes`: None where the call that made it is unknown."""

    kind: str = field(default="saver", init=False)
    variables: Values = ()
    reshapes: bool | None = None
    held = ("paths", "variables")


@dataclass(frozen=True, slots=True)
class ObjectCheckpoint(Tracked):
    """`tf.train.Checkpoint(…)`; `keywords` are the names of the objects that it saves."""

    kind: str = field(default="object-checkpoint", init=False)
    keywords: Values = ()
    held = ("paths", "keywords")


@dataclass(frozen=True, slots=True)
class CheckpointManager(Tracked):
    """`tf.train.CheckpointManager(…)`.

    keywords: those of its `ObjectCheckpoint`.
    prefixes: of the files that it writes, without their numbers.
    """

    kind: str = field(default="manager", init=False)
    keywords: Values = ()
    prefixes: Values = ()
    held = ("paths", "keywords", "prefixes")


@dataclass(frozen=True, slots=True)
class KerasModel(Tracked):
    """A model of Keras; `library` is the module it was made with, empty where unknown."""

    kind: str = field(default="keras-model", init=False)
    library: str = ""


@dataclass(frozen=True, slots=True)
class GraphVariable:
    """A variable of the model: its full name, and its shape and dtype where they are written."""

    name: Text
    shape: tuple[int | None, ...] | None
    dtype: str | None = None


@dataclass(frozen=True, slots=True)
class Selection:
    """Variables of the model, chosen by regular expressions on their names.

    `include` None means all of them; a text with a hole or an UNKNOWN makes it uncertain.
    """

    include: tuple[Values, ...] | None = None
    exclude: tuple[Values, ...] = ()
    is_certain: bool = True
    size: Size = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        size = _size_of((*(self.include or ()), *self.exclude))
        if size is None:
            object.__setattr__(self, "include", None)
            object.__setattr__(self, "exclude", ())
            object.__setattr__(self, "is_certain", False)
        object.__setattr__(self, "size", size or _ONE)


@dataclass(frozen=True, slots=True)
class ScopeValue:
    """What `with tf.variable_scope(…) as scope` binds; `name` has no slash at its end.

    `written` is the name as it is given at the place, without the scopes around it; a scope
    that is entered again by its object has None. `is_name_scope`: it is one of operations,
    which variables made by `get_variable` do not care for.
    """

    name: Text
    written: Text | None = field(default=None, compare=False)
    is_name_scope: bool = False


@dataclass(frozen=True, slots=True)
class Defaults:
    """What `slim.arg_scope` gives to functions: (function, argument, values)."""

    rows: tuple[tuple[str, str, Values], ...] = ()
    size: Size = field(init=False, compare=False, repr=False)
    _hash: int = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        size = _size_of(values for _, _, values in self.rows)
        if size is None:
            object.__setattr__(self, "rows", ())
        object.__setattr__(self, "size", size or _ONE)
        object.__setattr__(self, "_hash", hash(self.rows))

    def __hash__(self) -> int:
        return self._hash


_COMPOUND = (
    *(Sequence, Mapping, FunctionValue, ClassValue, Instance, Member, Tracked, Selection),
    Defaults,
)
Value = (  # fmt: skip
    Unknown
    | Text
    | Literal
    | Sequence
    | Mapping
    | Qualified
    | Outside
    | Imported
    | Record
    | Flag
    | FunctionValue
    | ClassValue
    | Instance
    | Member
    | Latest
    | Tracked
    | GraphVariable
    | Selection
    | ScopeValue
    | Defaults
)
Values = tuple[Value, ...]
# The arguments of a call: (keyword or None, possible values) of each.
Arguments = tuple[tuple["str | None", Values], ...]

_UNKNOWN = Unknown()
UNKNOWN: Values = (_UNKNOWN,)


def is_known(values: Values) -> bool:
    """Whether these are all the values there can be."""
    return not any(_is_doubtful(value) for value in values)


def _is_doubtful(value: Value) -> bool:
    if isinstance(value, Member):
        return _is_doubtful(value.value)
    return isinstance(value, Unknown | Outside | Flag)


def union(*several: Iterable[Value]) -> Values:
    """All of the values, each once, in order; cut at `MAX_ALTERNATIVES` and `MAX_WEIGHT`."""
    if len(several) == 1 and isinstance(several[0], tuple) and len(several[0]) == 1:
        return several[0]
    found: dict[Value, None] = {}
    for values in several:
        found.update(dict.fromkeys(values))
        if len(found) > MAX_ALTERNATIVES:
            break
    if len(found) <= 1:
        return tuple(found) or UNKNOWN
    if len(found) <= MAX_ALTERNATIVES and weight_of(found) <= MAX_WEIGHT:
        return tuple(found)
    found.pop(_UNKNOWN, None)
    return (*_first(found), _UNKNOWN)


def combined(left: Values, right: Values, combine: Callable[[Value, Value], Value]) -> Values:
    """What comes of each of `left` with each of `right`, as `union` cuts it."""
    found: dict[Value, None] = {}
    weight = 0
    for first in left:
        for second in right:
            value = combine(first, second)
            found[value] = None
            weight += weight_of((value,))
            if len(found) > MAX_ALTERNATIVES or weight > MAX_WEIGHT:
                return union(found, UNKNOWN)
    return union(found)


def weight_of(values: Iterable[Value]) -> int:
    """How many values these are made of."""
    return sum(value.size.weight if isinstance(value, _COMPOUND) else 1 for value in values)


def _first(values: Iterable[Value]) -> Iterator[Value]:
    """The first of too many alternatives."""
    weight = 0
    for count, value in enumerate(values, start=1):
        weight += weight_of((value,))
        if count >= MAX_ALTERNATIVES or (weight > MAX_WEIGHT and count > 1):
            return
        yield value


_PERHAPS_TEXT = (Unknown, Outside, Flag, Qualified, Member, Tracked, Instance, Imported)


def texts(values: Values) -> tuple[Text, ...]:
    """The texts among the values; one hole for those that may be some text or other."""
    found: dict[Text, None] = {}
    for value in values:
        if isinstance(value, Text):
            found[value] = None
        elif isinstance(value, _PERHAPS_TEXT):
            found[UNKNOWN_TEXT] = None
    return tuple(found)


def as_text(value: Value, pattern: str = ".*") -> Text:
    """What formatting the value puts into a string."""
    if isinstance(value, Text):
        return value
    if isinstance(value, Literal):
        if isinstance(value.value, float):
            return Text((Hole(r"[-+.\deE]+"),))
        return text(str(value.value))
    return Text((Hole(pattern),))
