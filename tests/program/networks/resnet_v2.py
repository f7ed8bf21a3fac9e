"""Pre-activation residual network with tf_slim, and a training operation."""
import collections

import tensorflow.compat.v1 as tf
import tf_slim as slim

Block = collections.namedtuple('Block', 'scope unit_fn args')


@slim.add_arg_scope
def bottleneck(inputs, depth, depth_bottleneck, stride, outputs_collections=None, scope=None):
    with tf.variable_scope(scope, 'bottleneck_v2', [inputs]) as sc:
        depth_in = slim.utils.last_dimension(inputs.get_shape(), min_rank=4)
        preact = slim.batch_norm(inputs, activation_fn=tf.nn.relu, scope='preact')
        if depth == depth_in:
            if stride == 1:
                shortcut = inputs
            else:
                shortcut = slim.max_pool2d(inputs, [1, 1], stride=stride, scope='shortcut')
        else:
            shortcut = slim.conv2d(preact, depth, [1, 1], stride=stride,
                                   normalizer_fn=None, activation_fn=None, scope='shortcut')
        residual = slim.conv2d(preact, depth_bottleneck, [1, 1], stride=1, scope='conv1')
        residual = slim.conv2d(residual, depth_bottleneck, 3, stride=stride, scope='conv2')
        residual = slim.conv2d(residual, depth, [1, 1], stride=1, normalizer_fn=None,
                               activation_fn=None, scope='conv3')
        return slim.utils.collect_named_outputs(outputs_collections, sc.name, shortcut + residual)


def block(scope, base_depth, num_units, stride):
    unit = {'depth': base_depth * 4, 'depth_bottleneck': base_depth, 'stride': 1}
    last = dict(unit)
    last['stride'] = stride
    return Block(scope, bottleneck, [unit] * (num_units - 1) + [last])


def resnet_v2_50(inputs, num_classes, is_training, scope='resnet_v2_50'):
    blocks = [block('block1', 64, 3, 2), block('block2', 128, 4, 2),
              block('block3', 256, 6, 2), block('block4', 512, 3, 1)]
    with tf.variable_scope(scope):
        with slim.arg_scope([slim.batch_norm], is_training=is_training):
            with slim.arg_scope([slim.conv2d], activation_fn=None, normalizer_fn=None):
                net = slim.conv2d(inputs, 64, 7, stride=2, scope='conv1')
            net = slim.max_pool2d(net, [3, 3], stride=2, scope='pool1')
            for one in blocks:
                with tf.variable_scope(one.scope, 'block', [net]):
                    for i, unit in enumerate(one.args):
                        with tf.variable_scope('unit_%d' % (i + 1), values=[net]):
                            net = one.unit_fn(net, **unit)
            net = slim.batch_norm(net, activation_fn=tf.nn.relu, scope='postnorm')
            net = tf.reduce_mean(net, [1, 2], name='pool5', keepdims=True)
            net = slim.conv2d(net, num_classes, [1, 1], activation_fn=None,
                              normalizer_fn=None, scope='logits')
    return tf.squeeze(net, [1, 2], name='SpatialSqueeze')


def arg_scope(weight_decay=1e-4):
    params = {'decay': 0.997, 'epsilon': 1e-5, 'scale': True}
    with slim.arg_scope([slim.conv2d], weights_regularizer=slim.l2_regularizer(weight_decay),
                        activation_fn=tf.nn.relu, normalizer_fn=slim.batch_norm,
                        normalizer_params=params):
        with slim.arg_scope([slim.batch_norm], **params):
            with slim.arg_scope([slim.max_pool2d], padding='SAME') as sc:
                return sc


images = tf.placeholder(tf.float32, [8, 224, 224, 3])
labels = tf.placeholder(tf.int64, [8])
with slim.arg_scope(arg_scope()):
    logits = resnet_v2_50(images, 101, True)
loss = tf.losses.sparse_softmax_cross_entropy(labels, logits)
global_step = tf.train.get_or_create_global_step()
optimizer = tf.train.MomentumOptimizer(0.01, momentum=0.9)
train_op = optimizer.minimize(loss, global_step=global_step)
restorer = tf.train.Saver([v for v in tf.global_variables()
                           if 'Momentum' not in v.name and 'logits' not in v.name])
saver = tf.train.Saver()
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    restorer.restore(sess, 'resnet_v2_50.ckpt')
    sess.run(train_op)
    saver.save(sess, 'out/model', global_step=global_step)
