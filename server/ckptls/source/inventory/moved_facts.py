"""The facts of a program whose text was edited, until the program is followed again."""

from __future__ import annotations

from dataclasses import replace

from ckptls.source.inventory.model_inventory import CodeSpan, Gap, ModelInventory, ModelVariable
from ckptls.source.inventory.restore_request import ProgramFacts, RequestedVariable, RestoreRequest
from ckptls.source.text.text_edit import find_edit


def move_facts(facts: ProgramFacts, before: str, now: str) -> ProgramFacts:
    """The facts with their places in the text as it is now.

    Restores in the text that was edited are left out. All else is as it was before: the edit may
    have changed what the program does.
    """
    if before == now:
        return facts
    return _Mover(facts.path, before, now).facts(facts)


class _Mover:
    """Moves places behind the part of a text that differs."""

    def __init__(self, path: str | None, before: str, now: str) -> None:
        self._path = path
        self._start, self._end, new = find_edit(before, now)
        self._by = len(now) - len(before)
        self._lines = new.count("\n") - before.count("\n", self._start, self._end)
        self._variables: dict[ModelVariable, ModelVariable] = {}
        self._inventories: dict[int, ModelInventory] = {}

    def facts(self, facts: ProgramFacts) -> ProgramFacts:
        restores = tuple(
            self._restore(each) for each in facts.restores if self._span(each.place) is not None
        )
        return replace(facts, inventory=self._inventory(facts.inventory), restores=restores)

    def _span(self, span: CodeSpan | None) -> CodeSpan | None:
        """A place as it is now; None where it was edited."""
        if span is None or span.path != self._path or span.end <= self._start:
            return span
        if span.start < self._end:
            return None
        start, end = span.start + self._by, span.end + self._by
        return replace(span, start=start, end=end, line=span.line + self._lines)

    def _variable(self, variable: ModelVariable) -> ModelVariable:
        moved = self._variables.get(variable)
        if moved is None:
            places = tuple(each for place in variable.name_places if (each := self._span(place)))
            moved = replace(variable, place=self._span(variable.place), name_places=places)
            self._variables[variable] = moved
        return moved

    def _inventory(self, inventory: ModelInventory) -> ModelInventory:
        known = self._inventories.get(id(inventory))
        if known is None:
            variables = tuple(map(self._variable, inventory.variables))
            gaps = tuple(map(self._gap, inventory.gaps))
            known = self._inventories[id(inventory)] = ModelInventory(variables, gaps)
        return known

    def _gap(self, gap: Gap) -> Gap:
        return replace(gap, place=self._span(gap.place))

    def _restore(self, restore: RestoreRequest) -> RestoreRequest:
        return replace(
            restore,
            place=self._span(restore.place) or restore.place,
            name_place=self._span(restore.name_place) or restore.place,
            items=tuple(map(self._item, restore.items)),
            gaps=tuple(map(self._gap, restore.gaps)),
            model=self._inventory(restore.model),
        )

    def _item(self, item: RequestedVariable) -> RequestedVariable:
        return replace(item, variable=self._variable(item.variable), place=self._span(item.place))
