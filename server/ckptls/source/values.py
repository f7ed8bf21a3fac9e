"""What an expression may be worth, as far as reading the code can tell.

An expression has several possible values (branches, defaults); `UNKNOWN` among them says
that there are others. Text is kept as pattern text: literal pieces, each with the place it
was written at, and holes where the program decides.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from ckptls.source import ir
from ckptls.source.text import Span

if TYPE_CHECKING:
    from ckptls.source.braces import Braces
    from ckptls.source.chunks import Chunk
    from ckptls.source.modules import Module

# More alternatives than this are not followed; what is left out is UNKNOWN.
MAX_ALTERNATIVES = 64
# Containers that hold more values, at any depth, are not looked into.
MAX_WEIGHT = 4_096


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the characters of a piece are written; offsets count from the chunk's start.

    `literal` is everything between the quotes of the string literal that they stand in;
    `offsets` the place of each character and of the end, where escapes move them. An item
    (`is_item`) is one of several names in its literal, as in `'a, b'.split(',')`.
    """

    chunk: Chunk
    start: int
    end: int
    literal: tuple[int, int]
    offsets: tuple[int, ...] | None = None
    is_item: bool = False

    @property
    def span(self) -> Span:
        """The characters themselves, as offsets into the document now."""
        return Span(self.chunk.start + self.start, self.chunk.start + self.end)

    @property
    def literal_span(self) -> Span:
        """Everything between the quotes, as offsets into the document now."""
        return Span(self.chunk.start + self.literal[0], self.chunk.start + self.literal[1])

    def cut(self, start: int, end: int) -> Origin:
        """The origin of the characters `start` to `end` of the piece."""
        if self.offsets is None:
            return replace(self, start=self.start + start, end=self.start + end)
        offsets = self.offsets[start : end + 1]
        return replace(self, start=offsets[0], end=offsets[-1], offsets=offsets)


@dataclass(frozen=True, slots=True)
class Piece:
    """Literal characters; `origin` is None when they are not written in this document."""

    text: str
    origin: Origin | None = None

    def cut(self, start: int, end: int) -> Piece:
        return Piece(
            self.text[start:end], self.origin.cut(start, end) if self.origin is not None else None
        )


@dataclass(frozen=True, slots=True)
class Hole:
    """A part of a text that the program decides; `pattern` is a regex of what may stand there."""

    pattern: str = ".*"


DIGITS = Hole(r"\d+")


@dataclass(frozen=True, slots=True)
class Text:
    """A string in pieces and holes."""

    parts: tuple[Piece | Hole, ...] = ()

    @property
    def literal(self) -> str | None:
        """The whole text; None where there is a hole."""
        try:
            return "".join([part.text for part in self.parts])  # type: ignore[union-attr]
        except AttributeError:  # a hole has none: asked far more often than not, of texts without
            return None

    @property
    def has_hole(self) -> bool:
        return any(isinstance(part, Hole) for part in self.parts)

    @property
    def template(self) -> str:
        """The text for a person's eyes, `{}` for each hole."""
        return "".join(part.text if isinstance(part, Piece) else "{}" for part in self.parts)

    @property
    def regex(self) -> str:
        """A regular expression for all that the text may be."""
        return "".join(
            re.escape(part.text) if isinstance(part, Piece) else part.pattern for part in self.parts
        )

    @property
    def origins(self) -> tuple[Origin, ...]:
        return tuple(
            part.origin
            for part in self.parts
            if isinstance(part, Piece) and part.origin is not None
        )

    def __add__(self, other: Text) -> Text:
        return Text(self.parts + other.parts)

    def starts_with(self, prefix: str) -> bool:
        """Whether the literal text at the start is `prefix`."""
        return self.head.startswith(prefix)

    @property
    def head(self) -> str:
        """The literal text before the first hole."""
        pieces: list[str] = []
        for part in self.parts:
            if isinstance(part, Hole):
                break
            pieces.append(part.text)
        return "".join(pieces)

    @property
    def tail(self) -> str:
        """The literal text after the last hole."""
        pieces: list[str] = []
        for part in reversed(self.parts):
            if isinstance(part, Hole):
                break
            pieces.append(part.text)
        return "".join(reversed(pieces))

    def cut(self, start: int, end: int) -> Text:
        """The characters `start` to `end` of a text without holes, with their origins."""
        parts: list[Piece | Hole] = []
        position = 0
        for part in self.parts:
            if isinstance(part, Hole):
                break
            low, high = max(start - position, 0), min(end - position, len(part.text))
            if low < high or (low == high and start == end):
                parts.append(part.cut(low, high))
            position += len(part.text)
        return Text(tuple(parts))

    def as_item(self) -> Text:
        """The text as one of several names of its literal."""
        return Text(
            tuple(
                Piece(part.text, replace(part.origin, is_item=True))
                if isinstance(part, Piece) and part.origin is not None
                else part
                for part in self.parts
            )
        )

    def without_suffix(self, suffix: str) -> Text:
        """The text without `suffix` at its end, if it stands there in one piece."""
        if not self.parts or isinstance(self.parts[-1], Hole):
            return self
        last = self.parts[-1]
        if not last.text.endswith(suffix):
            return self
        return Text((*self.parts[:-1], last.cut(0, len(last.text) - len(suffix))))


