"""Fine-tune VGG-16 on a small set of flower pictures, the TF-Slim way.

    python finetune.py --images flowers/   # flowers/<class>/<picture>.jpg

The weights come from TF-Slim's vgg_16.ckpt; the last layer is replaced by one for our
own classes. Open this folder in an editor with ckptls: the names inside the quotes are
completed and checked against ckpts/vgg_16.ckpt.
"""
import argparse
import pathlib

import tensorflow.compat.v1 as tf
import tf_slim as slim

CHECKPOINT = 'ckpts/vgg_16.ckpt'
IMAGE_SIZE = 224


def vgg_16(images, num_classes, is_training):
    """The convolutional VGG-16; variables are named as in TF-Slim's checkpoint."""
    with tf.variable_scope('vgg_16'):
        net = slim.repeat(images, 2, slim.conv2d, 64, [3, 3], scope='conv1')
        net = slim.max_pool2d(net, [2, 2], scope='pool1')
        net = slim.repeat(net, 2, slim.conv2d, 128, [3, 3], scope='conv2')
        net = slim.max_pool2d(net, [2, 2], scope='pool2')
        net = slim.repeat(net, 3, slim.conv2d, 256, [3, 3], scope='conv3')
        net = slim.max_pool2d(net, [2, 2], scope='pool3')
        net = slim.repeat(net, 3, slim.conv2d, 512, [3, 3], scope='conv4')
        net = slim.max_pool2d(net, [2, 2], scope='pool4')
        net = slim.repeat(net, 3, slim.conv2d, 512, [3, 3], scope='conv5')
        net = slim.max_pool2d(net, [2, 2], scope='pool5')
        net = slim.conv2d(net, 4096, [7, 7], padding='VALID', scope='fc6')
        net = slim.dropout(net, 0.5, is_training=is_training, scope='dropout6')
        net = slim.conv2d(net, 4096, [1, 1], scope='fc7')
        net = slim.dropout(net, 0.5, is_training=is_training, scope='dropout7')
        net = tf.reduce_mean(net, [1, 2])
        with tf.variable_scope('flowers'):
            weights = tf.get_variable('weights', [4096, num_classes])
            biases = tf.get_variable('biases', [num_classes], initializer=tf.zeros_initializer())
        return tf.matmul(net, weights) + biases


def channel_means():
    """The mean red, green and blue that the network was trained with."""
    reader = tf.train.load_checkpoint(CHECKPOINT)
    return reader.get_tensor('vgg_16/mean_rgb')


def read_pictures(folder):
    """One dataset of (picture, class number), and the class names."""
    classes = sorted(p.name for p in pathlib.Path(folder).iterdir() if p.is_dir())
    files = [(str(p), i) for i, name in enumerate(classes)
             for p in sorted(pathlib.Path(folder, name).glob('*.jpg'))]
    means = channel_means()

    def load(path, label):
        image = tf.image.decode_jpeg(tf.io.read_file(path), channels=3)
        image = tf.image.resize(image, [IMAGE_SIZE, IMAGE_SIZE])
        return tf.cast(image, tf.float32) - means, label

    paths, labels = zip(*files)
    dataset = tf.data.Dataset.from_tensor_slices((list(paths), list(labels)))
    return dataset.shuffle(len(files)).repeat().map(load).batch(8), classes


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--images', required=True)
    parser.add_argument('--steps', type=int, default=100)
    args = parser.parse_args()

    tf.disable_eager_execution()
    dataset, classes = read_pictures(args.images)
    images, labels = tf.data.make_one_shot_iterator(dataset).get_next()
    logits = vgg_16(images, len(classes), is_training=True)
    loss = tf.losses.sparse_softmax_cross_entropy(labels, logits)
    train = tf.train.GradientDescentOptimizer(0.001).minimize(loss)

    pretrained = slim.get_variables_to_restore(include=['vgg_16'], exclude=['vgg_16/flowers'])
    restore = slim.assign_from_checkpoint_fn(CHECKPOINT, pretrained)

    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        restore(session)
        for step in range(args.steps):
            _, value = session.run([train, loss])
            print('step %d: loss %.4f' % (step, value))


if __name__ == '__main__':
    main()
