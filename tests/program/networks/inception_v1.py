import tensorflow as tf
import tensorflow.contrib.slim as slim

trunc_normal = lambda stddev: tf.truncated_normal_initializer(0.0, stddev)


def inception_v1_base(inputs, final_endpoint='Mixed_5c', scope='InceptionV1'):
    end_points = {}
    with tf.variable_scope(scope, 'InceptionV1', [inputs]):
        with slim.arg_scope([slim.conv2d, slim.fully_connected],
                            weights_initializer=trunc_normal(0.01)):
            with slim.arg_scope([slim.conv2d, slim.max_pool2d], stride=1, padding='SAME'):
                end_point = 'Conv2d_1a_7x7'
                net = slim.conv2d(inputs, 64, [7, 7], stride=2, scope=end_point)
                end_points[end_point] = net
                if final_endpoint == end_point:
                    return net, end_points
                net = slim.max_pool2d(net, [3, 3], stride=2, scope='MaxPool_2a_3x3')
                end_point = 'Conv2d_2b_1x1'
                net = slim.conv2d(net, 64, [1, 1], scope=end_point)
                end_points[end_point] = net
                if final_endpoint == end_point: return net, end_points
                end_point = 'Conv2d_2c_3x3'
                net = slim.conv2d(net, 192, [3, 3], scope=end_point)
                end_points[end_point] = net
                if final_endpoint == end_point: return net, end_points
                net = slim.max_pool2d(net, [3, 3], stride=2, scope='MaxPool_3a_3x3')

                table = [('Mixed_3b', 64, 96, 128, 16, 32, 32),
                         ('Mixed_3c', 128, 128, 192, 32, 96, 64),
                         None,
                         ('Mixed_4b', 192, 96, 208, 16, 48, 64),
                         ('Mixed_4c', 160, 112, 224, 24, 64, 64),
                         ('Mixed_4d', 128, 128, 256, 24, 64, 64),
                         ('Mixed_4e', 112, 144, 288, 32, 64, 64),
                         ('Mixed_4f', 256, 160, 320, 32, 128, 128),
                         None,
                         ('Mixed_5b', 256, 160, 320, 32, 128, 128),
                         ('Mixed_5c', 384, 192, 384, 48, 128, 128)]
                for row in table:
                    if row is None:
                        net = slim.max_pool2d(net, 2, stride=2)
                        continue
                    end_point, a, b1, b2, c1, c2, d = row
                    with tf.variable_scope(end_point):
                        with tf.variable_scope('Branch_0'):
                            branch_0 = slim.conv2d(net, a, [1, 1], scope='Conv2d_0a_1x1')
                        with tf.variable_scope('Branch_1'):
                            branch_1 = slim.conv2d(net, b1, [1, 1], scope='Conv2d_0a_1x1')
                            branch_1 = slim.conv2d(branch_1, b2, [3, 3], scope='Conv2d_0b_3x3')
                        with tf.variable_scope('Branch_2'):
                            branch_2 = slim.conv2d(net, c1, [1, 1], scope='Conv2d_0a_1x1')
                            branch_2 = slim.conv2d(branch_2, c2, [3, 3], scope='Conv2d_0b_3x3')
                        with tf.variable_scope('Branch_3'):
                            branch_3 = slim.max_pool2d(net, [3, 3], scope='MaxPool_0a_3x3')
                            branch_3 = slim.conv2d(branch_3, d, [1, 1], scope='Conv2d_0b_1x1')
                        net = tf.concat(axis=3, values=[branch_0, branch_1, branch_2, branch_3])
                    end_points[end_point] = net
                    if final_endpoint == end_point: return net, end_points
        raise ValueError('Unknown final endpoint %s' % final_endpoint)


def inception_v1(inputs, num_classes=1000, is_training=True, dropout_keep_prob=0.8,
                 prediction_fn=slim.softmax, spatial_squeeze=True, reuse=None,
                 scope='InceptionV1'):
    with tf.variable_scope(scope, 'InceptionV1', [inputs], reuse=reuse) as scope:
        with slim.arg_scope([slim.batch_norm, slim.dropout], is_training=is_training):
            net, end_points = inception_v1_base(inputs, scope=scope)
            with tf.variable_scope('Logits'):
                net = slim.avg_pool2d(net, [7, 7], stride=1, scope='AvgPool_0a_7x7')
                net = slim.dropout(net, dropout_keep_prob, scope='Dropout_0b')
                logits = slim.conv2d(net, num_classes, [1, 1], activation_fn=None,
                                     normalizer_fn=None, scope='Conv2d_0c_1x1')
                if spatial_squeeze:
                    logits = tf.squeeze(logits, [1, 2], name='SpatialSqueeze')
                end_points['Logits'] = logits
                end_points['Predictions'] = prediction_fn(logits, scope='Predictions')
    return logits, end_points


def arg_scope():
    with slim.arg_scope([slim.conv2d, slim.fully_connected],
                        weights_regularizer=slim.l2_regularizer(0.00004)):
        with slim.arg_scope([slim.conv2d], activation_fn=tf.nn.relu,
                            normalizer_fn=slim.batch_norm,
                            normalizer_params={'decay': 0.9997, 'epsilon': 0.001}) as sc:
            return sc


graph = tf.Graph()
with graph.as_default():
    x = tf.placeholder(tf.float32, (1, 224, 224, 3))
    with slim.arg_scope(arg_scope()):
        logits, _ = inception_v1(x, num_classes=1001, is_training=False)
        again, _ = inception_v1(x, num_classes=1001, is_training=False, reuse=True)
    ema = tf.train.ExponentialMovingAverage(0.9999)
    saver = tf.train.Saver(ema.variables_to_restore(slim.get_model_variables()))
sess = tf.Session(graph=graph)
saver.restore(sess, 'inception_v1.ckpt')
