"""The syntax of one version of a document: its tree, and the statements of its top level.

After an edit only the statements around it are parsed again, apart from the rest, as long as
the text had no error before and they have none now: then the rest means what it meant. Where
that does not hold the whole text is parsed, beginning with the tree of an older version.
"""

from __future__ import annotations

import re
import threading
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from ckptls.source.comments import without_long_comments
from ckptls.source.text import SourceText, Span

if TYPE_CHECKING:
    from tree_sitter import Node, Parser, Tree

# What stands behind a window while it is parsed: a statement that no other one goes on with.
_SENTINEL = "pass\n"
# Larger windows are not worth it: the tree of the whole text is used again instead.
_MAX_WINDOW = 16_000
# After edits so far apart the whole text is parsed, lest that takes longer and longer.
_MAX_PENDING = 50_000
# Smaller texts are parsed alone. Where there are errors that has to be done in the end, and then
# beginning with an older tree takes as long again.
_MIN_REUSED = 32_000
# Words that may be names as well as the beginning of something that goes on.
_MAY_GO_ON = re.compile(rb"\b(?:async|await|case|exec|match|print|type)\Z")
_NO_STATEMENT = frozenset({"comment", "line_continuation", ";"})
# A text of more statements than this that are this short on average is crowded: in it short
# statements that follow each other are taken as one, of up to so many bytes. Code that people
# write has longer ones, and each statement has a price.
_MANY = 4_000
_SHORT_BYTES = 20
_CROWD_BYTES = 2_000
_SIMPLE = frozenset(
    {
        *("expression_statement", "pass_statement", "delete_statement", "import_statement"),
        *("global_statement", "break_statement", "continue_statement"),
    }
)
# The kind of a statement that is made of several short ones.
CROWD = "crowd"


class Statement:
    """A statement of the top level: what it is, not where it stands.

    data: its text in UTF-8; length: its code points.
    """

    __slots__ = ("_node", "data", "is_broken", "kind", "length")

    def __init__(self, node: Node | None, data: bytes, length: int) -> None:
        self.kind = node.type if node is not None else CROWD
        self.is_broken = node.has_error if node is not None else False
        self.data = data
        self.length = length
        self._node = node

    @property
    def node(self) -> Node:
        """Its node, in any tree that has it; it is parsed anew if that was let go. Of a crowd,
        the module that it would be alone."""
        if self._node is None:
            root = _parse(self.data + b"\n" + _SENTINEL.encode()).root_node
            if self.kind == CROWD:
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

    def byte(self, offset: int) -> int:
        """The UTF-8 offset of a code point offset in the statement."""
        if len(self.data) == self.length:
            return offset
        text = self.data.decode("utf-8", "surrogatepass")
        return len(text[:offset].encode("utf-8", "surrogatepass"))

    def char(self, byte: int) -> int:
        """The code point offset of a UTF-8 offset in the statement."""
        if len(self.data) == self.length:
            return byte
        return len(self.data[:byte].decode("utf-8", "surrogatepass"))


class Rows(NamedTuple):
    """The statements of the top level, and the code points where they start."""

    statements: list[Statement]
    starts: list[int]
    is_crowded: bool = False


class Change(NamedTuple):
    """What became of a text: the code points from `start` to `old_end` reach to `new_end` now."""

    start: int
    old_end: int
    new_end: int

    def then(self, later: Change) -> Change:
        """This change and, after it, a later one."""
        reach = max(self.new_end, later.old_end)
        return Change(
            min(self.start, later.start),
            self.old_end + reach - self.new_end,
            reach + later.new_end - later.old_end,
        )


