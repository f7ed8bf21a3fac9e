"""Where the document names the checkpoint that a finding is based on."""

from __future__ import annotations


def evidence(project, snippet: str) -> list[str | None]:
    """For each finding the text that names its checkpoint."""
    text, found = project.findings(snippet)
    return [each.evidence and text[each.evidence.start : each.evidence.end] for each in found]


def test_the_path_that_a_reader_was_opened_with(vgg16):
    snippet = """
        tf.train.load_checkpoint("other.ckpt")
        reader = tf.train.load_checkpoint("vgg_16.ckpt")
        reader.get_tensor("vgg_16/fc8/weigths")
    """
    assert evidence(vgg16, snippet) == ["vgg_16.ckpt"]


def test_the_path_of_a_restore_for_a_name_of_the_model(vgg16):
    snippet = """
        with tf.variable_scope("vgg_16/cnv1"):
            pass
        tf.train.Saver().restore(session, "vgg_16.ckpt")
    """
    assert evidence(vgg16, snippet) == ["vgg_16.ckpt"]


def test_a_comment_behind_the_statement_goes_before_the_path(vgg16):
    vgg16.checkpoint("a.ckpt", w=[2])
    snippet = """
        tf.train.load_variable("vgg_16.ckpt", "v")  # ckptls: checkpoint=a.ckpt
    """
    assert evidence(vgg16, snippet) == ["a.ckpt"]


def test_a_setting_is_not_in_the_document(vgg16):
    vgg16.settings(bindings={"*.py": "vgg_16.ckpt"})
    snippet = """
        def read(path):
            return tf.train.load_variable(path, "vgg_16/fc8/weigths")
    """
    assert evidence(vgg16, snippet) == [None]


def test_a_file_that_gives_a_flag_its_value_is_weak_evidence(vgg16):
    """Enough for completion, and for no error."""
    vgg16.file("model.ini", "[model]\nckpt = vgg_16.ckpt\n")
    snippet = """
        import configparser
        parser = configparser.ConfigParser()
        parser.read("model.ini")
        tf.train.load_variable(parser.get("model", "ckpt"), "{}")
    """
    vgg16.completes(snippet.format("vgg_16/<cursor>"), offers=["vgg_16/conv1/"])
    assert evidence(vgg16, snippet.format("vgg_16/fc8/weigths")) == []


def test_weights_that_an_object_of_elsewhere_loads_prove_nothing(project):
    project.checkpoint("a.ckpt", net__conv1__w=[2])
    project.checks(
        """
        from models import build
        build().load_weights("a.ckpt")
        with tf.variable_scope("net/cnov1"):
            tf.get_variable("w", [2])
        build().load_weights("nothing.h5")
        """
    )
    # The same code, if it is Keras's model for sure.
    project.checks(
        """
        tf.keras.Model().load_weights("a.ckpt")
        with tf.variable_scope("net/cnov1"):  # warning: [misspelled-scope]
            tf.get_variable("w", [2])
        """
    )
