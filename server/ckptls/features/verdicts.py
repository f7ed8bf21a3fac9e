"""What the rules had nothing to say about, so that a keystroke does not have it judged again."""

from __future__ import annotations

from ckptls.features.rule import Context, Restores, Rule
from ckptls.source.sites import Site
from ckptls.workspace.binding import Binding


class Verdicts:
    """The sites of one document that no rule told anything of, from one analysis to the next.

    A site is the same object as long as what it stands in was not run again. If its binding
    is the same too, and no rule asked for more than these two when it was judged, all rules
    say again what they said: nothing. What they told something of is always judged anew, for
    a finding says places, which move.
    """

    __slots__ = ("_before", "_equal", "_kept", "_restores", "_rules", "_same_restores")

    def __init__(self) -> None:
        self._rules: tuple[Rule, ...] = ()
        # By the identity of the site; with its binding, and whether restores were asked for.
        self._kept: dict[int, tuple[Site, Binding, bool]] = {}
        self._before: dict[int, tuple[Site, Binding, bool]] = {}
        self._equal: dict[tuple[int, int], bool] = {}
        self._restores: Restores | None = None
        self._same_restores = False

    def renew(self, rules: tuple[Rule, ...], context: Context) -> None:
        """Another analysis begins; rules are those that judge it."""
        self._before = self._kept if rules == self._rules else {}
        self._kept = {}
        self._equal.clear()
        self._rules = rules
        restores = context.restores
        self._same_restores = restores == self._restores
        self._restores = restores

    def is_quiet(self, site: Site, binding: Binding) -> bool:
        """Whether it is known that no rule tells anything of a site, bound so."""
        known = self._before.get(id(site))
        if known is None:
            return False
        _, bound, rests_on_restores = known
        if (rests_on_restores and not self._same_restores) or not self._is_equal(bound, binding):
            return False
        self._kept[id(site)] = known
        return True

    def keep(self, site: Site, binding: Binding, context: Context) -> None:
        """No rule has told anything of a site; `context` is what they could ask."""
        if not context.was_asked:
            self._kept[id(site)] = (site, binding, context.asked_restores)

    def finish(self) -> None:
        """The analysis is judged: what belongs to none of its sites is forgotten."""
        self._before = {}
        self._equal.clear()

    def _is_equal(self, one: Binding, other: Binding) -> bool:
        # Many sites share few bindings.
        key = (id(one), id(other))
        known = self._equal.get(key)
        if known is None:
            known = self._equal[key] = one == other
        return known
