"""Filling an assignment map: what goes where, and how it is written."""

from __future__ import annotations

from textwrap import dedent

import pytest

from ckptls.features.code_actions.fill_assignment_map import fillings
from ckptls.source.text.source_text import Span
from conftest import HEAD, Project

MODEL = """
with tf.variable_scope("enc"):
    w = tf.get_variable("w", [2])
    b = tf.get_variable("b", [3])
head = tf.get_variable("head", [4])
"""


def filled(project: Project, snippet: str) -> dict[str, str]:
    """What each filling at the cursor makes of the snippet's last statement, by its title."""
    snippet = MODEL + dedent(snippet).lstrip("\n")
    binder = project.binder(snippet)
    text = binder.analysis.source.text
    place = (HEAD + snippet).index("<cursor>")
    found = {}
    for filling in fillings(binder, Span(place, place)):
        new = text
        for span, put in sorted(filling.edits, reverse=True):
            new = new[: span.start] + put + new[span.end :]
        found[filling.title.removeprefix("Fill the assignment map with ")] = new[
            len(HEAD + MODEL) :
        ]
    return found


@pytest.fixture
def moved(project: Project) -> Project:
    """The model's scope `enc` is `old/net` in the checkpoint; `head` is as it is."""
    project.checkpoint("a.ckpt", old__net__w=[2], old__net__b=[3], head=[4], global_step=[])
    return project


def test_an_empty_map_by_scopes_and_by_variables(moved):
    snippet = "tf.train.init_from_checkpoint('a.ckpt', {<cursor>})\n"
    assert filled(moved, snippet) == {
        "1 scope and 1 variable (3 variables)": (
            "tf.train.init_from_checkpoint('a.ckpt', {'old/net/': 'enc/', 'head': 'head'})\n"
        ),
        "3 variables": dedent(
            """\
            tf.train.init_from_checkpoint('a.ckpt', {
                'old/net/w': 'enc/w',
                'old/net/b': 'enc/b',
                'head': 'head',
            })
            """
        ),
    }


def test_what_the_map_has_decides_what_goes_first(moved):
    snippet = "tf.train.init_from_checkpoint('a.ckpt', {'old/net/w': <cursor>'enc/w'})\n"
    (title, text), *others = filled(moved, snippet).items()
    assert title == "2 variables"
    assert not others  # the scope as a whole is not free any more
    assert text == (
        "tf.train.init_from_checkpoint('a.ckpt', {\n"
        "    'old/net/w': 'enc/w',\n    'old/net/b': 'enc/b',\n    'head': 'head',\n})\n"
    )


def test_entries_on_lines_of_their_own(moved):
    snippet = """
    tf.train.init_from_checkpoint("a.ckpt", {
        "old/net/w": "enc/w",  # the weights
        # and<cursor> more
    })
    """
    assert filled(moved, snippet)["2 variables"] == dedent(
        """\
        tf.train.init_from_checkpoint("a.ckpt", {
            "old/net/w": "enc/w",  # the weights
            # and more
            "old/net/b": "enc/b",
            "head": "head",
        })
        """
    )


def test_no_comma_behind_the_last_stays_so(moved):
    snippet = """
    m = {"old/net/w": "enc/w",
         "head": "head"<cursor>}
    tf.train.init_from_checkpoint("a.ckpt", m)
    """
    assert filled(moved, snippet)["1 variable"] == dedent(
        """\
        m = {"old/net/w": "enc/w",
             "head": "head",
             "old/net/b": "enc/b"}
        tf.train.init_from_checkpoint("a.ckpt", m)
        """
    )


def test_variables_by_what_python_calls_them(moved):
    for call in ("slim.assign_from_checkpoint('a.ckpt', ", "tf.train.Saver("):
        restore = "" if "slim" in call else ".restore(s, 'a.ckpt')"
        found = filled(moved, f"{call}{{'head': head}}<cursor>){restore}\n")
        text = f"{call}{{'head': head, 'old/net/w': w, 'old/net/b': b}}){restore}\n"
        assert found == {"2 variables": text}


