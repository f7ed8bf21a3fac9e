import argparse
import os

import tensorflow as tf

parser = argparse.ArgumentParser()
parser.add_argument('--classes', type=int, default=2)
parser.add_argument('--filters', type=int, default=32)
parser.add_argument('--model_dir', default='models')
args = parser.parse_args([])


def conv_conv_pool(input_, n_filters, training, flags, name, pool=True, activation=tf.nn.relu):
    net = input_
    with tf.variable_scope("layer{}".format(name)):
        for i, F in enumerate(n_filters):
            net = tf.layers.conv2d(net, F, (3, 3), activation=None, padding='same',
                                   name="conv_{}".format(i + 1))
            net = tf.layers.batch_normalization(net, training=training,
                                                name="bn_{}".format(i + 1))
            net = activation(net, name="relu{}_{}".format(name, i + 1))
        if pool is False:
            return net
        pool = tf.layers.max_pooling2d(net, (2, 2), strides=(2, 2), name="pool_{}".format(name))
        return net, pool


def unnamed_block(net, filters, training):
    net = tf.layers.conv2d(net, filters, 3, padding='same', use_bias=False)
    net = tf.layers.batch_normalization(net, training=training)
    return tf.nn.relu(net)


def upconv_concat(inputA, input_B, n_filter, flags, name):
    up_conv = tf.layers.conv2d_transpose(inputA, filters=n_filter, kernel_size=2, strides=2,
                                         name="upsample_{}".format(name))
    return tf.concat([up_conv, input_B], axis=-1, name="concat_{}".format(name))


def make_unet(X, training, flags=None):
    net = X / 127.5 - 1
    net = tf.layers.conv2d(net, 3, (1, 1), name="color_space_adjust")
    f = flags.filters
    conv1, pool1 = conv_conv_pool(net, [f, f], training, flags, name=1)
    conv2, pool2 = conv_conv_pool(pool1, [2 * f, 2 * f], training, flags, name=2)
    conv3, pool3 = conv_conv_pool(pool2, [4 * f] * 2, training, flags, name=3)
    bottom = conv_conv_pool(pool3, [8 * f, 8 * f], training, flags, name=4, pool=False)
    up5 = upconv_concat(bottom, conv3, 4 * f, flags, name=5)
    conv5 = conv_conv_pool(up5, [4 * f, 4 * f], training, flags, name=5, pool=False)
    up6 = upconv_concat(conv5, conv2, 2 * f, flags, name=6)
    conv6 = unnamed_block(up6, 2 * f, training)
    conv6 = unnamed_block(conv6, 2 * f, training)
    up7 = upconv_concat(conv6, conv1, f, flags, name=7)
    conv7 = unnamed_block(up7, f, training)
    return tf.layers.conv2d(conv7, flags.classes, (1, 1), name='final',
                            activation=tf.nn.sigmoid, padding='same')


def main():
    X = tf.placeholder(tf.float32, shape=[None, 256, 256, 3], name="X")
    y = tf.placeholder(tf.float32, shape=[None, 256, 256, 2], name="y")
    mode = tf.placeholder(tf.bool, name="mode")
    pred = make_unet(X, mode, args)
    loss = tf.reduce_mean(tf.square(pred - y))
    update_ops = tf.get_collection(tf.GraphKeys.UPDATE_OPS)
    global_step = tf.Variable(0, dtype=tf.int64, trainable=False, name='global_step')
    with tf.control_dependencies(update_ops):
        optim = tf.train.AdamOptimizer(1e-4)
        train_op = optim.minimize(loss, global_step=global_step)
    saver = tf.train.Saver(max_to_keep=5)
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        latest = os.path.join(args.model_dir, 'unet.ckpt')
        saver.restore(sess, latest)


if __name__ == '__main__':
    main()
