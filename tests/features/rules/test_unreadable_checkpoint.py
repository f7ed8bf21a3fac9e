"""unreadable-checkpoint: where it fires, and the neighbours that stay silent."""

from __future__ import annotations


def test_a_file_that_is_cut_short_fires(vgg16):
    index = vgg16.root / "vgg_16.ckpt.index"
    snippet = 'tf.train.load_checkpoint("vgg_16.ckpt")'
    assert vgg16.marks(snippet) == []
    index.write_bytes(index.read_bytes()[:-100])
    vgg16.workspace.store.refresh()
    vgg16.checks(snippet + "  # error: [unreadable-checkpoint] cannot be read")


def test_the_message_says_where(vgg16):
    index = vgg16.root / "vgg_16.ckpt.index"
    content = bytearray(index.read_bytes())
    content[10] ^= 0xFF
    index.write_bytes(content)
    _, (finding,) = vgg16.findings('tf.train.Saver().restore(session, "vgg_16.ckpt")')
    assert finding.code == "unreadable-checkpoint"
    assert "vgg_16.ckpt.index" in finding.message


def test_a_pointer_of_git_lfs_fires_with_what_to_do(project):
    project.file("model.ckpt", "version https://git-lfs.github.com/spec/v1\noid sha256:0\n")
    project.checks(
        'tf.train.load_checkpoint("model.ckpt")  # error: [unreadable-checkpoint] git lfs pull'
    )


def test_what_is_written_or_not_there_is_silent(project):
    project.file("model.ckpt", "version https://git-lfs.github.com/spec/v1\noid sha256:0\n")
    project.checks(
        """
        tf.train.Saver().save(session, "model.ckpt")
        tf.train.load_checkpoint("other")
        """
    )


def test_names_of_an_unreadable_checkpoint_are_silent(project):
    project.file("model.ckpt", "version https://git-lfs.github.com/spec/v1\noid sha256:0\n")
    project.checks('tf.train.load_variable("model.ckpt", "w")  # error: [unreadable-checkpoint]')
