"""checkpoint-path-form: where it fires, and the neighbours that stay silent."""

from __future__ import annotations

import os

import pytest


@pytest.fixture
def runs(project):
    """A directory `runs` with two checkpoints, of which the state file names the second."""
    project.checkpoint("runs/model.ckpt-1", w=[2])
    project.checkpoint("runs/model.ckpt-2", w=[2])
    project.file("runs/checkpoint", 'model_checkpoint_path: "model.ckpt-2"\n')
    return project


def test_a_file_of_the_checkpoint_where_its_prefix_is_wanted(vgg16):
    vgg16.checks(
        """
        tf.train.list_variables("vgg_16.ckpt.index")  # error: [checkpoint-path-form] without `.index`
        tf.train.load_checkpoint("vgg_16.ckpt.data-00000-of-00001")  # error: [checkpoint-path-form] did you mean `vgg_16.ckpt`?
        tf.train.Saver().restore(session, "vgg_16.ckpt.meta")  # error: [checkpoint-path-form]
        slim.assign_from_checkpoint("vgg_16.ckpt.index", {})  # error: [checkpoint-path-form]
        tf.train.list_variables("vgg_16.ckpt")
        """
    )


def test_the_form_needs_no_file(project):
    snippet = 'tf.train.load_checkpoint("elsewhere/model.ckpt.index")'
    assert project.fixed(snippet) == 'tf.train.load_checkpoint("elsewhere/model.ckpt")'


def test_the_end_of_a_path_is_enough(vgg16):
    snippet = 'import os\ntf.train.load_checkpoint(os.path.join(root, "vgg_16.ckpt.index"))'
    assert vgg16.marks(snippet) == ["vgg_16.ckpt.index"]
    assert vgg16.fixed(snippet).endswith('os.path.join(root, "vgg_16.ckpt"))')


def test_a_graph_is_asked_for_by_its_file(vgg16):
    vgg16.checks(
        """
        tf.train.import_meta_graph("vgg_16.ckpt.meta")
        tf.train.import_meta_graph("vgg_16.ckpt")  # error: [checkpoint-path-form] `vgg_16.ckpt.meta`
        tf.train.import_meta_graph("vgg_16.ckpt.index")  # error: [checkpoint-path-form] `vgg_16.ckpt.meta`
        """
    )


def test_a_directory_where_only_a_prefix_works(runs):
    runs.checks(
        """
        tf.train.Saver().restore(session, "runs")  # error: [checkpoint-path-form] did you mean `runs/model.ckpt-2`?
        tf.train.NewCheckpointReader("runs/")  # error: [checkpoint-path-form]
        tf.train.load_checkpoint("runs")
        tf.train.list_variables("runs")
        tf.train.latest_checkpoint("runs")
        """
    )


def test_a_prefix_where_only_a_directory_works(runs):
    runs.checks(
        """
        tf.train.latest_checkpoint("runs/model.ckpt-2")  # error: [checkpoint-path-form] did you mean `runs`?
        tf.train.get_checkpoint_state("runs/model.ckpt-1")  # error: [checkpoint-path-form]
        tf.train.MonitoredTrainingSession(checkpoint_dir="runs/model.ckpt-1")  # error: [checkpoint-path-form]
        tf.train.get_checkpoint_state("runs/")
        tf.train.MonitoredTrainingSession(checkpoint_dir="runs")
        """
    )


def test_the_state_file_is_no_checkpoint(runs):
    runs.checks(
        """
        tf.train.load_checkpoint("runs/checkpoint")  # error: [checkpoint-path-form] did you mean `runs/model.ckpt-2`?
        tf.train.latest_checkpoint("runs/checkpoint")  # error: [checkpoint-path-form] did you mean `runs`?
        """
    )


def test_a_state_file_that_names_what_is_gone_is_none_either(project):
    project.file("old/checkpoint", 'model_checkpoint_path: "gone"\n')
    project.checks(
        """
        tf.train.load_checkpoint("old/checkpoint")  # error: [checkpoint-path-form] state file
        tf.train.load_checkpoint("old")
        tf.train.load_checkpoint("nowhere/checkpoint")
        """
    )


def test_a_checkpoint_may_be_called_checkpoint(project):
    project.checkpoint("segmenter/checkpoint", w=[2])
    project.checks('tf.train.load_checkpoint("segmenter/checkpoint")')


def test_nobody_expands_a_tilde(project):
    project.checks(
        """
        import os
        tf.train.load_checkpoint("~/ckpts/model.ckpt")  # error: [checkpoint-path-form] does not expand
        tf.train.load_checkpoint(os.path.expanduser("~/ckpts/model.ckpt"))
        tf.train.load_checkpoint("ckpts/~model.ckpt")
        """
    )


def test_a_tilde_is_wrapped_or_written_out(project):
    call = 'tf.train.load_checkpoint("~/model.ckpt")'
    assert project.fixed("import os\n" + call).endswith(
        'load_checkpoint(os.path.expanduser("~/model.ckpt"))'
    )
    home = os.path.expanduser("~")
    assert project.fixed(call) == f'tf.train.load_checkpoint("{home}/model.ckpt")'


def test_functions_that_mend_paths_and_paths_that_are_written_are_silent(vgg16):
    vgg16.checks(
        """
        import tensorpack
        tensorpack.SaverRestore("vgg_16.ckpt.index")
        tf.train.Saver().save(session, "vgg_16.ckpt.index")
        tf.train.export_meta_graph("graph.meta")
        """
    )


def test_the_finding_about_the_path_does_not_hide_those_about_names(vgg16):
    vgg16.checks(
        """
        tf.train.load_variable("vgg_16.ckpt.index", "vgg_16/fc8/weight")  # error: [checkpoint-path-form]  # error: [unknown-variable]
        """
    )
