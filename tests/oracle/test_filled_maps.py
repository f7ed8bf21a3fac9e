"""Maps that were filled do in TensorFlow what they are meant to."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
import tensorflow.compat.v1 as tf1
import tf_slim as slim

from ckptls.features.code_actions.fill_assignment_map import fillings
from conftest import HEAD, Project

MODEL = """
with tf.variable_scope("new"):
    w = tf.get_variable("w", [2, 3])
    b = tf.get_variable("b", [3])
head = tf.get_variable("head", [4])
"""
STORED = {"old/net/w": np.full([2, 3], 1.0), "old/net/b": np.full([3], 2.0), "head": np.ones([4])}


@pytest.fixture
def stored(project: Project) -> Project:
    with tf.Graph().as_default(), tf1.Session() as session:
        for name, value in STORED.items():
            tf1.get_variable(name, initializer=value.astype("float32"))
        session.run(tf1.global_variables_initializer())
        tf1.train.Saver().save(session, str(project.root / "a.ckpt"), write_meta_graph=False)
    return project


@pytest.mark.parametrize(
    ("call", "ways"),
    [
        ("tf.train.init_from_checkpoint('a.ckpt', {})", 2),
        ("tf.train.init_from_checkpoint('a.ckpt', {'old/net/b': 'new/b'})", 1),
        ("assign = slim.assign_from_checkpoint('a.ckpt', {'head': head})", 1),
    ],
)
def test_every_variable_gets_its_value(stored, monkeypatch, call, ways):
    monkeypatch.chdir(stored.root)
    binder = stored.binder(MODEL + call)
    text = binder.analysis.source.text
    place = binder.analysis.restores[0].place.span
    found = fillings(binder, place)
    assert len(found) == ways
    for filling in found:
        filled = text
        for span, new in sorted(filling.edits, reverse=True):
            filled = filled[: span.start] + new + filled[span.end :]
        with tf.Graph().as_default(), tf1.Session() as session:
            known = {"tf": tf1, "slim": slim}
            exec(filled.removeprefix(HEAD), known)
            session.run(tf1.global_variables_initializer())
            if "assign" in known:
                session.run(*known["assign"])
            for name, of in (("w", "old/net/w"), ("b", "old/net/b"), ("head", "head")):
                np.testing.assert_array_equal(session.run(known[name]), STORED[of])
