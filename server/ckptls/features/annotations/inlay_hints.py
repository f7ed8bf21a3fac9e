"""Shapes behind the names of variables, in the line itself."""

from __future__ import annotations

from dataclasses import dataclass

from ckptls.checkpoint.core.printable import printable
from ckptls.checkpoint.model.checkpoint import Variable
from ckptls.features.common import formatting
from ckptls.features.common.name_lookup import look_up
from ckptls.features.common.site_names import name_of
from ckptls.source.semantics.sites import Evidence, Role, Site
from ckptls.source.text.source_text import SourceText, Span
from ckptls.workspace.binding import Binder

_SHOWN = frozenset({Role.VARIABLE, Role.GRAPH_VARIABLE})
_TRIPLE = ('"""', "'''")


@dataclass(frozen=True, slots=True)
class Hint:
    """A shape to be shown at an offset, and in full as its tooltip."""

    offset: int
    label: str
    tooltip: str


def hints(binder: Binder, span: Span) -> list[Hint]:
    """What is worth showing between the ends of `span`: not what the code itself says."""
    found: dict[int, Hint | None] = {}
    for site in binder.analysis.sites:
        parts = site.parts
        if site.role not in _SHOWN or not parts or not span.covers(parts[-1].literal.end):
            continue
        if parts[-1].is_item:
            continue
        offset = _behind(binder.analysis.source, parts[-1].literal)
        hint = _hint(site, offset, binder)
        # One string may be several names; then its shape is shown only if it is the same.
        found[offset] = hint if _label(found.get(offset, hint)) == _label(hint) else None
    return [hint for _, hint in sorted(found.items()) if hint is not None]


def _label(hint: Hint | None) -> str | None:
    return hint.label if hint is not None else None


def _hint(site: Site, offset: int, binder: Binder) -> Hint | None:
    name = name_of(site)
    if name is None or name.literal is None:
        return None
    binding = binder.bind(site)
    if binding.evidence < Evidence.FILE:
        return None
    several = (look_up(site, name.literal, checkpoint) for checkpoint in binding.checkpoints)
    variables = [each for found in several if found.is_there for each in found.variables]
    kinds = {formatting.kind_of(each) for each in variables}
    if len(kinds) != 1 or site.shape == variables[0].shape:
        return None
    where = ", ".join(formatting.checkpoint_name(each, binding) for each in binding.checkpoints)
    return Hint(offset, formatting.shape(variables[0].shape), _tooltip(variables[0], where))


def _tooltip(variable: Variable, where: str) -> str:
    return f"{printable(variable.name)}: {formatting.kind_of(variable)} in {where}"


def _behind(source: SourceText, literal: Span) -> int:
    """The offset behind the quotes that close a literal."""
    quotes = source.text[literal.end : literal.end + 3]
    return min(literal.end + (3 if quotes in _TRIPLE else 1), len(source.text))
