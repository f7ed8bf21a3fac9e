"""From a name to what defines it and to all that names it; `[…]` marks the places."""

from __future__ import annotations

from ckptls.features.common.site_names import name_of
from ckptls.features.navigation.references import Mention, definitions, mentions

MODEL = """
    def model(x):
        with tf.variable_scope("vgg_16"):
            with tf.variable_scope("fc8"):
                tf.get_variable("weights", [2])
            slim.conv2d(x, 3, [1, 1], scope="conv1")
    model(1)
    tf.train.load_variable("vgg_16.ckpt", {asked})
"""


def places(project, snippet: str, find) -> list[str]:
    """The texts of the places that are found for the name at the cursor."""
    opened, offset = project.opened(snippet)
    name = name_of(opened.document.at(offset)[0].site)
    assert name is not None
    found: list[Mention] = find(name, opened.document.analysis())
    text = opened.document.text
    lines = [text.count("\n", 0, each.span.start) for each in found]
    return [
        f"{text[each.span.start : each.span.end]} {line}" + (" defines" * each.is_definition)
        for each, line in zip(found, lines, strict=True)
    ]


def test_a_key_leads_to_the_variable_of_the_model_that_is_called_so(vgg16):
    snippet = MODEL.format(asked='"vgg_16/fc8/wei<cursor>ghts"')
    assert places(vgg16, snippet, definitions) == ["weights 6 defines"]


def test_a_variable_of_a_layer_leads_to_the_layer(vgg16):
    snippet = MODEL.format(asked='"vgg_16/conv1/wei<cursor>ghts"')
    assert places(vgg16, snippet, definitions) == ["conv1 7 defines"]


def test_a_key_that_the_model_does_not_make_leads_nowhere(vgg16):
    assert places(vgg16, MODEL.format(asked='"vgg_16/fc7/wei<cursor>ghts"'), definitions) == []


def test_every_place_that_names_the_same_is_found(vgg16):
    snippet = """
        reader = tf.train.load_checkpoint("vgg_16.ckpt")
        reader.get_tensor("vgg_16/fc8/wei<cursor>ghts")
        tf.train.load_variable("vgg_16.ckpt", "vgg_16/fc8/weights:0")
        reader.has_tensor("vgg_16/fc7/weights")
        with tf.variable_scope("vgg_16/fc8"):
            tf.get_variable("weights", [2])
    """
    assert places(vgg16, snippet, mentions) == [
        "vgg_16/fc8/weights 4",
        "vgg_16/fc8/weights:0 5",
        "weights 8 defines",
    ]


def test_a_scope_is_the_same_with_and_without_its_slash(vgg16):
    snippet = """
        tf.train.init_from_checkpoint("vgg_16.ckpt", {"vgg_16/f<cursor>c8/": "vgg_16/fc8/"})
        with tf.variable_scope("vgg_16"), tf.variable_scope("fc8"):
            pass
    """
    assert places(vgg16, snippet, mentions) == [
        "vgg_16/fc8/ 3",
        "vgg_16/fc8/ 3",
        "fc8 4 defines",
    ]


def test_a_template_may_name_it(vgg16):
    snippet = """
        def read(i):
            return tf.train.load_variable("vgg_16.ckpt", "vgg_16/fc%d/weights" % i)
        tf.train.load_variable("vgg_16.ckpt", "vgg_16/fc8/wei<cursor>ghts")
        tf.train.load_variable("vgg_16.ckpt", "vgg_16/conv1/weights")
    """
    assert [each.rpartition(" ")[0] for each in places(vgg16, snippet, mentions)] == [
        "vgg_16/fc%d/weights",
        "vgg_16/fc8/weights",
    ]


def test_a_path_names_no_variable(vgg16):
    opened, offset = vgg16.opened('tf.train.load_checkpoint("vgg<cursor>_16.ckpt")')
    assert name_of(opened.document.at(offset)[0].site) is None
