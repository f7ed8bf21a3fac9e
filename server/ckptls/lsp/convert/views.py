"""What a client sees of a program: one document, or each cell of a notebook.

Features use offsets in the program; a client uses lines of the text with a URI. A view converts
between the two.
"""

from __future__ import annotations

from dataclasses import dataclass

from lsprotocol import types

from ckptls.lsp.convert.positions import to_offset, to_position, to_range
from ckptls.source.text.source_text import SourceText, Span
from ckptls.workspace.workspace import OpenDocument


@dataclass(frozen=True, slots=True)
class View:
    """One text of the client.

    start: where it begins in the program.
    version: the version number that the client gave it.
    """

    uri: str
    source: SourceText
    encoding: str
    version: int | None = None
    start: int = 0

    def holds(self, span: Span) -> bool:
        """Whether all of a span of the program lies in this text."""
        return self.start <= span.start and span.end <= self.start + len(self.source.text)

    def range(self, span: Span) -> types.Range:
        """Returns the client's range for a span of the program that this text holds."""
        moved = Span(span.start - self.start, span.end - self.start)
        return to_range(self.source, moved, self.encoding)

    def position(self, offset: int) -> types.Position:
        """Returns the client's position for an offset of the program."""
        return to_position(self.source, offset - self.start, self.encoding)

    def offset(self, position: types.Position) -> int:
        """Returns the offset in the program of a position of the client."""
        return self.start + to_offset(self.source, position, self.encoding)

    def span(self, asked: types.Range) -> Span:
        """Returns the span of the program that a range of the client covers."""
        return Span(self.offset(asked.start), self.offset(asked.end))

    def line_of(self, offset: int) -> int:
        """Returns the line of this text that contains an offset of the program."""
        return self.source.line_of(offset - self.start)


@dataclass(frozen=True, slots=True)
class Seen:
    """A text of the client with the program that it is, or is a part of.

    key: of the program among the workspace's documents.
    views: all texts of the program, in order; `view` is one of them.
    """

    key: str
    opened: OpenDocument
    view: View
    views: tuple[View, ...]

    def location(self, span: Span) -> types.Location | None:
        """Returns the client's location of a span of the program."""
        return location(self.views, span)


def location(views: tuple[View, ...], span: Span) -> types.Location | None:
    """Returns the client's location of a span of a program that consists of these texts."""
    for view in views:
        if view.holds(span):
            return types.Location(view.uri, view.range(span))
    return None