def text(value: str) -> Text:
    """A text that stands nowhere in the document."""
    return Text((Piece(value),)) if value else Text()


@dataclass(frozen=True, slots=True)
class Unknown:
    """Something, but who knows what."""


@dataclass(frozen=True, slots=True)
class Literal:
    """A number, True, False or None."""

    value: int | float | bool | None


@dataclass(frozen=True, slots=True)
class Sequence:
    """A list, tuple or set; `is_complete` is False where other items may be in it."""

    kind: str
    items: tuple[Values, ...]
    is_complete: bool = True
    weight: int = field(init=False, compare=False, repr=False)
    _hash: int = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        weight = _weight(self.items)
        if weight > MAX_WEIGHT:
            object.__setattr__(self, "items", ())
            object.__setattr__(self, "is_complete", False)
        object.__setattr__(self, "weight", weight if weight <= MAX_WEIGHT else 1)
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
    weight: int = field(init=False, compare=False, repr=False)
    _hash: int = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        weight = _weight(values for entry in self.entries for values in entry)
        if weight > MAX_WEIGHT:
            object.__setattr__(self, "entries", ())
            object.__setattr__(self, "is_complete", False)
        object.__setattr__(self, "weight", weight if weight <= MAX_WEIGHT else 1)
        object.__setattr__(self, "_hash", hash((self.entries, self.is_complete, self.braces)))

    def __hash__(self) -> int:
        return self._hash


def _weight(items: Iterable[Values]) -> int:
    """How many values there are in a container, with those that they are made of."""
    return 1 + sum(
        value.weight if isinstance(value, _CONTAINERS) else 1 for item in items for value in item
    )


_CONTAINERS = (Sequence, Mapping)


@dataclass(frozen=True, slots=True)
class Qualified:
    """Something imported, by its full dotted name."""

    name: str


@dataclass(frozen=True, slots=True)
class Outside:
    """Something that a library made which the catalogue does not know."""


@dataclass(frozen=True, slots=True)
class Imported:
    """A name of another module of the project, or with an empty name the module itself.

    It is looked up there when it is used: most imports of a file never matter.
    """

    module: Module
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


@dataclass(frozen=True, slots=True)
class FunctionValue:
    """A function of this document, or with a `home` of another module of the project.

    `owner` is the class it is a method of, `closure` what a nested function knows of the
    functions around it. It is the same function as long as its chunk and its node are the
    same objects, so the node is told apart by identity and never compared.
    """

    chunk: Chunk
    identity: int
    function: ir.Function = field(compare=False)
    owner: ClassValue | None = None
    bound: Values = ()
    is_nested: bool = False
    closure: tuple[tuple[str, Values], ...] = ()
    home: Module | None = None

    @property
    def key(self) -> tuple[Chunk, int]:
        return self.chunk, self.identity


@dataclass(frozen=True, slots=True)
class ClassValue:
    """A class of this document, or with a `home` of another module of the project.

    One that a function defines is told apart by its node as well (`identity`, else 0), and its
    methods know of the functions around it what is in `closure`.
    """

    chunk: Chunk
    definition: ir.Class = field(compare=False)
    home: Module | None = None
    identity: int = 0
    closure: tuple[tuple[str, Values], ...] = ()


@dataclass(frozen=True, slots=True)
class Instance:
    """An object of a class of the project; `is_super`: looked at from above that class."""

    of: ClassValue
    is_super: bool = False


@dataclass(frozen=True, slots=True)
class Member:
    """`value.name`, for what the catalogue or Python knows about such values."""

    value: Value
    name: str


@dataclass(frozen=True, slots=True)
class Latest:
    """The newest checkpoint of a directory, as `tf.train.latest_checkpoint` gives it.

    flag: the directory is the value of that flag, which no code gives.
    """

    directory: Text
    flag: str | None = None


@dataclass(frozen=True, slots=True)
class Tracked:
    """An object that the catalogue follows: a reader, a map of shapes, a saver, …

    `paths` are those of its checkpoint, in a `form` (see PathForm); `detail` is what else matters.
    """

    kind: str
    paths: Values = ()
    detail: tuple[Values, ...] = ()
    form: str = "prefix or directory"


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

_UNKNOWN = Unknown()
UNKNOWN: Values = (_UNKNOWN,)
UNKNOWN_TEXT = Text((Hole(),))


def is_known(values: Values) -> bool:
    """Whether these are all the values there can be."""
    return not any(_is_doubtful(value) for value in values)


def _is_doubtful(value: Value) -> bool:
    if isinstance(value, Member):
        return _is_doubtful(value.value)
    return isinstance(value, Unknown | Outside | Flag)


def union(*several: Iterable[Value]) -> Values:
    """All of the values, each once, in order; cut at `MAX_ALTERNATIVES`."""
    found = dict.fromkeys(value for values in several for value in values)
    if len(found) <= MAX_ALTERNATIVES:
        return tuple(found) or UNKNOWN
    found.pop(_UNKNOWN, None)
    return (*tuple(found)[: MAX_ALTERNATIVES - 1], _UNKNOWN)


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
