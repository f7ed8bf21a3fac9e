"""unknown-object: where it fires, and the neighbours that stay silent."""

from __future__ import annotations

import pytest


@pytest.fixture
def tf2(project):
    project.objects("tf2-1", "model/w=w", "optimizer/iter=iter", "save_counter=save_counter")
    return project


def test_a_keyword_near_a_root_of_the_file_fires(tf2):
    tf2.checks(
        """
        tf.train.Checkpoint(modle=net).restore("tf2-1")  # warning: [unknown-object] did you mean `model`?
        tf.train.Checkpoint(model=net, optimizer=o).restore("tf2-1")
        checkpoint = tf.train.Checkpoint(
            model=net,
            optimiser=o,  # warning: [unknown-object] `optimizer`
        )
        checkpoint.read("tf2-1")
        """
    )


def test_the_fix_renames_the_keyword(tf2):
    snippet = 'tf.train.Checkpoint({}=net).restore("tf2-1")'
    assert tf2.marks(snippet.format("modle")) == ["modle"]
    assert tf2.fixed(snippet.format("modle")) == snippet.format("model")


def test_a_manager_restores_the_newest_of_its_directory(tf2):
    tf2.file("checkpoint", 'model_checkpoint_path: "tf2-1"\n')
    tf2.checks(
        """
        checkpoint = tf.train.Checkpoint(modle=net)  # warning: [unknown-object]
        manager = tf.train.CheckpointManager(checkpoint, ".", max_to_keep=3)
        checkpoint.restore(manager.latest_checkpoint)
        """
    )


def test_new_parts_are_silent(tf2):
    tf2.checks(
        """
        tf.train.Checkpoint(model=net, decoder=d, step=s).restore("tf2-1")
        tf.train.Checkpoint(model=net, models=others).restore("tf2-1")
        tf.train.Checkpoint(root=net).restore("tf2-1")
        """
    )


def test_without_a_restore_or_a_file_nothing_is_said(tf2):
    tf2.checks(
        """
        import sys
        tf.train.Checkpoint(modle=net).save("tf2")
        tf.train.Checkpoint(modle=net).restore(sys.argv[1])
        """
    )


def test_a_checkpoint_of_a_saver_has_no_objects(vgg16):
    vgg16.checks('tf.train.Checkpoint(vgg_6=net).restore("vgg_16.ckpt")')


def test_none_of_the_keywords_is_there(project):
    project.objects("tf2-1", "model/kernel")
    project.checks(
        """
        tf.train.Checkpoint(encoder=net).read("tf2-1")  # warning: [unknown-object] nothing is restored to any of these objects; did you mean `model`?
        tf.train.Checkpoint(encoder=net, head=head).restore("tf2-1")  # warning: [unknown-object]
        tf.train.Checkpoint(encoder=net, model=head).restore("tf2-1")
        tf.train.Checkpoint(net, encoder=net).restore("tf2-1")
        tf.train.Checkpoint(encoder=net, **others).restore("tf2-1")
        """
    )