class Syntax:
    """One version of a document: its text and its tree, which are made when asked for."""

    def __init__(self, source: SourceText) -> None:
        self.source = source
        # The nearest version before that has a tree, and what has changed since.
        self._parsed: tuple[Syntax, Change] | None = None
        # The nearest version before that has no error, and what has changed since.
        self._sound: tuple[Syntax, Change] | None = None
        self._tree: Tree | None = None
        self._is_fresh = False
        self._near: Rows | None = None
        self._is_tried = False
        self._rows: Rows | None = None

    @property
    def tree(self) -> Tree:
        """The tree of the whole text."""
        if self._tree is None:
            if self._parsed is None or len(self.source.data) < _MIN_REUSED:
                self._tree = _parse(self.source.data)
                self._is_fresh = True
            else:
                self._tree = self._reparsed(*self._parsed)
            self._parsed = None
        return self._tree

    @property
    def is_sound(self) -> bool:
        """Whether there are no errors in it."""
        return self._near_rows() is not None or not self.tree.root_node.has_error

    @property
    def is_quickly_sound(self) -> bool:
        """As `is_sound`, but False where only parsing the whole text can tell."""
        return self._near_rows() is not None or self._is_known_sound()

    @property
    def is_exact(self) -> bool:
        """Whether it is what parsing the text alone gives.

        Where there are errors, a parser that goes on from the version before may recover in
        another way.
        """
        return self.is_sound or self._is_fresh

    @property
    def rows(self) -> Rows:
        """The statements of the top level; those of an older version where they are the same."""
        rows = self._near_rows() or self._rows
        if rows is None:
            rows = _rows_of(self.source, self.tree)
            if self._sound is not None and not self.tree.root_node.has_error:
                rows = _shared(self._sound[0].rows, rows)
                self._sound = None
            self._rows = rows
        return rows

    def edited(self, start: int, end: int, new: str) -> Syntax:
        """The version in which `new` stands for the code points from `start` to `end`."""
        after = Syntax(self.source.edited(start, end, new))
        change = Change(start, end, start + len(new))
        if self._parsed is not None:
            older, before = self._parsed
            merged = before.then(change)
            if merged.new_end - merged.start > _MAX_PENDING:
                after._parsed = (self, change) if self.tree else None
            else:
                after._parsed = (older, merged)
        elif self._tree is not None:
            after._parsed = (self, change)
        if self._is_known_sound():
            after._sound = (self, change)
        elif self._sound is not None:
            sound, before = self._sound
            after._sound = (sound, before.then(change))
        return after

    def at_rest(self) -> Syntax:
        """The same version without a tree, where that can be made anew in pieces."""
        if not self.is_quickly_sound or self.rows.is_crowded:
            return self
        after = Syntax(self.source)
        after._near, after._is_tried = self.rows, True
        for statement in self.rows.statements:
            statement.let_go()
        return after

    def node_at(self, offset: int) -> Node | None:
        """The smallest node around a code point; None for what is between sound statements."""
        if self._near_rows() is None:
            byte = self.source.byte(offset)
            root = self.tree.root_node
            return root.descendant_for_byte_range(byte, byte) or root
        row, start = self._row_at(offset)
        if row is None:
            return None
        byte = row.node.start_byte + row.byte(offset - start)
        return row.node.descendant_for_byte_range(byte, byte)

    def is_within(self, offset: int, kinds: frozenset[str]) -> bool:
        """Whether what stands before or behind a code point is in a node of one of the kinds."""
        for place in (max(offset - 1, 0), offset):
            node = self.node_at(place)
            while node is not None:
                if node.type in kinds:
                    return True
                node = node.parent
        return False

    def comment_start(self, offset: int) -> int | None:
        """Where the comment begins that a code point is in; None if it is in none."""
        node = self.node_at(offset)
        if node is not None and node.type == "comment":
            return self.span(node, offset).start
        text, begin = self.source.text, self.source.line_span(self.source.line_of(offset)).start
        if node is None:  # between statements is nothing but comments
            statements, starts, _ = self.rows
            index = bisect_right(starts, offset) - 1
            if index >= 0:
                begin = max(begin, starts[index] + statements[index].length)
            start = text.find("#", begin, offset)
            return start if start >= 0 else None
        # In a long run of them the parser sees blanks (see `comments`).
        start = text.find("#", begin, offset)
        if start < 0 or text[begin:start].strip():
            return None
        while node is not None and not node.type.startswith(("string", "ERROR")):
            node = node.parent
        return start if node is None else None

    def span(self, node: Node, offset: int) -> Span:
        """Where a node stands that `node_at` found at a code point."""
        if self._near_rows() is None:
            return Span(self.source.char(node.start_byte), self.source.char(node.end_byte))
        row, start = self._row_at(offset)
        assert row is not None, "a node was found there"
        first = row.node.start_byte
        return Span(
            start + row.char(node.start_byte - first), start + row.char(node.end_byte - first)
        )

    def start_before(self, offset: int) -> int:
        """A code point before which no string and no bracket is left open, at or before the
        offset, and as near to it as is known."""
        rows = self._near_rows() or (self._rows if self._is_known_sound() else None)
        if rows is None and self._sound is not None:
            sound, change = self._sound
            rows, offset = sound.rows, min(offset, change.start)
        index = bisect_left(rows.starts, offset) - 1 if rows is not None else -1
        return rows.starts[index] if rows is not None and index >= 0 else 0

    def _row_at(self, offset: int) -> tuple[Statement | None, int]:
        statements, starts, _ = self.rows
        index = bisect_right(starts, offset) - 1
        if index < 0 or offset >= starts[index] + statements[index].length:
            return None, 0
        return statements[index], starts[index]

    def _is_known_sound(self) -> bool:
        """Whether there are surely no errors; nothing is parsed to find out."""
        if self._near is not None:
            return True
        return self._tree is not None and not self._tree.root_node.has_error

    def _near_rows(self) -> Rows | None:
        """The rows made from those of the sound version before; None if that cannot be done."""
        if not self._is_tried:
            self._is_tried = True
            if self._sound is not None and self._tree is None:
                self._near = _windowed(self.source, *self._sound)
                if self._near is not None:
                    self._sound = None
        return self._near

    def _reparsed(self, older: Syntax, change: Change) -> Tree:
        before, after = older.source, self.source
        tree = older.tree.copy()
        start, old_end, new_end = change
        tree.edit(
            before.byte(start),
            before.byte(old_end),
            after.byte(new_end),
            before.point(start),
            before.point(old_end),
            after.point(new_end),
        )
        return _parse(after.data, tree)


