"""shape-mismatch: where it fires, and the neighbours that stay silent."""

from __future__ import annotations


def test_a_restore_of_everything_takes_the_variable(vgg16):
    vgg16.checks(
        """
        with tf.variable_scope("vgg_16/fc8"):
            tf.get_variable("weights", [1, 1, 4096, 10])  # error: [shape-mismatch] is [1, 1, 4096, 1000] in checkpoint `vgg_16.ckpt`, but [1, 1, 4096, 10] in the model
            tf.get_variable("biases", shape=[1000])
        tf.train.Saver().restore(session, "vgg_16.ckpt")
        """
    )


def test_an_include_list_takes_it_and_an_exclude_list_leaves_it(vgg16):
    model = """
        with tf.variable_scope("vgg_16/fc8"):
            tf.get_variable("weights", [10])
        names = slim.get_variables_to_restore({})
        slim.assign_from_checkpoint("vgg_16.ckpt", names)
        """
    assert vgg16.marks(model.format("include=['vgg_16']")) == ["weights"]
    assert vgg16.marks(model.format("")) == ["weights"]
    assert vgg16.marks(model.format("exclude=['vgg_16/fc8']")) == []
    assert vgg16.marks(model.format("include=['vgg_16/fc7']")) == []
    assert vgg16.marks(model.format("exclude=unknown()")) == []


def test_what_is_restored_must_be_known(vgg16):
    vgg16.checks(
        """
        with tf.variable_scope("vgg_16/fc8"):
            tf.get_variable("weights", [10])
        names = [v for v in tf.global_variables() if chosen(v)]
        tf.train.Saver(names).restore(session, "vgg_16.ckpt")
        """
    )


def test_without_a_restore_nothing_is_said(vgg16):
    vgg16.checks(
        """
        reader = tf.train.load_checkpoint("vgg_16.ckpt")
        with tf.variable_scope("vgg_16/fc8"):
            tf.get_variable("weights", [10])
        """
    )


def test_entries_of_maps_are_compared(vgg16):
    vgg16.checks(
        """
        mine = tf.get_variable("mine", [3, 3])
        right = tf.get_variable("right", [4096])
        tf.train.init_from_checkpoint("vgg_16.ckpt", {
            "vgg_16/fc6/biases": mine,  # error: [shape-mismatch] is [4096] in checkpoint `vgg_16.ckpt`, but [3, 3]
            "vgg_16/fc7/biases": right,
            "vgg_16/fc8/biases": "mine",  # error: [shape-mismatch]
        })
        saver = tf.train.Saver({"vgg_16/fc7/biases": mine})  # error: [shape-mismatch]
        saver.restore(session, "vgg_16.ckpt")
        """
    )


def test_sizes_that_are_no_numbers_fit_anything(vgg16):
    vgg16.checks(
        """
        with tf.variable_scope("vgg_16/fc8"):
            tf.get_variable("biases", [num_classes])
            tf.get_variable("weights", [1, 1, 4096, num_classes])
        with tf.variable_scope("vgg_16/fc7"):
            tf.get_variable("weights", shape_of(net))
            tf.get_variable("biases", [8, num_classes])  # error: [shape-mismatch] but [8, ?]
        tf.train.Saver().restore(session, "vgg_16.ckpt")
        """
    )


def test_a_guarded_restore_takes_nothing_for_sure(vgg16):
    vgg16.checks(
        """
        with tf.variable_scope("vgg_16/fc8"):
            tf.get_variable("weights", [10])
        try:
            tf.train.Saver().restore(session, "vgg_16.ckpt")
        except ValueError:
            pass
        """
    )


def test_where_shapes_are_made_to_fit_the_number_of_elements_counts(vgg16):
    vgg16.checks(
        """
        flat = tf.get_variable("flat", [4096, 1000])
        fewer = tf.get_variable("fewer", [4096, 10])
        key = "vgg_16/fc8/weights"
        path = "vgg_16.ckpt"
        slim.assign_from_checkpoint_fn(path, {"vgg_16/fc8/weights": flat}, reshape_variables=True)
        slim.assign_from_checkpoint_fn(path, {"vgg_16/fc8/weights": flat})  # error: [shape-mismatch]
        slim.assign_from_checkpoint_fn(path, {"vgg_16/fc8/weights": fewer}, reshape_variables=True)  # error: [shape-mismatch]
        tf.train.Saver({"vgg_16/fc8/weights": flat}, reshape=True).restore(session, path)
        """
    )


def test_weights_that_keras_loads_are_no_restore_of_everything(vgg16):
    vgg16.checks(
        """
        tf.keras.Sequential().load_weights("vgg_16.ckpt")
        with tf.variable_scope("vgg_16/fc8"):
            tf.get_variable("biases", [10])
        """
    )


LAYERS = """
        import tf_slim as slim
        x = tf.placeholder(tf.float32, [None, 8])
        with tf.variable_scope("det"):
            h = slim.fully_connected(x, 6, scope="trunk")
            slim.fully_connected(h, 4 * 4, scope="box")  # error: [shape-mismatch] `det/box/weights` is [6, 84] in checkpoint `det.ckpt`, but [6, 16] in the model
            tf.layers.dense(h, 4, name="cls")  # error: [shape-mismatch]
        """
STORED = {
    "det/trunk/weights": [8, 6],
    "det/trunk/biases": [6],
    "det/box/weights": [6, 84],
    "det/box/biases": [84],
    "det/cls/kernel": [6, 21],
    "det/cls/bias": [21],
}


def test_layers_with_another_number_of_classes(project):
    project.listing("det.ckpt", STORED)
    project.checks(LAYERS + 'tf.train.Saver().restore(session, "det.ckpt")\n')


def test_layers_that_the_restore_leaves_out(project):
    project.listing("det.ckpt", STORED)
    right = LAYERS.replace("  # error: [shape-mismatch]", "  #")
    project.checks(
        right
        + """old = [v for v in tf.global_variables() if not v.op.name.startswith(("det/box", "det/cls"))]
        tf.train.Saver(old).restore(session, "det.ckpt")
        """
    )
    project.checks(
        right
        + """saver = tf.train.Saver([v for v in tf.global_variables() if v.name in chosen()])
        saver.restore(session, "det.ckpt")
        """
    )


def test_layers_on_inputs_that_are_not_known(project):
    project.listing("det.ckpt", {"det/kernel": [6, 21], "det/bias": [21]})
    project.checks(
        """
        tf.layers.dense(unknown(), 21, name="det")
        tf.train.Saver().restore(session, "det.ckpt")
        """
    )
