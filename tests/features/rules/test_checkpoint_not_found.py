"""checkpoint-not-found: where it fires, and the neighbours that stay silent."""

from __future__ import annotations


def test_a_slip_in_the_name_fires(vgg16):
    snippet = 'tf.train.load_checkpoint("vgg16.ckpt")'
    vgg16.checks(snippet + "  # warning: [checkpoint-not-found] did you mean `vgg_16.ckpt`?")
    assert vgg16.fixed(snippet) == 'tf.train.load_checkpoint("vgg_16.ckpt")'


def test_a_missing_step_fires_with_the_latest_first(project):
    project.checkpoint("ckpts/model.ckpt-900", w=[2])
    project.checkpoint("ckpts/model.ckpt-1000", w=[2])
    snippet = 'tf.train.Saver().restore(session, "ckpts/model.ckpt")'
    project.checks(snippet + "  # warning: [checkpoint-not-found] `ckpts/model.ckpt-1000`")
    _, (finding,) = project.findings(snippet)
    assert finding.suggestions == ("ckpts/model.ckpt-1000", "ckpts/model.ckpt-900")


def test_a_slip_in_a_directory_fires(project):
    project.checkpoint("checkpoints/model.ckpt", w=[2])
    project.checks(
        """
        tf.train.load_checkpoint("chekpoints/model.ckpt")  # warning: [checkpoint-not-found] `checkpoints/model.ckpt`
        tf.train.latest_checkpoint("chekpoints/run")  # warning: [checkpoint-not-found] `checkpoints/run`
        tf.train.latest_checkpoint("chekpoints")  # warning: [checkpoint-not-found] `checkpoints`
        tf.train.list_variables("chekpoints/")  # warning: [checkpoint-not-found] `checkpoints`
        tf.train.latest_checkpoint("checkpoints")
        tf.train.NewCheckpointReader("chekpoints")
        """
    )


def test_a_directory_without_checkpoints_is_no_better(project):
    (project.root / "logs").mkdir()
    project.checks('tf.train.latest_checkpoint("log")')
    project.checkpoint("logs/m.ckpt", w=[2])
    project.workspace.store.refresh()
    project.checks('tf.train.latest_checkpoint("log")  # warning: [checkpoint-not-found] `logs`')


def test_a_path_put_together_is_mended_where_it_is_written(vgg16):
    snippet = 'import os\nROOT = "."\ntf.train.load_checkpoint(os.path.join(ROOT, "vgg16.ckpt"))'
    assert vgg16.marks(snippet) == ["vgg16.ckpt"]
    assert 'join(ROOT, "vgg_16.ckpt")' in vgg16.fixed(snippet)


def test_what_is_not_downloaded_or_not_near_is_silent(vgg16):
    vgg16.checkpoint("a.ckpt", w=[2])
    vgg16.checks(
        """
        tf.train.load_checkpoint("inception_v3.ckpt")
        tf.train.load_checkpoint("b.ckpt")
        tf.train.load_checkpoint("/nowhere/at/all/vgg_16.ckpt")
        tf.train.load_checkpoint("gs://bucket/vgg16.ckpt")
        """
    )


def test_another_step_is_silent(project):
    project.checkpoint("model.ckpt-1000", w=[2])
    project.checks('tf.train.load_checkpoint("model.ckpt-2000")')


def test_what_the_program_saves_is_silent(project):
    project.checkpoint("model.ckpt-1000", w=[2])
    restore = 'tf.train.Saver().restore(session, "model.ckpt")\n'
    assert project.marks(restore) == ["model.ckpt"]
    assert project.marks(restore + 'tf.train.Saver().save(session, "model.ckpt")') == []
    project.checkpoint("logs/m.ckpt", w=[2])
    latest = 'tf.train.latest_checkpoint("log/m.ckpt")\n'
    assert project.marks(latest) == ["log/m.ckpt"]
    assert project.marks(latest + 'slim.learning.train(op, "log")') == []


def test_what_the_program_asks_for_first_is_silent(vgg16):
    vgg16.checks(
        """
        import os
        if os.path.exists("vgg16.ckpt.index"):
            tf.train.Saver().restore(session, "vgg16.ckpt")
        """
    )


def test_a_file_found_from_another_root_is_silent(vgg16):
    snippet = 'tf.train.load_checkpoint("vgg16.ckpt")'
    assert vgg16.marks(snippet) == ["vgg16.ckpt"]
    vgg16.checkpoint("pretrained/vgg16.ckpt", w=[2])
    vgg16.settings(search_paths=["pretrained"])
    assert vgg16.marks(snippet) == []


def test_names_in_a_checkpoint_that_is_not_there_are_silent(vgg16):
    vgg16.checks(
        """
        tf.train.load_variable("vgg16.ckpt", "vgg_16/fc8/weight")  # warning: [checkpoint-not-found]
        """
    )
