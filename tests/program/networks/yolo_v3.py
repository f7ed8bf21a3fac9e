import tensorflow as tf

slim = tf.contrib.slim
_BATCH_NORM_DECAY = 0.9
_BATCH_NORM_EPSILON = 1e-05
_LEAKY_RELU = 0.1
_ANCHORS = [(10, 13), (16, 30), (33, 23), (30, 61), (62, 45), (59, 119), (116, 90), (156, 198),
            (373, 326)]


def darknet53(inputs):
    inputs = _conv2d_fixed_padding(inputs, 32, 3)
    inputs = _conv2d_fixed_padding(inputs, 64, 3, strides=2)
    inputs = _darknet53_block(inputs, 32)
    inputs = _conv2d_fixed_padding(inputs, 128, 3, strides=2)
    for i in range(2):
        inputs = _darknet53_block(inputs, 64)
    inputs = _conv2d_fixed_padding(inputs, 256, 3, strides=2)
    for i in range(8):
        inputs = _darknet53_block(inputs, 128)
    route_1 = inputs
    inputs = _conv2d_fixed_padding(inputs, 512, 3, strides=2)
    for i in range(8):
        inputs = _darknet53_block(inputs, 256)
    route_2 = inputs
    inputs = _conv2d_fixed_padding(inputs, 1024, 3, strides=2)
    for i in range(4):
        inputs = _darknet53_block(inputs, 512)
    return route_1, route_2, inputs


def _conv2d_fixed_padding(inputs, filters, kernel_size, strides=1):
    if strides > 1:
        inputs = _fixed_padding(inputs, kernel_size)
    inputs = slim.conv2d(inputs, filters, kernel_size, stride=strides,
                         padding=('SAME' if strides == 1 else 'VALID'))
    return inputs


def _darknet53_block(inputs, filters):
    shortcut = inputs
    inputs = _conv2d_fixed_padding(inputs, filters, 1)
    inputs = _conv2d_fixed_padding(inputs, filters * 2, 3)
    inputs = inputs + shortcut
    return inputs


@tf.contrib.framework.add_arg_scope
def _fixed_padding(inputs, kernel_size, *args, mode='CONSTANT', **kwargs):
    pad_total = kernel_size - 1
    pad_beg = pad_total // 2
    pad_end = pad_total - pad_beg
    if kwargs['data_format'] == 'NCHW':
        return tf.pad(inputs, [[0, 0], [0, 0], [pad_beg, pad_end], [pad_beg, pad_end]], mode=mode)
    else:
        return tf.pad(inputs, [[0, 0], [pad_beg, pad_end], [pad_beg, pad_end], [0, 0]], mode=mode)


def _yolo_block(inputs, filters):
    inputs = _conv2d_fixed_padding(inputs, filters, 1)
    inputs = _conv2d_fixed_padding(inputs, filters * 2, 3)
    inputs = _conv2d_fixed_padding(inputs, filters, 1)
    inputs = _conv2d_fixed_padding(inputs, filters * 2, 3)
    inputs = _conv2d_fixed_padding(inputs, filters, 1)
    route = inputs
    inputs = _conv2d_fixed_padding(inputs, filters * 2, 3)
    return route, inputs


def _get_size(shape, data_format):
    if len(shape) == 4:
        shape = shape[1:]
    return shape[1:3] if data_format == 'NCHW' else shape[0:2]


def _detection_layer(inputs, num_classes, anchors, img_size, data_format):
    num_anchors = len(anchors)
    predictions = slim.conv2d(inputs, num_anchors * (5 + num_classes), 1, stride=1,
                              normalizer_fn=None, activation_fn=None,
                              biases_initializer=tf.zeros_initializer())
    shape = predictions.get_shape().as_list()
    grid_size = _get_size(shape, data_format)
    dim = grid_size[0] * grid_size[1]
    bbox_attrs = 5 + num_classes
    return tf.reshape(predictions, [-1, num_anchors * dim, bbox_attrs])


