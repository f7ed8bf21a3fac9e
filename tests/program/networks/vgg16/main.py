import tensorflow as tf
from nets import vgg

slim = tf.contrib.slim
flags = tf.app.flags
flags.DEFINE_string('checkpoint_path', 'vgg_16.ckpt', 'The checkpoint.')
flags.DEFINE_integer('classes', 20, 'How many classes.')
FLAGS = flags.FLAGS


def main(_):
    size = vgg.vgg_16.default_image_size
    images = tf.placeholder(tf.float32, [None, size, size, 3])
    with slim.arg_scope(vgg.vgg_arg_scope()):
        logits, _ = vgg.vgg_16(images, num_classes=FLAGS.classes, is_training=False)
    probabilities = tf.nn.softmax(logits)
    variables = slim.get_variables_to_restore(exclude=['vgg_16/fc8'])
    saver = tf.train.Saver(variables)
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        saver.restore(sess, FLAGS.checkpoint_path)
        sess.run(probabilities)


if __name__ == '__main__':
    tf.app.run()
