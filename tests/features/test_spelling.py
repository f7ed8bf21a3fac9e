"""What texts and regular expressions that fit nothing were meant to be."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ckptls.features.patterns.pattern_spelling import corrections, name_test
from ckptls.features.patterns.user_patterns import Allowance
from ckptls.source.semantics.sites import Match

NAMES = [
    *(f"vgg_16/conv{i}/conv{i}_{j}/weights" for i in range(1, 6) for j in (1, 2, 3)),
    *("vgg_16/fc6/biases", "vgg_16/fc8/biases", "hidden1/w", "hidden2/w"),
]


@pytest.mark.parametrize(
    ("written", "match", "right"),
    [
        ("vgg_16/cnv1", Match.START, ["vgg_16/conv1"]),
        ("hiden[123]", Match.START, ["hidden[123]"]),
        ("vgg_16/cvon[12]/", Match.START, ["vgg_16/conv[12]/"]),
        ("vgg_16/conv\\d/cnov\\d_1", Match.START, ["vgg_16/conv\\d/conv\\d_1"]),
        (".*/baises", Match.START, [".*/biases"]),
        ("vgg16/conv", Match.PREFIX, ["vgg_16/conv"]),
        ("/weihgts", Match.CONTAINS, ["/weights"]),
        ("vgg_16/fc8/biases:0", Match.EQUALS, ["vgg_16/fc8/biases"]),
        ("VGG_16/FC8", Match.START, ["vgg_16/fc8"]),
        ("biass", Match.SEARCH, ["biases"]),
    ],
)
def test_only_the_wrong_characters_are_changed(written, match, right):
    assert corrections(written, match, NAMES) == right


@pytest.mark.parametrize(
    ("written", "match"),
    [
        ("vgg_16/fc9", Match.START),  # another number
        ("hidden[45]", Match.START),  # no literal character is wrong
        ("aspp", Match.START),
        ("InceptionV1/AuxLogits", Match.START),
        ("(vgg|vg_16)/fc", Match.START),  # groups are not taken apart
        ("ab", Match.PREFIX),  # too short to tell
        ("fc[", Match.START),
        ("", Match.START),
    ],
)
def test_what_resembles_nothing_has_no_other_spelling(written, match):
    assert corrections(written, match, NAMES) == []


@given(
    st.sampled_from(NAMES),
    st.sampled_from([Match.START, Match.SEARCH, Match.PREFIX, Match.CONTAINS, Match.EQUALS]),
    st.integers(0, 40),
    st.sampled_from(["", "x", "_", ".", "["]),
)
@settings(max_examples=150, deadline=None)
def test_every_spelling_that_is_offered_fits_a_name(name, match, place, new):
    place %= len(name)
    written = name[:place] + new + name[place + 1 :]
    for spelling in corrections(written, match, NAMES):
        test = name_test(spelling, match, Allowance())
        assert test is not None
        assert any(map(test.fits, NAMES))


@given(st.text(alphabet="ab/\\.*+?[](){}^$|0", max_size=12), st.sampled_from(list(Match)))
@settings(max_examples=200, deadline=None)
def test_nothing_that_is_written_breaks_it(written, match):
    corrections(written, match, ["a/b", "ab0/b", "b"])


@pytest.mark.parametrize("match", [Match.START, Match.SEARCH, Match.FULL])
def test_search_for_other_spellings_ends(match, monkeypatch):
    """Classes that may be repeated reach every place of a name from every other one."""
    names = [f"{'ab_' * 60}{'c' * number}" for number in range(500)]
    assert corrections("[ab_]*.*" * 400 + "weihgts", match, names) == []
    monkeypatch.setattr("ckptls.features.patterns.pattern_spelling._MAX_STEPS", 30)
    assert corrections("vgg_16/cnv1", Match.START, NAMES) == []


ENDS = (
    "net/logits/w:0",
    "net/fc8/w:0",
    "net/conv1/w:0",
    "net/conv10/w:0",
    "Inception/Conv2d_1a/w:0",
)


@pytest.mark.parametrize(
    ("written", "right"),
    [
        ("net/logitz", ["net/logits"]),  # not `net/logit`, which ends inside of the name
        ("net/logits_", ["net/logits"]),
        ("net/logtz", ["net/logits"]),
        ("nt/logitz", ["net/logits"]),
        ("net/logit/", ["net/logits/"]),  # the slash is right: not `net/logits`
        ("net/logitz/", ["net/logits/"]),
        ("net/logitz.*", ["net/logits.*"]),
        ("net/con1", ["net/conv1"]),  # not `net/conv`, which finds more
        ("net/fcc", ["net/fc8"]),
        ("net/conv1x", ["net/conv1", "net/conv10"]),
        ("Incepton/Convd", ["Inception/Conv2d"]),
        ("Incepton", ["Inception"]),
        ("net/fc9", []),
    ],
)
def test_a_correction_ends_where_a_name_ends(written, right):
    assert corrections(written, Match.START, ENDS) == right
    if not written.endswith(".*"):
        assert corrections(written, Match.PREFIX, ENDS) == right


@given(
    st.sampled_from(NAMES),
    st.sampled_from([Match.START, Match.SEARCH, Match.FULL, Match.PREFIX, Match.CONTAINS]),
    st.lists(
        st.tuples(
            st.integers(0, 40), st.sampled_from(["", "x", "swap", ".", ".*", "[a-z]+", "xy"])
        ),
        min_size=1,
        max_size=3,
    ),
)
@settings(max_examples=150, deadline=None)
def test_names_that_are_passed_over_would_not_have_been_offered(name, match, edits):
    written = name
    for place, new in edits:
        at = place % max(len(written), 1)
        here = written[at : at + 2]
        written = (
            written[:at] + (here[::-1] if new == "swap" else new + here[1:]) + written[at + 2 :]
        )
    offered = corrections(written, match, NAMES)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ckptls.features.patterns.pattern_spelling._lacks_too_much", lambda *_: False)
        assert corrections(written, match, NAMES) == offered
