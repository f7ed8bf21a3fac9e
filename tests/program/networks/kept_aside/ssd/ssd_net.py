import math
from collections import namedtuple

import numpy as np
import tensorflow as tf

slim = tf.contrib.slim

SSDParams = namedtuple('SSDParameters', [
    'img_shape', 'num_classes', 'feat_layers', 'feat_shapes', 'anchor_sizes', 'anchor_ratios',
    'normalizations'])


class SSDNet(object):
    default_params = SSDParams(
        img_shape=(300, 300),
        num_classes=21,
        feat_layers=['block4', 'block7', 'block8', 'block9', 'block10', 'block11'],
        feat_shapes=[(38, 38), (19, 19), (10, 10), (5, 5), (3, 3), (1, 1)],
        anchor_sizes=[(21., 45.), (45., 99.), (99., 153.), (153., 207.), (207., 261.),
                      (261., 315.)],
        anchor_ratios=[[2, .5], [2, .5, 3, 1. / 3], [2, .5, 3, 1. / 3], [2, .5, 3, 1. / 3],
                       [2, .5], [2, .5]],
        normalizations=[20, -1, -1, -1, -1, -1])

    def __init__(self, params=None):
        if isinstance(params, SSDParams):
            self.params = params
        else:
            self.params = SSDNet.default_params

    def net(self, inputs, is_training=True, dropout_keep_prob=0.5, prediction_fn=slim.softmax,
            reuse=None, scope='ssd_300_vgg'):
        return ssd_net(inputs, num_classes=self.params.num_classes,
                       feat_layers=self.params.feat_layers,
                       anchor_sizes=self.params.anchor_sizes,
                       anchor_ratios=self.params.anchor_ratios,
                       normalizations=self.params.normalizations, is_training=is_training,
                       dropout_keep_prob=dropout_keep_prob, prediction_fn=prediction_fn,
                       reuse=reuse, scope=scope)

    def arg_scope(self, weight_decay=0.0005, data_format='NHWC'):
        return ssd_arg_scope(weight_decay, data_format=data_format)

    def update_feature_shapes(self, predictions):
        shapes = [tensor.get_shape().as_list()[1:-1] for tensor in predictions]
        self.params = self.params._replace(feat_shapes=shapes)


def tensor_shape(x, rank=3):
    if x.get_shape().is_fully_defined():
        return x.get_shape().as_list()
    else:
        static_shape = x.get_shape().with_rank(rank).as_list()
        dynamic_shape = tf.unstack(tf.shape(x), rank)
        return [s if s is not None else d for s, d in zip(static_shape, dynamic_shape)]


def l2_normalization(inputs, scaling=False, reuse=None, scope=None):
    with tf.variable_scope(scope, 'L2Normalization', [inputs], reuse=reuse):
        inputs_shape = inputs.get_shape()
        params_shape = inputs_shape[-1:]
        dtype = inputs.dtype.base_dtype
        outputs = tf.nn.l2_normalize(inputs, [3], epsilon=1e-12)
        if scaling:
            scale = slim.model_variable('gamma', shape=params_shape, dtype=dtype,
                                        initializer=tf.ones_initializer())
            outputs = tf.multiply(outputs, scale)
        return outputs


def ssd_multibox_layer(inputs, num_classes, sizes, ratios=[1], normalization=-1):
    net = inputs
    if normalization > 0:
        net = l2_normalization(net, scaling=True)
    num_anchors = len(sizes) + len(ratios)
    num_loc_pred = num_anchors * 4
    loc_pred = slim.conv2d(net, num_loc_pred, [3, 3], activation_fn=None, scope='conv_loc')
    loc_pred = tf.reshape(loc_pred, tensor_shape(loc_pred, 4)[:-1] + [num_anchors, 4])
    num_cls_pred = num_anchors * num_classes
    cls_pred = slim.conv2d(net, num_cls_pred, [3, 3], activation_fn=None, scope='conv_cls')
    cls_pred = tf.reshape(cls_pred, tensor_shape(cls_pred, 4)[:-1] + [num_anchors, num_classes])
    return cls_pred, loc_pred


def ssd_net(inputs, num_classes, feat_layers, anchor_sizes, anchor_ratios, normalizations,
            is_training=True, dropout_keep_prob=0.5, prediction_fn=slim.softmax, reuse=None,
            scope='ssd_300_vgg'):
    end_points = {}
    with tf.variable_scope(scope, 'ssd_300_vgg', [inputs], reuse=reuse):
        net = slim.repeat(inputs, 2, slim.conv2d, 64, [3, 3], scope='conv1')
        end_points['block1'] = net
        net = slim.max_pool2d(net, [2, 2], scope='pool1')
        net = slim.repeat(net, 2, slim.conv2d, 128, [3, 3], scope='conv2')
        net = slim.max_pool2d(net, [2, 2], scope='pool2')
        net = slim.repeat(net, 3, slim.conv2d, 256, [3, 3], scope='conv3')
        net = slim.max_pool2d(net, [2, 2], scope='pool3')
        net = slim.repeat(net, 3, slim.conv2d, 512, [3, 3], scope='conv4')
        end_points['block4'] = net
        net = slim.max_pool2d(net, [2, 2], scope='pool4')
        net = slim.repeat(net, 3, slim.conv2d, 512, [3, 3], scope='conv5')
        net = slim.max_pool2d(net, [3, 3], stride=1, scope='pool5')
        net = slim.conv2d(net, 1024, [3, 3], rate=6, scope='conv6')
        net = tf.layers.dropout(net, rate=dropout_keep_prob, training=is_training)
        net = slim.conv2d(net, 1024, [1, 1], scope='conv7')
        end_points['block7'] = net
        for number, depth, stride in [(8, 256, 2), (9, 128, 2), (10, 128, 1), (11, 128, 1)]:
            end_point = 'block{}'.format(number)
            with tf.variable_scope(end_point):
                net = slim.conv2d(net, depth, [1, 1], scope='conv1x1')
                if stride == 2:
                    net = tf.pad(net, [[0, 0], [1, 1], [1, 1], [0, 0]])
                net = slim.conv2d(net, depth * 2, [3, 3], stride=stride, scope='conv3x3',
                                  padding='VALID')
            end_points[end_point] = net
        predictions = []
        logits = []
        localisations = []
        for i, layer in enumerate(feat_layers):
            with tf.variable_scope(layer + '_box'):
                p, l = ssd_multibox_layer(end_points[layer], num_classes, anchor_sizes[i],
                                          anchor_ratios[i], normalizations[i])
            predictions.append(prediction_fn(p))
            logits.append(p)
            localisations.append(l)
        return predictions, localisations, logits, end_points


ssd_net.default_image_size = 300


def ssd_arg_scope(weight_decay=0.0005, data_format='NHWC'):
    with slim.arg_scope([slim.conv2d, slim.fully_connected], activation_fn=tf.nn.relu,
                        weights_regularizer=slim.l2_regularizer(weight_decay),
                        weights_initializer=tf.contrib.layers.xavier_initializer(),
                        biases_initializer=tf.zeros_initializer()):
        with slim.arg_scope([slim.conv2d, slim.max_pool2d], padding='SAME',
                            data_format=data_format) as sc:
            return sc
