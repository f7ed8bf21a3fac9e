import tensorflow as tf

MODELS = {}


def register(name):
    def decorate(cls):
        MODELS[name] = cls
        return cls
    return decorate


class BaseModel(object):
    def __init__(self, config, is_training):
        self.config = config
        self.is_training = is_training
        self.layers = {}

    def build(self, images):
        with tf.variable_scope(self.config.name):
            features = self.features(images)
            return self.head(features)

    def features(self, images):
        raise NotImplementedError

    def head(self, net):
        net = tf.layers.flatten(net)
        for i, units in enumerate(self.config.dense_units, 1):
            net = tf.layers.dense(net, units, tf.nn.relu, name='fc{:02d}'.format(i))
        return tf.layers.dense(net, self.config.num_classes, name='logits')


@register('conv')
class ConvModel(BaseModel):
    def features(self, net):
        for stage, filters in enumerate(self.config.filters):
            with tf.variable_scope(f'stage{stage}'):
                net = self.conv_block(net, filters, 'a')
                net = self.conv_block(net, self.config.depth_of(stage), 'b')
                net = tf.layers.max_pooling2d(net, 2, 2)
            self.layers['stage%d' % stage] = net
        return net

    def conv_block(self, net, filters, name):
        use_bn = self.config.use_bn
        net = tf.layers.conv2d(net, filters, 3, padding='SAME', use_bias=not use_bn,
                               name='conv_' + name)
        if use_bn:
            net = tf.layers.batch_normalization(net, training=self.is_training,
                                                name='bn_' + name)
        return tf.nn.relu(net)


@register('separable')
class SeparableModel(ConvModel):
    def conv_block(self, net, filters, name):
        net = tf.layers.separable_conv2d(net, filters, 3, padding='same',
                                         name='sep_' + name)
        return tf.nn.elu(net)


def get_network(name, config, **kwargs):
    if name not in MODELS:
        raise ValueError('Unknown network: {}'.format(name))
    return MODELS[name](config, **kwargs)
