"""What is told of a string, and why nothing is."""

from __future__ import annotations

import pytest

from ckptls.features.hover.explain import Explanation, explain


def explained(project, snippet: str) -> Explanation:
    opened, offset = project.opened(snippet)
    workspace = project.workspace
    return explain(opened.document, offset, lambda a: workspace.binder(opened, a, workspace.load))


def test_a_name_tells_role_checkpoint_and_evidence(vgg16):
    answer = explained(vgg16, 'tf.train.load_variable("vgg_16.ckpt", "vgg_16/fc8<cursor>/biases")')
    (naming,) = answer.namings
    assert naming.role == "variable"
    assert naming.function == "tensorflow.train.load_variable"
    assert naming.parameter == "name"
    assert naming.evidence == "the same call names the checkpoint"
    assert naming.checkpoints == (("vgg_16.ckpt", True),)
    assert naming.notes == ()
    assert "checkpoint   vgg_16.ckpt  (it is there)" in answer.text


def test_a_name_that_is_not_there(vgg16):
    answer = explained(vgg16, 'tf.train.load_variable("vgg_16.ckpt", "vgg_16/fc9<cursor>")')
    assert answer.namings[0].checkpoints == (("vgg_16.ckpt", False),)


@pytest.mark.parametrize(
    ("snippet", "note"),
    [
        ('tf.train.load_variable("gone.ckpt", "a<cursor>b")', "nothing is at"),
        ('tf.train.load_variable("s3://b/m.ckpt", "a<cursor>b")', "`remote` does not allow"),
        ('tf.train.load_variable(".", "a<cursor>b")', "would not open a checkpoint from this path"),
        ('tf.train.load_variable(path(), "a<cursor>b")', "no checkpoint is known"),
        ("tf.train.load_variable('%s.ckpt' % x, 'a<cursor>b')", "computed at run time"),
        (
            'r = tf.train.load_checkpoint("vgg_16.ckpt")\n'
            'if r.has_tensor("a"):\n    r.get_tensor("a<cursor>b")',
            "the code itself tests for names",
        ),
        (
            'tf.train.load_variable("vgg_16.ckpt", "a<cursor>b")  # ckptls: ignore[x]',
            "a comment on the line silences x",
        ),
        ('thing().get_tensor("a<cursor>b")', "not certain that this text reaches"),
    ],
)
def test_what_is_missing_is_said(vgg16, snippet: str, note: str):
    (naming,) = explained(vgg16, snippet).namings
    assert any(note in each for each in naming.notes), naming.notes


@pytest.mark.parametrize(
    ("snippet", "reason"),
    [
        ('x<cursor> = "a"\ntf.train.load_checkpoint("a.ckpt")', "there is no string"),
        ('# a <cursor>"b"\ntf.train.load_checkpoint("a.ckpt")', "this is a comment"),
        ('open("a<cursor>b")\ntf.train.load_checkpoint("a.ckpt")', "`open` is not known to take"),
        ('x = "a<cursor>b"\ntf.train.load_checkpoint("a.ckpt")', "not an argument of a call"),
        ('print("a<cursor>b")', "nothing in this file is known to name"),
        (
            'from mine import load_variable\nload_variable("a<cursor>b")\n'
            'tf.train.load_checkpoint("a.ckpt")',
            "is not a TensorFlow function according to the imports",
        ),
    ],
)
def test_why_nothing_is_known(project, snippet: str, reason: str):
    answer = explained(project, snippet)
    assert answer.namings == ()
    assert reason in answer.reason
    assert answer.text.startswith("Nothing is known here: ")


@pytest.mark.parametrize(("padding_bytes", "is_told"), [(1_990_000, False), (2_000_001, True)])
def test_a_file_that_is_too_large_says_so(vgg16, padding_bytes: int, is_told: bool):
    call = 'tf.train.load_variable("vgg_16.ckpt", "vgg_16/fc8<cursor>/biases")\n'
    answer = explained(vgg16, call + "#" + "x" * padding_bytes + "\n")
    assert ("larger than 2 MB" in answer.text) is is_told
    assert bool(answer.namings) is not is_told
