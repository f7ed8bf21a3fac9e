"""Which strings name something, which call takes them, and which checkpoint they are about."""

from __future__ import annotations

from textwrap import dedent

import pytest

from ckptls.source.document import Document
from ckptls.source.semantics.sites import Evidence, Role, Site

HEAD = "import tensorflow as tf\nimport tf_slim as slim\nimport os\n"


def sites(snippet: str) -> tuple[Site, ...]:
    return Document(HEAD + dedent(snippet)).analysis().sites


def told(snippet: str) -> list[str]:
    """Each site as `role text`, with its scopes, or `role text < path` where it has one."""
    found = []
    for site in sites(snippet):
        text = f"{site.role.value} {site.full_text.template}"
        paths = [use.text.template for use in site.paths if site.role is not Role.PATH]
        found.append(text + (" < " + ", ".join(paths) if paths else ""))
    return found


@pytest.mark.parametrize(
    "call",
    [
        'tf.train.load_variable("a", "b")',
        'tf.compat.v1.train.load_variable("a", "b")',
        'tf.contrib.framework.load_variable("a", "b")',
        'from tensorflow.train import load_variable\nload_variable("a", "b")',
        'from tensorflow.contrib import framework as f\nf.load_variable("a", "b")',
        'from tensorflow.contrib.framework import load_variable as g\ng("a", "b")',
        'from tensorflow.python.training import checkpoint_utils as u\nu.load_variable("a", "b")',
        'import tensorflow.compat.v1 as v1\nv1.train.load_variable("a", "b")',
        'train = tf.train\nread = train.load_variable\nread("a", name="b")',
        (
            "from tensorflow.contrib.framework.python.framework import checkpoint_utils\n"
            'checkpoint_utils.load_variable(checkpoint_dir="a", name="b")'
        ),
    ],
)
def test_imports_of_every_style_lead_to_the_same_function(call):
    assert told(call) == ["path a", "variable b < a"]


@pytest.mark.parametrize(
    "slim",
    [
        "slim = tf.contrib.slim",
        "from tensorflow.contrib import slim",
        "import tensorflow.contrib.slim as slim",
        "import tf_slim as slim",
        "from tensorflow.contrib import framework as slim",
    ],
)
def test_slim_of_every_style(slim):
    assert told(f'{slim}\nslim.get_variables_to_restore(exclude=["b"])') == ["pattern b"]


def test_names_are_followed_through_assignments_and_joins():
    assert told(
        """
        ROOT, NAME = "/data", "model.ckpt"
        path = os.path.join(ROOT, NAME)
        reader = tf.train.NewCheckpointReader(path)
        scope = "a"
        scope += "/b"
        reader.get_tensor(scope + "/w")
        """
    ) == ["path /data/model.ckpt", "variable a/b/w < /data/model.ckpt"]


def test_texts_are_put_together_in_every_way():
    texts = [
        site.text.template
        for site in sites(
            """
            read = tf.train.load_checkpoint("p").get_tensor
            n, unknown = "x", input()
            read("a/" + n)
            read("a/%s" % n)
            read("a/%s/%d" % (n, 3))
            read("a/{}".format(n))
            read("a/{0}/{name}".format(n, name="y"))
            read(f"a/{n}")
            read("/".join(["a", n]))
            read("a/" "b")
            read("a/%d" % unknown)
            read(f"a/{unknown:03d}/w")
            read("a/" + str(2))
            """
        )
        if site.role is Role.VARIABLE
    ]
    assert texts == [
        *("a/x", "a/x", "a/x/3", "a/x", "a/x/y", "a/x", "a/x", "a/b"),
        *("a/{}", "a/{}/w", "a/2"),
    ]


def test_the_last_assignment_before_the_use_counts():
    assert told(
        """
        path = "a"
        tf.train.load_variable(path, "x")
        path = "b"
        tf.train.load_variable(path, "y")
        """
    ) == ["path a", "variable x < a", "path b", "variable y < b"]


def test_both_branches_are_possible():
    found = sites(
        """
        if condition:
            path = "a"
        else:
            path = "b"
        tf.train.load_variable(path, "x")
        """
    )
    assert [use.text.literal for use in found[-1].paths] == ["a", "b"]


