"""Patterns of users: what `re` would answer, within a limit that holds for all names."""

from __future__ import annotations

import re
import warnings
from pathlib import Path

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from ckptls.features.patterns.pattern_tree import PatternTooLargeError, parse
from ckptls.features.patterns.user_patterns import (
    Allowance,
    Expression,
    Run,
    SlowPatternError,
    expression,
)

CHARS = "ab1_/-:\n"
names = st.text(CHARS, max_size=12)

_ATOMS = st.sampled_from(
    [
        *("a", "b", "1", "_", "/", "-", ":", ".", r"\.", r"\w", r"\W", r"\d", r"\D", r"\s", r"\S"),
        *("[ab]", "[^/]", "[a-z_]", r"[\d-]", r"[^\w]", "[]a]", "[^]/]", "[a-]", r"[\W1]"),
        *("^", "$", r"\b", r"\B", r"\A", r"\Z", "a{e}", "{", "}", "a{,2}", "a{1,2}", "(?:)", "ab"),
        *("[[:alpha:]]", "[a&&b]", "[a||b]", "[b--a]", "[[ab]", r"\x61", r"\u0062", r"\101"),
        *("(?P<n>a)", "(?#c)", "(?=a)", "(?!b)", "(?<=a)", "(?<!/)", "(?i:A)", "(?s:.)", "(?m:^)"),
    ]
)
_REPEATS = st.sampled_from(["", "*", "+", "?", "*?", "+?", "??", "{2}", "{1,3}", "{0,2}?", "{,1}"])


def _extended(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.tuples(inner, _REPEATS).map("".join),
        st.tuples(inner, inner).map("".join),
        st.tuples(inner, inner).map("|".join),
        inner.map(lambda body: f"({body})"),
        inner.map(lambda body: f"(?:{body})"),
        st.tuples(st.sampled_from(["(?=", "(?!"]), inner).map(lambda both: "".join(both) + ")"),
    )


bodies = st.recursive(_ATOMS, _extended, max_leaves=8)
patterns = st.tuples(st.sampled_from(["", "", "", "(?i)", "(?s)", "(?m)", "(?x)"]), bodies).map(
    "".join
)


def _valid(pattern: str) -> Expression:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            re.compile(pattern)
        except (re.error, OverflowError):
            assert expression(pattern) is None
            assume(False)
    found = expression(pattern)
    assert found is not None
    return found


class Limited(Run):
    """A run that never takes `re`."""

    def _is_affordable(self, length, places):
        return False


@given(patterns, names)
@example("(a|ab)(c|bcd)*$", "ab")
@example("(a{e})", "a{e}")
@example("[[:alpha:]]", "a")
def test_regex_answers_as_re_does(pattern, name):
    """Of all patterns that `re` takes: the same texts, found at the same places."""
    found = _valid(pattern)
    for method in ("match", "fullmatch", "search"):
        run = getattr(Limited(found), method)
        theirs = getattr(found.plain, method)(name)
        ours = run(name)
        assert (ours and (ours.start(), ours.end())) == (theirs and theirs.span()), method


ROOT = Path(__file__).parents[2]
NAMES = [
    *("", "w", "vgg_16/fc8/weights", "vgg_16/fc8/biases", "vgg_16/conv1/conv1_1/weights:0"),
    *("global_step", "model/block_1/attention/kernel", "layers_with_weights-0/kernel/.ATTRIBUTES"),
    *("resnet_v1_50/block1/unit_1/bottleneck_v1/conv1/BatchNorm/gamma", "a/b\n", "fc8/Adam_1"),
]


def _written_patterns() -> list[str]:
    """The strings in tests, corpora and examples that may be regular expressions; those of code
    that stands in strings, too."""
    quoted = re.compile(r"'([^'\"\n]{2,200})'|\"([^'\"\n]{2,200})\"")
    operators = re.compile(r"[*+?|^$\\\[(.]")
    found: set[str] = set()
    for folder in ("tests", "examples"):
        for path in (ROOT / folder).rglob("*.py"):
            for match in quoted.finditer(path.read_text("utf-8", "replace")):
                found.add(match[1] or match[2])
    return sorted(each for each in found if operators.search(each))


def test_patterns_of_the_corpora_mean_the_same_to_both_engines():
    compared = 0
    refused = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for pattern in _written_patterns():
            found = expression(pattern)
            if found is None or not found.tree.is_ascii:
                continue
            try:
                found.hard()
            except SlowPatternError:
                refused.append(pattern)
                continue
            for name in NAMES:
                if not Run(found)._is_affordable(len(name), len(name) + 1):
                    continue  # one of those that `re` would not end with
                for method in ("match", "fullmatch", "search"):
                    theirs = getattr(found.plain, method)(name)
                    ours = getattr(Limited(found), method)(name)
                    assert (ours and (ours.start(), ours.end())) == (theirs and theirs.span()), (
                        pattern,
                        name,
                    )
                    compared += 1
    assert compared > 20_000
    assert all("000}" in pattern for pattern in refused)  # repeats of thousands, of our tests


