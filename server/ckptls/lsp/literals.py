"""Completion for jupyterlab-lsp, which follows no edit but rules of its own about strings.

It puts `insertText` where a token of its editor stands: a string literal with its quotes, or
nothing where an open string is followed by more. On the way there (5.3, `transformLSPCompletions`):

- behind a slash, what the item begins with is taken for the segment under the cursor: what
  stands before it in the literal is put before the text, and the next quote behind it;
- elsewhere the rest of the literal is taken off the end of the text, or its quote put there;
- what the kernel offers may be mixed in: then only the text before the cursor is replaced,
  and an opening quote is left out. Where nothing is typed IPython always offers its magics.

The texts here are those that become the right code in the end.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ckptls.features.answers import Completion, Item
from ckptls.lsp.views import View
from ckptls.source.sites import LiteralPart

_PREFIXES = "rRbBuU"


@dataclass(frozen=True, slots=True)
class Literal:
    """A string literal as it is written, cut at the cursor and around what is completed.

    before, after: the literal with its quotes up to the cursor, and from there on.
    head, tail: what of it stays before and behind the completed text.
    typed: the completed text up to the cursor.
    is_token: the editor of JupyterLab sees a token here.
    is_mixed: what the kernel offers is mixed in.
    """

    before: str
    after: str
    head: str
    tail: str
    typed: str
    is_token: bool
    is_mixed: bool

    def fitting(self, items: Iterable[Item]) -> Iterator[Item]:
        """The items that go on from what is typed; others would be put behind it."""
        whole = self.before + self.after
        for item in items:
            is_there = self.head + item.label + self.tail == whole and "/" not in self.before
            if item.label.startswith(self.typed) and not is_there:
                yield item

    def filter_text(self, label: str) -> str:
        """What is compared with all that is typed of the token, its quote included."""
        return self.head + label

    def insert_text(self, label: str) -> str:
        """What becomes of the literal with this label in it, after those rules."""
        if not self.is_token:
            return label[len(self.typed) :]
        whole = self.head + label + self.tail
        if "/" in self.before:
            text = whole[self.before.rfind("/") + 1 :]
            return text[:-1] if self.after[:1] in ("'", '"') else text
        if self.is_mixed:
            return self.head + label + self.after
        return whole + self.after


def literal_at(answer: Completion, part: LiteralPart, view: View, offset: int) -> Literal | None:
    """The literal that is completed at an offset; None for what JupyterLab takes for another
    token, as an f-string is."""
    text, moved = view.source.text, view.start
    cursor = offset - moved
    inside, end = part.literal.start - moved, part.literal.end - moved
    if cursor < inside or not text[inside - 1 : inside] or text[inside - 1] not in "'\"":
        return None
    width = 3 if text[inside - 3 : inside] in ("'''", '"""') else 1
    quote = text[inside - width : inside]
    start = inside - width
    while text[start - 1 : start] and text[start - 1] in _PREFIXES:
        start -= 1
    if text[start - 1 : start] in ("f", "F"):
        return None
    first, last = answer.replaced.start - moved, max(answer.replaced.end - moved, cursor)
    is_closed = text.startswith(quote, end)
    end = end + width if is_closed else cursor
    if not is_closed:
        last = cursor
    typed = text[first:cursor]
    is_notebook = view.uri.endswith(".ipynb")
    return Literal(
        before=text[start:cursor],
        after=text[cursor:end],
        head=text[start:first],
        tail=text[last:end],
        typed=typed,
        is_token=is_closed or text[cursor : cursor + 1] in ("", "\n", "\r"),
        is_mixed=is_notebook and not typed,
    )
