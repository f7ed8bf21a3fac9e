"""Completion for jupyterlab-lsp, which follows no edit but rules of its own about strings.

It puts `insertText` where a token of its editor stands: a string literal with its quotes, or
nothing where an open string, or the field of an f-string, is followed by more. On the way there
(5.3, `transformLSPCompletions`):

- behind a slash, but not in f-strings, what the item begins with is taken for the segment under
  the cursor: what stands before it in the literal is put before the text, and the next quote
  behind it;
- elsewhere the rest of the literal is taken off the end of the text, or its quote put there;
- what the kernel offers may be mixed in: then only the text before the cursor is replaced,
  and an opening quote is left out. IPython offers its magics where nothing is typed, and files.

The texts here are those that become the right code in the end.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ckptls.features.common.results import Completion, Item
from ckptls.lsp.convert.views import View
from ckptls.source.semantics.sites import LiteralPart

_PREFIXES = "rRbBuUfF"


@dataclass(frozen=True, slots=True)
class Literal:
    """A string literal as it is written, cut at the cursor and around what is completed.

    before, after: the literal with its quotes up to the cursor, and from there on.
    head, tail: what of it stays before and behind the completed text.
    typed: the completed text up to the cursor.
    is_token: the editor of JupyterLab sees a token here.
    is_path: what stands between slashes is a unit of its own there.
    is_mixed: the items of the kernel are mixed in.
    """

    before: str
    after: str
    head: str
    tail: str
    typed: str
    is_token: bool
    is_path: bool
    is_mixed: bool

    def fitting(self, items: Iterable[Item]) -> Iterator[Item]:
        """Yields the items that begin with the typed text; others would be inserted behind it."""
        whole = self.before + self.after
        for item in items:
            is_there = self.head + item.label + self.tail == whole and not self.is_path
            if item.label.startswith(self.typed) and not is_there:
                yield item

    def filter_text(self, label: str) -> str:
        """Returns the text that is compared with the typed token, its quote included."""
        return self.head + label

    def insert_text(self, label: str) -> str:
        """Returns the text to insert for a label, by the rules above."""
        if not self.is_token:
            return label[len(self.typed) :]
        whole = self.head + label + self.tail
        if self.is_path and self.is_mixed and not self.before.endswith("/"):
            return self.head + label
        if self.is_path:
            text = whole[self.before.rfind("/") + 1 :]
            return text[:-1] if self.after[:1] in ("'", '"') else text
        if self.is_mixed:
            return self.head + label + self.after
        return whole + self.after


def literal_at(
    answer: Completion, part: LiteralPart, view: View, offset: int, is_file: bool
) -> Literal | None:
    """Returns the literal that is completed at an offset; None if no quote stands before it.

    is_file: it names a file, which a kernel completes too.
    """
    text, moved = view.source.text, view.start
    cursor = offset - moved
    inside, end = part.literal.start - moved, part.literal.end - moved
    if not 0 < inside <= cursor or text[inside - 1] not in "'\"":
        return None
    width = 3 if text[inside - 3 : inside] in ("'''", '"""') else 1
    quote = text[inside - width : inside]
    start = inside - width
    while start and text[start - 1] in _PREFIXES:
        start -= 1
    first, last = answer.replaced.start - moved, max(answer.replaced.end - moved, cursor)
    is_closed = text.startswith(quote, end)
    if is_closed:
        end += width
    else:
        last = end = cursor
    before, typed = text[start:cursor], text[first:cursor]
    is_format = "f" in text[start : inside - width].lower()
    is_whole = is_closed and not (is_format and "{" in text[inside:end])
    return Literal(
        before=before,
        after=text[cursor:end],
        head=text[start:first],
        tail=text[last:end],
        typed=typed,
        is_token=is_whole or (not is_closed and text[cursor : cursor + 1] in ("", "\n", "\r")),
        is_path="/" in before and not is_format,
        is_mixed=view.uri.endswith(".ipynb") and (is_file or not typed),
    )
