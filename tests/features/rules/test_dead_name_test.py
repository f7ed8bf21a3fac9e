"""dead-name-test: where it fires, and the neighbours that stay silent."""

from __future__ import annotations

from textwrap import dedent


def test_tests_that_no_name_passes_fire(vgg16):
    vgg16.checks(
        """
        for name, shape in tf.train.list_variables("vgg_16.ckpt"):
            if name.startswith("vgg16/conv"):  # warning: [dead-name-test] did you mean `vgg_16/conv`?
                pass
            if "/baises" in name:  # warning: [dead-name-test] `/biases`
                pass
            if name == "vgg_16/fc8/weight":  # warning: [dead-name-test] `vgg_16/fc8/weights`
                pass
            if name.startswith("vgg_16/conv") and "/biases" in name:
                pass
        """
    )


def test_a_map_of_shapes_gives_names_too(vgg16):
    vgg16.checks(
        """
        shapes = tf.train.load_checkpoint("vgg_16.ckpt").get_variable_to_shape_map()
        wanted = {n: shapes[n] for n in shapes if "wieghts" in n}  # warning: [dead-name-test]
        wanted = [n for n in sorted(shapes) if not n.startswith("vgg_16/fc")]
        """
    )


def test_the_fix_corrects_only_the_wrong_characters(vgg16):
    snippet = 'names = [n for n, _ in tf.train.list_variables("vgg_16.ckpt") if n.startswith("{}")]'
    assert vgg16.fixed(snippet.format("vgg16/conv")) == snippet.format("vgg_16/conv")


def test_an_output_number_is_such_a_slip(vgg16):
    vgg16.checks(
        """
        for name, shape in tf.train.list_variables("vgg_16.ckpt"):
            if name == "vgg_16/fc8/weights:0":  # warning: [dead-name-test] `vgg_16/fc8/weights`
                pass
        """
    )


def test_slots_and_names_of_other_models_are_silent(vgg16):
    vgg16.checks(
        """
        for name, shape in tf.train.list_variables("vgg_16.ckpt"):
            if name.startswith("resnet_v1_50/") or "Adam" in name or "Momentum" in name:
                continue
            if name in ["beta1_power", "global_step"] or name.startswith("vgg_19"):
                continue
        """
    )


def test_names_that_were_changed_are_silent(vgg16):
    vgg16.checks(
        """
        for name, shape in tf.train.list_variables("vgg_16.ckpt"):
            if "VGG_16/CONV" in name.upper() or name.split("/")[0] == "vgg16":
                pass
            if name.replace("vgg_16", "vgg16").startswith("vgg16/conv"):
                pass
        """
    )


def test_an_unknown_checkpoint_is_silent(vgg16):
    vgg16.checks(
        """
        import sys
        for name, shape in tf.train.list_variables(sys.argv[1]):
            if name.startswith("vgg16/conv"):
                pass
        """
    )


def test_names_of_the_model_are_silent(vgg16):
    vgg16.checks(
        """
        tf.train.Saver().restore(session, "vgg_16.ckpt")
        for variable in tf.trainable_variables():
            if "vgg16/conv" in variable.name:
                pass
        """
    )


def test_one_of_several_checkpoints_is_enough(vgg16):
    vgg16.checkpoint("other.ckpt", vgg16__conv=[2])
    vgg16.checks(
        """
        for path in ["vgg_16.ckpt", "other.ckpt"]:
            for name, shape in tf.train.list_variables(path):
                if name.startswith("vgg16/conv"):
                    pass
        """
    )


def test_a_text_is_corrected_to_a_whole_word(project):
    project.checkpoint("a.ckpt", net__output__w=[2])
    test = """
        for name, shape in tf.train.list_variables("a.ckpt"):
            if "{}" in name:
                print(name)
        """
    assert project.fixed(test.format("outpt")) == dedent(test.format("output"))


def test_ends_of_names_fire_where_no_other_test_has_the_right_end(vgg16):
    vgg16.checks(
        """
        for name, shape in tf.train.list_variables("vgg_16.ckpt"):
            if name.endswith("/weigths"):  # warning: [dead-name-test] did you mean `/weights`?
                pass
            if name.endswith(("biase", "Adam")):  # warning: [dead-name-test] `biases`
                pass
            if name.endswith("/kernel") or name.endswith("gamma"):
                pass
        """
    )
    vgg16.checks(
        """
        for name, shape in tf.train.list_variables("vgg_16.ckpt"):
            if name.endswith("weight"):
                pass
            elif name.endswith("weights"):
                pass
            if name.endswith(("bias", "biases")) or name.endswith("fc8/b"):
                pass
        """
    )
