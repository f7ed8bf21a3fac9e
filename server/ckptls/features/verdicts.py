"""What the rules had nothing to say about, so that a keystroke does not have it judged again."""

from __future__ import annotations

from typing import NamedTuple

from ckptls.features.rule import Context, Restores, Rule
from ckptls.source.sites import Site
from ckptls.workspace.binding import Binding


class _Quiet(NamedTuple):
    """A site that no rule told anything of, and what that rests on."""

    site: Site
    binding: Binding
    restores: Restores | None


class Verdicts:
    """The sites of one document that no rule told anything of, from one analysis to the next.

    A site is the same object as long as what it stands in was not run again. If its binding
    is the same too, and no rule asked for more than these two and for what is restored, all
    rules say again what they said: nothing. What they told something of is always judged anew,
    for a finding says places, which move.
    """

    __slots__ = ("_quiet", "_rules")

    def __init__(self) -> None:
        self._rules: tuple[Rule, ...] = ()
        self._quiet: dict[int, _Quiet] = {}  # by the identity of the site

    def begin(self, rules: tuple[Rule, ...], context: Context) -> Judging:
        """Those of an analysis that these rules are about to judge."""
        before = self._quiet if rules == self._rules else {}
        return Judging(self, before, rules, context)

    def take(self, rules: tuple[Rule, ...], quiet: dict[int, _Quiet]) -> None:
        self._rules, self._quiet = rules, quiet


class Judging:
    """The verdicts on one analysis while it is judged."""

    def __init__(
        self,
        verdicts: Verdicts,
        before: dict[int, _Quiet],
        rules: tuple[Rule, ...],
        context: Context,
    ) -> None:
        self._verdicts, self._before, self._rules = verdicts, before, rules
        self._context = context
        self._quiet: dict[int, _Quiet] = {}
        # Many sites share few bindings. Both of a pair are alive as long as this is.
        self._equal: dict[tuple[int, int], bool] = {}

    def is_quiet(self, site: Site, binding: Binding) -> bool:
        """Whether it is known that no rule tells anything of a site, bound so."""
        known = self._before.get(id(site))
        if known is None or not self._is_equal(known.binding, binding):
            return False
        if known.restores is not None and not self._is_equal(
            known.restores, self._context.restores
        ):
            return False
        self._quiet[id(site)] = known
        return True

    def keep(self, site: Site, binding: Binding) -> None:
        """No rule has told anything of a site."""
        context = self._context
        if not context.was_asked:
            restores = context.restores if context.asked_restores else None
            self._quiet[id(site)] = _Quiet(site, binding, restores)

    def finish(self) -> None:
        """All is judged: what belongs to none of its sites is forgotten."""
        self._verdicts.take(self._rules, self._quiet)

    def stop(self) -> None:
        """Not all was judged: what is known of the others stays."""
        self._verdicts.take(self._rules, {**self._before, **self._quiet})

    def _is_equal(self, one: object, other: object) -> bool:
        key = (id(one), id(other))
        known = self._equal.get(key)
        if known is None:
            known = self._equal[key] = one == other
        return known
