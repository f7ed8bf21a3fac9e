"""What is left of Python code once the syntax is gone: expressions and statements.

Only what tells which checkpoint is meant and what a string names is kept apart; the rest
becomes `Other` with its parts, so that no call inside it is lost. Spans are code points
counted from the start of the chunk (see `chunks`) that holds the node, so a node stays
true when text before its chunk changes.

Nodes are named tuples: a file has tens of thousands, and they are made on each keystroke.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, Protocol, Union

from ckptls.source.syntax.rows import CROWD, DENSE_CROWD
from ckptls.source.text.units import ByteOffset, CodePoint

_Key = tuple[str, bool, bytes]
_WORD = re.compile(rb"[A-Za-z_]\w*")
_QUOTES = (b'"""', b"'''")
_OPENS_BODY = re.compile(rb":[ \t]*(?:#[^\n]*)?\r?\n\s*[rRuU]?\Z")


class Run(NamedTuple):
    """A run of literal characters in a string.

    `offsets` gives the source offset of each character of `text` and of its end where
    escapes make them differ; None means that they run in step from `start`. `literal` is
    everything between the quotes of the literal that the run belongs to.
    """

    start: int
    end: int
    text: str
    offsets: tuple[int, ...] | None
    literal: tuple[int, int]


class Str(NamedTuple):
    """A string literal or several in a row; f-string expressions stand between the runs."""

    start: int
    end: int
    parts: tuple[Run | Interpolation, ...]
    literals: int


class Interpolation(NamedTuple):
    """`{value:spec}` of an f-string; `spec` None where it is put together itself."""

    value: Expr
    spec: str | None


class Name(NamedTuple):
    start: int
    end: int
    name: str


class Attribute(NamedTuple):
    start: int
    end: int
    value: Expr
    name: str


class Argument(NamedTuple):
    """One argument of a call; `name` is None for positional ones, '*' or '**' for spread.

    `start` is where a keyword is written.
    """

    name: str | None
    value: Expr
    start: int = 0


class Call(NamedTuple):
    start: int
    end: int
    function: Expr
    arguments: tuple[Argument, ...]


class Binary(NamedTuple):
    start: int
    end: int
    operator: str
    left: Expr
    right: Expr


class Compare(NamedTuple):
    """A comparison; operators are kept as written, `not in` included."""

    start: int
    end: int
    operators: tuple[str, ...]
    operands: tuple[Expr, ...]


class Subscript(NamedTuple):
    start: int
    end: int
    value: Expr
    key: Expr


class Slice(NamedTuple):
    """`lower:upper` of a subscript; with a step both are unknown."""

    start: int
    end: int
    lower: Expr | None
    upper: Expr | None


class Items(NamedTuple):
    """A list, tuple or set."""

    start: int
    end: int
    kind: str
    items: tuple[Expr, ...]


class Dict(NamedTuple):
    """A dictionary; a half-typed entry has a key and no value, `**x` a value and no key."""

    start: int
    end: int
    entries: tuple[tuple[Expr | None, Expr | None], ...]


class Conditional(NamedTuple):
    start: int
    end: int
    test: Expr
    then: Expr
    otherwise: Expr


class Comprehension(NamedTuple):
    """A comprehension or generator; `key` only in a dictionary's."""

    start: int
    end: int
    kind: str
    key: Expr | None
    value: Expr
    clauses: tuple[tuple[Expr, Expr], ...]
    tests: tuple[Expr, ...]


class Constant(NamedTuple):
    """A number, True, False or None."""

    start: int
    end: int
    value: int | float | bool | None


class Lambda(NamedTuple):
    start: int
    end: int
    parameters: tuple[Parameter, ...]
    body: Expr


class Other(NamedTuple):
    """Anything else, with the expressions inside it."""

    start: int
    end: int
    kind: str
    parts: tuple[Expr, ...]


Expr = (  # fmt: skip
    Str
    | Name
    | Attribute
    | Call
    | Binary
    | Compare
    | Subscript
    | Slice
    | Items
    | Dict
    | Conditional
    | Comprehension
    | Constant
    | Lambda
    | Other
)


class Parameter(NamedTuple):
    """A parameter; `kind` is '', '*' or '**'."""

    name: str
    kind: str
    default: Expr | None


class Import(NamedTuple):
    """`import a.b as c` is `(("a.b", "c"),)`; without `as` the alias is None."""

    names: tuple[tuple[str, str | None], ...]


class ImportFrom(NamedTuple):
    """`from ..a import b as c`; `level` counts the dots, a star import has the name '*'."""

    module: str
    level: int
    names: tuple[tuple[str, str | None], ...]


class Assign(NamedTuple):
    """`a = b = value`; an annotation without value has None."""

    targets: tuple[Expr, ...]
    value: Expr | None


class AugmentedAssign(NamedTuple):
    target: Expr
    operator: str
    value: Expr


class Evaluate(NamedTuple):
    """A statement that only evaluates expressions (`print`, `del`, … included)."""

    values: tuple[Expr, ...]


class Return(NamedTuple):
    """What ends a block: `kind` is `return`, `raise`, `jump` (for `continue`) or `break`."""

    value: Expr | None
    kind: str


