"""Where dictionaries are written, for code actions that add entries to them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ckptls.source.text.source_text import Span

if TYPE_CHECKING:
    from ckptls.source.syntax import ir
    from ckptls.source.syntax.ir import Chunk


@dataclass(frozen=True, slots=True)
class Braces:
    """The literal of a dictionary; its numbers count from the start of its chunk.

    `inner` is where its first entry begins and its last one ends; None if it has none.
    """

    chunk: Chunk
    outer: tuple[int, int]
    inner: tuple[int, int] | None

    @property
    def span(self) -> Span:
        """The literal with its braces, as offsets into the document now."""
        return Span(self.chunk.start + self.outer[0], self.chunk.start + self.outer[1])

    @property
    def entries_span(self) -> Span | None:
        """From the first entry to the last."""
        if self.inner is None:
            return None
        return Span(self.chunk.start + self.inner[0], self.chunk.start + self.inner[1])


def find_braces(chunk: Chunk, node: ir.Dict) -> Braces | None:
    """Where a dictionary stands; None if something in it is half-typed or spread."""
    if not all(key is not None and value is not None for key, value in node.entries):
        return None
    inner = None
    if node.entries:
        first, last = node.entries[0][0], node.entries[-1][1]
        if first is None or last is None:
            return None
        inner = first.start, last.end
    return Braces(chunk, (node.start, node.end), inner)
