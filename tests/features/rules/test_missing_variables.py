"""missing-variables: where it fires, and the neighbours that stay silent."""

from __future__ import annotations

import pytest

MODEL = """
table = tf.get_variable("embedding", [5, 4])
with tf.variable_scope("fc"):
    w = tf.get_variable("weights", [4, 5])
    b = tf.get_variable("biases", [5])
"""
PLAIN = {"embedding": [5, 4], "fc/weights": [4, 5], "fc/biases": [5]}


def messages(project, code: str, **others: str) -> list[str]:
    for name, text in others.items():
        project.file(f"{name}.py", "import tensorflow.compat.v1 as tf\n" + text)
    _, found = project.findings(code)
    return [each.message for each in found if each.code == "missing-variables"]


def test_a_scope_in_front_of_all_names_is_the_cause(project):
    project.listing("a.ckpt", {f"rnn_model/{name}": shape for name, shape in PLAIN.items()})
    project.checks(
        f"""
        {MODEL.replace(chr(10), chr(10) + " " * 8)}
        tf.train.Saver().restore(session, "a.ckpt")  # error: [missing-variables] 3 of 3 variables that this restores are not in `a.ckpt`: `embedding`, `fc/weights`, `fc/biases`; they are all there under `rnn_model/`
        """
    )


CAUSES = {
    "a scope dropped": (
        "with tf.variable_scope('module'):\n    tf.get_variable('w', [2])\n    tf.get_variable('v', [2])\n",
        "tf.train.Saver()",
        {"w": [2], "v": [2]},
        "they are all there without `module/` in front",
    ),
    "an old spelling": (
        "with tf.variable_scope('fc'):\n    tf.get_variable('kernel', [4, 5])\n    tf.get_variable('bias', [5])\n",
        "tf.train.Saver()",
        PLAIN,
        "older spelling (`fc/weights`)",
    ),
    "an optimizer": (
        MODEL + "tf.train.AdamOptimizer(0.1).minimize(tf.reduce_sum(w))\n",
        "tf.train.Saver()",
        PLAIN,
        "the state of the optimizer was not saved in it",
    ),
    "a model built twice": (
        MODEL + "with tf.variable_scope('fc_1'):\n    tf.get_variable('weights', [4, 5])\n",
        "tf.train.Saver()",
        PLAIN,
        "the model was built twice",
    ),
}


@pytest.mark.parametrize("name", CAUSES)
def test_the_cause_is_named(name, project):
    model, saver, stored, cause = CAUSES[name]
    project.listing("a.ckpt", stored)
    (message,) = messages(project, f"{model}\n{saver}.restore(session, 'a.ckpt')\n")
    assert cause in message


SILENT = {
    "all is there": (MODEL, "tf.train.Saver()", PLAIN),
    "a list without it": (
        MODEL + "head = tf.get_variable('head', [3])\n",
        "tf.train.Saver([v for v in tf.global_variables() if v is not head])",
        PLAIN,
    ),
    "a selection by name": (
        MODEL + "tf.get_variable('head', [3])\n",
        "tf.train.Saver([v for v in tf.global_variables() if not v.name.startswith('head')])",
        PLAIN,
    ),
    "a selection that is not known": (
        MODEL + "tf.get_variable('head', [3])\n",
        "tf.train.Saver([v for v in tf.global_variables() if v.op.name in known_names()])",
        PLAIN,
    ),
    "made behind the saver": (
        MODEL,
        "saver = tf.train.Saver()\ntf.get_variable('head', [3])\nsaver",
        PLAIN,
    ),
    "made in a branch": (
        MODEL + "if unknown():\n    tf.get_variable('head', [3])\n",
        "tf.train.Saver()",
        PLAIN,
    ),
    "a name that is not known": (
        MODEL + "tf.get_variable('head_' + unknown(), [3])\n",
        "tf.train.Saver()",
        PLAIN,
    ),
    "another graph": (
        "with tf.Graph().as_default():\n    tf.get_variable('other', [2])\n" + MODEL,
        "tf.train.Saver()",
        PLAIN,
    ),
    "what the program saved": (
        MODEL + "tf.get_variable('head', [3])\n",
        "tf.train.Saver().save(session, 'a.ckpt')\ntf.train.Saver()",
        PLAIN,
    ),
    "slots of variables without a gradient": (
        MODEL + "tf.train.MomentumOptimizer(0.1, 0.9).minimize(tf.reduce_sum(w))\n",
        "tf.train.Saver()",
        {**PLAIN, "fc/weights/Momentum": [4, 5]},
    ),
}


