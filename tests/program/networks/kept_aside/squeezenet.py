import tensorflow as tf
from tensorflow.contrib.framework import add_arg_scope
from tensorflow.contrib.framework import arg_scope
from tensorflow.contrib.layers import avg_pool2d
from tensorflow.contrib.layers import batch_norm
from tensorflow.contrib.layers import conv2d
from tensorflow.contrib.layers import max_pool2d
from tensorflow.contrib.layers import variance_scaling_initializer


@add_arg_scope
def fire_module(inputs, squeeze_depth, expand_depth, reuse=None, scope=None):
    with tf.variable_scope(scope, 'fire', [inputs], reuse=reuse):
        with arg_scope([conv2d, max_pool2d]):
            net = _squeeze(inputs, squeeze_depth)
            net = _expand(net, expand_depth)
        return net


def _squeeze(inputs, num_outputs):
    return conv2d(inputs, num_outputs, [1, 1], stride=1, scope='squeeze')


def _expand(inputs, num_outputs):
    with tf.variable_scope('expand'):
        e1x1 = conv2d(inputs, num_outputs, [1, 1], stride=1, scope='1x1')
        e3x3 = conv2d(inputs, num_outputs, [3, 3], scope='3x3')
    return tf.concat([e1x1, e3x3], 1)


class Squeezenet_Imagenet(object):
    name = 'squeezenet'

    def __init__(self, args):
        self._num_classes = args['num_classes']
        self._weight_decay = args.get('weight_decay', 0.0002)
        self._batch_norm_decay = args.get('bn', 0.99)
        self._is_built = False

    def build(self, x, is_training):
        self._is_built = True
        with tf.variable_scope(self.name, values=[x]):
            with arg_scope(_arg_scope(is_training, self._weight_decay, self._batch_norm_decay)):
                return self._squeezenet(x, self._num_classes)

    @staticmethod
    def _squeezenet(images, num_classes=1000):
        net = conv2d(images, 96, [7, 7], stride=2, scope='conv1')
        net = max_pool2d(net, [3, 3], stride=2, scope='maxpool1')
        net = fire_module(net, 16, 64, scope='fire2')
        net = fire_module(net, 16, 64, scope='fire3')
        net = fire_module(net, 32, 128, scope='fire4')
        net = max_pool2d(net, [3, 3], stride=2, scope='maxpool4')
        for i, (squeeze, expand) in enumerate([(32, 128), (48, 192), (48, 192), (64, 256)]):
            net = fire_module(net, squeeze, expand, scope='fire%d' % (5 + i))
        net = max_pool2d(net, [3, 3], stride=2, scope='maxpool8')
        net = fire_module(net, 64, 256)
        net = conv2d(net, num_classes, [1, 1], stride=1, scope='conv10')
        net = tf.reduce_mean(net, [2, 3], name='avgpool10')
        return tf.reshape(net, [-1, num_classes], name='logits')


def _arg_scope(is_training, weight_decay, bn_decay):
    with arg_scope([conv2d], weights_initializer=variance_scaling_initializer(),
                   normalizer_fn=batch_norm,
                   normalizer_params={'is_training': is_training, 'fused': True,
                                      'decay': bn_decay}):
        with arg_scope([conv2d, avg_pool2d, max_pool2d, batch_norm], data_format='NCHW') as sc:
            return sc


networks_map = {cls.name: cls for cls in [Squeezenet_Imagenet]}


def find_network(name):
    try:
        return networks_map[name]
    except KeyError:
        raise ValueError('no network ' + name)


args = {'num_classes': 200, 'network': 'squeezenet'}
network = find_network(args['network'])(args)
x = tf.placeholder(tf.float32, [None, 3, 224, 224])
logits = network.build(x, True)
with tf.Session() as sess:
    tf.train.Saver(tf.trainable_variables()).restore(sess, 'squeezenet.ckpt')
