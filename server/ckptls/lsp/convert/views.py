"""What a client sees of a program: one document, or each cell of a notebook.

Features speak of offsets in the program; a client speaks of lines in the text that it has
under an address. A view is where the two meet.
"""

from __future__ import annotations

from dataclasses import dataclass

from lsprotocol import types

from ckptls.lsp.convert.positions import to_offset, to_position, to_range
from ckptls.source.text.source_text import SourceText, Span
from ckptls.workspace.workspace import OpenDocument


@dataclass(frozen=True, slots=True)
class View:
    """One text of the client's.

    start: where it begins in the program.
    version: what the client calls this state of it.
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
        """The client's range for a span of the program that this text holds."""
        moved = Span(span.start - self.start, span.end - self.start)
        return to_range(self.source, moved, self.encoding)

    def position(self, offset: int) -> types.Position:
        """The client's position for an offset of the program."""
        return to_position(self.source, offset - self.start, self.encoding)

    def offset(self, position: types.Position) -> int:
        """The offset in the program of a position of the client's."""
        return self.start + to_offset(self.source, position, self.encoding)

    def span(self, asked: types.Range) -> Span:
        """The span of the program that a range of the client's covers."""
        return Span(self.offset(asked.start), self.offset(asked.end))

    def line_of(self, offset: int) -> int:
        """The line of this text that an offset of the program is in."""
        return self.source.line_of(offset - self.start)


@dataclass(frozen=True, slots=True)
class Seen:
    """A text of the client's with the program that it is all or a part of.

    key: of the program among the workspace's documents.
    views: all texts of the program, in order; `view` is one of them.
    """

    key: str
    opened: OpenDocument
    view: View
    views: tuple[View, ...]

    def location(self, span: Span) -> types.Location | None:
        """Where the client finds a span of the program."""
        return location(self.views, span)


def location(views: tuple[View, ...], span: Span) -> types.Location | None:
    """Where the client finds a span of a program that these texts make up."""
    for view in views:
        if view.holds(span):
            return types.Location(view.uri, view.range(span))
    return None
