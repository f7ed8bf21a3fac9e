"""The syntax of one version of a document, in chunks that survive edits.

A chunk is a statement that is lowered once and kept as long as its text stays the same:
those of the module, of class bodies and of long blocks. Positions inside it count from its
start, so moving a chunk is one assignment and all that was said about it moves along.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from ckptls.source.syntax import ir
from ckptls.source.syntax.ir import Chunk, _Key
from ckptls.source.syntax.lower_expressions import Positions
from ckptls.source.syntax.lower_statements import Statements
from ckptls.source.text.source_text import SourceText

if TYPE_CHECKING:
    from tree_sitter import Node

    from ckptls.source.syntax.rows import Statement
    from ckptls.source.syntax.syntax_tree import Syntax


class _Inside(NamedTuple):
    """A statement inside another: its kind, and the bytes of the other one that it covers."""

    outer: Statement | _Inside
    low: int
    high: int
    kind: str

    @property
    def node(self) -> Node:
        """Its node, in any tree that has it."""
        outer = self.outer.node
        first, end = outer.start_byte, outer.start_byte + self.high
        found = outer.descendant_for_byte_range(first + self.low, end)
        while found is not None and (found.type, found.end_byte) != (self.kind, end):
            found = found.parent
        assert found is not None, "it was there when the other one was lowered"
        return found


class ChunkPool:
    """Chunks of the version before, to be taken up again by the next one.

    Top-level chunks are found by their text. What is inside those that were not found again
    is at hand for the chunks that took their place.
    """

    def __init__(self) -> None:
        self._statements: list[Statement] = []
        self._chunks: list[Chunk] = []
        self._loose: dict[_Key, list[Chunk]] | None = None
        self._left: list[Chunk] = []
        # The same until the next version comes, whatever takes what is inside them.
        self._gone: list[Chunk] = []
        # Where chunks inside others were seen in this version: most are asked for at once.
        self._nodes: dict[Chunk, Node] = {}
        # The module of the project whose text this is, where others import it: a `ModuleLike`.
        self.home: Any = None
        # What functions assign to names that they declare `global` is kept under it.
        self.globals = Chunk(("globals", False, b""), self)

    def chunks(self, syntax: Syntax) -> list[Chunk]:
        """The chunks of a module, in order, each where it stands in that version.

        Broken code is looked at again, unless it is the same statement: what a parser makes of an
        error depends on what stands around it.
        """
        self.rest()
        self._part_with_left()
        statements, starts, _ = syntax.rows
        first, last = _same_at_ends(self._statements, statements)
        known = self._chunks
        until = len(known) - last
        before: dict[_Key | int, list[Chunk]] = {}
        for old, chunk in zip(self._statements[first:until], known[first:until], strict=True):
            before.setdefault(id(old) if old.is_broken else chunk.key, []).append(chunk)
        middle = [self._again(each, before) for each in statements[first : len(statements) - last]]
        found = [*known[:first], *middle, *known[until:]]
        for chunk, start in zip(found, starts, strict=True):
            chunk.offset = start
        self._left = [chunk for several in before.values() for chunk in several]
        self._gone = self._left
        self._statements, self._chunks = statements, found
        return found

    def rest(self) -> None:
        """Drops the trees; what was not lowered yet is parsed again."""
        self._nodes = {}

    def part_with_all(self) -> None:
        """Breaks the circles in which chunks hold each other: the document is closed.

        Without that only the garbage collector would find them, which goes through everything
        for it. Asked again, the document is read from the start.
        """
        self._part_with_left()
        for chunk in self._chunks:
            _part_with(chunk, is_whole=True)
        self._statements, self._chunks = [], []

    def _part_with_left(self) -> None:
        """Breaks the circles of chunks that were left over in the version before."""
        is_whole = self._loose is None  # nothing inside them was looked up
        for chunk in self._gone:
            _part_with(chunk, is_whole)
        self._left, self._gone, self._loose = [], [], None

    def _again(self, statement: Statement, before: dict[_Key | int, list[Chunk]]) -> Chunk:
        """The chunk of a statement: one of those before with the same text, or a new one."""
        key = (statement.kind, statement.is_broken, statement.data)
        same = before.get(id(statement) if statement.is_broken else key)
        chunk = same.pop(0) if same else Chunk(key, self)
        if not chunk.is_lowered:
            chunk.lower_with(lambda chunk: self._lowered(chunk, statement))
        return chunk

    def _nested(self, key: _Key, written: _Inside, parent: Chunk, offset: int) -> Chunk:
        """A chunk inside another: one that was inside a chunk of the version before, or new."""
        if self._loose is None:
            self._loose = {}
            for chunk in self._left:
                self._collect_loose(chunk)
            self._left = []
        same = self._loose.get(key)
        while same and not key[1]:
            chunk = same.pop(0)
            if not chunk.is_taken:
                self._take(chunk)
                break
        else:
            chunk = Chunk(key, self)
        if not chunk.is_lowered:
            chunk.lower_with(lambda chunk: self._lowered(chunk, written))
        chunk.parent, chunk.offset = parent, offset
        parent.nested.append(chunk)
        return chunk

    def _collect_loose(self, chunk: Chunk) -> None:
        assert self._loose is not None
        for nested in chunk.nested:
            nested.is_taken = False
            self._loose.setdefault(nested.key, []).append(nested)
            self._collect_loose(nested)

    def _take(self, chunk: Chunk) -> None:
        chunk.is_taken = True
        for nested in chunk.nested:
            self._take(nested)

    def _lowered(self, chunk: Chunk, written: Statement | _Inside) -> ir.Stmt:
        """Makes the statement from its node, perhaps of an older tree: only distances count."""
        # It does not hold the node itself, which would keep a tree until somebody asks.
        node = self._nodes.pop(chunk, None)
        if node is None:
            node = written.node
        data, first = chunk.key[2], node.start_byte
        text = data.decode("utf-8", "surrogatepass")
        position: Positions = lambda byte: byte - first  # noqa: E731
        if len(text) != len(data):
            own = SourceText(text)
            position = lambda byte: own.char(byte - first)  # noqa: E731

        def sub_chunk(child: Node) -> ir.Stmt:
            low, high = child.start_byte - first, child.end_byte - first
            key = (child.type, child.has_error, data[low:high])
            inside = _Inside(written, low, high, child.type)
            nested = self._nested(key, inside, chunk, position(child.start_byte))
            if not nested.is_lowered:
                self._nodes[nested] = child
            return nested

        statements = Statements(text, position, sub_chunk)
        return statements.lower_each(node) if chunk.is_crowd else statements.lower(node)


def _part_with(chunk: Chunk, is_whole: bool) -> None:
    """Breaks the circles that a chunk is in; what holds it still can ask where it was last.

    What was found in a chunk holds it, and so do the chunks inside it, but for those that
    another one has taken; none of them, if it `is_whole`.
    """
    chunk.memo = None
    for nested in chunk.nested:
        if is_whole or not nested.is_taken:
            nested.parent, nested.offset = None, nested.start
            _part_with(nested, is_whole)
    chunk.nested = []


def _same_at_ends(before: list[Statement], after: list[Statement]) -> tuple[int, int]:
    """How many statements at the start, and of the rest at the end, are the same objects."""
    shorter = min(len(before), len(after))
    first = 0
    while first < shorter and before[first] is after[first]:
        first += 1
    last = 0
    while last < shorter - first and before[-1 - last] is after[-1 - last]:
        last += 1
    return first, last
