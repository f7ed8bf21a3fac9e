"""All findings of a document: the rules, minus what users and code say to leave alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ckptls.features.answers import Finding, Severity
from ckptls.features.rule import Context, Rule, all_rules
from ckptls.source.sites import Place, Role, Site
from ckptls.source.text import Span
from ckptls.workspace.binding import Binder, Binding
from ckptls.workspace.settings import Settings

Bound = tuple[Site, Binding]


def findings(binder: Binder, settings: Settings) -> list[Finding]:
    """The findings of a document in order of place, one for a string."""
    analysis = binder.analysis
    if analysis.pragmas.is_ignored:
        return []
    context = Context(analysis, binder.bind, binder.restored, binder.look)
    bound: dict[Role, list[Bound]] = {}
    for site in analysis.sites:
        if site.is_certain:
            bound.setdefault(site.role, []).append((site, binder.bind(site)))
    found: dict[Span, Finding] = {}
    done: set[Site] = set()
    for rule in all_rules():
        if settings.runs(rule.code):
            judged = [each for role in rule.roles for each in bound.get(role, ())]
            for site, finding in _of_rule(rule, judged, context):
                if site not in done:
                    told = replace(finding, evidence=binder.evidence_span(site))
                    found.setdefault(finding.span, told)
                    done.add(site)
    return sorted(
        (
            _with_severity(each, settings)
            for each in found.values()
            if not analysis.pragmas.silences(analysis.source.line_of(each.span.start), each.code)
        ),
        key=lambda each: (each.span, each.code),
    )


def _of_rule(rule: Rule, judged: list[Bound], context: Context) -> Iterator[tuple[Site, Finding]]:
    """The findings of one rule, without names that are right another time they are used.

    In a function that is called twice, in a loop that goes through several checkpoints, the
    same text stands for several sites: it is wrong only if it is wrong in all of them.
    """
    by_place: dict[Place, list[tuple[Site, list[Finding]]]] = {}
    for site, binding in judged:
        if rule.sees_guarded or not site.is_guarded:
            told = list(rule.check(site, binding, context))
            by_place.setdefault(site.place, []).append((site, told))
    for group in by_place.values():
        for site, told in group:
            for finding in told:
                if not any(_is_right(each, finding, site) for each in group):
                    yield site, finding


def _is_right(other: tuple[Site, list[Finding]], finding: Finding, of: Site) -> bool:
    site, told = other
    return (
        not told
        and site.parameter == of.parameter
        and site.role is of.role
        and site.text == of.text
    )


def _with_severity(finding: Finding, settings: Settings) -> Finding:
    wanted = settings.severity_of(finding.code)
    return finding if wanted is None else replace(finding, severity=Severity[wanted.upper()])


def unread(binder: Binder) -> tuple[str, ...]:
    """The places that must be looked at before the findings are all there."""
    # Most sites share their binding with others.
    bindings = {id(each): each for each in map(binder.bind, binder.analysis.sites)}
    return tuple(dict.fromkeys(path for each in bindings.values() for path in each.pending))
