"""dtype-mismatch: where it fires, and the neighbours that stay silent."""

from __future__ import annotations


def test_a_restore_of_everything_does_not_convert(vgg16):
    vgg16.checks(
        """
        import numpy as np
        with tf.variable_scope("vgg_16/fc8"):
            tf.get_variable("biases", [1000], dtype=tf.float16)  # warning: [dtype-mismatch] is float32 in checkpoint `vgg_16.ckpt`, but float16 in the model
            tf.get_variable("weights", [1, 1, 4096, 1000], tf.float32)
        with tf.variable_scope("vgg_16/fc7"):
            tf.get_variable("biases", [4096], np.float64)  # warning: [dtype-mismatch]
        tf.train.Saver().restore(session, "vgg_16.ckpt")
        """
    )


def test_entries_of_maps_are_compared(vgg16):
    vgg16.checks(
        """
        half = tf.get_variable("half", [4096], "float16")
        whole = tf.get_variable("whole", [4096])
        tf.train.init_from_checkpoint("vgg_16.ckpt", {
            "vgg_16/fc6/biases": half,  # warning: [dtype-mismatch]
            "vgg_16/fc7/biases": whole,
        })
        tf.train.Saver({"vgg_16/fc7/biases": half}).restore(s, "vgg_16.ckpt")  # warning: [dtype-mismatch]
        """
    )


def test_what_converts_or_is_not_known_is_silent(vgg16):
    vgg16.checks(
        """
        half = tf.get_variable("half", [4096], tf.float16)
        slim.assign_from_checkpoint("vgg_16.ckpt", {"vgg_16/fc7/biases": half})
        with tf.variable_scope("vgg_16/fc7"):
            tf.get_variable("biases", [4096], dtype=kind)
        with tf.variable_scope("vgg_16/fc8"):
            tf.get_variable("biases", [1000], dtype=tf.float16)
        names = slim.get_variables_to_restore(exclude=["vgg_16/fc8", "half"])
        tf.train.Saver(names).restore(session, "vgg_16.ckpt")
        """
    )


def test_another_shape_is_told_first(vgg16):
    vgg16.checks(
        """
        with tf.variable_scope("vgg_16/fc8"):
            tf.get_variable("biases", [10], dtype=tf.float16)  # error: [shape-mismatch]
        tf.train.Saver().restore(session, "vgg_16.ckpt")
        """
    )