def test_attributes_set_in_the_constructor_are_known_in_methods():
    assert told(
        """
        class Model:
            def __init__(self, path):
                self.reader = tf.train.load_checkpoint(path)

            def weights(self):
                return self.reader.get_tensor("w")

        model = Model("a.ckpt")
        """
    ) == ["path a.ckpt", "variable w < a.ckpt"]


def test_evidence_tells_where_the_path_is_written():
    call, flow = (
        site.paths[0].evidence
        for site in sites(
            """
            tf.train.load_variable("a", "x")
            p = "a"
            tf.train.load_variable(p, "y")
            """
        )
        if site.role is Role.VARIABLE
    )
    assert call is Evidence.CALL
    assert flow is Evidence.FLOW


def test_the_newest_checkpoint_of_a_directory():
    (site,) = (
        site
        for site in sites(
            'saver = tf.train.Saver({"w": v})\n'
            'saver.restore(session, tf.train.latest_checkpoint("runs"))'
        )
        if site.paths and site.role is Role.VARIABLE
    )
    assert [(use.text.literal, use.is_latest) for use in site.paths] == [("runs", True)]


def test_nested_scopes_stand_before_the_names_in_them():
    assert told(
        """
        with tf.variable_scope("a") as outer:
            with tf.variable_scope("b"), tf.variable_scope("c"):
                tf.get_variable("w")
            with tf.variable_scope(outer):
                tf.get_variable("v")
            with tf.variable_scope(None, default_name="d"):
                tf.get_variable("u")
        tf.get_variable("t")
        """
    ) == [
        *("graph-scope a", "graph-scope a/b", "graph-scope a/b/c", "graph-variable a/b/c/w"),
        *("graph-variable a/v", "graph-scope a/d", "graph-variable a/d{}/u", "graph-variable t"),
    ]


def test_an_empty_scope_at_the_root_adds_nothing():
    assert told('with tf.variable_scope(""):\n    tf.get_variable("w")')[-1] == "graph-variable w"


def test_shapes_are_read_where_they_are_written():
    shapes = [
        site.shape
        for site in sites(
            """
            n = 7
            tf.get_variable("a", [3, 4])
            tf.get_variable("b", shape=(n, other, 2 * 3))
            tf.get_variable("c", [])
            tf.get_variable("d", other)
            """
        )
    ]
    assert shapes == [(3, 4), (7, None, 6), (), None]


def test_half_typed_python_2_and_broken_code_do_not_hide_the_rest():
    assert told(
        """
        print "hello %s" % name
        def broken(:
            pass
        exec "x = 1"
        tf.train.load_variable("a", "b")
        """
    ) == ["path a", "variable b < a"]


def test_a_file_without_tensorflow_has_no_sites():
    assert Document('load_variable("a", "b")').analysis().sites == ()


@pytest.mark.parametrize(
    ("literal", "marked"),
    [
        ('"b"', "b"),
        ("'''b'''", "b"),
        ('r"b"', "b"),
        ('u"b"', "b"),
        ('b"b"', "b"),
        (r'"\x62"', r"\x62"),
        ('"é/" + "b"', "é/"),
    ],
)
def test_positions_are_those_between_the_quotes(literal, marked):
    text = f'import tensorflow as tf\né = "漢😀"\ntf.train.load_variable("a", {literal})\n'
    (site,) = (s for s in Document(text).analysis().sites if s.role is Role.VARIABLE)
    span = site.parts[0].literal
    assert text[span.start : span.end] == marked


def test_a_pragma_is_read_from_comments_only():
    text = 'import tensorflow as tf\nx = "# ckptls: checkpoint=a"\n# ckptls: checkpoint="b c"\n'
    pins = Document(text).analysis().pragmas.pins
    assert [(pin.path, pin.lines) for pin in pins] == [("b c", None)]


def test_a_trailing_pragma_holds_for_its_statement():
    text = (
        "import tensorflow as tf\n"
        'w = tf.get_variable(\n    "w",\n    [3])  # ckptls: checkpoint=a\nv = 1\n'
    )
    (pin,) = Document(text).analysis().pragmas.pins
    assert pin.lines == (1, 3)
