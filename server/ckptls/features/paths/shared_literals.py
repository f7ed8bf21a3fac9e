"""Literals that several strings are made of, some of which are right as they are.

A constant with the scope of a model, or with the folder of its checkpoints, is part of many
names. A fix that changes it for one wrong name would break those that are right.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from ckptls.features.common.context import Context
from ckptls.features.common.literal_edits import find_marked_span
from ckptls.features.common.name_lookup import look_up
from ckptls.features.common.results import Finding
from ckptls.features.paths.path_forms import opens
from ckptls.source.document import Analysis
from ckptls.source.semantics.sites import LiteralPart, Output, PathForm, Role, Site
from ckptls.source.text.source_text import Span

_KEYS = frozenset({Role.VARIABLE, Role.SCOPE})
_SUFFIX = ":0"
# Two right strings tell all: one of them is not the string that is asked about.
_ENOUGH = 2
_RIGHT = "right sites by literal"
_WRITTEN = frozenset({PathForm.OUTPUT, PathForm.WORKING})


def is_needed(context: Context, site: Site) -> Callable[[LiteralPart], bool]:
    """Whether another string, which is right, is made of the same literal as that of a part."""
    return lambda part: _is_shared(context, site, find_marked_span(part))


def harmless(context: Context, site: Site, finding: Finding) -> Finding:
    """A finding without fixes that would break other strings, and at a literal of its own.

    Where all literals of the site are shared, it stays where it is.
    """
    if not _is_shared(context, site, finding.span):
        return finding
    own = [part for part in site.parts if not _is_shared(context, site, find_marked_span(part))]
    longest = max(own, key=lambda part: len(part.text), default=None)
    span = finding.span if longest is None else find_marked_span(longest)
    return replace(finding, span=span, suggestions=())


def _is_shared(context: Context, site: Site, span: Span) -> bool:
    right: dict[Span, list[Site]] = context.memory.setdefault(_RIGHT, {})
    if span not in right:
        right[span] = _right_sites(context, span)
    return any(each.text != site.text or each.function != site.function for each in right[span])


def _right_sites(context: Context, span: Span) -> list[Site]:
    found: list[Site] = []
    for site in context.remembered(_sites_by_literal).get(span, ()):
        if any(each.text == site.text and each.function == site.function for each in found):
            continue
        if _is_right(context, site):
            found.append(site)
            if len(found) == _ENOUGH:
                break
    return found


def _sites_by_literal(analysis: Analysis) -> dict[Span, list[Site]]:
    found: dict[Span, list[Site]] = {}
    for site in analysis.sites:
        if site.is_certain:
            for part in site.parts:
                found.setdefault(find_marked_span(part), []).append(site)
    return found


def _is_right(context: Context, site: Site) -> bool:
    """Whether a string surely does what it is there for."""
    if site.role is Role.PATH:
        return _is_taken(context, site)
    literal = site.full_text.literal
    if not literal:
        return False
    if site.role is Role.TENSOR:
        return site.output is Output.EITHER or (site.output is Output.REQUIRED) == (":" in literal)
    if site.role not in _KEYS or not site.paths:
        return False
    name = literal.removesuffix(_SUFFIX) if site.strips_output else literal
    return any(look_up(site, name, each).is_there for each in context.bind(site).checkpoints)


def _is_taken(context: Context, site: Site) -> bool:
    """Whether a function takes its path, or writes to it."""
    use = next((use for use in site.paths if use.text == site.text), None)
    if use is None or use.text.literal is None:
        return use is not None and use.form in _WRITTEN
    if use.form is PathForm.OUTPUT:
        return True
    written, entries = use.text.literal, context.look(use)
    if entries is None:
        return False
    return not entries or any(opens(use.form, written, entry) for entry in entries)
