"""What the rules had nothing to say about, so that a keystroke does not have it judged again."""

from __future__ import annotations

from typing import Any, NamedTuple

from ckptls.checkpoint.model import Checkpoint
from ckptls.features.rule import Context, Restores, Rule
from ckptls.source.sites import Site
from ckptls.workspace.binding import Binding


class _Quiet(NamedTuple):
    """A site that no rule told anything of, and what that rests on: its binding, or only on
    some checkpoints being in it; the statements that restore."""

    site: Site
    binding: Binding | None
    enough: tuple[Checkpoint, ...]
    restores: Restores | None


class Looking:
    """A binding as a rule sees it: `was_looked_at` says whether it made any difference since it
    was last set to False."""

    __slots__ = ("_binding", "was_looked_at")

    def __init__(self, binding: Binding) -> None:
        self._binding = binding
        self.was_looked_at = False

    def __getattr__(self, name: str) -> Any:
        self.was_looked_at = True
        return getattr(self._binding, name)


class Verdicts:
    """The sites of one document that no rule told anything of, from one analysis to the next.

    A site is the same object as long as what it stands in was not run again. If its binding
    is the same too, or what of it the rules looked at, and no rule asked for more than these two
    and for what is restored, all rules say again what they said: nothing. What they told something
    of is always judged anew, for a finding says places, which move.
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
        self._looking: dict[int, Looking] = {}
        # Bindings with the identities of their checkpoints, by their own, which they keep.
        self._held: dict[int, tuple[Binding, frozenset[int]]] = {}
        # Many sites share few bindings. Both of a pair are alive as long as this is.
        self._equal: dict[tuple[int, int], bool] = {}

    def is_quiet(self, site: Site, binding: Binding) -> bool:
        """Whether it is known that no rule tells anything of a site, bound so."""
        known = self._before.get(id(site))
        if known is None:
            return False
        held = self._held.get(id(binding))
        if held is None:
            held = self._held[id(binding)] = binding, frozenset(map(id, binding.checkpoints))
        if known.binding is not None and not self._is_equal(known.binding, binding):
            return False
        for checkpoint in known.enough:
            if id(checkpoint) not in held[1]:
                return False
        if known.restores is not None and not self._is_equal(
            known.restores, self._context.restores
        ):
            return False
        self._quiet[id(site)] = known
        return True

    def looking(self, binding: Binding) -> Looking:
        """A binding, to be looked at by rules."""
        known = self._looking.get(id(binding))
        if known is None:
            known = self._looking[id(binding)] = Looking(binding)
        return known

    def keep(self, site: Site, binding: Binding | None, enough: tuple[Checkpoint, ...]) -> None:
        """No rule has told anything of a site: because of its binding, or, without it, as long
        as these checkpoints are in it."""
        context = self._context
        if not context.was_asked:
            restores = context.restores if context.asked_restores else None
            self._quiet[id(site)] = _Quiet(site, binding, enough, restores)

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
