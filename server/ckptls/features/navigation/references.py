"""From a name to where it is defined, and to every place that names it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ckptls.features.common.site_names import name_of
from ckptls.source.document import Analysis
from ckptls.source.semantics.pattern_text import Text
from ckptls.source.semantics.sites import Site
from ckptls.source.semantics.text_matcher import matcher
from ckptls.source.text.source_text import Span


@dataclass(frozen=True, slots=True)
class Mention:
    """A place in a document that names something; `is_definition`: it makes it."""

    span: Span
    is_definition: bool


def definitions(name: Text, analysis: Analysis) -> list[Mention]:
    """Where a document makes the variable, or opens the scope, of that name."""
    found = {
        variable.name.origins[-1].literal_span: None
        for variable in analysis.variables
        if variable.name.origins and _is_same(name, variable.name)
    }
    found.update(
        (mention.span, None) for mention in mentions(name, analysis) if mention.is_definition
    )
    return [Mention(span, True) for span in sorted(found)]


def mentions(name: Text, analysis: Analysis) -> list[Mention]:
    """Every place of a document that names it, in order."""
    found: dict[Span, Mention] = {}
    for site in analysis.sites:
        other = name_of(site)
        if other is None or not _is_same(name, other):
            continue
        for span in _spans(site):
            before = found.get(span)
            is_definition = site.is_definition or (before is not None and before.is_definition)
            found[span] = Mention(span, is_definition)
    return [found[span] for span in sorted(found)]


def _spans(site: Site) -> Iterator[Span]:
    """The pieces of a site's own text: an item of a list, else all that is in the quotes."""
    for part in site.parts:
        yield part.span if part.is_item else part.literal


def _is_same(name: Text, other: Text) -> bool:
    """Whether two names may be one; a name that the program composes may be many."""
    literal, other_literal = name.literal, other.literal
    if literal is not None and other_literal is not None:
        return literal == other_literal
    if literal is not None:
        return _fits(other, literal)
    if other_literal is not None:
        return _fits(name, other_literal)
    return name.template == other.template


def _fits(template: Text, literal: str) -> bool:
    return matcher(template).fits(literal)
