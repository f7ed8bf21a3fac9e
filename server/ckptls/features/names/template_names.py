"""Names that the program composes: what a template stands for in a checkpoint."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from ckptls.checkpoint.model.checkpoint import Checkpoint
from ckptls.checkpoint.names.natural_order import natural_order
from ckptls.features.common import formatting
from ckptls.source.document import Cursor
from ckptls.source.semantics.pattern_text import UNKNOWN_TEXT, Hole, Piece, Text
from ckptls.source.semantics.sites import LiteralPart, Site
from ckptls.source.semantics.text_matcher import matcher

_MAX_NAMES = 6
# Sorting more names as people count would take longer than anybody looks at them.
_MAX_SORTED = 2_000


def alternatives(cursor: Cursor) -> list[Text]:
    """The names that the string under the cursor is a piece of, where the same call takes it:
    in a loop over known items one for each."""
    return list(dict.fromkeys(site.full_text for site, _ in _together(cursor)))


def find_text_before(cursor: Cursor) -> Text:
    """What stands before the string under the cursor, scopes included: for several names a
    text for all of them."""
    several = dict.fromkeys(site.outer + part.before for site, part in _together(cursor))
    own = cursor.site.outer + cursor.part.before
    return (common(list(several)) if len(several) > 1 else None) or own


def _together(cursor: Cursor) -> Iterator[tuple[Site, LiteralPart]]:
    site, span = cursor.site, cursor.part.span
    for each in cursor.analysis.sites_of(site.place):
        if each.parameter != site.parameter or each.role is not site.role:
            continue
        # Parts cost more than to see that one of them is meant, and a map has many.
        if any(origin.span == span for origin in each.text.origins):
            yield from ((each, part) for part in each.parts if part.span == span)


def common(several: Sequence[Text]) -> Text | None:
    """One text for several: a hole for one of theirs where they differ; None if they are not
    built alike."""
    if len({len(each.parts) for each in several}) != 1:
        return None
    columns = zip(*(each.parts for each in several), strict=True)
    return Text(tuple(_one(column) for column in columns))


def _one(column: Sequence[Piece | Hole]) -> Piece | Hole:
    first = column[0]
    if isinstance(first, Hole):
        return first
    own = [each.text for each in column if isinstance(each, Piece)]
    if len(own) < len(column):
        return Hole()
    several = tuple(dict.fromkeys(own))
    return first if len(several) == 1 else Hole.of(several)


def describe_template(text: Text, checkpoint: Checkpoint, known: Collection[str] = ()) -> str:
    """Markdown about what fits a template: how many variables or scopes, which, and the range
    of its hole; empty if nothing does. `known` are the only names that it can become."""
    if text.parts == UNKNOWN_TEXT.parts:
        return ""
    wanted = {each.rstrip("/") for each in known}
    plain = text.without_suffix("/")
    fits = matcher(plain).fits

    def chosen(names: Sequence[str]) -> list[str]:
        if known:
            return [name for name in names if name in wanted]
        return [name for name in names if fits(name)]

    found = chosen(checkpoint.names) if plain == text else []
    is_scope = not found
    if is_scope:
        found = chosen(checkpoint.tree.scopes())
        depth = plain.template.count("/")
        found = [scope for scope in found if scope.count("/") == depth] or found
    if not found:
        return ""
    if len(found) <= _MAX_SORTED:
        found.sort(key=natural_order)
    heading = f"**{formatting.code(text.template)}** matches {_number(found, checkpoint, is_scope)}"
    missing = sorted(wanted.difference(found), key=natural_order)
    parts = (
        heading,
        _holes(plain, found),
        "\n".join(format_rows(found, checkpoint, is_scope)),
        f"not there: {_shortened(missing)}" if missing else "",
    )
    return "\n\n".join(filter(None, parts))


def _number(found: list[str], checkpoint: Checkpoint, is_scope: bool) -> str:
    if not is_scope:
        return formatting.count(len(found), "variable")
    inside = sum(map(checkpoint.tree.count, found))
    return f"{formatting.count(len(found), 'scope')} with {formatting.count(inside, 'variable')}"


def format_rows(names: Sequence[str], checkpoint: Checkpoint, is_scope: bool = False) -> list[str]:
    """A row for each of some names, the last one among them."""

    def row(name: str) -> str:
        if is_scope:
            inside = formatting.count(checkpoint.tree.count(name), "variable")
            return f"- {formatting.code(name + '/')} {inside}"
        return f"- {formatting.code(name)} {formatting.kind_of(checkpoint[name])}"

    if len(names) <= _MAX_NAMES:
        return [row(name) for name in names]
    return [*map(row, names[: _MAX_NAMES - 1]), "- …", row(names[-1])]


def _shortened(names: Sequence[str]) -> str:
    return ", ".join(map(formatting.code, names[:_MAX_NAMES])) + (", …" * (len(names) > _MAX_NAMES))


def _holes(text: Text, names: list[str]) -> str:
    """The range of what stands in the hole, where there is one: `1 … 12`."""
    if sum(isinstance(part, Hole) for part in text.parts) != 1:
        return ""
    index = next(i for i, part in enumerate(text.parts) if isinstance(part, Hole))
    start, end = _length(text, 0, index), _length(text, index + 1, None)
    values = sorted({name[start : len(name) - end] for name in names}, key=natural_order)
    ends = [formatting.code(each) for each in dict.fromkeys((values[0], values[-1]))]
    return f"`{{}}` is {' … '.join(ends)}"


def _length(text: Text, start: int, end: int | None) -> int:
    return sum(len(part.text) for part in text.parts[start:end] if isinstance(part, Piece))