@pytest.mark.parametrize("name", SILENT)
def test_what_is_not_proved_is_not_said(name, project):
    model, saver, stored = SILENT[name]
    project.listing("a.ckpt", stored)
    assert messages(project, f"{model}\n{saver}.restore(session, 'a.ckpt')\n") == []


def test_an_error_that_is_caught_is_no_finding(project):
    project.listing("a.ckpt", PLAIN)
    code = MODEL + "tf.get_variable('head', [3])\ntry:\n    tf.train.Saver().restore(s, 'a.ckpt')\n"
    assert messages(project, code + "except tf.errors.NotFoundError:\n    pass\n") == []
    assert len(messages(project, code + "finally:\n    pass\n")) == 1


def test_a_network_of_another_module(project):
    project.listing("a.ckpt", PLAIN)
    net = "def build(n):\n    for i in range(n):\n        tf.get_variable('w%d' % i, [2])\n"
    code = "from net import build\nbuild(2)\ntf.train.Saver().restore(session, 'a.ckpt')\n"
    (message,) = messages(project, code, net=net)
    assert message.startswith("2 of 2 variables that this restores are not in `a.ckpt`: `w0`, `w1`")


def test_related_places_are_those_that_make_the_variables(project):
    project.listing("a.ckpt", PLAIN)
    path = project.file(
        "net.py", "import tensorflow.compat.v1 as tf\ndef f():\n    tf.get_variable('w', [2])\n"
    )
    _, found = project.findings(
        "import net\nnet.f()\ntf.train.Saver().restore(session, 'a.ckpt')\n"
    )
    (finding,) = (each for each in found if each.code == "missing-variables")
    (related,) = finding.related
    assert (related.place.path, related.place.line) == (str(path), 2)


def test_what_another_finding_explains_is_not_counted(project):
    project.listing("a.ckpt", {"encoder/conv1/weights": [2], "encoder/conv1/biases": [2]})
    project.checks(
        """
        with tf.variable_scope("encoder"):
            with tf.variable_scope("conv1"):
                tf.get_variable("weigths", [2])  # warning: [misspelled-scope]
                tf.get_variable("biases", [2])
        tf.train.Saver().restore(session, "a.ckpt")
        """
    )


def test_where_variables_are_skipped_it_is_a_warning(project):
    project.listing("a.ckpt", PLAIN)
    code = MODEL + "tf.get_variable('head', [3])\nimport tf_slim\n"
    call = "tf_slim.assign_from_checkpoint_fn('a.ckpt', tf.global_variables(), ignore_missing_vars=True)\n"
    _, found = project.findings(code + call)
    assert [(each.code, each.severity.label) for each in found] == [
        ("missing-variables", "warning")
    ]


def test_the_method_is_marked_where_the_path_is_written_elsewhere(project):
    project.listing("a.ckpt", PLAIN)
    text, found = project.findings(
        "PATH = 'a.ckpt'\ntf.get_variable('head', [3])\ntf.train.Saver().restore(session, PATH)\n"
    )
    (finding,) = found
    assert text[finding.span.start : finding.span.end] == "restore"


def test_a_function_for_others_does_not_see_what_the_script_makes(project):
    project.listing("a.ckpt", PLAIN)
    code = (
        "def export():\n    tf.get_variable('embedding', [5, 4])\n"
        "    tf.train.Saver().restore(session, 'a.ckpt')\n"
        "if __name__ == '__main__':\n    tf.get_variable('other', [3])\n"
    )
    assert messages(project, code) == []
    wrong = code.replace("'embedding'", "'embeding_table'")
    assert len(messages(project, wrong)) == 1


def test_modes_that_build_other_graphs(project):
    project.listing("a.ckpt", PLAIN)
    project.listing("b.ckpt", {"other": [3]})
    code = (
        "def train():\n    tf.get_variable('embedding', [5, 4])\n"
        "    tf.train.Saver().restore(session, 'a.ckpt')\n"
        "def evaluate():\n    tf.get_variable('other', [3])\n"
        "    tf.train.Saver().restore(session, 'b.ckpt')\n"
        "if mode() == 'train':\n    train()\nelse:\n    evaluate()\n"
    )
    assert messages(project, code) == []
