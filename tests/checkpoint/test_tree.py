"""Patterns on names, totals, and the pool behind searches, held against plain definitions."""

from __future__ import annotations

from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ckptls.checkpoint.model.changes import NOTHING, Changes
from ckptls.checkpoint.model.scope_tree import SPELLINGS, ScopeTree, Totals
from ckptls.checkpoint.names.edit_distance import differs_by_a_scope, scope_twins
from ckptls.checkpoint.names.name_pool import pool_of

VGG = ("global_step", "vgg_16/conv1/biases", "vgg_16/conv1/weights", "vgg_16/fc8/weights")


def tree_of(*names: str) -> ScopeTree:
    ordered = tuple(sorted(set(names)))
    return ScopeTree(ordered, [("float32", (len(name),)) for name in ordered])


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("vgg_16/conv1/*", ["vgg_16/conv1/biases", "vgg_16/conv1/weights"]),
        ("*/weights", ["vgg_16/conv1/weights", "vgg_16/fc8/weights"]),  # * matches slashes
        ("**/weights", ["vgg_16/conv1/weights", "vgg_16/fc8/weights"]),
        ("*fc*", ["vgg_16/fc8/weights"]),
        ("vgg_16/*/weights", ["vgg_16/conv1/weights", "vgg_16/fc8/weights"]),
        ("vgg_16/fc?/weights", ["vgg_16/fc8/weights"]),
        ("vgg_16/*[0-8]/w*s", ["vgg_16/conv1/weights", "vgg_16/fc8/weights"]),
        ("global_step", ["global_step"]),
        ("*", list(VGG)),
        ("global", []),
        ("VGG_16/*", []),  # case counts
        ("global_step*p", []),  # what the start has used up is not there for the end
        ("", []),
    ],
)
def test_a_pattern_finds_names(pattern: str, found: list[str]) -> None:
    assert tree_of(*VGG).glob(pattern) == found


@given(
    pattern=st.text("ab/*?[]!-", max_size=7),
    names=st.sets(st.text("ab/[]-!\n", min_size=1, max_size=5), max_size=12),
)
def test_a_pattern_means_what_the_shell_means(pattern: str, names: set[str]) -> None:
    expected = [name for name in sorted(names) if fnmatchcase(name, pattern)]
    assert tree_of(*names).glob(pattern) == expected


def test_totals_are_those_of_the_single_questions() -> None:
    tree = tree_of(*VGG)
    for scope in ("", "vgg_16", "vgg_16/conv1", "nothing"):
        expected = Totals(tree.count(scope), tree.num_parameters(scope), tree.num_bytes(scope))
        assert tree.totals(scope) == expected
    assert tree.totals("vgg_16/conv1") == Totals(2, 39, 156)


NAMES = st.sets(st.text("aBb/\nİ", min_size=1, max_size=6), max_size=12)


@given(names=NAMES, part=st.text("aBb/\n", min_size=1, max_size=3))
def test_a_pool_finds_names_by_what_they_hold(names: set[str], part: str) -> None:
    pool = pool_of(names)
    assert {name for name in names if name in pool} == names
    assert list(pool.holding(part)) == sorted(name for name in names if part in name)
    assert list(pool.ending(part)) == sorted(name for name in names if name.endswith(part))


@given(names=NAMES, name=st.text("aBbİ/", min_size=1, max_size=6))
def test_a_pool_finds_names_that_differ_in_case(names: set[str], name: str) -> None:
    same = sorted(each for each in names if each.lower() == name.lower())
    assert list(pool_of(names).same_but_for_case(name)) == same


SEGMENTS = st.lists(st.sampled_from("ab"), min_size=1, max_size=5)


@given(SEGMENTS, SEGMENTS)
def test_names_differ_by_a_scope_if_taking_one_out_makes_them_alike(one, other):
    def without(segments):
        return [segments[:i] + segments[i + 1 :] for i in range(len(segments))]

    if len(one) == len(other):
        taken, others = without(one), without(other)
        expected = one != other and any(
            taken[i] == others[j] and one[i] == other[j]
            for i in range(len(one))
            for j in range(len(other))
        )
    else:
        shorter, longer = sorted((one, other), key=len)
        expected = shorter in without(longer)[:-1]
    assert differs_by_a_scope("/".join(one), "/".join(other)) == expected


@given(
    names=st.sets(st.text("ab/", min_size=1, max_size=7), max_size=12),
    name=st.text("ab/", min_size=1, max_size=7),
)
def test_twins_are_the_names_that_differ_by_a_scope(names: set[str], name: str) -> None:
    expected = {each for each in names if differs_by_a_scope(name, each)}
    assert set(scope_twins(name, pool_of(names))) == expected


@pytest.mark.parametrize("generations", [1, 2, 5, 9])
def test_what_is_asked_of_a_tree_before_and_after_it_is_replaced_is_known_to_its_successors(
    generations: int,
) -> None:
    trees = [tree_of(*VGG)]
    trees[0].noted((SPELLINGS, "before"), lambda: ["found before"])
    for _ in range(generations):
        trees.append(tree_of(*VGG))
        trees[-1].inherit(trees[-2], NOTHING)
    trees[-2].noted((SPELLINGS, "after"), lambda: ["found after"])
    assert trees[-1].noted((SPELLINGS, "after"), lambda: ["asked"]) == ["found after"]
    assert trees[-1].noted((SPELLINGS, "before"), lambda: ["asked"]) == ["found before"]
    assert trees[-1].noted((SPELLINGS, "else"), lambda: ["asked"]) == ["asked"]


def test_what_another_name_may_change_is_asked_again() -> None:
    name = frozenset({"new"})
    trees = [tree_of(*VGG), tree_of(*VGG, "new"), tree_of(*VGG, "new")]
    trees[1].inherit(trees[0], Changes(name, name, scopes=frozenset({""})))
    trees[2].inherit(trees[1], NOTHING)
    trees[0].noted((SPELLINGS, "of the first"), lambda: ["found"])
    trees[1].noted((SPELLINGS, "of the second"), lambda: ["found"])
    assert trees[2].noted((SPELLINGS, "of the first"), lambda: ["asked"]) == ["asked"]
    assert trees[2].noted((SPELLINGS, "of the second"), lambda: ["asked"]) == ["found"]
