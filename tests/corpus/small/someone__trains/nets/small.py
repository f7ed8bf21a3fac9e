import tensorflow as tf


def small_net(inputs, scope='small'):
    with tf.variable_scope(scope):
        w = tf.get_variable('w', [8, 2])
        return tf.matmul(inputs, w)
