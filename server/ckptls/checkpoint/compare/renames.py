"""Variables that probably are the same under another name, judged by dtypes, shapes and names.

Names that differ in their numbers alone are put together to *families* first, so that twelve
layers are one decision. Families of equal dtypes and shapes are matched in three ways, the
surest first:

1. by the words that TensorFlow has used for one thing over the years (`weights`, `kernel`),
2. by the longest end that they have in common (`conv1/kernel`, `model/conv1/kernel`),
3. by spelling.

Then single variables are, for families that lost or gained members. A match must be the one
best for both sides, else none is made: a wrong guess is worse than none. No step compares
everything with everything: the first two look ends of names up, the third works within one
dtype and shape, and gives up on very many.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ckptls.checkpoint.core.types import Kind
from ckptls.checkpoint.model.suggestion_ranks import usual_word

Pair = tuple[str, str]

_DIGITS = re.compile(r"\d+")
_VALUE = "/.ATTRIBUTES/VARIABLE_VALUE"
_MAX_ENDS = 32  # of one name that are looked up
_ROUNDS = 4
_MAX_COMPARED = 400_000  # pairs of names held against each other by spelling
# How alike two names have to be, from 0 to 1; less if the last segment is the same.
_LEAST_ALIKE, _LEAST_ALIKE_LEAF = 0.75, 0.55


@dataclass(frozen=True, slots=True)
class _Item:
    """A family or a single variable: what it is called, and what its partner must equal.

    `members` are the names that it stands for, in the order of their numbers, and `words`
    its segments in the words that are usual.
    """

    members: tuple[str, ...]
    words: tuple[str, ...]
    block: Hashable


_ItemPair = tuple[_Item, _Item]


def probable_renames(
    left: Mapping[str, Kind], right: Mapping[str, Kind], common: Collection[str] = ()
) -> list[Pair]:
    """(name, name) of what probably was renamed from `left` to `right`, ascending.

    `common` are names that both checkpoints have: where they show that names which differ in
    their numbers alone are members of a series, none of these is the other.
    """
    first, second = _families(left), _families(right)
    for template in {_template(name) for name in common} & first.keys() & second.keys():
        del first[template], second[template]
    pairs: list[Pair] = []
    for before, after in _matched(list(first.values()), list(second.values())):
        pairs += zip(before.members, after.members, strict=True)
    gone, new = {name for name, _ in pairs}, {name for _, name in pairs}
    singles = _matched(_singles(first, left, gone), _singles(second, right, new))
    return sorted([*pairs, *((before.members[0], after.members[0]) for before, after in singles)])


def _template(name: str) -> str:
    return _DIGITS.sub("#", name)


def _numbers(name: str) -> tuple[int, ...]:
    return tuple(map(int, _DIGITS.findall(name)))


def _words(name: str) -> tuple[str, ...]:
    name = name.removesuffix(_VALUE)
    segments = name.split("/" if "/" in name else ".")  # the latter is PyTorch's way
    return tuple(usual_word(segment).lower() for segment in segments)


def _families(kinds: Mapping[str, Kind]) -> dict[str, _Item]:
    """template -> its family; only families of equal kinds, in order, can be partners."""
    members: dict[str, list[str]] = defaultdict(list)
    for name in kinds:
        members[_template(name)].append(name)
    found = {}
    for template, names in members.items():
        names.sort(key=_numbers)
        block = tuple(kinds[name] for name in names)
        found[template] = _Item(tuple(names), _words(template), block)
    return found


def _singles(
    families: Mapping[str, _Item], kinds: Mapping[str, Kind], taken: Collection[str]
) -> list[_Item]:
    """The variables of families without a partner; their numbers, too, have to be equal."""
    return [
        _Item((name,), _words(name), (kinds[name], _numbers(name)))
        for family in families.values()
        for name in family.members
        if name not in taken
    ]


def _matched(left: Sequence[_Item], right: Sequence[_Item]) -> list[_ItemPair]:
    """One-to-one pairs of items of equal blocks."""
    found: list[_ItemPair] = []
    for look in (_by_words, *[_by_ends] * _ROUNDS, _by_spelling):
        pairs = list(look(left, right))
        found += pairs
        gone, new = {id(one) for one, _ in pairs}, {id(other) for _, other in pairs}
        left = [item for item in left if id(item) not in gone]
        right = [item for item in right if id(item) not in new]
    return found


def _by_words(left: Sequence[_Item], right: Sequence[_Item]) -> Iterator[_ItemPair]:
    """Items that are called the same but for words that changed over the years."""
    first, second = _unique(left), _unique(right)
    for key, item in first.items():
        if key in second:
            yield item, second[key]


def _unique(items: Sequence[_Item]) -> dict[Hashable, _Item]:
    found: dict[Hashable, _Item] = {}
    twice = set()
    for item in items:
        key = (item.block, item.words)
        if key in found:
            twice.add(key)
        found[key] = item
    return {key: item for key, item in found.items() if key not in twice}


def _by_ends(left: Sequence[_Item], right: Sequence[_Item]) -> Iterator[_ItemPair]:
    """Items that have the longest end in common, of two segments at least, and no rivals."""
    first, second = _items_by_end(left), _items_by_end(right)
    for item in left:
        end = _longest_end(item, second)
        if end is None or len(first[end]) > 1 or len(second[end]) > 1:
            continue
        other = second[end][0]
        if _longest_end(other, first) == end:
            yield item, other


def _ends(item: _Item) -> Iterator[Hashable]:
    """The ends of an item's name, the longest first, each with its block."""
    words = item.words
    for start in range(max(0, len(words) - _MAX_ENDS), len(words) - 1):
        yield item.block, words[start:]


