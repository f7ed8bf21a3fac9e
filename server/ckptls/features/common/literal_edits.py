"""From the name that should stand there to the text that one literal should have."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from ckptls.checkpoint.core.printable import printable
from ckptls.features.common.results import Item
from ckptls.source.document import Cursor
from ckptls.source.semantics.sites import LiteralPart, Site
from ckptls.source.text.source_text import SourceText, Span


@dataclass(frozen=True, slots=True)
class Replacement:
    """A new text for what `find_marked_span` underlines of a part, which makes the name `name`."""

    part: LiteralPart
    text: str
    name: str


def replacements(
    source: SourceText,
    site: Site,
    names: Iterable[str],
    ending: str = "",
    is_needed: Callable[[LiteralPart], bool] = lambda part: False,
) -> list[Replacement]:
    """How to write each of the names by changing one literal, where one change does it.

    `names` are full names, scopes around included; `ending` is what follows the name in the
    text but is no part of it, such as `:0`; `is_needed` tells of parts that must stay as they are.
    """
    found: list[Replacement] = []
    for name in names:
        for part in site.parts:
            replacement = _replacement(source, site, part, name, ending)
            if replacement is not None and not is_needed(part):
                found.append(replacement)
                break
    return found


def _replacement(
    source: SourceText, site: Site, part: LiteralPart, name: str, ending: str
) -> Replacement | None:
    before = (site.outer + part.before).literal
    after = part.after.literal
    whole = name + ending
    if before is None or after is None:
        return None
    if not whole.startswith(before) or not whole.endswith(after):
        return None
    if len(whole) < len(before) + len(after):
        return None
    inner = whole[len(before) : len(whole) - len(after)]
    if inner == part.text:
        return None
    return _with_text(source, part, inner, name)


def _with_text(source: SourceText, part: LiteralPart, new: str, name: str) -> Replacement | None:
    """One literal with the part's own characters replaced; None if it cannot hold the new ones."""
    text = escape_for_literal(source, part.literal, new)
    if text is None:
        return None
    if part.is_item:
        return Replacement(part, text, name)
    before = source.text[part.literal.start : part.span.start]
    after = source.text[part.span.end : part.literal.end]
    return Replacement(part, before + text + after, name)


def replace_part(source: SourceText, part: LiteralPart, new: str) -> Replacement:
    """One literal with the part's own characters replaced by `new`, made of what it has."""
    found = changes(source, part, [new])
    return found[0] if found else Replacement(part, new, new)


def changes(source: SourceText, part: LiteralPart, texts: Iterable[str]) -> list[Replacement]:
    """One literal with the part's own characters replaced by each of the texts that it can hold."""
    found = (_with_text(source, part, new, new) for new in texts)
    return [each for each in found if each is not None]


def respell_site(source: SourceText, site: Site, texts: Iterable[str]) -> list[Replacement]:
    """How to write each of the texts in the place of a site's, where one literal makes it."""
    if len(site.text.parts) == 1 == len(site.parts):
        return changes(source, site.parts[0], texts)
    return replacements(source, site, texts)


_NAME = re.compile(r"[\w./*^$+\-\\?]+")


def pieces(text: str) -> list[str]:
    """The names that a comma-separated text lists; empty if it is no such list."""
    found = [piece.strip() for piece in text.split(",")]
    if len(found) < 2 or not all(_NAME.fullmatch(piece) for piece in found if piece):
        return []
    return [piece for piece in found if piece]


def token_span(source: SourceText, literal: Span) -> Span:
    """A string literal with its quotes and prefix, from the span between its quotes."""
    quote = _quote(source, literal)
    start = literal.start - len(quote)
    while start > 0 and source.text[start - 1] in "rRbBuUfF":
        start -= 1
    return Span(start, literal.end + len(quote))


def quote_text(source: SourceText, literal: Span, text: str) -> str:
    """`text` written with the quotes and the prefix of a literal."""
    quote = _quote(source, literal)
    prefix = source.text[token_span(source, literal).start : literal.start - len(quote)]
    return f"{prefix}{quote}{text}{quote}"


def _quote(source: SourceText, literal: Span) -> str:
    quote = source.text[literal.end : literal.end + 1]
    for count in (3, 1):
        if source.text.startswith(quote * count, literal.end) and source.text.endswith(
            quote * count, 0, literal.start
        ):
            return quote * count
    return quote


def _prefix(source: SourceText, literal: Span) -> str:
    start = literal.start - len(_quote(source, literal))
    return source.text[token_span(source, literal).start : start].lower()


def escape_for_literal(source: SourceText, literal: Span, new: str) -> str | None:
    """Characters as they are written in a literal; None where a raw one cannot hold them."""
    quote = source.text[literal.end : literal.end + 1]
    if not quote or (
        new.isprintable() and all(each not in new for each in ("\\", "{", "}", quote))
    ):
        return new
    prefix = _prefix(source, literal)
    if "f" in prefix:
        new = new.replace("{", "{{").replace("}", "}}")
    if "r" not in prefix:
        return in_quotes(new, quote)
    return new if new.isprintable() and quote not in new and not new.endswith("\\") else None


def written_items(items: Iterable[Item], cursor: Cursor, kept: str = "") -> list[Item]:
    """The items with the characters that stand in the literal for their labels, behind those
    that are kept; without items that a raw literal cannot hold."""
    found = []
    for item in items:
        text = escape_for_literal(cursor.analysis.source, cursor.part.literal, item.label)
        if text is not None:
            written = kept + text
            found.append(item if written == item.label else replace(item, label=written))
    return found


def in_quotes(text: str, quote: str) -> str:
    """Text as Python writes it between quotes: with escapes for the quote, for backslashes and
    for characters that do not show."""
    return printable(text.replace("\\", "\\\\").replace(quote, "\\" + quote))


def find_marked_span(part: LiteralPart) -> Span:
    """What is underlined: everything between the quotes, or the item of a list in them."""
    return part.span if part.is_item else part.literal
