"""Networks in the styles that reading has trouble with, for TensorFlow 1 and `compat.v1`."""

import collections

import tensorflow.compat.v1 as tf
import tf_slim as slim

Unit = collections.namedtuple("Unit", "depth stride")


def resnet_arg_scope():
    with slim.arg_scope(
        [slim.conv2d],
        normalizer_fn=slim.batch_norm,
        normalizer_params={"scale": True, "is_training": False},
    ) as scope:
        return scope


def bottleneck(inputs, depth, stride, scope):
    with tf.variable_scope(scope):
        shortcut = slim.conv2d(inputs, depth, [1, 1], stride=stride, scope="shortcut")
        residual = slim.conv2d(inputs, depth, [3, 3], stride=stride, scope="conv1")
        return tf.nn.relu(shortcut + residual)


def resnet(images, num_classes=7):
    with tf.variable_scope("resnet"):
        net = images
        for number, unit in enumerate([Unit(4, 1), Unit(8, 2)]):
            net = bottleneck(net, scope="unit_%d" % number, **unit._asdict())
        return slim.conv2d(net, num_classes, [1, 1], normalizer_fn=None, scope="logits")


def bert(ids, layers=2, hidden=6):
    with tf.variable_scope(None, default_name="bert"):
        words = tf.get_variable("word_embeddings", [11, hidden])
        net = tf.reshape(tf.nn.embedding_lookup(words, ids), [-1, hidden])
        for number in range(layers):
            with tf.variable_scope("layer_%d" % number):
                query = tf.layers.dense(net, hidden, name="query")
                net = tf.layers.dense(query, hidden)
                net = tf.layers.dense(net, hidden)
        return net
