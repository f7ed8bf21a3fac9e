"""What differs between two checkpoints: variables added, removed, changed, probably renamed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass

from ckptls.checkpoint.compare.rename_groups import counterparts, renamed_scopes
from ckptls.checkpoint.compare.renames import Pair, probable_renames
from ckptls.checkpoint.compare.selection import selected
from ckptls.checkpoint.compare.shifted_scopes import shifted_scopes
from ckptls.checkpoint.core.types import OBJECT_GRAPH_NAME, Kind
from ckptls.checkpoint.model.checkpoint import Checkpoint, Variable

_SAVE_COUNTER = "save_counter/.ATTRIBUTES/VARIABLE_VALUE"


@dataclass(frozen=True, slots=True)
class Change:
    """A variable that both checkpoints have, with another shape or dtype.

    Its name differs where a whole scope was renamed that it lies in.
    """

    before: Variable
    after: Variable


@dataclass(frozen=True, slots=True)
class Diff:
    """What differs between the checkpoint `before` and the checkpoint `after`.

    Attributes:
        only_before: what only the first has, ascending by name.
        only_after: what only the second has.
        changed: what both have, with another shape or dtype.
        renamed: (name in the first, name in the second) of what probably is the same variable
            under another name, by dtype, shape and names; no variable is in two pairs.
        same: (name in the first, name in the second) of what is the same variable for sure:
            equal names, or the full name that an object-based checkpoint tells.
        num_by_full_name: how many of these have different keys.
    """

    only_before: tuple[Variable, ...]
    only_after: tuple[Variable, ...]
    changed: tuple[Change, ...]
    renamed: tuple[Pair, ...]
    same: tuple[Pair, ...]
    num_by_full_name: int = 0

    @property
    def is_empty(self) -> bool:
        """Whether nothing differs in names, dtypes and shapes."""
        return not (self.only_before or self.only_after or self.changed or self.renamed)


def compare(before: Checkpoint, after: Checkpoint, only: Sequence[str] = ()) -> Diff:
    """What differs; with patterns in `only`, among the variables that one of them selects.

    A variable of either checkpoint that is selected brings its partner along. What an
    object-based checkpoint keeps for itself counts only if both are object-based.
    """
    first, second = _kinds(before, after), _kinds(after, before)
    by_full_name = _by_full_names(before, after, first, second)
    pairs = {name: name for name in first if name in second} | by_full_name
    moved = _moved(first, second, pairs)
    gone, new = {name for name, _ in moved}, {name for _, name in moved}
    pairs = {a: b for a, b in pairs.items() if a not in gone and b not in new}
    left = _others(first, gone | pairs.keys())
    right = _others(second, new | set(pairs.values()))
    found = probable_renames(left, right, pairs.keys() | gone)
    renamed = [*moved, *found]
    pairs |= _changed_under_renamed_scopes(left, right, found)
    is_in = _test(before, after, only)
    known = [pair for pair in pairs.items() if is_in(*pair)]
    partners = set(pairs.values()) | {name for _, name in renamed}
    named = pairs.keys() | {name for name, _ in renamed}
    same = [pair for pair in known if first[pair[0]] == second[pair[1]]]
    changed = [pair for pair in known if first[pair[0]] != second[pair[1]]]
    return Diff(
        tuple(before[name] for name in _others(first, named) if is_in(name, name)),
        tuple(after[name] for name in _others(second, partners) if is_in(name, name)),
        tuple(Change(before[name], after[other]) for name, other in sorted(changed)),
        tuple(sorted(pair for pair in renamed if is_in(*pair))),
        tuple(sorted(same)),
        sum(name in by_full_name for name, _ in same),
    )


def _kinds(checkpoint: Checkpoint, other: Checkpoint) -> dict[str, Kind]:
    """name -> (dtype, shape) of what takes part in the comparison, ascending by name."""
    kinds = dict(zip(checkpoint.names, checkpoint.kinds, strict=True))
    if checkpoint.is_object_based and not other.is_object_based:
        kinds.pop(OBJECT_GRAPH_NAME, None)
        kinds.pop(_SAVE_COUNTER, None)
    return kinds


def _others(kinds: dict[str, Kind], taken: Collection[str]) -> dict[str, Kind]:
    return {name: kind for name, kind in kinds.items() if name not in taken}


def _by_full_names(
    before: Checkpoint, after: Checkpoint, first: dict[str, Kind], second: dict[str, Kind]
) -> dict[str, str]:
    """Names and keys that stand for one variable of the graph, where there is no doubt."""
    if before.object_graph is None and after.object_graph is None:
        return {}
    left = _called(before, (name for name in first if name not in second))
    right = _called(after, (name for name in second if name not in first))
    found = {left[full]: right[full] for full in left if full in right}
    return {name: other for name, other in found.items() if first[name] == second[other]}


def _called(checkpoint: Checkpoint, names: Iterable[str]) -> dict[str, str]:
    """full name -> name, for full names that only one variable has."""
    graph = checkpoint.object_graph
    found: dict[str, str] = {}
    twice = set()
    for name in names:
        for full in graph.full_names(name) if graph is not None else (name,):
            if full in found:
                twice.add(full)
            found[full] = name
    return {full: name for full, name in found.items() if full not in twice}


def _moved(first: dict[str, Kind], second: dict[str, Kind], pairs: dict[str, str]) -> list[Pair]:
    """Variables of numbered scopes that moved, where names alone would show other shapes."""
    unlike = {name for name, other in pairs.items() if first[name] != second[other]}
    if not unlike:
        return []
    left = _others(first, pairs.keys() - unlike)
    right = _others(second, set(pairs.values()) - {pairs[name] for name in unlike})
    return shifted_scopes(first, second, left, right)


def _changed_under_renamed_scopes(
    left: dict[str, Kind], right: dict[str, Kind], renamed: Sequence[Pair]
) -> dict[str, str]:
    """Variables of another kind whose names differ as those of their whole scope do."""
    gone, new = {name for name, _ in renamed}, {name for _, name in renamed}
    rest, free = _others(left, gone), _others(right, new)
    found: dict[str, str] = {}
    for name, other in counterparts(rest, renamed_scopes(renamed)):
        if other in free and name not in found:
            found[name] = other
            del free[other]
    return found


def _test(before: Checkpoint, after: Checkpoint, only: Sequence[str]) -> Callable[[str, str], bool]:
    if not only:
        return lambda name, other: True
    wanted = {*selected(before.names, only), *selected(after.names, only)}
    return lambda name, other: name in wanted or other in wanted
