"""Texts with holes fit what their regular expressions fit, without backtracking."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ckptls.source.semantics import text_matcher
from ckptls.source.semantics.pattern_text import Hole, Piece, Text
from ckptls.source.semantics.text_matcher import ANYWHERE, ENDING, OWN, TextMatcher, matcher

PATTERNS = (".*", r"\d+", r"-?\d+", r"[-+.\deE]+", r"(_\d+)?", r"_\d+", r"(.*/)?")
HOLES = [
    *map(Hole, PATTERNS),
    ANYWHERE,
    ENDING,
    Hole.of(("a", "ab", "/")),
    Hole.of(("ab", "a_1", "a")),
]
CHARS = "ab_/1-.\n٣"
names = st.text(CHARS, max_size=24)
pieces = st.text(CHARS, min_size=1, max_size=3).map(Piece)
parts = st.lists(st.one_of(pieces, st.sampled_from(HOLES)), max_size=8).map(tuple)


def in_python(several: tuple[Piece | Hole, ...], is_lazy: bool = False) -> TextMatcher:
    """A matcher that never takes a regular expression."""
    found = TextMatcher(several, is_lazy)
    found._expression, found._is_plain = None, False
    return found


@given(parts, names)
def test_text_fits_what_its_expression_fits(several, name):
    expected = re.fullmatch(Text(several).regex, name) is not None
    assert TextMatcher(several).fits(name) is expected
    assert in_python(several).fits(name) is expected


@given(parts, names)
def test_lazy_text_ends_where_its_expression_ends(several, name):
    lazy = Text(several).regex.replace(".*", ".*?").replace(".*??", ".*?")
    match = re.match(lazy, name)
    expected = match.end() if match is not None else None
    assert TextMatcher(several, is_lazy=True).end(name) == expected
    assert in_python(several, is_lazy=True).end(name) == expected


@given(parts, parts, names)
def test_own_text_is_that_of_the_expression(before, after, name):
    match = re.fullmatch(f"{Text(before).regex}(?P<own>.+?){Text(after).regex}", name)
    expected = match["own"] if match is not None else None
    assert TextMatcher((*before, OWN, *after)).own(name) == expected
    assert in_python((*before, OWN, *after)).own(name) == expected


def _text_of(*several: str) -> Text:
    """Texts with a hole that holds anything between each two of them."""
    first, *rest = several
    return Text((Piece(first), *(part for each in rest for part in (Hole(), Piece(each)))))


@pytest.mark.parametrize(
    "hole", [*HOLES, Hole("(_\\d+)?")], ids=lambda hole: hole.pattern.replace("\\", "")
)
def test_many_holes_cost_no_more_than_a_few(hole, monkeypatch):
    """The number of steps grows with holes times characters, also where nothing fits."""
    steps = []
    ends = text_matcher._hole_ends

    def counted(hole, is_lazy):
        inner = ends(hole, is_lazy)

        def counting(name, start, seen):
            for end in inner(name, start, seen):
                steps.append(end)
                yield end

        return counting

    monkeypatch.setattr(text_matcher, "_hole_ends", counted)
    name = "_12/3a-" * 60 + "!"
    several = in_python((Piece("_"), *(part for _ in range(30) for part in (hole, Piece("1")))))
    several._head = ""
    several._pieces = []
    assert not several.fits(name)
    several = in_python((*[hole] * 40, Piece("?")))
    several._tail, several._pieces = "", []
    assert not several.fits(name)
    assert len(steps) <= 70 * 3 * len(name)


def test_eight_holes_in_a_name_of_many_places():
    text = _text_of("layer/", *"_______", "/weights")
    assert not matcher(text).fits("layer/" + "ab_" * 10_000)
    assert matcher(text).fits("layer/" + "ab_" * 10_000 + "/weights")


def test_all_holes_of_the_interpreter_are_known():
    """A hole with another expression would be a KeyError when it is compared with names."""
    found: set[str] = set()
    for path in Path(text_matcher.__file__).parents[1].rglob("*.py"):
        source = path.read_text(encoding="utf-8")
        found |= set(re.findall(r'Hole\(r?"([^"]*)"\)', source))
        for line in re.findall(r"pattern = (.*)", source):
            found |= set(re.findall(r'r?"([^"]*)"', line.partition(" if ")[0]))
            found |= set(re.findall(r'else r?"([^"]*)"', line))
    found = {each for each in found if each != "d" and "{" not in each}
    assert found >= {r"\d+", r"-?\d+", r"(.*/)?"}
    assert found <= set(text_matcher._ENDS)


def test_places_of_seen_ends_are_told_apart_by_runs():
    seen = text_matcher._Seen()
    assert list(seen.unseen(3, 5)) == [3, 4, 5]
    assert list(seen.unseen(4, 5)) == []
    assert list(seen.unseen(1, 5)) == [1, 2]
    assert list(seen.unseen(7, 8)) == [7, 8]
