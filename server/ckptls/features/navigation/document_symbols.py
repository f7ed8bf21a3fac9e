"""The scopes and variables that a document makes, as a tree."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from ckptls.features.common import formatting
from ckptls.source.document import Analysis
from ckptls.source.semantics.sites import Role
from ckptls.source.text.source_text import Span

_MAX_SYMBOLS = 5_000


@dataclass(slots=True)
class Symbol:
    """A scope or a variable of the model.

    name: what it adds to the name of what it stands in; `{}` for what the program composes.
    span: its literal; `whole` is the span of that and of all in it.
    """

    name: str
    full_name: str
    detail: str
    is_scope: bool
    span: Span
    whole: Span
    children: list[Symbol] = field(default_factory=list)


def outline(
    analysis: Analysis, is_wanted: Callable[[Span], bool] = lambda span: True
) -> list[Symbol]:
    """The outermost scopes and variables, each with what it holds, in order of place;
    of those only whose spans are wanted."""
    top: list[Symbol] = []
    scopes: dict[str, Symbol] = {}
    found = (each for each in _symbols(analysis) if is_wanted(each.span))
    made = sorted(found, key=lambda each: (each.full_name.count("/"), each.span))
    for symbol in made[:_MAX_SYMBOLS]:
        parent = _parent(symbol.full_name, scopes)
        if parent is not None:
            symbol.name = symbol.full_name[len(parent.full_name) + 1 :]
        (parent.children if parent is not None else top).append(symbol)
        if symbol.is_scope:
            scopes.setdefault(symbol.full_name, symbol)
    for symbol in reversed(made[:_MAX_SYMBOLS]):
        symbol.children.sort(key=lambda each: each.span)
        for child in symbol.children:
            start = min(symbol.whole.start, child.whole.start)
            symbol.whole = Span(start, max(symbol.whole.end, child.whole.end))
    return sorted(top, key=lambda each: each.span)


def _parent(name: str, scopes: dict[str, Symbol]) -> Symbol | None:
    while "/" in name:
        name = name.rpartition("/")[0]
        if name in scopes:
            return scopes[name]
    return None


def _symbols(analysis: Analysis) -> Iterator[Symbol]:
    """Each scope once where it is opened first, and each variable."""
    seen: set[tuple[str, bool]] = set()
    for site in analysis.sites:
        name = site.full_text.template.rstrip("/")
        is_new = (name, True) not in seen
        if site.is_definition and site.role is Role.GRAPH_SCOPE and name and is_new:
            seen.add((name, True))
            span = site.parts[-1].literal
            yield Symbol(name, name, "", True, span, span)
    for variable in analysis.variables:
        origins, name = variable.name.origins, variable.name.template
        if origins and (name, False) not in seen:
            seen.add((name, False))
            span = origins[-1].literal_span
            detail = formatting.shape(variable.shape) if variable.shape is not None else ""
            yield Symbol(name, name, detail, False, span, span)