def _windowed(source: SourceText, sound: Syntax, change: Change) -> Rows | None:
    """The rows of a text in which nothing but `change` differs from that of a sound version."""
    statements, starts, is_crowded = sound.rows
    if is_crowded:
        return None
    low = bisect_left(starts, change.start) - 1
    while low >= 0 and not sound.source.text.endswith("\n", 0, starts[low]):
        low -= 1
    high = bisect_right(starts, change.old_end)
    moved = change.new_end - change.old_end
    begin = starts[low] if low >= 0 else 0
    is_last = high == len(starts)
    end = len(source.text) if is_last else starts[high] + moved
    if end - begin > _MAX_WINDOW:
        return None
    made = _apart(source.text[begin:end], "" if is_last else _SENTINEL)
    if made is None or made.is_crowded:
        return None
    low = max(low, 0)
    if _is_crowded(low + len(made.statements) + len(statements) - high, len(source.data)):
        return None
    return Rows(
        [*statements[:low], *made.statements, *statements[high:]],
        [
            *starts[:low],
            *[begin + start for start in made.starts],
            *[start + moved for start in starts[high:]],
        ],
    )


def _apart(window: str, sentinel: str) -> Rows | None:
    """The statements of a text that another statement follows; None if it is not sound."""
    source = SourceText(window + sentinel)
    tree = _parse(source.data)
    if tree.root_node.has_error:
        return None
    rows = _rows_of(source, tree)
    if sentinel:
        if not rows.starts or rows.starts.pop() != len(window):
            return None
        rows.statements.pop()
        if rows.statements and _MAY_GO_ON.search(rows.statements[-1].data):
            return None
    return rows


def _rows_of(source: SourceText, tree: Tree) -> Rows:
    nodes = tree.root_node.named_children
    several = [(node, node.type) for node in nodes]
    several = [row for row in several if row[1] not in _NO_STATEMENT]
    is_crowded = _is_crowded(len(several), len(source.data))
    statements: list[Statement] = []
    starts: list[int] = []
    made = _crowds(several) if is_crowded else ((n, n.start_byte, n.end_byte) for n, _ in several)
    data, is_ascii = source.data, source.is_ascii
    for node, first, last in made:
        start = first if is_ascii else source.char(first)
        length = last - first if is_ascii else source.char(last) - start
        statements.append(Statement(node, data[first:last], length))
        starts.append(start)
    return Rows(statements, starts, is_crowded)


def _is_crowded(statements: int, size: int) -> bool:
    """Whether a text has many statements for its size."""
    return statements > _MANY and size < statements * _SHORT_BYTES


def _crowds(several: list[tuple[Node, str]]) -> Iterator[tuple[Node | None, int, int]]:
    """The statements of a crowded text, each with where it begins and ends in bytes; without a
    node what is made of several short ones."""
    begin = end = -1
    for node, kind in several:
        first, last = node.start_byte, node.end_byte
        is_short = last - first < _SHORT_BYTES and kind in _SIMPLE and not node.has_error
        if begin >= 0 and not (is_short and last - begin <= _CROWD_BYTES):
            yield None, begin, end
            begin = -1
        if not is_short:
            yield node, first, last
        else:
            begin, end = first if begin < 0 else begin, last
    if begin >= 0:
        yield None, begin, end


def _shared(older: Rows, newer: Rows) -> Rows:
    """The newer rows, with the older statements at both ends where they say the same.

    These take the newer nodes, lest a statement that is never edited keeps the tree of a text
    that is long gone.
    """
    before, after = older.statements, list(newer.statements)
    shorter = min(len(before), len(after))
    first = 0
    while first < shorter and before[first].is_same(after[first]):
        after[first] = before[first].with_node_of(after[first])
        first += 1
    last = 1
    while last <= shorter - first and before[-last].is_same(after[-last]):
        after[-last] = before[-last].with_node_of(after[-last])
        last += 1
    return Rows(after, newer.starts, newer.is_crowded)


class _Local(threading.local):
    parser: Parser | None = None


_local = _Local()


def _parse(data: bytes, older: Tree | None = None) -> Tree:
    """The tree of a text, made from an older one that was edited as the text was."""
    seen = without_long_comments(data)
    return _parser().parse(seen, older) if older is not None else _parser().parse(seen)


def _parser() -> Parser:
    """The parser of this thread: one is not to be shared."""
    if _local.parser is None:
        import tree_sitter_python
        from tree_sitter import Language, Parser

        _local.parser = Parser(Language(tree_sitter_python.language()))
    return _local.parser
