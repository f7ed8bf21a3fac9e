"""The syntax of one version of a document: its tree, and the statements of its top level.

After an edit only the statements around it are parsed again, apart from the rest, as long as
the text had no error before and they have none now: then the rest means what it meant. A text
with errors is cut into sections (see `sections`), each of which is parsed alone and once, as long
as it stays the same. Where neither holds the whole text is parsed, beginning with the tree of an
older version.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING, NamedTuple

from ckptls.source.syntax.rows import (
    SENTINEL,
    Rows,
    Statement,
    is_crowded_text,
    parse,
    rows_apart,
    rows_of,
)
from ckptls.source.syntax.sections import cut_sections, slices
from ckptls.source.text.samples import is_mostly_errors
from ckptls.source.text.source_text import SourceText, Span
from ckptls.source.text.units import ByteOffset, CodePoint

if TYPE_CHECKING:
    from tree_sitter import Node, Tree

# Larger windows are not worth it: the tree of the whole text is used again instead.
_MAX_WINDOW = 16_000
# After edits so far apart the whole text is parsed, lest that takes longer and longer.
_MAX_PENDING = 50_000
# Smaller texts are parsed alone. Where there are errors that has to be done in the end, and then
# beginning with an older tree takes as long again.
_MIN_REUSED = 32_000
# A text that has an error and no statement.
_ERROR = b"("


class _Section(NamedTuple):
    """The statements of one section of a text.

    `is_doubtful`: what follows it may be a part of it.
    """

    rows: Rows
    is_broken: bool = False
    is_doubtful: bool = False


# By their texts, and whether nothing stands behind them.
_Sections = dict[tuple[str, bool], list[_Section]]


class _Torn(NamedTuple):
    """A text in sections: where they begin, each by its text, and all of their rows."""

    starts: list[int]
    sections: _Sections
    rows: Rows
    is_broken: bool


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
        self._is_given_up = False
        # The sections of the nearest version before that was cut into some.
        self._known: _Sections | None = None
        # What it is made of, where that is not the tree of the whole text.
        self._near: Rows | None = None
        self._torn: _Torn | None = None
        self._is_tried = self._is_compared = False
        self._rows: Rows | None = None

    @property
    def tree(self) -> Tree:
        """The tree of the whole text; an error and no more, if the text is given up."""
        if self._tree is None:
            if is_mostly_errors(self.source.data, parse):
                self._tree = parse(_ERROR)
                self._is_fresh = self._is_given_up = True
            elif self._parsed is None or len(self.source.data) < _MIN_REUSED:
                self._tree = parse(self.source.data)
                self._is_fresh = True
            else:
                self._tree = self._reparsed(*self._parsed)
            self._parsed = None
        return self._tree

    @property
    def is_given_up(self) -> bool:
        """Whether the text is so broken that none of it is read."""
        return self._near_rows() is None and self._is_given_up

    @property
    def is_sound(self) -> bool:
        """Whether there are no errors in it."""
        if self._near_rows() is None:
            return not self.tree.root_node.has_error
        return self._is_known_sound()

    @property
    def is_quickly_sound(self) -> bool:
        """As `is_sound`, but False where only parsing the whole text can tell."""
        self._try_parts()
        return self._is_known_sound()

    @property
    def is_exact(self) -> bool:
        """Whether it is what parsing the text alone gives.

        Where there are errors, a parser that goes on from the version before may recover in
        another way.
        """
        return self._near_rows() is not None or self.is_sound or self._is_fresh

    @property
    def rows(self) -> Rows:
        """The statements of the top level; those of an older version where they are the same."""
        rows = self._near_rows() or self._rows
        if rows is None:
            rows = self._rows = self._rows_of_tree()
        return rows

    def edited(self, start: int, end: int, new: str) -> Syntax:
        """The version in which `new` stands for the code points from `start` to `end`."""
        after = Syntax(self.source.edited(start, end, new))
        change = Change(start, end, start + len(new))
        if self._parsed is not None:
            older, before = self._parsed
            merged = before.then(change)
            if merged.new_end - merged.start > _MAX_PENDING:
                after._parsed = (self, change) if self.tree and not self._is_given_up else None
            else:
                after._parsed = (older, merged)
        elif self._tree is not None and not self._is_given_up:
            after._parsed = (self, change)
        if self._is_known_sound():
            after._sound = (self, change)
        elif self._sound is not None:
            sound, before = self._sound
            after._sound = (sound, before.then(change))
        after._known = self._torn.sections if self._torn is not None else self._known
        return after

    def at_rest(self) -> Syntax:
        """Returns the same version without a tree, where that can be parsed again in pieces."""
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
        byte = row.node.start_byte + row.byte(CodePoint(offset - start))
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
            start + row.char(ByteOffset(node.start_byte - first)),
            start + row.char(ByteOffset(node.end_byte - first)),
        )

    def start_before(self, offset: int) -> int:
        """A code point before which no string and no bracket is left open, at or before the
        offset, and as near to it as is known."""
        self._try_parts()
        rows = self._near or (self._rows if self._is_known_sound() else None)
        if rows is not None:
            starts = rows.starts
        else:
            starts = self._torn.starts if self._torn else cut_sections(self.source.text).bounds
        index = bisect_left(starts, offset) - 1
        return starts[index] if index >= 0 else 0

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
        if self._torn is None and self._tree is not None:
            self._near_rows()
        if self._torn is not None:
            return not self._torn.is_broken
        return self._tree is not None and not self._tree.root_node.has_error

    def _joins_statements(self) -> bool:
        """Whether the tree of the whole text does so: see the function of that name."""
        rows = self._rows = self._rows_of_tree()
        return not rows.is_crowded and _joins_statements(rows, self.source.text)

    def _rows_of_tree(self) -> Rows:
        rows = rows_of(self.source, self.tree)
        if self._sound is not None and not self.tree.root_node.has_error:
            rows = _shared(self._sound[0].rows, rows)
            self._sound = None
        return rows

    def _near_rows(self) -> Rows | None:
        """The rows made from those of the version before, or in sections; None where the tree
        of the whole text says more."""
        self._try_parts()
        if self._near is None and self._torn is None and not self._is_compared:
            self._is_compared = True
            if self.tree.root_node.has_error or self._joins_statements():
                self._torn = self._in_sections({})
        return self._near or (self._torn.rows if self._torn is not None else None)

    def _try_parts(self) -> None:
        """Makes the rows without the tree of the whole text, if a version before allows it."""
        if self._is_tried or self._tree is not None:
            return
        self._is_tried = True
        if self._known is None and self._sound is not None:
            self._near = _windowed(self.source, *self._sound)
            if self._near is None:
                self._known = _sections_of(self._sound[0])
        if self._near is None and self._known is not None:
            self._torn = self._in_sections(self._known)
        if self._near is not None or self._torn is not None:
            self._sound = None
        self._known = None

    def _in_sections(self, known: _Sections) -> _Torn | None:
        """The text in sections; None where that is not worth it, or may be wrong."""
        if self._is_given_up:
            return None
        torn, is_doubtful = _torn(self.source, known)
        if torn is None or not is_doubtful or self.tree.root_node.has_error:
            return torn
        return None

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
        return parse(after.data, tree)


def _windowed(source: SourceText, sound: Syntax, change: Change) -> Rows | None:
    """The rows of a text in which nothing but `change` differs from that of a sound version."""
    statements, starts, is_crowded = sound.rows
    if is_crowded:
        return None
    low = bisect_left(starts, change.start) - 1
    while low >= 0 and not sound.source.text.endswith(("\n", "\r"), 0, starts[low]):
        low -= 1
    high = bisect_right(starts, change.old_end)
    moved = change.new_end - change.old_end
    begin = starts[low] if low >= 0 else 0
    is_last = high == len(starts)
    end = len(source.text) if is_last else starts[high] + moved
    if end - begin > _MAX_WINDOW:
        return None
    text = source.text[begin:end]
    made = rows_apart(text, "" if is_last else SENTINEL)
    if made is None or made.is_crowded or _joins_statements(made, text):
        return None
    low = max(low, 0)
    if is_crowded_text(low + len(made.statements) + len(statements) - high, len(source.data)):
        return None
    return Rows(
        [*statements[:low], *made.statements, *statements[high:]],
        [
            *starts[:low],
            *[begin + start for start in made.starts],
            *[start + moved for start in starts[high:]],
        ],
    )


def _joins_statements(rows: Rows, text: str) -> bool:
    """Whether there is one statement where lines begin two: the parser takes the line after
    `x =` for what is assigned, and the one after an indented decorator for what it decorates."""
    return not set(rows.starts).issuperset(cut_sections(text).bounds[1:-1])


def _sections_of(sound: Syntax) -> _Sections:
    """The statements of a sound text by themselves, each with what stands behind it."""
    statements, starts, is_crowded = sound.rows
    if is_crowded:
        return {}
    found: _Sections = {}
    for text, statement in zip(slices(sound.source.text, starts), statements, strict=False):
        found.setdefault((text, False), []).append(_Section(Rows([statement], [0])))
    return found


def _torn(source: SourceText, known: _Sections) -> tuple[_Torn | None, bool]:
    """Returns a text in sections, some of them known, and whether some are in doubt."""
    bounds, is_doubtful = cut_sections(source.text)
    if is_crowded_text(len(bounds), len(source.data)):
        return None, False
    texts = slices(source.text, bounds)
    new = [len(text) for text in texts if (text, False) not in known]
    if max(new, default=0) > len(source.text) // 2 > _MIN_REUSED:
        # The tree of the whole text says as much.
        return None, False
    if sum(new) > _MIN_REUSED and is_mostly_errors(source.data, parse):
        return None, False
    sections: _Sections = {}
    rows = Rows([], [])
    is_broken = False
    last = len(bounds) - 2
    for index, (start, text) in enumerate(zip(bounds, texts, strict=False)):
        key = text, index == last
        # Where the same text stands twice these are two statements.
        same = sections.setdefault(key, [])
        several = known.get(key, ())
        if len(same) < len(several):
            section = several[len(same)]
            if not (section.is_broken or section.is_doubtful):
                # Most have been lowered: many small trees would take much memory for little.
                for statement in section.rows.statements:
                    statement.let_go()
        else:
            section = _section(*key)
        same.append(section)
        rows.statements.extend(section.rows.statements)
        rows.starts.extend([start + each for each in section.rows.starts])
        is_broken = is_broken or section.is_broken
        is_doubtful = is_doubtful or section.is_doubtful
    if is_crowded_text(len(rows.statements), len(source.data)):
        return None, False
    return _Torn(bounds[:-1], sections, rows, is_broken), is_doubtful


def _section(text: str, is_last: bool) -> _Section:
    sentinel = "" if is_last else SENTINEL
    tree = parse((text + sentinel).encode("utf-8", "surrogatepass"))
    is_broken = tree.root_node.has_error
    if not is_broken and (rows := rows_apart(text, sentinel)) is not None:
        return _Section(rows)
    source = SourceText(text)
    if sentinel:
        tree = parse(source.data)
    return _Section(rows_of(source, tree), is_broken, is_doubtful=not is_broken)


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
