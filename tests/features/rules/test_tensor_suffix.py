"""tensor-suffix: where it fires, and the neighbours that stay silent."""

from __future__ import annotations


def test_variables_in_a_checkpoint_have_no_output_number(vgg16):
    vgg16.checks(
        """
        reader = tf.train.load_checkpoint("vgg_16.ckpt")
        reader.get_tensor("vgg_16/fc8/weights:0")  # error: [tensor-suffix] variable names have no `:0`
        reader.get_variable_to_shape_map()["vgg_16/fc8/weights:0"]  # error: [tensor-suffix]
        slim.assign_from_checkpoint("vgg_16.ckpt", {"vgg_16/fc8/weights:0": v})  # error: [tensor-suffix]
        reader.get_tensor("vgg_16/fc8/weights")
        tf.train.load_variable("vgg_16.ckpt", "vgg_16/fc8/weights:0")
        """
    )


def test_it_needs_no_checkpoint(project):
    project.checks(
        """
        import sys
        tf.train.load_checkpoint(sys.argv[1]).get_tensor("w:0")  # error: [tensor-suffix]
        tf.train.load_variable(sys.argv[1], "w:0")
        """
    )


def test_both_sides_of_an_assignment_map(vgg16):
    vgg16.checks(
        """
        tf.train.init_from_checkpoint("vgg_16.ckpt", {
            "vgg_16/fc8/weights:0": "fc/weights",  # error: [tensor-suffix]
            "vgg_16/fc8/biases": "fc/biases:0",  # error: [tensor-suffix]
            "vgg_16/fc7/biases": "fc7/biases",
        })
        """
    )


def test_a_question_that_is_never_true_is_a_warning(vgg16):
    vgg16.checks(
        """
        reader = tf.train.load_checkpoint("vgg_16.ckpt")
        if reader.has_tensor("vgg_16/fc8/weights:0"):  # warning: [tensor-suffix]
            reader.get_tensor("vgg_16/fc8/weights:0")
        reader.has_tensor("vgg_16/fc8/weights")
        shapes = reader.get_variable_to_shape_map()
        if "vgg_16/fc8/weights:0" in shapes:  # warning: [tensor-suffix]
            shapes["vgg_16/fc8/weights:0"]
        """
    )


def test_the_fix_takes_the_number_off_or_puts_it_on(project):
    reads = 'tf.train.load_checkpoint(p).get_tensor("a/" + "w{}")'
    assert project.fixed(reads.format(":0")) == reads.format("")
    asks = 'tf.get_default_graph().get_tensor_by_name("x{}")'
    assert project.fixed(asks.format("")) == asks.format(":0")


def test_tensors_have_a_number_and_operations_have_none(project):
    project.checks(
        """
        graph = tf.get_default_graph()
        graph.get_tensor_by_name("input")  # error: [tensor-suffix] such as `input:0`
        graph.get_tensor_by_name("input:0")
        graph.get_operation_by_name("train/step:0")  # error: [tensor-suffix] the operation itself
        graph.get_operation_by_name("train/step")
        graph.as_graph_element("x")
        with tf.Session() as session:
            session.graph.get_tensor_by_name("input")  # error: [tensor-suffix]
            session.run(["x:0", "init"])
        """
    )


def test_names_whose_end_the_program_decides_are_silent(project):
    project.checks(
        """
        graph = tf.get_default_graph()
        graph.get_tensor_by_name("tower_%d" % i)
        graph.get_tensor_by_name(name)
        graph.get_tensor_by_name("x" + suffix)
        graph.get_tensor_by_name("x_%d:0" % i)
        """
    )


def test_a_saver_finds_again_what_it_wrote(project):
    project.checkpoint("a.ckpt", w=[2])
    project.listing("b.ckpt", {"w:0": [2]})
    project.checks(
        """
        saver = tf.train.Saver({"w:0": v})
        saver.save(session, "c.ckpt")
        tf.train.Saver({"w:0": v}).restore(session, "b.ckpt")
        tf.train.Saver({"w:0": v}).restore(session, "a.ckpt")  # error: [tensor-suffix]
        tf.train.load_checkpoint("b.ckpt").get_tensor("w:0")
        """
    )


def test_look_alikes_are_silent(project):
    project.checks(
        """
        from safetensors import safe_open
        safe_open("m.safetensors", "np").get_tensor("w:0")
        onnx_graph.get_tensor_by_name("input")
        """
    )


NAMED = """
        tf.get_variable("w", [2])
        tf.get_variable("b", [3])
        """


def test_names_of_tensors_as_keys(project):
    project.listing("a.ckpt", {"w": [2], "b": [3]})
    project.checks(
        NAMED
        + """
        names = {v.name: v for v in tf.global_variables()}  # error: [tensor-suffix] `v.name` ends with `:0`
        tf.train.Saver(names).restore(session, "a.ckpt")
        """
    )
    project.checks(
        NAMED
        + """
        tf.train.init_from_checkpoint("a.ckpt", {v.name: v for v in tf.trainable_variables()})  # error: [tensor-suffix]
        tf.train.init_from_checkpoint("a.ckpt", {v.op.name: v for v in tf.trainable_variables()})
        tf.train.Saver({v.name[:-2]: v for v in tf.global_variables()}).restore(session, "a.ckpt")
        """
    )
