"""Text as pattern text: literal pieces, each with the place it was written at, and holes where
the program decides."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from ckptls.source.text.source_text import Span
from ckptls.source.text.text_limits import MAX_LENGTH, MAX_PIECES

if TYPE_CHECKING:
    from ckptls.source.syntax.ir import Chunk


# With so few pieces the characters are not counted.
_FEW = 16


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
    offsets: tuple[int, ...] | None = field(default=None, hash=False)
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
    """A part of a text that the program decides.

    pattern: a regular expression for what may stand there; `text_matcher` knows each of them.
    choices: the texts that may stand there, where it is one of a few.
    """

    pattern: str = ".*"
    choices: tuple[str, ...] = ()

    @staticmethod
    def of(choices: tuple[str, ...]) -> Hole:
        """A hole for one of some texts."""
        return Hole(f"(?:{'|'.join(map(re.escape, choices))})", choices)


DIGITS = Hole(r"\d+")


@dataclass(frozen=True, slots=True)
class Text:
    """A string in pieces and holes."""

    parts: tuple[Piece | Hole, ...] = ()
    _hash: int = field(default=0, init=False, compare=False, repr=False)
    _length: int = field(default=-1, init=False, compare=False, repr=False)

    @property
    def length(self) -> int:
        """The characters of all pieces."""
        if self._length < 0:
            length = sum([len(part.text) for part in self.parts if isinstance(part, Piece)])
            object.__setattr__(self, "_length", length)
        return self._length

    def __hash__(self) -> int:
        if not self._hash:
            object.__setattr__(self, "_hash", hash(self.parts) or 1)
        return self._hash

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
        parts = self.parts + other.parts
        if len(parts) <= _FEW:
            return Text(parts)
        length = self.length + other.length
        if len(parts) > MAX_PIECES or length > MAX_LENGTH:
            return UNKNOWN_TEXT
        added = Text(parts)
        object.__setattr__(added, "_length", length)
        return added

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
    if len(value) > MAX_LENGTH:
        return UNKNOWN_TEXT
    return Text((Piece(value),)) if value else Text()


def bounded(parts: tuple[Piece | Hole, ...]) -> Text:
    """A text of these parts, or any text if they are too many or too long."""
    made = Text(parts)
    return UNKNOWN_TEXT if len(parts) > MAX_PIECES or made.length > MAX_LENGTH else made


UNKNOWN_TEXT = Text((Hole(),))
