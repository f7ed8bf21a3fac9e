import os

import tensorflow as tf

import resnet_utils
import resnet_v1

slim = tf.contrib.slim
MODEL = 'models'


def build(images, is_training):
    with slim.arg_scope(resnet_utils.resnet_arg_scope()):
        logits, end_points = resnet_v1.resnet_v1_50(images, 1000, is_training=is_training)
    return logits, end_points


with tf.Graph().as_default():
    images = tf.placeholder(tf.float32, shape=(None, 224, 224, 3), name='images')
    logits, end_points = build(images, False)
    saver = tf.train.Saver()
    with tf.Session() as sess:
        saver.restore(sess, os.path.join(MODEL, 'resnet_v1_50.ckpt'))
        sess.run(end_points['predictions'])
