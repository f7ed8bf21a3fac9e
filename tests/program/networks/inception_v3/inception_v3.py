from __future__ import absolute_import
from __future__ import division
from __future__ import print_function

import tensorflow as tf

slim = tf.contrib.slim


def _conv(net, depth, kernel, name, **kwargs):
    return slim.conv2d(net, depth, kernel, scope=name, **kwargs)


def mixed_35(net, pool_depth, scope, odd=False):
    with tf.variable_scope(scope):
        with tf.variable_scope('Branch_0'):
            branch_0 = _conv(net, 64, [1, 1], 'Conv2d_0a_1x1')
        with tf.variable_scope('Branch_1'):
            first, second = (('Conv2d_0b_1x1', 'Conv_1_0c_5x5') if odd else
                             ('Conv2d_0a_1x1', 'Conv2d_0b_5x5'))
            branch_1 = _conv(net, 48, [1, 1], first)
            branch_1 = _conv(branch_1, 64, [5, 5], second)
        with tf.variable_scope('Branch_2'):
            branch_2 = _conv(net, 64, [1, 1], 'Conv2d_0a_1x1')
            branch_2 = _conv(branch_2, 96, [3, 3], 'Conv2d_0b_3x3')
            branch_2 = _conv(branch_2, 96, [3, 3], 'Conv2d_0c_3x3')
        with tf.variable_scope('Branch_3'):
            branch_3 = slim.avg_pool2d(net, [3, 3], scope='AvgPool_0a_3x3')
            branch_3 = _conv(branch_3, pool_depth, [1, 1], 'Conv2d_0b_1x1')
        return tf.concat([branch_0, branch_1, branch_2, branch_3], 3)


def mixed_17(net, depth, scope):
    with tf.variable_scope(scope):
        with tf.variable_scope('Branch_0'):
            branch_0 = _conv(net, 192, [1, 1], 'Conv2d_0a_1x1')
        with tf.variable_scope('Branch_1'):
            branch_1 = _conv(net, depth, [1, 1], 'Conv2d_0a_1x1')
            branch_1 = _conv(branch_1, depth, [1, 7], 'Conv2d_0b_1x7')
            branch_1 = _conv(branch_1, 192, [7, 1], 'Conv2d_0c_7x1')
        with tf.variable_scope('Branch_2'):
            branch_2 = _conv(net, depth, [1, 1], 'Conv2d_0a_1x1')
            for letter, kernel in zip('bcd', ([7, 1], [1, 7], [7, 1])):
                branch_2 = _conv(branch_2, depth, kernel,
                                 'Conv2d_0{}_{}x{}'.format(letter, *kernel))
            branch_2 = _conv(branch_2, 192, [1, 7], 'Conv2d_0e_1x7')
        with tf.variable_scope('Branch_3'):
            branch_3 = slim.avg_pool2d(net, [3, 3], scope='AvgPool_0a_3x3')
            branch_3 = _conv(branch_3, 192, [1, 1], 'Conv2d_0b_1x1')
        return tf.concat(axis=3, values=[branch_0, branch_1, branch_2, branch_3])


