"""All findings of a document: the rules, minus what users and code say to leave alone."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from dataclasses import replace
from typing import Any

from ckptls.checkpoint.model.checkpoint import Checkpoint
from ckptls.features.common.context import Context
from ckptls.features.common.reliance import Reliance, unwrap_checkpoint
from ckptls.features.common.results import Finding, Severity
from ckptls.features.common.rule import Rule
from ckptls.features.diagnostics.all_rules import all_rules
from ckptls.features.diagnostics.silent_sites import SilentSiteCache
from ckptls.features.paths.shared_literals import harmless
from ckptls.source.semantics.sites import Place, Role, Site
from ckptls.source.text.source_text import Span
from ckptls.workspace.binding import Binder, Binding
from ckptls.workspace.settings import Settings

# A step judges one site, or passes over so many that need not be judged again.
_STEP = 32
Reported = list[tuple[Site, list[Finding]]]


def findings(binder: Binder, settings: Settings) -> list[Finding]:
    """The findings of a document in order of place, one for a string."""
    judging = find_in_steps(binder, settings, SilentSiteCache())
    while True:
        try:
            next(judging)
        except StopIteration as end:
            found: list[Finding] = end.value
            return found


def find_in_steps(
    binder: Binder, settings: Settings, verdicts: SilentSiteCache
) -> Generator[None, None, list[Finding]]:
    """Find the findings in steps, between which other work may run.

    `verdicts` are those of the document's last analysis: only what is new is judged again.
    Another analysis of the document makes the rest worthless; whoever sees one closes this.
    """
    analysis = binder.analysis
    if analysis.pragmas.is_ignored:
        return []
    rules = tuple(rule for rule in all_rules() if settings.runs(rule.code))
    told = yield from _run_rules(binder, rules, verdicts)
    found: dict[Span, Finding] = {}
    done: set[Site] = set()
    for rule in rules:
        if rule not in told:
            continue
        for site, finding in _select_findings(rule, told[rule], analysis.sites):
            if site not in done:
                evidence = binder.evidence_span(site)
                found.setdefault(finding.span, replace(finding, evidence=evidence))
                done.add(site)
    facts = binder.facts
    if facts is not None:
        yield
        context = Context(binder)
        for rule in rules:
            for finding in rule.check_program(facts, context, tuple(found.values())):
                found.setdefault(finding.span, finding)
    return sorted(
        (
            _with_severity(each, settings)
            for each in found.values()
            if not analysis.pragmas.silences(analysis.source.line_of(each.span.start), each.code)
        ),
        key=lambda each: (each.span, each.code),
    )


def _run_rules(
    binder: Binder, rules: tuple[Rule, ...], verdicts: SilentSiteCache
) -> Generator[None, None, dict[Rule, Reported]]:
    """Run all rules; return each rule's findings by site."""
    context = Context(binder)
    by_role: dict[Role, list[Rule]] = {}
    for rule in rules:
        for role in rule.roles:
            by_role.setdefault(role, []).append(rule)
    told: dict[Rule, Reported] = {}
    judging = verdicts.begin(rules, context)
    count = 0
    try:
        for site in binder.analysis.sites:
            if not site.is_certain:
                continue
            binding = binder.bind(site)
            if judging.is_known_clean(site, binding):
                count += 1
                if count % _STEP == 0:
                    yield
                continue
            yield
            context.was_asked = context.asked_restores = False
            is_quiet = True
            rests_on: Binding | None = None
            enough: list[Checkpoint] = []
            looking: Any = judging.track_binding(binding)
            reliance = context.noting.reliance = Reliance()
            for rule in by_role.get(site.role, ()):
                if not _applies_to(rule, site):
                    continue
                looking.was_read = False
                context.begin()
                found = [
                    harmless(context, site, each) for each in rule.check(site, looking, context)
                ]
                if found:
                    told.setdefault(rule, []).append((site, found))
                    is_quiet = False
                elif context.enough is not None:
                    enough.append(unwrap_checkpoint(context.enough))
                elif looking.was_read:
                    rests_on = binding
            if is_quiet:
                judging.keep_clean_site(site, rests_on, tuple(enough), reliance)
    except GeneratorExit:
        judging.stop()
        raise
    judging.finish()
    return told


def _applies_to(rule: Rule, site: Site) -> bool:
    return rule.sees_guarded or not site.is_guarded


def _select_findings(
    rule: Rule, told: Reported, sites: Iterable[Site]
) -> Iterator[tuple[Site, Finding]]:
    """The findings of one rule, without names that are right another time they are used.

    In a function that is called twice, in a loop that goes through several checkpoints, the
    same text stands for several sites: it is wrong only if it is wrong in all of them.
    """
    found = {id(site): each for site, each in told}
    wrong = {(site.place.chunk, site.place.start) for site, _ in told}
    by_place: dict[Place, Reported] = {}
    near = [
        site
        for site in sites
        if site.is_certain
        and (site.place.chunk, site.place.start) in wrong
        and _applies_to(rule, site)
    ]
    for role in rule.roles:
        for site in near:
            if site.role is role:
                by_place.setdefault(site.place, []).append((site, found.get(id(site), [])))
    for group in by_place.values():
        for site, several in group:
            for finding in several:
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


def find_unread_places(binder: Binder) -> tuple[str, ...]:
    """Return the paths that must be read before the findings are complete."""
    return tuple(dict.fromkeys(path for each in binder.bindings() for path in each.pending))
