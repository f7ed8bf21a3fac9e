import contextlib

import tensorflow as tf

slim = tf.contrib.slim


def _make_divisible(v, divisor=8, min_value=None):
    if min_value is None:
        min_value = divisor
    new_v = max(min_value, int(v + divisor / 2) // divisor * divisor)
    if new_v < 0.9 * v:
        new_v += divisor
    return int(new_v)


@contextlib.contextmanager
def _scope(name, values):
    with tf.variable_scope(name, 'expanded_conv', values) as s, \
            tf.name_scope(s.original_name_scope):
        yield s


@slim.add_arg_scope
def expanded_conv(input_tensor, num_outputs, expansion_size=6, stride=1, kernel_size=(3, 3),
                  residual=True, scope=None):
    with _scope(scope, [input_tensor]):
        prev_depth = input_tensor.get_shape().as_list()[3]
        inner_size = prev_depth * expansion_size
        net = input_tensor
        if inner_size > net.shape[3]:
            net = slim.conv2d(net, inner_size, [1, 1], scope='expand')
        net = slim.separable_conv2d(net, None, kernel_size, depth_multiplier=1, stride=stride,
                                    scope='depthwise')
        net = slim.conv2d(net, num_outputs, [1, 1], activation_fn=tf.identity, scope='project')
        output_depth = net.get_shape().as_list()[3]
        if callable(residual):
            net = residual(input_tensor=input_tensor, output_tensor=net)
        elif residual and stride == 1 and prev_depth == output_depth:
            net += input_tensor
        return tf.identity(net, name='output')


SPEC = dict(
    settings=[
        # expansion, depth, repeats, stride
        (1, 16, 1, 1),
        (6, 24, 2, 2),
        (6, 32, 3, 2),
        (6, 64, 4, 2),
        (6, 96, 3, 1),
        (6, 160, 3, 2),
        (6, 320, 1, 1),
    ],
)


def mobilenet(inputs, num_classes=1001, multiplier=1.0, scope='MobilenetV2'):
    with tf.variable_scope(scope, 'Mobilenet', [inputs]):
        net = slim.conv2d(inputs, _make_divisible(32 * multiplier), [3, 3], stride=2, scope='Conv')
        for t, c, n, s in SPEC['settings']:
            for i in range(n):
                net = expanded_conv(net, _make_divisible(c * multiplier), expansion_size=t,
                                    stride=s if i == 0 else 1)
        net = slim.conv2d(net, 1280, [1, 1], scope='Conv_1')
        with tf.variable_scope('Logits'):
            net = tf.reduce_mean(net, [1, 2], keep_dims=True)
            net = slim.dropout(net, 0.8, is_training=False)
            logits = slim.conv2d(net, num_classes, [1, 1], activation_fn=None,
                                 normalizer_fn=None, biases_initializer=tf.zeros_initializer(),
                                 scope='Conv2d_1c_1x1')
            return tf.squeeze(logits, [1, 2])


x = tf.placeholder(tf.float32, (None, 224, 224, 3))
with slim.arg_scope([slim.conv2d, slim.separable_conv2d], normalizer_fn=slim.batch_norm,
                    activation_fn=tf.nn.relu6,
                    normalizer_params={'is_training': False, 'center': True, 'scale': True}), \
        slim.arg_scope([slim.conv2d, slim.separable_conv2d], padding='SAME'):
    logits = mobilenet(x)
saver = tf.train.Saver(tf.global_variables())
with tf.Session() as sess:
    saver.restore(sess, 'mobilenet_v2_1.0_224.ckpt')
