"""Code that looks wrong and is not: every rule stays silent, although the checkpoint is known."""

from __future__ import annotations

import pytest

RESTORE = 'tf.train.Saver().restore(session, "vgg_16.ckpt")\n'


@pytest.fixture
def bert(project):
    project.checkpoint(
        "bert.ckpt",
        bert__embeddings__word_embeddings=[30522, 768],
        bert__encoder__layer_0__output__dense__kernel=[3072, 768],
        bert__pooler__dense__kernel=[768, 768],
        cls__predictions__output_bias=[30522],
    )
    return project


def test_new_heads_and_excluded_heads(vgg16):
    vgg16.checks(
        RESTORE
        + """
variables = slim.get_variables_to_restore(exclude=["vgg_16/flowers", "aspp", "decoder", "adam_vars"])
with tf.variable_scope("vgg_16/flowers"):
    tf.get_variable("weights", [4096, 5])
tf.get_variable("output_weights", [5, 4096])
"""
    )


def test_prefixes_that_end_within_a_segment(vgg16):
    vgg16.checks(
        RESTORE
        + """
slim.get_variables_to_restore(exclude=["vgg_16/fc", "vgg_16/conv1/conv1_"])
for variable in tf.trainable_variables():
    if variable.op.name.startswith("vgg_16/fc"):
        pass
"""
    )


def test_partitioned_variables_go_by_their_own_names(bert):
    bert.checks(
        """
        tf.train.init_from_checkpoint("bert.ckpt", {"bert/embeddings/word_embeddings": "emb"})
        with tf.variable_scope("emb", partitioner=tf.fixed_size_partitioner(2)):
            pass
        """
    )


def test_slots_and_averages_may_be_in_one_and_not_in_the_other(bert):
    bert.checks(
        """
        for name, shape in tf.train.list_variables("bert.ckpt"):
            if "adam" in name or name.endswith("/ExponentialMovingAverage") or name == "global_step":
                continue
            if name in ["beta1_power", "beta2_power"]:
                continue
        slim.get_variables_to_restore(exclude=[".*Momentum.*", ".*/Adam", "global_step"])
        tf.train.Saver().restore(session, "bert.ckpt")
        """
    )


def test_tables_of_replacements(bert):
    bert.checks(
        """
        REPLACEMENTS = [("bert", "transformer"), ("output/dense", "output_layer"), ("kernal", "w")]
        for name, shape in tf.train.list_variables("bert.ckpt"):
            for old, new in REPLACEMENTS:
                name = name.replace(old, new)
            if name.startswith("transformer/encoder"):
                pass
        """
    )


def test_values_relative_to_a_scope_that_is_added_later(bert):
    bert.checks(
        """
        TABLE = {"a": "embeddings/word_embeddings", "b": "pooler/dense/kernel"}
        reader = tf.train.load_checkpoint("bert.ckpt")
        for key, name in TABLE.items():
            reader.get_tensor("bert/" + name)
            reader.get_tensor(root + "/" + name)
        """
    )


def test_templates_whose_holes_hold_slashes(bert):
    bert.checks(
        """
        reader = tf.train.load_checkpoint("bert.ckpt")
        def read(part, i):
            reader.get_tensor("bert/%s/kernel" % part)
            reader.get_tensor("bert/encoder/layer_{}/output/dense/kernel".format(i))
            reader.get_tensor(f"{part}/output_bias")
        """
    )


def test_comments_docstrings_and_dead_strings(bert):
    bert.checks(
        '''
        def restore():
            """tf.train.load_variable("bert.ckpt", "bert/embeddings/word")"""
            # tf.train.init_from_checkpoint("bert.ckpt", {"bert_/": "bert"})
            "reader.get_tensor('bert/x')"
        '''
    )


def test_a_map_made_by_a_helper(bert):
    bert.checks(
        """
        from bert import modeling
        (assignment, names) = modeling.get_assignment_map_from_checkpoint(tvars, "bert.ckpt")
        tf.train.init_from_checkpoint("bert.ckpt", assignment)
        with tf.variable_scope("bert_"):
            tf.get_variable("output_weights", [2, 768])
        """.replace('"bert_"', '"loss"')
    )


def test_two_checkpoints_in_one_file(bert, vgg16):
    bert.checks(
        """
        one = tf.train.load_checkpoint("bert.ckpt")
        two = tf.train.load_checkpoint("vgg_16.ckpt")
        for reader in (one, two):
            for name in ["vgg_16/fc8/biases", "cls/predictions/output_bias"]:
                if reader.has_tensor(name):
                    reader.get_tensor(name)
        reader = one if is_bert else two
        reader.get_tensor("vgg_16/fc8/biases")
        reader.get_tensor("cls/predictions/output_bias")
        """
    )


def test_look_alikes(bert):
    bert.checks(
        """
        import h5py, torch
        from safetensors import safe_open
        with safe_open("bert.safetensors", framework="np") as file:
            file.get_tensor("bert/x:0")
        torch.load("bert.ckpt")["bert/x"]
        h5py.File("bert.ckpt")["bert/x"]

        class Mine:
            def get_tensor(self, name):
                return name
            def get_variable(self, name):
                return name
            def load_weights(self, path):
                return path

        Mine().get_tensor("bert/x:0")
        Mine().get_variable("bert_/x")
        Mine().load_weights("bret.ckpt")
        """
    )


def test_keys_of_examples_and_other_texts_with_slashes(bert):
    bert.checks(
        """
        tf.train.Saver().restore(session, "bert.ckpt")
        FEATURES = {"image/object/bbox/xmin": tf.VarLenFeature(tf.float32)}
        tf.summary.scalar("bert_/loss", loss)
        tf.placeholder(tf.float32, name="bret/input")
        with tf.name_scope("bret"):
            pass
        """
    )


def test_paths_of_another_machine(bert):
    bert.checks(
        """
        tf.train.Saver().restore(session, "/home/somebody/bert/bert.ckpt")
        tf.train.load_checkpoint("E:\\\\project\\\\bert.ckpt")
        tf.train.load_checkpoint("gs://bucket/bert.ckpt.index/")
        tf.train.latest_checkpoint("/tmp/train_logs")
        """
    )


def test_guards_of_every_kind(bert):
    bert.checks(
        """
        reader = tf.train.load_checkpoint("bert.ckpt")
        names = reader.get_variable_to_shape_map()
        if "bert/x" in names:
            reader.get_tensor("bert/x")
        x = reader.get_tensor("bert/y") if reader.has_tensor("bert/y") else None
        try:
            reader.get_tensor("bert/z")
        except tf.errors.NotFoundError:
            pass
        """
    )
