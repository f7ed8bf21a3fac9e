"""What is offered inside regular expressions, and how it is written there."""

from __future__ import annotations

import pytest

from ckptls.features.common.site_names import name_of
from conftest import HEAD, Project

DOTTED = {"net.1/conv/w": [2], "net.1/conv/b": [2], "net.2/w": [3], "plain/w": [2]}
WARM = 'tf.estimator.WarmStartSettings("a.ckpt", vars_to_warm_start={})'
RESTORE = 'slim.assign_from_checkpoint("a.ckpt", slim.get_variables_to_restore({}))'


@pytest.fixture
def dotted(project: Project) -> Project:
    project.listing("a.ckpt", DOTTED)
    return project


def labels(project: Project, snippet: str) -> list[str]:
    answer = project.completion(snippet)
    return [item.label for item in answer.items] if answer is not None else []


@pytest.mark.parametrize(
    ("typed", "offers"),
    [
        ('r"<cursor>"', r"net\.1"),
        ('"<cursor>"', r"net\\.1"),
        (r'r"net\.1/<cursor>"', r"net\.1/conv/w"),
        (r'"net\\.1/<cursor>"', r"net\\.1/conv/w"),
        (r'"net\.1/<cursor>"', r"net\.1/conv/w"),  # Python leaves that backslash alone
        (r'r"net.1/<cursor>"', "net.1/conv/"),  # as it is typed
        (r'r"^net\.<cursor>"', r"^net\.2"),
        (r'r"net\.2|net\.1/conv/<cursor>"', r"net\.2|net\.1/conv/b"),
        (r'r"net\.1/(conv/w|<cursor>"', r"net\.1/(conv/w|conv"),
        (r'r"net\.1/(?:conv/w|conv/<cursor>)"', r"net\.1/(?:conv/w|conv/b"),
        (r'r".*/conv/<cursor>"', ".*/conv/w"),
        (r'r"net\.\d/<cursor>"', r"net\.\d/conv/"),
        (r'r"[np][^/]*/<cursor>"', "[np][^/]*/w"),
    ],
)
def test_a_name_goes_on_behind_what_is_typed(dotted, typed, offers):
    for call in (WARM.format(typed), RESTORE.format(f"include=[{typed}]")):
        assert offers in labels(dotted, call)


@pytest.mark.parametrize(
    "typed",
    [r'r"net\.1/conv/[<cursor>"', r'r"net\.\d<cursor>"', r'r"net\<cursor>"', 'r")<cursor>"'],
)
def test_nothing_is_offered_where_no_name_can_go_on(dotted, typed):
    assert labels(dotted, WARM.format(typed)) == []


def test_what_is_offered_finds_the_variable(dotted):
    for typed in ('r"<cursor>"', '"<cursor>"', r'"net\\.1/<cursor>"'):
        snippet = WARM.format(typed)
        answer = dotted.completion(snippet)
        text = HEAD + snippet.replace("<cursor>", "")
        start, end = answer.replaced
        for item in answer.items:
            put = text[:start] + item.label + text[end:]
            assert f"of {len(DOTTED)}" in dotted.hover(
                put[len(HEAD) : start + 1] + "<cursor>" + put[start + 1 :]
            )


def test_plain_prefixes_are_not_escaped(dotted):
    snippet = """
    reader = tf.train.load_checkpoint("a.ckpt")
    names = [n for n in reader.get_variable_to_shape_map() if n.startswith("<cursor>")]
    """
    assert "net.1" in labels(dotted, snippet)


def test_names_behind_a_constant(dotted):
    snippet = r'TOP = r"net\.1"' + "\n" + WARM.format('TOP + "/<cursor>"')
    assert "/conv" in labels(dotted, snippet)


def test_an_open_string(dotted):
    snippet = WARM.replace("{})", "") + r'r"net\.1/<cursor>' + "\nx = 1\n"
    assert r"net\.1/conv" in labels(dotted, snippet)


def test_names_with_quotes_are_escaped_in_other_strings_too(project):
    project.listing("a.ckpt", {"it's/w": [1], 'a"b': [1]})
    assert labels(project, "tf.train.load_variable('a.ckpt', '<cursor>')")[:2] == [
        'a"b',
        r"it\'s/",
    ]


def test_a_fix_in_a_raw_string_keeps_its_backslashes(dotted):
    assert dotted.fixed(RESTORE.format(r'exclude=[r"net\.1/cnov"]')) == RESTORE.format(
        r'exclude=[r"net\.1/conv"]'
    )


ENDS = """
    for name, shape in tf.train.list_variables("a.ckpt"):
        if name.endswith("{}"):
            print(name)
    """


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("", ["w", "b"]),
        ("/", ["/w", "/b"]),
        ("net/", ["net/w", "net/b"]),
        ("nothing/", []),
    ],
)
def test_a_test_of_how_names_end_is_completed_with_ends(project, typed, expected):
    project.listing("a.ckpt", {"a/net/w": [1], "b/net/w": [2], "b/net/b": [3]})
    answer = project.completion(ENDS.format(typed + "<cursor>"))
    assert [item.label for item in answer.items] == expected
    assert not expected or answer.items[0].detail == "2 variables"


def test_a_test_of_how_names_end_tells_which_do(project):
    project.listing("a.ckpt", {"a/net/w": [1], "b/net/w": [2], "b/net/b": [3]})
    text = project.hover(ENDS.format("<cursor>net/w"))
    assert "net/w matches 2 variables of 3" in text
    # Names of optimizers are asked for whether they are there or not: nothing is wrong here.
    project.checks(ENDS.format("/Adam"))
    project.checks(ENDS.format("net/v"))


def test_how_names_end_is_no_name(project):
    project.checkpoint("a.ckpt", w=[1])
    binder = project.binder(ENDS.format("w"))
    assert not [each for each in map(name_of, binder.analysis.sites) if each is not None]
    binder = project.binder(ENDS.replace("endswith", "startswith").format("w"))
    assert [each for each in map(name_of, binder.analysis.sites) if each is not None]


FILTER = """
    import re
    for name, shape in tf.train.list_variables("a.ckpt"):
        if {}:
            print(name)
    """


@pytest.mark.parametrize(
    ("test", "offers"),
    [
        ('re.search("layer_[0-9]/<cursor>", name)', ["layer_[0-9]/output/"]),
        ('re.search("layer_1/<cursor>", name)', ["layer_1/output/"]),
        ('re.search("^layer_1/<cursor>", name)', []),
        ('re.match("layer_1/<cursor>", name)', []),
        ('"layer_1/<cursor>" in name', ["layer_1/output/"]),
        ('"outp<cursor>" in name', ["output/"]),
        ('name.startswith("outp<cursor>")', []),
    ],
)
def test_what_may_stand_anywhere_in_a_name_is_completed_from_there(project, test, offers):
    project.listing("a.ckpt", {f"net/layer_{i}/output/w": [2] for i in range(3)})
    answer = project.completion(FILTER.format(test))
    labels = [item.label for item in answer.items]
    assert [label for label in labels if not label.startswith("net")] == offers
