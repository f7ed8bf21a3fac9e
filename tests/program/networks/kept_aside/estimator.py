import tensorflow as tf

tf.logging.set_verbosity(tf.logging.INFO)


def cnn_model_fn(features, labels, mode, params):
    """An Estimator's model function."""
    input_layer = tf.reshape(features["x"], [-1, 28, 28, 1])
    net = input_layer
    for filters in params['filters']:
        net = tf.layers.conv2d(inputs=net, filters=filters, kernel_size=[5, 5],
                               padding="same", activation=tf.nn.relu)
        net = tf.layers.max_pooling2d(inputs=net, pool_size=[2, 2], strides=2)
    flat = tf.layers.flatten(net)
    dense = tf.layers.dense(inputs=flat, units=params.get('units', 1024),
                            activation=tf.nn.relu)
    dropout = tf.layers.dropout(inputs=dense, rate=0.4,
                                training=mode == tf.estimator.ModeKeys.TRAIN)
    logits = tf.layers.dense(inputs=dropout, units=10)
    predictions = {
        "classes": tf.argmax(input=logits, axis=1),
        "probabilities": tf.nn.softmax(logits, name="softmax_tensor")
    }
    if mode == tf.estimator.ModeKeys.PREDICT:
        return tf.estimator.EstimatorSpec(mode=mode, predictions=predictions)
    loss = tf.losses.sparse_softmax_cross_entropy(labels=labels, logits=logits)
    if mode == tf.estimator.ModeKeys.TRAIN:
        optimizer = tf.train.GradientDescentOptimizer(learning_rate=0.001)
        train_op = optimizer.minimize(loss=loss, global_step=tf.train.get_global_step())
        return tf.estimator.EstimatorSpec(mode=mode, loss=loss, train_op=train_op)
    return tf.estimator.EstimatorSpec(mode=mode, loss=loss)


def input_fn():
    return {'x': tf.zeros([100, 784])}, tf.zeros([100], tf.int32)


def main(unused_argv):
    classifier = tf.estimator.Estimator(model_fn=cnn_model_fn, model_dir="/tmp/mnist_model",
                                        params={'filters': [32, 64]})
    classifier.train(input_fn=input_fn, steps=1000)


if __name__ == "__main__":
    tf.app.run()
