"""The statements of a text's top level, each with its node in a tree of tree-sitter."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple
from zlib import crc32

from ckptls.source.text.comments import without_long_comments
from ckptls.source.text.source_text import SourceText, line_feeds
from ckptls.source.text.units import ByteOffset, CodePoint

if TYPE_CHECKING:
    from tree_sitter import Node, Parser, Tree

# What stands behind a window while it is parsed: a statement that no other one goes on with.
SENTINEL = "pass\n"
# Words that may be names as well as the beginning of something that goes on.
_MAY_GO_ON = re.compile(rb"\b(?:async|await|case|exec|match|print|type)\Z")
_NO_STATEMENT = frozenset({"comment", "line_continuation", ";"})
# A text of more statements than this that are this short on average is crowded: in it short
# statements that follow each other are taken as one, of up to so many bytes. Code that people
# write has longer ones, and each statement has a price.
_MANY = 4_000
_SHORT_BYTES = 40
_CROWD_BYTES = 2_000
# From so many bytes on a crowd ends before one in 32 statements, chosen by its text: where one
# crowd is edited, those behind it stay as they are.
_LEAST_CROWD_BYTES = 500
_BORDER = 31
# The same for a text that is dense: running all of its statements would take too long.
_DENSE_BYTES = 24
# Classes are identified by their chunk, so each needs its own.
_CLASS = b"class"
# The kinds of a statement that is made of several short ones, the second in a dense text.
CROWD = "crowd"
DENSE_CROWD = "dense crowd"


class Statement:
    """A statement of the top level: what it is, not where it stands.

    data: its text in UTF-8; length: how many code points that is.
    """

    __slots__ = ("_node", "data", "is_broken", "kind", "length")

    def __init__(
        self, node: Node | None, data: bytes, length: CodePoint, kind: str = CROWD
    ) -> None:
        self.kind = node.type if node is not None else kind
        self.is_broken = node.has_error if node is not None else False
        self.data = data
        self.length = length
        self._node = node

    @property
    def node(self) -> Node:
        """Its node, in any tree that has it; it is parsed again if that was dropped. Of a crowd,
        the module that it would be alone."""
        if self._node is None:
            root = parse(self.data + b"\n" + SENTINEL.encode()).root_node
            if self.kind in (CROWD, DENSE_CROWD):
                return root
            self._node = next(each for each in root.named_children if each.type == self.kind)
        return self._node

    def let_go(self) -> None:
        """Forgets the node, and so the tree around it; only for a statement without errors."""
        self._node = None

    def is_same(self, other: Statement) -> bool:
        """Whether two say the same."""
        return self.data == other.data and self.kind == other.kind

    def with_node_of(self, other: Statement) -> Statement:
        """The same statement, with its node in the tree of another one that says the same."""
        self._node = other._node
        return self

    def byte(self, offset: CodePoint) -> ByteOffset:
        """Returns the UTF-8 offset of a code point offset in the statement."""
        if len(self.data) == self.length:
            return ByteOffset(offset)
        text = self.data.decode("utf-8", "surrogatepass")
        return ByteOffset(len(text[:offset].encode("utf-8", "surrogatepass")))

    def char(self, byte: ByteOffset) -> CodePoint:
        """Returns the code point offset of a UTF-8 offset in the statement."""
        if len(self.data) == self.length:
            return CodePoint(byte)
        return CodePoint(len(self.data[:byte].decode("utf-8", "surrogatepass")))


class Rows(NamedTuple):
    """The statements of the top level, and the code points where they start."""

    statements: list[Statement]
    starts: list[int]
    is_crowded: bool = False


def rows_apart(window: str, sentinel: str) -> Rows | None:
    """The statements of a text that another statement follows; None if it is not sound."""
    source = SourceText(window + sentinel)
    tree = parse(source.data)
    if tree.root_node.has_error:
        return None
    rows = rows_of(source, tree)
    if sentinel:
        if not rows.starts or rows.starts.pop() != len(window):
            return None
        rows.statements.pop()
        if rows.statements and _MAY_GO_ON.search(rows.statements[-1].data):
            return None
    return rows


def rows_of(source: SourceText, tree: Tree) -> Rows:
    nodes = tree.root_node.named_children
    several = [node for node in nodes if node.type not in _NO_STATEMENT]
    is_crowded = is_crowded_text(len(several), len(source.data))
    kind = DENSE_CROWD if len(source.data) < len(several) * _DENSE_BYTES else CROWD
    statements: list[Statement] = []
    starts: list[int] = []
    made: Iterable[tuple[Node | None, int, int]]
    if is_crowded:
        made = _crowds(several, source.data)
    else:
        made = ((node, node.start_byte, node.end_byte) for node in several)
    data, is_ascii = source.data, source.is_ascii
    for node, first, last in made:
        start = first if is_ascii else source.char(first)
        length = last - first if is_ascii else source.char(last) - start
        statements.append(Statement(node, data[first:last], CodePoint(length), kind))
        starts.append(start)
    return Rows(statements, starts, is_crowded)


def is_crowded_text(statements: int, size: int) -> bool:
    """Whether a text has many statements for its size."""
    return statements > _MANY and size < statements * _SHORT_BYTES


def _crowds(several: list[Node], data: bytes) -> Iterator[tuple[Node | None, int, int]]:
    """The statements of a crowded text, each with where it begins and ends in bytes; without a
    node what is made of several short ones."""
    begin = end = -1
    for node in several:
        first, last = node.start_byte, node.end_byte
        text = data[first:last]
        is_short = len(text) < _SHORT_BYTES and _CLASS not in text
        if begin >= 0:
            is_border = first - begin >= _LEAST_CROWD_BYTES and not crc32(text) & _BORDER
            if is_border or not is_short or last - begin > _CROWD_BYTES:
                yield None, begin, end
                begin = -1
        if not is_short:
            yield node, first, last
        else:
            begin, end = first if begin < 0 else begin, last
    if begin >= 0:
        yield None, begin, end


class _Local(threading.local):
    parser: Parser | None = None


_local = _Local()


def parse(data: bytes, older: Tree | None = None) -> Tree:
    """The tree of a text, made from an older one that was edited as the text was."""
    seen = without_long_comments(line_feeds(data))
    return _parser().parse(seen, older) if older is not None else _parser().parse(seen)


def _parser() -> Parser:
    """The parser of this thread: one is not to be shared."""
    if _local.parser is None:
        import tree_sitter_python
        from tree_sitter import Language, Parser

        _local.parser = Parser(Language(tree_sitter_python.language()))
    return _local.parser
