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


ENDING = """
    def read(folder):
        return tf.train.load_variable(os.path.join(folder, "vgg_16.ckpt"), "{}")
"""


def test_a_path_of_which_the_end_is_known_gives_warnings_for_typos(vgg16):
    vgg16.folder.known = (str(vgg16.root / "vgg_16.ckpt"),)
    _, found = vgg16.findings(ENDING.format("vgg_16/fc8/weigths"))
    assert [(e.code, e.severity.label, e.suggestions[0]) for e in found] == [
        ("unknown-variable", "warning", "vgg_16/fc8/weights")
    ]
    assert vgg16.findings(ENDING.format("resnet/conv1/weights"))[1] == []


def test_a_path_of_which_the_end_is_known_may_be_any_checkpoint_that_ends_so(vgg16):
    vgg16.checkpoint("old/vgg_16.ckpt", vgg_16__fc8__weigths=[2])
    places = ("vgg_16.ckpt", "old/vgg_16.ckpt")
    vgg16.folder.known = tuple(str(vgg16.root / each) for each in places)
    assert vgg16.findings(ENDING.format("vgg_16/fc8/weigths"))[1] == []
    assert len(vgg16.findings(ENDING.format("vgg_16/fc8/biasses"))[1]) == 1


def test_scopes_and_name_tests_below_such_a_path_give_warnings_too(vgg16):
    vgg16.folder.known = (str(vgg16.root / "vgg_16.ckpt"),)
    vgg16.checks(
        """
        def read(folder):
            path = os.path.join(folder, "vgg_16.ckpt")
            tf.train.init_from_checkpoint(path, {"vgg16/": "vgg_16/"})  # warning: [unknown-scope]
            tf.train.init_from_checkpoint(path, {"resnet_v2_50/": "net/"})
            for name, shape in tf.train.list_variables(path):
                if name.startswith("vgg16/conv"):  # warning: [dead-name-test]
                    pass
                if name.startswith("resnet"):
                    pass
        """
    )


def test_a_pin_goes_before_a_path_of_which_only_the_end_is_known(vgg16):
    vgg16.checkpoint("other/vgg_16.ckpt", conv__w=[2])
    vgg16.folder.known = (str(vgg16.root / "other/vgg_16.ckpt"),)
    snippet = "# ckptls: checkpoint=vgg_16.ckpt\n" + ENDING
    assert evidence(vgg16, snippet.format("vgg_16/fc8/weigths")) == ["vgg_16.ckpt"]
    assert evidence(vgg16, snippet.format("vgg_16/fc8/weights")) == []
