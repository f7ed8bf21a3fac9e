"""The paths that saving gives back are those that we read off the code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import tensorflow as tf

from ckptls.source.document import Document
from ckptls.source.semantics.sites import Role

HEAD = """import tensorflow as tf
checkpoint = tf.train.Checkpoint(v=tf.Variable(1.0))
manager = tf.train.CheckpointManager(checkpoint, "d", max_to_keep=3)
named = tf.train.CheckpointManager(checkpoint, "e/", 3, checkpoint_name="net")
path = {}
"""
SAVED = {
    "manager.save()": "d/ckpt-{}",
    "manager.save(7)": "d/ckpt-7",
    "manager.save(checkpoint_number=7)": "d/ckpt-7",
    "named.save()": "e/net-{}",
    'checkpoint.save("f/m")': "f/m-{}",
    'checkpoint.write("f/m")': "f/m",
}


@pytest.mark.parametrize(("save", "told"), SAVED.items())
def test_saving_gives_a_path_back(
    save: str, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    code, names = HEAD.format(save), {}
    exec(compile(code, "model", "exec"), names)
    document = Document(code + "tf.train.load_checkpoint(path)\n")
    read = max(document.analysis().path_sites, key=lambda site: site.place.span.start)
    assert read.role is Role.PATH
    assert read.text.template == told
    assert re.fullmatch(read.text.regex, names["path"])
    assert tf.train.load_checkpoint(names["path"]).get_variable_to_shape_map()
