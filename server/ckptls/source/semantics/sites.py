"""Sites: the strings of a document that name something, and what is known about each."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, IntEnum
from typing import TYPE_CHECKING

from ckptls.source.semantics.pattern_text import Origin, Piece, Text
from ckptls.source.semantics.values import Values
from ckptls.source.text.source_text import Span

if TYPE_CHECKING:
    from ckptls.source.semantics.dict_spans import Braces
    from ckptls.source.syntax.ir import Chunk


class Role(str, Enum):
    """What a site names."""

    PATH = "path"
    VARIABLE = "variable"
    SCOPE = "scope"
    GRAPH_VARIABLE = "graph-variable"
    GRAPH_SCOPE = "graph-scope"
    PATTERN = "pattern"
    TENSOR = "tensor"
    LAYER = "layer"
    # A regular expression on names of layers.
    LAYER_PATTERN = "layer-pattern"
    OBJECT = "object"


class Evidence(IntEnum):
    """How sure a binding is; more is surer."""

    WORKSPACE = 1
    FILE = 2
    PINNED = 3
    FLOW = 4
    CALL = 5


class PathForm(str, Enum):
    """What a path must be for the function that takes it."""

    PREFIX = "prefix"
    DIRECTORY = "directory"
    ANY = "prefix or directory"
    # What `tf.train.Checkpoint.restore` takes.
    OBJECTS = "prefix or saved model"
    # The `.meta` file of a checkpoint.
    META = "meta graph"
    # The directory of a SavedModel.
    SAVED_MODEL = "saved model"
    # A file of weights in some format, or what else the function makes of a path.
    FILE = "file"
    # What the program writes; and a directory that it both writes and reads.
    OUTPUT = "output"
    WORKING = "working directory"


class Match(str, Enum):
    """How a function compares a text with names."""

    START = "match"
    # The same on the name of the operation, without `:0`.
    OPERATION = "match operation"
    SEARCH = "search"
    FULL = "fullmatch"
    # Plain text, no regular expressions.
    PREFIX = "prefix"
    SUFFIX = "suffix"
    CONTAINS = "contains"
    EQUALS = "equals"
    SCOPE = "scope"

    @property
    def is_regex(self) -> bool:
        return self in (Match.START, Match.OPERATION, Match.SEARCH, Match.FULL)


class Output(str, Enum):
    """Whether the number of an output (`:0`) belongs to a name."""

    FORBIDDEN = "forbidden"
    REQUIRED = "required"
    EITHER = "either"


@dataclass(frozen=True, slots=True)
class PathUse:
    """A checkpoint path as the code gives it.

    `is_latest`: the newest checkpoint of the directory `text` is meant; `is_beside`: by its name
    alone, whatever path the state file gives. `span` is where the path is written in this
    document, if it is. `flag` names a command-line flag or a key of a configuration that has the
    path, where no code does.
    """

    text: Text
    form: PathForm
    evidence: Evidence
    is_latest: bool = False
    flag: str | None = None
    is_beside: bool = False

    @property
    def span(self) -> Span | None:
        origins = self.text.origins
        return origins[-1].literal_span if origins else None


@dataclass(frozen=True, slots=True)
class LiteralPart:
    """A piece of a site's text that is written in this document.

    `before` and `after` are the texts around the piece; `span` covers its characters, and
    `literal` everything between the quotes of the string literal it stands in. `is_item`:
    it is one of several names in that literal.
    """

    text: str
    before: Text
    after: Text
    span: Span
    literal: Span
    offsets: tuple[int, ...] | None = None
    is_item: bool = False

    def text_offset(self, offset: int) -> int:
        """How many characters of the piece stand before a document offset."""
        if self.offsets is None:
            return min(max(offset - self.span.start, 0), len(self.text))
        return sum(1 for place in self.offsets[:-1] if place < offset)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a node stands; `span` is where it is in the document now."""

    chunk: Chunk
    start: int
    end: int

    @property
    def span(self) -> Span:
        return Span(self.chunk.start + self.start, self.chunk.start + self.end)