def _items_by_end(items: Sequence[_Item]) -> dict[Hashable, list[_Item]]:
    found: dict[Hashable, list[_Item]] = defaultdict(list)
    for item in items:
        for end in _ends(item):
            found[end].append(item)
    return found


def _longest_end(item: _Item, known: Mapping[Hashable, list[_Item]]) -> Hashable | None:
    return next((end for end in _ends(item) if end in known), None)


def _by_spelling(left: Sequence[_Item], right: Sequence[_Item]) -> Iterator[_ItemPair]:
    """Items that are spelt most alike, each being the one best for the other."""
    compared = 0
    blocks = _by_block(right)
    for block, items in _by_block(left).items():
        others = blocks.get(block, [])
        compared += len(items) * len(others)
        if compared > _MAX_COMPARED:
            return
        yield from _best_pairs(items, others)


def _by_block(items: Sequence[_Item]) -> dict[Hashable, list[_Item]]:
    found: dict[Hashable, list[_Item]] = defaultdict(list)
    for item in items:
        found[item.block].append(item)
    return found


def _best_pairs(left: list[_Item], right: list[_Item]) -> Iterator[_ItemPair]:
    scores = _scores(left, right)
    rows: dict[int, list[tuple[float, int]]] = defaultdict(list)
    columns: dict[int, list[tuple[float, int]]] = defaultdict(list)
    for i, j, score in scores:
        rows[i].append((score, j))
        columns[j].append((score, i))
    for i, row in rows.items():
        best = _one_best(row)
        if best is not None and _one_best(columns[best]) == i:
            yield left[i], right[best]


def _one_best(candidates: list[tuple[float, int]]) -> int | None:
    """The best of some candidates, None if two are equally good."""
    best = max(candidates)
    is_shared = sum(score == best[0] for score, _ in candidates) > 1
    return None if is_shared else best[1]


def _scores(left: list[_Item], right: list[_Item]) -> Iterator[tuple[int, int, float]]:
    """(position, position, likeness) of those that are alike enough."""
    from rapidfuzz import process
    from rapidfuzz.distance import Indel

    names = {j: "/".join(item.words) for j, item in enumerate(right)}
    leaves: dict[str, dict[int, str]] = defaultdict(dict)
    for j, item in enumerate(right):
        leaves[item.words[-1]][j] = names[j]
    bonus = _LEAST_ALIKE - _LEAST_ALIKE_LEAF
    for i, item in enumerate(left):
        name = "/".join(item.words)
        twins = leaves.get(item.words[-1], {})
        for pool, least in ((twins, _LEAST_ALIKE_LEAF), (names, _LEAST_ALIKE)):
            found = process.extract(
                name, pool, scorer=Indel.normalized_similarity, score_cutoff=least, limit=None
            )
            for _, score, j in found:
                if pool is twins:
                    yield i, j, score + bonus
                elif j not in twins:
                    yield i, j, score