@given(patterns)
def test_rewritten_pattern_means_the_same_to_re(pattern):
    found = _valid(pattern)
    again = re.compile(found.tree.rewritten())
    assert again.groups == found.plain.groups
    for name in ("", "a", "ab", "a/b_1", "ab1\n", "b:a-1"):
        for method in ("match", "fullmatch", "search"):
            ours, theirs = getattr(again, method)(name), getattr(found.plain, method)(name)
            assert (ours and ours.span()) == (theirs and theirs.span())


ORDINARY = [
    "vgg_16/fc8",
    "vgg_16/fc[678].*",
    ".*/conv.*/weights",
    r"^(?!.*(bn|bias)).*$",
    r"layer_\d+/attention/.*/kernel",
    r"(conv1|conv2|fc6)/(weights|biases)",
    r"(res3.*)|(bn3.*)|(res4.*)|(bn4.*)|(mrcnn\_.*)|(rpn\_.*)|(fpn\_.*)",
    r"([^/]+)/([^/]+)/weights",
    r"(?i)logits",
    r"[^/]*/Adam(_1)?",
    r"((?!global_step).)*",
]


@pytest.mark.parametrize("pattern", ORDINARY)
def test_ordinary_patterns_are_run_by_re(pattern, monkeypatch):
    """On names of three hundred variables as of a ResNet; only the hard ones need `regex`."""
    monkeypatch.setattr(Run, "_limited", lambda *_: pytest.fail("not affordable"))
    found = expression(pattern)
    assert found is not None
    run = Run(found)
    for number in range(300):
        run.match(f"resnet_v1_50/block{number}/unit_1/bottleneck_v1/conv1/BatchNorm/gamma")


SLOW = {
    "nested": r"(\w+/*)+moving_varience$",
    "nested any": "(?:a|ab|b)*(?:a|ab|b)*(?:a|ab|b)*(?:a|ab|b)*c",
    "alternatives": "(?:a|a)*$",
    "bounded alternatives": "(?:a|a)" * 40 + "c",
    "look-ahead": "(?=(?:a|a)*$)",
    "words": r"(?:\w|\w\w)*$",
    "stars": ".*" * 30 + "c",
    "empty rounds": "((){60000}){60000}c",
    "back reference": r"(a|a)*(?:\1|a)*$",
}


@pytest.mark.parametrize("pattern", SLOW.values(), ids=SLOW)
def test_work_of_slow_patterns_is_seen_beforehand(pattern):
    """None of them is given to `re`, which cannot be stopped."""
    found = expression(pattern)
    assert found is not None
    assert found.tree.work.at(60) > 1e8


def test_slow_pattern_is_stopped_and_not_tried_again():
    found = expression("(?:a|a)*(?:b|b)*$")
    assert found is not None and not found.is_slow
    with pytest.raises(SlowPatternError):
        Run(found).match("a" * 60 + "!")
    assert found.is_slow
    run = Run(found)
    with pytest.raises(SlowPatternError):
        run.match("a" * 60 + "!")
    assert run._seconds == Run(found)._seconds, "no time was spent on it"


def test_limit_holds_for_all_names_together():
    """Each name alone would be in time."""
    found = expression("(?:a|a)*(?:c|c)*$")
    assert found is not None
    run = Run(found)
    with pytest.raises(SlowPatternError):
        for number in range(1_000_000):
            run.match("a" * 17 + str(number) + "!" * 40)


def test_patterns_of_a_document_share_an_allowance():
    allowance = Allowance()
    slow = [expression(f"(?:a|a)*(?:{char}|{char})*$") for char in "defghijk"]
    for each in slow:
        assert each is not None
        with pytest.raises(SlowPatternError):
            allowance.run(each).match("a" * 60 + "!")
    assert allowance.seconds <= 0
    assert not slow[-1].is_slow, "it had no time of its own"


def test_letters_beyond_ascii_are_left_to_re():
    """The engines differ on what a letter is, so that one of them does not answer for the other."""
    found = expression(r"(?:\w+/*)+é$")
    assert found is not None
    with pytest.raises(SlowPatternError):
        Limited(found).match("é" * 60)


TOO_LARGE = {
    "long": "a" * 5_000,
    "deep": "(" * 200 + ")" * 200,
    "very deep": "(" * 100_000 + ")" * 100_000,
    "deep repeats": "(?:" * 90 + "a" + "){1,65535}" * 90,
    "sets": "(?i)" + "[a-\uffff]" * 400,
    "not closed": "(" * 100_000,
}


@pytest.mark.parametrize("pattern", TOO_LARGE.values(), ids=TOO_LARGE)
def test_large_patterns_are_not_compiled(pattern):
    with pytest.raises(PatternTooLargeError):
        parse(pattern)
    assert expression(pattern) is None


def test_repeats_of_repeats_are_not_written_out():
    """`regex` would go through a thousand million characters when it compiles this."""
    found = expression("((a{1000}){1000}){1000}")
    assert found is not None
    assert Run(found).match("a" * 60) is None
    with pytest.raises(SlowPatternError):
        Limited(found).match("a" * 60)
