"""Another name for a scope or a variable of the model, in all code that names it.

Names of checkpoints stay: a checkpoint does not change with the code. What is renamed is one
segment of a name; every place that writes it, alone or inside a longer name, is changed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from ckptls.source.document import Analysis, Cursor
from ckptls.source.semantics.pattern_text import Hole, Piece, Text
from ckptls.source.semantics.sites import Role, Site
from ckptls.source.text.source_text import Span

_MODEL = frozenset({Role.GRAPH_VARIABLE, Role.GRAPH_SCOPE})
_SEGMENT = re.compile(r"[A-Za-z0-9_.\\-]+(?:/[A-Za-z0-9_.\\-]+)*")
_PLAIN = re.compile(r"[\w/.-]+")
_HOLE = "\0"
_MAX_ROUNDS = 8
_KINDS = {
    Role.VARIABLE: "a variable of a checkpoint",
    Role.SCOPE: "a scope of a checkpoint",
    Role.PATH: "a path",
    Role.PATTERN: "a pattern",
    Role.TENSOR: "a tensor of a graph",
    Role.LAYER: "a layer",
    Role.LAYER_PATTERN: "a pattern",
    Role.OBJECT: "an object of a checkpoint",
}


class CannotRenameError(ValueError):
    """Why a name cannot be renamed, as a sentence for users."""


@dataclass(frozen=True, slots=True)
class Target:
    """What is renamed: `text` at `span`, the last segment of the whole name `name`."""

    span: Span
    text: str
    name: str


def target(cursor: Cursor) -> Target:
    """The segment under the cursor.

    Raises: CannotRenameError.
    """
    site = cursor.site
    if site.role not in _MODEL:
        what = _KINDS.get(site.role, "not a name of the model")
        because = "; renaming changes code alone" if "checkpoint" in what else ""
        raise CannotRenameError(f"`{site.text.template}` is {what}{because}")
    name = _name(site)
    part_start = len(_plain(site.outer + cursor.part.before))
    place = part_start + len(cursor.typed)
    start = name.rfind("/", 0, place) + 1
    end = name.find("/", start)
    end = len(name) if end < 0 else end
    if _HOLE in name[start:end]:
        raise CannotRenameError(f"computed at run time: `{_shown(name[start:end])}`")
    if start == end:
        raise CannotRenameError("there is no name at this position")
    span = _span(site, start, end)
    if span is None:
        raise CannotRenameError(f"`{name[start:end]}` is not written at this position")
    return Target(span, name[start:end], name[:end])


def check_name(new: str) -> None:
    """Raises: CannotRenameError for what TensorFlow does not take as a name."""
    if not _SEGMENT.fullmatch(new):
        raise CannotRenameError(
            f"`{new}` is not a valid name: letters, digits and `_.\\-`, with `/` between segments"
        )


def places(name: str, analyses: Sequence[Analysis]) -> list[list[Span]]:
    """Where the last segment of a name is written, for each document.

    One literal may be part of several names (a function that is called in two scopes): those
    are renamed with it, everywhere.

    Raises: CannotRenameError where the segment is put together from several literals.
    """
    names = {name}
    for _ in range(_MAX_ROUNDS):
        found = [dict(_written(names, analysis)) for analysis in analyses]
        more = {
            other
            for analysis, spans in zip(analyses, found, strict=True)
            for other in _others(spans, analysis)
        }
        if more <= names:
            break
        names |= more
    return [sorted(spans) for spans in found]


def _written(names: Iterable[str], analysis: Analysis) -> Iterator[tuple[Span, str]]:
    for site in analysis.sites:
        if not _is_of_model(site):
            continue
        whole = _name(site)
        for name in names:
            if whole == name or whole.startswith(name + "/"):
                span = _span(site, name.rfind("/") + 1, len(name))
                if span is not None:
                    yield span, name


def _others(spans: dict[Span, str], analysis: Analysis) -> Iterator[str]:
    """The names whose last segment is written at the same places."""
    for site in analysis.sites:
        if not _is_of_model(site) or not any(
            part.span.start <= span.start and span.end <= part.span.end
            for part in site.parts
            for span in spans
        ):
            continue
        name = _name(site)
        end = 0
        while end < len(name):
            start = end + 1 if end else 0
            end = name.find("/", start)
            end = len(name) if end < 0 else end
            if _HOLE not in name[start:end] and _span(site, start, end) in spans:
                yield name[:end]


def _is_of_model(site: Site) -> bool:
    if site.role is Role.PATTERN:
        return bool(_PLAIN.fullmatch(site.text.literal or ""))
    return site.role in _MODEL


def _name(site: Site) -> str:
    return _plain(site.full_text).rstrip("/")


def _plain(text: Text) -> str:
    return "".join(map(_part, text.parts))


def _part(part: Piece | Hole) -> str:
    if isinstance(part, Piece):
        return part.text
    # A number that TensorFlow may put behind a name is no part of it.
    return "" if part.pattern.endswith("?") else _HOLE


def _shown(name: str) -> str:
    return name.replace(_HOLE, "{}")


def _span(site: Site, start: int, end: int) -> Span | None:
    """Where the characters of a site's whole name are written; None if not in this document."""
    offset = 0
    for part in site.full_text.parts:
        length = len(_part(part))
        if offset < end and start < offset + length and isinstance(part, Piece):
            if part.origin is None:
                return None
            if not (offset <= start and end <= offset + length):
                name = _shown(_name(site)[start:end])
                raise CannotRenameError(f"`{name}` is built from several strings")
            return part.origin.cut(start - offset, end - offset).span
        offset += length
    return None