class Global(NamedTuple):
    names: tuple[str, ...]


class Block(NamedTuple):
    statements: tuple[Stmt, ...]


class Assert(NamedTuple):
    """The test, and what is said if it fails."""

    values: tuple[Expr, ...]


class If(NamedTuple):
    """`elif` is an `If` alone in `otherwise`."""

    test: Expr
    then: Block
    otherwise: Block


class For(NamedTuple):
    target: Expr
    values: Expr
    body: Block
    otherwise: Block


class While(NamedTuple):
    test: Expr
    body: Block
    otherwise: Block


class Try(NamedTuple):
    """`handlers` are (exceptions caught, block); no exceptions means everything."""

    body: Block
    handlers: tuple[tuple[tuple[Expr, ...], Block], ...]
    otherwise: Block
    final: Block


class With(NamedTuple):
    items: tuple[tuple[Expr, Expr | None], ...]
    body: Block


class Function(NamedTuple):
    name: str
    parameters: tuple[Parameter, ...]
    body: Block
    decorators: tuple[Expr, ...]


class Class(NamedTuple):
    name: str
    bases: tuple[Expr, ...]
    body: Block
    decorators: tuple[Expr, ...]


Stmt = Union[
    Import,
    ImportFrom,
    Assign,
    AugmentedAssign,
    Evaluate,
    Assert,
    Return,
    Global,
    Block,
    If,
    For,
    While,
    Try,
    With,
    Function,
    Class,
    "Chunk",
]
NOTHING = Block(())


class ChunkOwner(Protocol):
    """The document that chunks belong to."""

    @property
    def home(self) -> Any:
        """The module whose text it is, where others import it, as `values.ModuleLike`."""

    @property
    def globals(self) -> Chunk:
        """The chunk under which assignments to `global` names are kept."""


class Chunk:
    """One statement and where it stands now; identity matters, so it is never copied.

    It is lowered when its statement is asked for: most functions of a large file never are.
    """

    __slots__ = (
        "_lower",
        "_words",
        "is_taken",
        "key",
        "memo",
        "nested",
        "offset",
        "parent",
        "pool",
    )

    def __init__(self, key: _Key, pool: ChunkOwner | None = None) -> None:
        self.key = key
        # Whose chunk it is: that of one document.
        self.pool = pool
        # Where it begins: in the chunk around it, or at the top level in the document.
        self.parent: Chunk | None = None
        self.offset = 0
        # Whether a chunk around it holds it, of those that were left over from before.
        self.is_taken = False
        self.nested: list[Chunk] = []
        # What the interpreter found when it last ran this chunk.
        self.memo: Any = None
        self._lower: Callable[[Chunk], Stmt] | Stmt | None = None
        self._words: frozenset[bytes] | None = None

    @property
    def statement(self) -> Stmt:
        """The statement, lowered on first use."""
        if callable(self._lower):
            self._lower = self._lower(self)
        return self._lower or NOTHING

    @property
    def is_crowd(self) -> bool:
        """Whether it is made of several short statements of the top level."""
        return self.key[0] in (CROWD, DENSE_CROWD)

    @property
    def is_dense_crowd(self) -> bool:
        """Whether it is made of short statements of a text that has too many to run them all."""
        return self.key[0] == DENSE_CROWD

    @property
    def is_lowered(self) -> bool:
        """Whether the statement has been asked for."""
        return not (self._lower is None or callable(self._lower))

    def lower_with(self, lower: Callable[[Chunk], Stmt]) -> None:
        """Says how the statement is made when it is asked for."""
        self._lower = lower

    @property
    def words(self) -> frozenset[bytes]:
        """Every word in the chunk's text, of comments and strings too, but of no docstring."""
        if self._words is None:
            self._words = frozenset(_WORD.findall(_without_docstring(self.key[2])))
        return self._words

    @property
    def byte_length(self) -> ByteOffset:
        """Returns how many bytes of UTF-8 the chunk covers."""
        return ByteOffset(len(self.key[2]))

    def may_reach(self, place: CodePoint) -> bool:
        """Whether a place, counted from the start of the chunk, may be in it or at its end.

        Its code points are not counted: it has at most as many as bytes, so this is True for
        some places behind a chunk that is not ASCII, and False for no place in one.
        """
        return 0 <= place <= len(self.key[2])

    @property
    def start(self) -> int:
        """The code point offset of the chunk in the document now."""
        return self.offset if self.parent is None else self.parent.start + self.offset

    def with_nested(self) -> Iterator[Chunk]:
        """The chunk and all that are inside it."""
        yield self
        for chunk in self.nested:
            yield from chunk.with_nested()

    def __repr__(self) -> str:
        return f"Chunk({self.key[0]} at {self.start})"


def _without_docstring(data: bytes) -> bytes:
    """The text of a function without the string that its body begins with."""
    first = min((place for place in map(data.find, _QUOTES) if place >= 0), default=-1)
    if first < 0 or not _OPENS_BODY.search(data, max(first - 200, 0), first):
        return data
    end = data.find(data[first : first + 3], first + 3)
    return data if end < 0 else data[:first] + data[end + 3 :]
