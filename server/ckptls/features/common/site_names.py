"""The name that a site stands for, for people to read."""

from __future__ import annotations

from ckptls.source.semantics.pattern_text import Text
from ckptls.source.semantics.sites import Match, Role, Site

_NAMING = frozenset(Role) - {Role.PATH, Role.LAYER, Role.LAYER_PATTERN}
_OUTPUT = ":0"


def name_of(site: Site) -> Text | None:
    """What a site names, with the scopes around it; a scope without its final slash."""
    if site.role not in _NAMING or site.match is Match.SUFFIX:
        return None
    name = site.full_text
    if site.strips_output or site.role is Role.TENSOR:
        name = name.without_suffix(_OUTPUT)
    name = name.without_suffix("/")
    return name if any(char not in "{}" for char in name.template) else None