def test_variables_that_have_no_name_here_are_left_out(project):
    project.checkpoint("a.ckpt", old__net__w=[2], head=[4], more=[6])
    snippet = """
    def model():
        inner = tf.get_variable("more", [6])
    model()
    slim.assign_from_checkpoint("a.ckpt", {"head": <cursor>head})
    """
    (text,) = filled(project, snippet).values()
    assert '{"head": head, "old/net/w": w}' in text


def test_warm_start_maps_have_the_model_on_the_left(moved):
    snippet = """
    tf.estimator.WarmStartSettings(
        "a.ckpt", var_name_to_prev_var_name={"head": "head"<cursor>, })
    """
    assert filled(moved, snippet)["2 variables"] == dedent(
        """\
        tf.estimator.WarmStartSettings(
            "a.ckpt", var_name_to_prev_var_name={
                "head": "head",
                "enc/w": "old/net/w",
                "enc/b": "old/net/b",
            })
        """
    )


def test_nothing_is_offered_where_nothing_matches(project):
    project.checkpoint("a.ckpt", other__kernel=[7], more=[1])
    assert filled(project, "tf.train.init_from_checkpoint('a.ckpt', {<cursor>})\n") == {}


def test_nothing_is_offered_where_all_is_there(moved):
    whole = "{'old/net/': 'enc/', 'head': 'head'}"
    assert filled(moved, f"tf.train.init_from_checkpoint('a.ckpt', <cursor>{whole})\n") == {}


def test_nothing_is_offered_elsewhere(moved):
    assert filled(moved, "tf.train.init_from_checkpoint('a.ckpt', {})\n\nx = <cursor>1\n") == {}


@pytest.mark.parametrize(
    "entries",
    [
        "**more<cursor>",  # who knows what that has
        "name(): 'enc/w'<cursor>",
        "'old/net/w': variable()<cursor>",
        "'old/net/w'<cursor>",
    ],
)
def test_maps_that_are_not_wholly_known_stay_as_they_are(moved, entries):
    assert filled(moved, f"tf.train.init_from_checkpoint('a.ckpt', {{{entries}}})\n") == {}


def test_two_that_could_be_it_are_none(project):
    project.checkpoint("a.ckpt", one__enc__w=[2], two__enc__w=[2], old__net__b=[3])
    found = filled(project, "tf.train.init_from_checkpoint('a.ckpt', {<cursor>})\n")
    assert found == {
        "1 variable": "tf.train.init_from_checkpoint('a.ckpt', {'old/net/b': 'enc/b'})\n"
    }
    # What the map has already tells which of them.
    entry = "'two/enc/b': 'enc/b'"
    found = filled(project, f"tf.train.init_from_checkpoint('a.ckpt', {{{entry}<cursor>}})\n")
    assert list(found.values()) == [
        f"tf.train.init_from_checkpoint('a.ckpt', {{{entry}, 'two/enc/w': 'enc/w'}})\n"
    ]


def test_other_shapes_are_others(project):
    project.checkpoint("a.ckpt", old__enc__w=[2, 2], old__enc__b=[3], head=[5])
    found = filled(project, "tf.train.init_from_checkpoint('a.ckpt', {<cursor>})\n")
    assert list(found.values()) == [
        "tf.train.init_from_checkpoint('a.ckpt', {'old/enc/b': 'enc/b'})\n"
    ]


def test_a_scope_with_names_that_are_not_known_is_not_taken_as_a_whole(moved):
    snippet = """
    tf.get_variable("enc/" + name, [1])
    tf.train.init_from_checkpoint("a.ckpt", {<cursor>})
    """
    assert list(filled(moved, snippet)) == ["3 variables"]


def test_quotes_and_backslashes_in_names(project):
    project.listing("a.ckpt", {"it's": [4], "head": [9]})
    snippet = """
    tf.get_variable("it's", [4])
    tf.train.init_from_checkpoint('a.ckpt', {<cursor>})
    """
    assert r"{'it\'s': 'it\'s'}" in filled(project, snippet)["1 variable"]
