"""Constants that several names are made of: a fix for one of them leaves the others right."""

from __future__ import annotations

from textwrap import dedent

import pytest


@pytest.fixture
def net(project):
    project.checkpoint("runs/model.ckpt-250", net__enc__w=[2, 2], net__enc__b=[2])
    (project.root / "runs/model.ckpt-250.meta").write_bytes(b"")
    (project.root / "runs/checkpoint").write_text('model_checkpoint_path: "model.ckpt-250"\n')
    return project


READER = 'reader = tf.train.load_checkpoint("runs/model.ckpt-250")\n'


def test_the_part_is_changed_that_is_of_no_other_name(net):
    program = (
        READER + 'scope = "net/" + "enc"\nreader.get_tensor(scope + "/w")\nreader.get_tensor(scope'
    )
    assert net.fixed(program + ' + "b")\n') == program + ' + "/b")\n'
    assert net.marks(program + ' + "b")\n') == ["b"]


def test_what_all_names_share_is_changed_where_all_are_wrong(net):
    snippet = READER + 'scope = "net/ecn"\nreader.get_tensor(scope + "/w")\n'
    snippet += 'reader.get_tensor(scope + "/b")\n'
    assert net.fixed(snippet) == snippet.replace("ecn", "enc")


def test_a_fix_that_would_break_another_name_is_not_offered(net):
    for snippet in (
        # The same text for the operation and for its tensor.
        'name = "net/enc/w"\ng = tf.get_default_graph()\n'
        "g.get_operation_by_name(name)\ng.get_tensor_by_name(name)\n",
        # A tensor of the graph, and a key of the checkpoint.
        READER + 'name = "net/enc/w:0"\ntf.get_default_graph().get_tensor_by_name(name)\n'
        "reader.get_tensor(name)\n",
        # A directory, and the prefix in it.
        'folder = "runs"\ntf.train.latest_checkpoint(folder)\n'
        "tf.train.Saver().restore(session, folder)\n",
    ):
        assert len(net.findings(snippet)[1]) == 1, snippet
        assert net.fixed(snippet) == snippet


def test_the_ending_of_another_path_is_changed_and_not_the_path(net):
    snippet = dedent(
        """
        from pathlib import Path
        path = Path("runs") / "model.ckpt-250"
        reader = tf.train.load_checkpoint(str(path))
        tf.train.import_meta_graph(str(path.with_suffix(".meta")))
        """
    )
    assert net.fixed(snippet) == snippet.replace('".meta"', '".ckpt-250.meta"')


def test_a_constant_of_one_wrong_name_alone_is_changed(net):
    snippet = READER + 'name = "net/enc/ww"\nprint(name)\nreader.get_tensor(name)\n'
    assert 'name = "net/enc/w"' in net.fixed(snippet)