def _upsample(inputs, out_shape, data_format='NCHW'):
    if data_format == 'NCHW':
        inputs = tf.transpose(inputs, [0, 2, 3, 1])
        new_height, new_width = out_shape[3], out_shape[2]
    else:
        new_height, new_width = out_shape[2], out_shape[1]
    inputs = tf.image.resize_nearest_neighbor(inputs, (new_height, new_width))
    if data_format == 'NCHW':
        inputs = tf.transpose(inputs, [0, 3, 1, 2])
    return tf.identity(inputs, name='upsampled')


def yolo_v3(inputs, num_classes, is_training=False, data_format='NCHW', reuse=False):
    img_size = inputs.get_shape().as_list()[1:3]
    if data_format == 'NCHW':
        inputs = tf.transpose(inputs, [0, 3, 1, 2])
    inputs = inputs / 255
    batch_norm_params = {
        'decay': _BATCH_NORM_DECAY,
        'epsilon': _BATCH_NORM_EPSILON,
        'scale': True,
        'is_training': is_training,
        'fused': None,
    }
    with slim.arg_scope([slim.conv2d, slim.batch_norm, _fixed_padding], data_format=data_format,
                        reuse=reuse):
        with slim.arg_scope([slim.conv2d], normalizer_fn=slim.batch_norm,
                            normalizer_params=batch_norm_params,
                            biases_initializer=None,
                            activation_fn=lambda x: tf.nn.leaky_relu(x, alpha=_LEAKY_RELU)):
            with tf.variable_scope('darknet-53'):
                route_1, route_2, inputs = darknet53(inputs)
            with tf.variable_scope('yolo-v3'):
                route, inputs = _yolo_block(inputs, 512)
                detect_1 = _detection_layer(inputs, num_classes, _ANCHORS[6:9], img_size,
                                            data_format)
                detect_1 = tf.identity(detect_1, name='detect_1')
                inputs = _conv2d_fixed_padding(route, 256, 1)
                upsample_size = route_2.get_shape().as_list()
                inputs = _upsample(inputs, upsample_size, data_format)
                inputs = tf.concat([inputs, route_2], axis=1 if data_format == 'NCHW' else 3)
                route, inputs = _yolo_block(inputs, 256)
                detect_2 = _detection_layer(inputs, num_classes, _ANCHORS[3:6], img_size,
                                            data_format)
                inputs = _conv2d_fixed_padding(route, 128, 1)
                upsample_size = route_1.get_shape().as_list()
                inputs = _upsample(inputs, upsample_size, data_format)
                inputs = tf.concat([inputs, route_1], axis=1 if data_format == 'NCHW' else 3)
                _, inputs = _yolo_block(inputs, 128)
                detect_3 = _detection_layer(inputs, num_classes, _ANCHORS[0:3], img_size,
                                            data_format)
                return tf.concat([detect_1, detect_2, detect_3], axis=1)


FLAGS = tf.app.flags.FLAGS
tf.app.flags.DEFINE_string('ckpt_file', './saved_model/model.ckpt', 'Where to save')
tf.app.flags.DEFINE_integer('size', 416, 'Image size')
tf.app.flags.DEFINE_string('data_format', 'NHWC', 'Data format')


def main(argv=None):
    model = yolo_v3
    classes = ['class%d' % i for i in range(80)]
    inputs = tf.placeholder(tf.float32, [None, FLAGS.size, FLAGS.size, 3], "inputs")
    with tf.variable_scope('detector'):
        detections = model(inputs, len(classes), data_format=FLAGS.data_format)
    saver = tf.train.Saver(var_list=tf.global_variables(scope='detector'))
    with tf.Session() as sess:
        saver.restore(sess, FLAGS.ckpt_file)
        print(sess.run(detections))


if __name__ == '__main__':
    tf.app.run()