def inception_v3_base(inputs, min_depth=16, depth_multiplier=1.0, scope=None):
    end_points = {}
    if depth_multiplier <= 0:
        raise ValueError('depth_multiplier is not greater than zero.')
    depth = lambda d: max(int(d * depth_multiplier), min_depth)
    with tf.variable_scope(scope, 'InceptionV3', [inputs]):
        with slim.arg_scope([slim.conv2d, slim.max_pool2d, slim.avg_pool2d],
                            stride=1, padding='VALID'):
            net = slim.conv2d(inputs, depth(32), [3, 3], stride=2, scope='Conv2d_1a_3x3')
            net = slim.conv2d(net, depth(32), [3, 3], scope='Conv2d_2a_3x3')
            net = slim.conv2d(net, depth(64), [3, 3], padding='SAME', scope='Conv2d_2b_3x3')
            net = slim.max_pool2d(net, [3, 3], stride=2, scope='MaxPool_3a_3x3')
            net = slim.conv2d(net, depth(80), [1, 1], scope='Conv2d_3b_1x1')
            net = slim.conv2d(net, depth(192), [3, 3], scope='Conv2d_4a_3x3')
            net = slim.max_pool2d(net, [3, 3], stride=2, scope='MaxPool_5a_3x3')
        with slim.arg_scope([slim.conv2d, slim.max_pool2d, slim.avg_pool2d],
                            stride=1, padding='SAME'):
            for scope, pool in ('Mixed_5b', 32), ('Mixed_5c', 64), ('Mixed_5d', 64):
                net = mixed_35(net, pool, scope, odd=scope.endswith('c'))
                end_points[scope] = net
            with tf.variable_scope('Mixed_6a'):
                with tf.variable_scope('Branch_0'):
                    branch_0 = slim.conv2d(net, depth(384), [3, 3], stride=2,
                                           padding='VALID', scope='Conv2d_1a_1x1')
                with tf.variable_scope('Branch_1'):
                    branch_1 = slim.conv2d(net, depth(64), [1, 1], scope='Conv2d_0a_1x1')
                    branch_1 = slim.conv2d(branch_1, depth(96), [3, 3], scope='Conv2d_0b_3x3')
                    branch_1 = slim.conv2d(branch_1, depth(96), [3, 3], stride=2,
                                           padding='VALID', scope='Conv2d_1a_1x1')
                with tf.variable_scope('Branch_2'):
                    branch_2 = slim.max_pool2d(net, [3, 3], stride=2, padding='VALID',
                                               scope='MaxPool_1a_3x3')
                net = tf.concat(axis=3, values=[branch_0, branch_1, branch_2])
            for scope, base in ('Mixed_6b', 128), ('Mixed_6c', 160), ('Mixed_6d', 160), \
                    ('Mixed_6e', 192):
                net = mixed_17(net, base, scope)
                end_points[scope] = net
    return net, end_points


def inception_v3(inputs, num_classes=1000, is_training=True, create_aux_logits=True,
                 reuse=None, scope='InceptionV3'):
    with tf.variable_scope(scope, 'InceptionV3', [inputs], reuse=reuse) as scope:
        with slim.arg_scope([slim.batch_norm, slim.dropout], is_training=is_training):
            net, end_points = inception_v3_base(inputs, scope=scope)
            if create_aux_logits and num_classes:
                with slim.arg_scope([slim.conv2d, slim.max_pool2d, slim.avg_pool2d],
                                    stride=1, padding='SAME'):
                    aux = end_points['Mixed_6e']
                    with tf.variable_scope('AuxLogits'):
                        aux = slim.avg_pool2d(aux, [5, 5], stride=3, padding='VALID')
                        aux = slim.conv2d(aux, 128, [1, 1], scope='Conv2d_1b_1x1')
                        size = aux.get_shape().as_list()
                        aux = slim.conv2d(aux, 768, size[1:3], padding='VALID',
                                          scope='Conv2d_2a_{}x{}'.format(*size[1:3]))
                        aux = slim.conv2d(aux, num_classes, [1, 1], activation_fn=None,
                                          normalizer_fn=None, scope='Conv2d_2b_1x1')
                        end_points['AuxLogits'] = tf.squeeze(aux, [1, 2])
            with tf.variable_scope('Logits'):
                net = tf.reduce_mean(net, [1, 2], keep_dims=True, name='GlobalPool')
                net = slim.dropout(net, 0.8, scope='Dropout_1b')
                logits = slim.conv2d(net, num_classes, [1, 1], activation_fn=None,
                                     normalizer_fn=None, scope='Conv2d_1c_1x1')
                logits = tf.squeeze(logits, [1, 2], name='SpatialSqueeze')
    return logits, end_points


inception_v3.default_image_size = 299


def inception_arg_scope(weight_decay=0.00004, use_batch_norm=True):
    batch_norm_params = {
        'decay': 0.9997,
        'epsilon': 0.001,
        'updates_collections': tf.GraphKeys.UPDATE_OPS,
        'fused': None,
    }
    if use_batch_norm:
        normalizer_fn = slim.batch_norm
        normalizer_params = batch_norm_params
    else:
        normalizer_fn = None
        normalizer_params = {}
    with slim.arg_scope([slim.conv2d, slim.fully_connected],
                        weights_regularizer=slim.l2_regularizer(weight_decay)):
        with slim.arg_scope([slim.conv2d],
                            weights_initializer=slim.variance_scaling_initializer(),
                            activation_fn=tf.nn.relu,
                            normalizer_fn=normalizer_fn,
                            normalizer_params=normalizer_params) as sc:
            return sc
