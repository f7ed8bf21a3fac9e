"""Which variables of a model take which variables of a checkpoint, found by their names.

The same name goes to itself. Another one goes to the variable whose name has the longest end
in common with it, if there is one such variable and the choice is the same the other way
round. Known shapes must be equal. Nothing is guessed beyond that.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from ckptls.checkpoint.graphs.variable_role import purpose_of
from ckptls.checkpoint.model.checkpoint import Checkpoint

Shape = tuple["int | None", ...]


@dataclass(frozen=True, slots=True)
class Pair:
    """A name of a checkpoint and the model's name that takes it; scopes end with a slash."""

    stored: str
    model: str

    @property
    def scopes(self) -> tuple[str, str]:
        """What stands before the end that both have in common; each ends with a slash."""
        stored, model = self.stored.split("/"), self.model.split("/")
        same = common_end(stored, model)
        if same == len(stored) == len(model):
            same -= same > 1  # the scope on top goes to itself
        return _scope(stored[: len(stored) - same]), _scope(model[: len(model) - same])


def _scope(segments: list[str]) -> str:
    return "/".join([*segments, ""]) if segments else ""


def common_end(one: list[str], other: list[str]) -> int:
    """How many segments two names have in common at their ends."""
    count = 0
    for left, right in zip(reversed(one), reversed(other), strict=False):
        if left != right:
            break
        count += 1
    return count


def pairs(
    model: Mapping[str, Shape | None],
    checkpoint: Checkpoint,
    taken: Collection[str],
    known: Collection[tuple[str, str]],
) -> list[Pair]:
    """What goes where, in the order of the model.

    `taken` are names of the checkpoint that are given away; `known` the `Pair.scopes` of what
    the code assigns already, which decide where names alone do not.
    """
    found = {
        name: name
        for name, shape in model.items()
        if name not in taken and _fits(shape, name, checkpoint)
    }
    gone = {*taken, *found}
    by_end: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for name in checkpoint.names:
        if name not in gone and purpose_of(name, checkpoint).is_ordinary:
            for end in _ends(name):
                by_end[end].append(name)
    wanted: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for name, shape in model.items():
        if name not in found:
            stored = _longest(name, shape, by_end, checkpoint, known)
            if stored is not None:
                wanted[stored].append((common_end(stored.split("/"), name.split("/")), name))
    for stored, askers in wanted.items():
        (most, name), *others = sorted(askers, reverse=True)
        if not others or others[0][0] < most:
            found[name] = stored
    return [Pair(found[name], name) for name in model if name in found]


def _ends(name: str) -> Iterator[tuple[str, ...]]:
    segments = tuple(name.split("/"))
    return (segments[start:] for start in range(len(segments)))


def _longest(
    name: str,
    shape: Shape | None,
    by_end: Mapping[tuple[str, ...], list[str]],
    checkpoint: Checkpoint,
    known: Collection[tuple[str, str]],
) -> str | None:
    for end in _ends(name):
        several = [each for each in by_end.get(end, ()) if _fits(shape, each, checkpoint)]
        if not several:
            continue
        if len(several) > 1:
            several = [each for each in several if Pair(each, name).scopes in known]
        if len(several) != 1 or not _is_telling(end, name, several[0], shape):
            return None
        return several[0]
    return None


def _is_telling(end: tuple[str, ...], name: str, stored: str, shape: Shape | None) -> bool:
    """Whether a common end is more than a `weights` that every layer has."""
    if len(end) > 1 or "/" not in name or "/" not in stored:
        return True
    return shape is not None and None not in shape


def _fits(shape: Shape | None, name: str, checkpoint: Checkpoint) -> bool:
    variable = checkpoint.get(name)
    if variable is None:
        return False
    return shape is None or (
        len(shape) == len(variable.shape)
        and all(size in (None, there) for size, there in zip(shape, variable.shape, strict=True))
    )


def by_scopes(several: Iterable[Pair], model: Iterable[str], vague: Iterable[str]) -> list[Pair]:
    """The pairs with scopes for those that a scope as a whole stands for.

    TensorFlow fills every variable under the scope, so all that `model` has there must be
    among the pairs and move alike; `vague` are the beginnings of names that are not known
    to their ends, of which none may lie there.
    """
    groups: dict[tuple[str, str], list[Pair]] = defaultdict(list)
    for pair in several:
        groups[pair.scopes].append(pair)
    names, heads = tuple(model), tuple(vague)
    found: list[Pair] = []
    for (stored, scope), members in groups.items():
        under = {name for name in names if name.startswith(scope)}
        is_whole = under == {pair.model for pair in members} and not any(
            head.startswith(scope) or scope.startswith(head) for head in heads
        )
        is_worth_it = scope and is_whole and len(members) > 1
        found += [Pair(stored or "/", scope)] if is_worth_it else members
    return found