@dataclass(frozen=True, slots=True)
class Site:
    """A string that names something.

    role: what it names; `accepts` has every role that the place would take.
    text: all of the name as it is written, relative to `outer`.
    outer: the scopes around a name of the model, with a slash at the end, or empty.
    function: full name of the function that takes it, for messages.
    paths: where the code says that the checkpoint is; empty if it does not.
    is_certain: the code surely gives this text to this function.
    is_guarded: the code itself tests whether the name is there.
    is_lenient: a wrong name is only logged.
    is_definition: the call makes the variable or opens the scope, instead of looking it up.
    shape: the shape that the code wants, None for what is not written as a number.
    dtype: the dtype that the code asks for by name, as checkpoints call it.
    match: how a pattern is compared with names; None for what is no pattern.
    output: whether the function wants a number behind the name of a tensor.
    is_bare: the string stands where a list is wanted.
    is_repeated: an earlier key of the same dictionary says the same.
    reshapes: a variable with another shape, but as many elements, is taken too.
    library: for functions of Keras the module that it is of: `keras`, `tensorflow.keras` or
        `tf_keras`; else empty.
    place: the call that takes it.

    Spans are looked up when asked for: they are those of the document's newest analysis.
    """

    role: Role
    accepts: frozenset[Role]
    text: Text
    outer: Text
    function: str
    parameter: str
    paths: tuple[PathUse, ...]
    place: Place
    is_certain: bool = True
    is_guarded: bool = False
    is_lenient: bool = False
    is_definition: bool = False
    strips_output: bool = False
    shape: tuple[int | None, ...] | None = None
    counterpart: Counterpart | None = None
    dtype: str | None = None
    match: Match | None = None
    output: Output = Output.FORBIDDEN
    is_bare: bool = False
    is_repeated: bool = False
    reshapes: bool = False
    library: str = ""

    @property
    def parts(self) -> tuple[LiteralPart, ...]:
        """The pieces of the text that are written in this document."""
        return literal_parts(self.text)

    @property
    def full_text(self) -> Text:
        """The name with the scopes around it."""
        return self.outer + self.text

    def part(self, index: int) -> LiteralPart:
        """The written piece at an index of the text's parts.

        Raises: ValueError if that part is not written in this document.
        """
        piece = self.text.parts[index]
        if not isinstance(piece, Piece) or piece.origin is None:
            raise ValueError(f"part {index} of {self.text.template} is not written here")
        return _literal_part(self.text, index, piece.origin)


@dataclass(frozen=True, slots=True)
class Counterpart:
    """The model's side of an entry that a checkpoint's variable or scope is assigned to.

    `is_text`: it is given by its name, not as a variable.
    """

    name: Text
    shape: tuple[int | None, ...] | None
    dtype: str | None = None
    is_text: bool = False


@dataclass(frozen=True, slots=True)
class AssignedMap:
    """A dictionary between a checkpoint and a model, written in one place.

    by_model: its keys are the names of the model.
    takes_names/takes_scopes: the model's side may be given by names, and by scopes.
    """

    braces: Braces
    entries: tuple[tuple[Values, Values], ...]
    by_model: bool
    takes_names: bool
    takes_scopes: bool


@dataclass(frozen=True, slots=True)
class Restore:
    """A statement that fills variables of the model from a checkpoint.

    include/exclude are regular expressions on full names, `re.match` rules; include None
    takes every variable. `is_certain` is False where reading the code does not tell which.
    `by_layer`: layers take weights by their names; `reshapes` is that of `Site`; `assigned` is
    the map that says what goes where, if one does. `library` is that of `Site`, of `load_weights`.
    """

    paths: tuple[PathUse, ...]
    include: tuple[Text, ...] | None
    exclude: tuple[Text, ...]
    is_certain: bool
    place: Place
    by_layer: bool = False
    reshapes: bool = False
    assigned: AssignedMap | None = None
    library: str = ""


@dataclass(frozen=True, slots=True)
class Save:
    """A statement that a saver writes a checkpoint with, and which names it gives there.

    names: None where reading the code does not tell; `takes_all`: those of all variables.
    prefixes: what it writes to, but for a number, where that is not among its arguments.
    """

    place: Place
    names: tuple[Text, ...] | None
    takes_all: bool = False
    prefixes: tuple[Text, ...] = ()


def literal_parts(text: Text) -> tuple[LiteralPart, ...]:
    """The pieces of a text that are written in this document."""
    return tuple(
        _literal_part(text, index, part.origin)
        for index, part in enumerate(text.parts)
        if isinstance(part, Piece) and part.origin is not None
    )


def _literal_part(text: Text, index: int, origin: Origin) -> LiteralPart:
    start = origin.chunk.start
    piece = text.parts[index]
    return LiteralPart(
        piece.text if isinstance(piece, Piece) else "",
        Text(text.parts[:index]),
        Text(text.parts[index + 1 :]),
        origin.span,
        origin.literal_span,
        origin.offsets and tuple(start + offset for offset in origin.offsets),
        origin.is_item,
    )
