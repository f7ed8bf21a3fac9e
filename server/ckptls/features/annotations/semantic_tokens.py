"""Names inside strings as an editor may colour them: there, not there, composed."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from ckptls.features.common.name_lookup import look_up
from ckptls.features.common.site_names import name_of
from ckptls.source.semantics.sites import Evidence, Role, Site
from ckptls.source.text.source_text import Span
from ckptls.workspace.binding import Binder, Binding

_SCOPES = frozenset({Role.SCOPE, Role.GRAPH_SCOPE})
_CHECKED = frozenset({Role.VARIABLE, Role.SCOPE})
_COLOURED = frozenset({Role.VARIABLE, Role.SCOPE, Role.GRAPH_VARIABLE, Role.GRAPH_SCOPE})


class Standing(str, Enum):
    """What is known of a name."""

    FOUND = "found"
    UNKNOWN = "unknown"
    TEMPLATE = "template"


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of a string that names a scope or a variable."""

    span: Span
    is_scope: bool
    standing: Standing


def tokens(binder: Binder) -> list[Token]:
    """The names of a document in order; none overlap, and none goes over a line."""
    found: dict[Span, Token] = {}
    for site in binder.analysis.sites:
        if site.role not in _COLOURED:
            continue
        standing = _standing(site, binder.bind(site))
        if standing is None:
            continue
        for part in site.parts:
            is_new = part.span not in found or found[part.span].standing is Standing.UNKNOWN
            if is_new and part.span.end > part.span.start:
                found[part.span] = Token(part.span, site.role in _SCOPES, standing)
    text, end, kept = binder.analysis.source.text, -1, []
    for span in sorted(found):
        if span.start >= end and "\n" not in text[span.start : span.end]:
            kept.append(found[span])
            end = span.end
    return kept


def _standing(site: Site, binding: Binding) -> Standing | None:
    name = name_of(site)
    if name is None or not binding.checkpoints:
        return None
    literal = name.literal
    if literal is None:
        return Standing.TEMPLATE
    if any(look_up(site, literal, checkpoint).is_there for checkpoint in binding.checkpoints):
        return Standing.FOUND
    is_sure = site.role in _CHECKED and binding.proves(Evidence.FILE)
    return Standing.UNKNOWN if is_sure else None
