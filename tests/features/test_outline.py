"""The scopes and variables that a document makes, as a tree."""

from __future__ import annotations

from ckptls.features.navigation.document_symbols import Symbol, outline


def drawn(project, snippet: str) -> list[str]:
    """A line for each symbol, indented by its depth."""
    opened, _ = project.opened(snippet)

    def lines(symbols: list[Symbol], depth: int) -> list[str]:
        found = []
        for each in symbols:
            mark = "/" if each.is_scope else ""
            found.append(f"{'  ' * depth}{each.name}{mark} {each.detail}".rstrip())
            found += lines(each.children, depth + 1)
        return found

    return lines(outline(opened.document.analysis()), 0)


def test_variables_stand_in_their_scopes(project):
    assert drawn(
        project,
        """
        with tf.variable_scope("vgg_16"):
            with tf.variable_scope("fc8"):
                tf.get_variable("weights", [4096, 1000])
                tf.get_variable("biases", [1000])
        tf.get_variable("global_step", [])
        """,
    ) == [
        "vgg_16/",
        "  fc8/",
        "    weights [4096, 1000]",
        "    biases [1000]",
        "global_step []",
    ]


def test_a_scope_that_is_opened_twice_is_one(project):
    assert drawn(
        project,
        """
        with tf.variable_scope("a"):
            tf.get_variable("v", [1])
        with tf.variable_scope("a", reuse=True):
            tf.get_variable("v", [1])
            tf.get_variable("w", [1])
        """,
    ) == ["a/", "  v [1]", "  w [1]"]


def test_a_layer_holds_its_variables(project):
    lines = drawn(project, 'slim.conv2d(x, 3, [1, 1], scope="net/conv1")')
    assert lines[0] == "net/conv1/"
    assert "  weights" in lines


def test_a_scope_covers_all_that_is_in_it(project):
    opened, _ = project.opened(
        """
        with tf.variable_scope("a"):
            tf.get_variable("v", [1])
        """
    )
    (scope,) = outline(opened.document.analysis())
    text = opened.document.text
    assert text[scope.span.start : scope.span.end] == "a"
    assert text[scope.whole.start : scope.whole.end].endswith('tf.get_variable("v')


def test_names_that_are_only_looked_up_are_no_symbols(vgg16):
    assert drawn(vgg16, 'tf.train.load_variable("vgg_16.ckpt", "vgg_16/fc8/weights")') == []
