"""What is offered for the model's side of a map."""

from __future__ import annotations

import pytest

from conftest import Project

MODEL = """
with tf.variable_scope("enc"):
    tf.get_variable("w", [2])
    tf.get_variable("b", [3])
with tf.variable_scope("dec"):
    tf.get_variable("w", [2])
    tf.get_variable("b", [3])
"""


@pytest.fixture
def stored(project: Project) -> Project:
    project.checkpoint("a.ckpt", old__w=[2], old__b=[3], top=[9])
    return project


def labels(project: Project, entries: str) -> list[str]:
    call = f"tf.train.init_from_checkpoint('a.ckpt', {{{entries}}})\n"
    answer = project.completion(MODEL + call)
    assert answer is not None
    return [item.label for item in answer.items if item.label.startswith(("enc", "dec"))]


def test_the_end_that_both_have_in_common_and_the_shape_decide(stored):
    assert labels(stored, "'old/b': '<cursor>'")[:2] == ["enc/b", "dec/b"]
    # `top` is neither; no shape fits it.
    assert labels(stored, "'top': '<cursor>'")[:2] == ["enc/", "dec/"]


def test_names_that_the_map_has_come_last(stored):
    found = labels(stored, "'old/b': 'enc/b', 'old/w': '<cursor>'")
    assert found[:2] == ["enc/w", "dec/w"]
    assert labels(stored, "'x/b': 'enc/b', 'old/b': '<cursor>'")[0] == "dec/b"


def test_what_stands_beside_the_nearest_entry_goes_first(stored):
    assert labels(stored, "'old/w': 'dec/w', 'old/b': '<cursor>'")[:2] == ["dec/b", "enc/b"]
    far = "'x/w': 'enc/w', 'old/w': 'dec/w', "
    assert labels(stored, far + "'old/b': '<cursor>'")[:2] == ["dec/b", "enc/b"]
    assert labels(stored, "'old/b': '<cursor>', 'old/w': 'enc/w'")[0] == "enc/b"


def test_what_is_typed_and_what_stands_before_it_is_kept(stored):
    call = "TOP = 'dec'\ntf.train.init_from_checkpoint('a.ckpt', {'old/b': TOP + '/<cursor>'})\n"
    stored.completes(MODEL + call, offers=["/b", "/w"], replaces="/", first="/b")


def test_details_tell_the_shape_and_where_it_is_made(stored):
    call = "tf.train.init_from_checkpoint('a.ckpt', {'old/b': '<cursor>'})\n"
    stored.completes(
        MODEL + call,
        offers=["enc/b  [3] defined by this code", "enc/  scope defined by this code"],
    )


def test_warm_start_maps_have_the_model_on_the_left(stored):
    call = "tf.estimator.WarmStartSettings('a.ckpt', var_name_to_prev_var_name={}'<cursor>': {})"
    for value in ("'old/b'", "''"):
        answer = stored.completion(MODEL + call.format("{", value + "}"))
        assert {"enc/b", "dec/b"} <= {item.label for item in answer.items}
        assert "enc/" not in {item.label for item in answer.items}
    answer = stored.completion(MODEL + call.format("{", "'old/b'}"))
    assert [item.label for item in answer.items][:2] == ["enc/b", "dec/b"]


def test_what_is_being_defined_is_not_what_is_there(stored):
    stored.completes(
        "tf.train.Saver().restore(s, 'a.ckpt')\ntf.get_variable('here')\n"
        "tf.get_variable('<cursor>')\n",
        offers=["old/w"],
        never=["here"],
    )


def test_the_key_that_has_the_shape_of_the_value_comes_first(stored):
    snippet = """
    v = tf.get_variable("mine", [9])
    tf.train.Saver({"<cursor>": v}).restore(s, "a.ckpt")
    """
    stored.completes(snippet, first="top")


def test_a_scope_goes_to_a_scope(stored):
    assert labels(stored, "'old/': '<cursor>'")[:2] == ["enc/", "dec/"]
    assert labels(stored, "'old/w': '<cursor>'")[0] == "enc/w"
