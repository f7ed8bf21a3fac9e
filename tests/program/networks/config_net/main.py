import tensorflow as tf

from config import load_config
from network import get_network


def evaluate(which, size):
    graph = tf.Graph()
    with graph.as_default():
        config = load_config(size)
        images = tf.placeholder(tf.float32, [None, 32, 32, 3])
        net = get_network(which, config, is_training=False)
        logits = net.build(images)
        saver = tf.train.Saver(tf.global_variables())
        with tf.Session(graph=graph) as sess:
            saver.restore(sess, config.checkpoint)
            sess.run(tf.argmax(logits, 1))


if __name__ == '__main__':
    for which, size in [('conv', 'small'), ('separable', 'small'), ('conv', 'large')]:
        evaluate(which, size)
