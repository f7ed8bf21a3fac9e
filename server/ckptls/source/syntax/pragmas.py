"""What a user tells ckptls in comments.

`# ckptls: checkpoint=PATH` names the checkpoint of the statement it trails, or alone on its
line that of the file; `# ckptls: ignore[code]` silences a line, `# ckptls: ignore-file` a file.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ckptls.source.syntax.syntax_tree import Syntax
from ckptls.source.text.source_text import Span

_PRAGMA = re.compile(r"\bckptls:[ \t]*")
_LINE_REST = re.compile(r"[^\r\n]*")
_WORD = re.compile(r"checkpoint=(\"[^\"]*\"|'[^']*'|\S+)|ignore-file|ignore(?:\[([^\[\]]*)\])?")


@dataclass(frozen=True, slots=True)
class Pin:
    """A checkpoint named in a comment: for the lines of a statement, or None for the file."""

    path: str
    span: Span
    lines: tuple[int, int] | None


@dataclass(frozen=True, slots=True)
class Pragmas:
    """All pragmas of a document; an empty set of codes silences every rule."""

    pins: tuple[Pin, ...] = ()
    ignored_lines: tuple[tuple[int, frozenset[str]], ...] = ()
    is_ignored: bool = False

    def silences(self, line: int, code: str) -> bool:
        """Whether findings of the rule `code` on that line are suppressed."""
        return self.is_ignored or any(
            line == ignored and (not codes or code in codes)
            for ignored, codes in self.ignored_lines
        )


def find_pragmas(syntax: Syntax) -> Pragmas:
    """The pragmas in the comments of a document."""
    source = syntax.source
    if "ckptls:" not in source.text:
        return Pragmas()
    pins: list[Pin] = []
    ignored: list[tuple[int, frozenset[str]]] = []
    is_ignored = False
    end = 0
    for pragma in _PRAGMA.finditer(source.text):
        if pragma.start() < end:
            continue  # one comment, one pragma
        comment = syntax.comment_start(pragma.start())
        if comment is None:
            continue
        line = source.line_of(comment)
        end = _LINE_REST.match(source.text, pragma.end()).end()  # type: ignore[union-attr]
        for word in _WORD.finditer(source.text, pragma.end(), end):
            if word[1] is not None:
                span = Span(word.start(1), word.end(1))
                pins.append(Pin(word[1].strip("\"'"), span, _lines(syntax, comment)))
            elif word[0] == "ignore-file":
                is_ignored = True
            else:
                codes = frozenset(code.strip() for code in (word[2] or "").split(","))
                ignored.append((line, codes - {""}))
    return Pragmas(tuple(pins), tuple(ignored), is_ignored)


def _lines(syntax: Syntax, comment: int) -> tuple[int, int] | None:
    """The first and last line of the statement that a comment trails."""
    source = syntax.source
    line = source.line_of(comment)
    start = source.line_starts[line]
    before = source.text[start:comment]
    if not before.strip():
        return None
    place = start + len(before.rstrip()) - 1
    node = syntax.node_at(place)
    if node is None:
        return line, line
    while node.parent is not None and node.parent.type not in ("module", "block"):
        node = node.parent
    span = syntax.span(node, place)
    last = line if node.type.endswith("_definition") else source.line_of(span.end)
    return min(source.line_of(span.start), line), max(last, line)
