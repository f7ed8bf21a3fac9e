"""Remembers sites without findings, so that a keystroke does not check them again."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

from ckptls.checkpoint.model.changes import NOTHING, Changes
from ckptls.checkpoint.model.checkpoint import Checkpoint
from ckptls.features.common.context import Context, Restores
from ckptls.features.common.reliance import Noting, NotingCheckpoint, Reliance
from ckptls.features.common.rule import Rule
from ckptls.source.semantics.sites import Site
from ckptls.workspace.binding import Binding


class _SilentSite(NamedTuple):
    """A site without findings, and what that depends on: its binding, or only that some
    checkpoints are in it; the statements that restore; the queries to checkpoints."""

    site: Site
    binding: Binding | None
    enough: tuple[Checkpoint, ...]
    restores: Restores | None
    reliance: Reliance


class TrackedBinding:
    """A binding that notices its use: `was_read` says whether a rule has read it since the flag
    was last set to False; its checkpoints note what they are asked."""

    __slots__ = ("_binding", "_checkpoints", "was_read")

    def __init__(self, binding: Binding, noting: Noting) -> None:
        self._binding = binding
        self._checkpoints = tuple(map(noting.checkpoint, binding.checkpoints))
        self.was_read = False

    @property
    def checkpoints(self) -> tuple[NotingCheckpoint, ...]:
        self.was_read = True
        return self._checkpoints

    def __getattr__(self, name: str) -> Any:
        self.was_read = True
        return getattr(self._binding, name)


class SilentSiteCache:
    """The sites of one document without findings, from one analysis to the next.

    A site is the same object as long as what it stands in was not run again. If its binding
    is the same too, or what of it the rules looked at, and no rule asked for more than these two
    and for what is restored, the site still has no findings. A checkpoint that took
    the place of another one counts as the same if none of the names and scopes has changed that
    the rules asked for. Sites with findings are always checked again, because a finding has
    positions, which move.
    """

    __slots__ = ("_rules", "_silent")

    def __init__(self) -> None:
        self._rules: tuple[Rule, ...] = ()
        self._silent: dict[int, _SilentSite] = {}  # by the identity of the site

    def begin(self, rules: tuple[Rule, ...], context: Context) -> SilentSitePass:
        """Begin to check the sites of an analysis with these rules."""
        before = self._silent if rules == self._rules else {}
        return SilentSitePass(self, before, rules, context)

    def take(self, rules: tuple[Rule, ...], quiet: dict[int, _SilentSite]) -> None:
        self._rules, self._silent = rules, quiet


class SilentSitePass:
    """The sites without findings of one analysis while it is checked."""

    def __init__(
        self,
        verdicts: SilentSiteCache,
        before: dict[int, _SilentSite],
        rules: tuple[Rule, ...],
        context: Context,
    ) -> None:
        self._verdicts, self._before, self._rules = verdicts, before, rules
        self._context = context
        self._silent: dict[int, _SilentSite] = {}
        self._looking: dict[int, TrackedBinding] = {}
        # What has changed from one binding, or what is restored, to another: many sites share
        # few. Both of a pair are alive as long as this is.
        self._since: dict[tuple[int, int], Changes | None] = {}

    def is_known_clean(self, site: Site, binding: Binding) -> bool:
        """Whether it is known that a site with this binding has no findings."""
        known = self._before.get(id(site))
        if known is None:
            return False
        if known.binding is not None:
            if not self._stands(known.reliance, known.binding, binding):
                return False
            known = known._replace(binding=binding)
        if known.enough:
            enough = tuple(self._successor(each, binding, known.reliance) for each in known.enough)
            if None in enough:
                return False
            known = known._replace(enough=tuple(each for each in enough if each is not None))
        if known.restores is not None:
            restores = self._context.bound_restores
            if not self._stands(known.reliance, known.restores, restores):
                return False
            known = known._replace(restores=restores)
        self._silent[id(site)] = known
        return True

    def _successor(
        self, old: Checkpoint, binding: Binding, reliance: Reliance
    ) -> Checkpoint | None:
        """The checkpoint of a binding that can replace an older one."""
        for each in binding.checkpoints:
            if each is old:
                return each
            changes = each.changes_since(old)
            if changes is not None and not reliance.is_touched(changes):
                return each
        return None

    def _stands(self, reliance: Reliance, old: _Rests, new: _Rests) -> bool:
        """Whether a result that rests on one binding also holds for another."""
        if old is new:
            return True
        key = id(old), id(new)
        if key not in self._since:
            self._since[key] = _changes(old, new)
        changes = self._since[key]
        return changes is not None and not reliance.is_touched(changes)

    def track_binding(self, binding: Binding) -> TrackedBinding:
        """A binding that notices whether rules read it."""
        known = self._looking.get(id(binding))
        if known is None:
            known = self._looking[id(binding)] = TrackedBinding(binding, self._context.noting)
        return known

    def keep_clean_site(
        self,
        site: Site,
        binding: Binding | None,
        enough: tuple[Checkpoint, ...],
        reliance: Reliance,
    ) -> None:
        """Record a site without findings: because of its binding, or, without it, as long as
        these checkpoints are in it; and in any case because of what they were asked."""
        context = self._context
        if not context.was_asked:
            restores = context.bound_restores if context.asked_restores else None
            self._silent[id(site)] = _SilentSite(site, binding, enough, restores, reliance)

    def finish(self) -> None:
        """All sites are checked: forget what belongs to none of them."""
        self._verdicts.take(self._rules, self._silent)

    def stop(self) -> None:
        """Not all sites were checked: keep what is known of the others."""
        self._verdicts.take(self._rules, {**self._before, **self._silent})


_Rests = Binding | Restores


def _changes(old: _Rests, new: _Rests) -> Changes | None:
    """What has changed in the checkpoints of one that otherwise is as the other; else None."""
    if old == new:
        return NOTHING
    if isinstance(old, Binding) and isinstance(new, Binding):
        is_alike = replace(old, checkpoints=()) == replace(new, checkpoints=())
        return _between(old.checkpoints, new.checkpoints) if is_alike else None
    if not isinstance(old, tuple) or not isinstance(new, tuple) or len(old) != len(new):
        return None
    changes: Changes | None = NOTHING
    for (one, before), (other, after) in zip(old, new, strict=True):
        if one != other or replace(before, checkpoints=()) != replace(after, checkpoints=()):
            return None
        more = _between(before.checkpoints, after.checkpoints)
        changes = changes | more if changes is not None and more is not None else None
    return changes


def _between(old: tuple[Checkpoint, ...], new: tuple[Checkpoint, ...]) -> Changes | None:
    if len(old) != len(new):
        return None
    changes = NOTHING
    for one, other in zip(old, new, strict=True):
        more = other.changes_since(one)
        if more is None:
            return None
        changes = changes | more
    return changes
