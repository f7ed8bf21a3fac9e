"""What is left of Python code once the syntax is gone: expressions and statements.

Only what tells which checkpoint is meant and what a string names is kept apart; the rest
becomes `Other` with its parts, so that no call inside it is lost. Spans are code points
counted from the start of the chunk (see `chunks`) that holds the node, so a node stays
true when text before its chunk changes.

Nodes are named tuples: a file has tens of thousands, and they are made on each keystroke.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Union

if TYPE_CHECKING:
    from ckptls.source.chunks import Chunk


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
