import tensorflow as tf

import nets_factory

slim = tf.contrib.slim
tf.app.flags.DEFINE_string('model_name', 'ssd_300_vgg', 'The architecture.')
tf.app.flags.DEFINE_string('checkpoint_path', 'ssd_300_vgg.ckpt', 'The checkpoint.')
tf.app.flags.DEFINE_float('moving_average_decay', None, 'Averages, if given.')
FLAGS = tf.app.flags.FLAGS


def main(_):
    with tf.Graph().as_default():
        step = slim.create_global_step() if hasattr(slim, 'create_global_step') \
            else tf.train.create_global_step()
        fn = nets_factory.get_network_fn(FLAGS.model_name, 21, is_training=False)
        image = tf.placeholder(tf.float32, (1, 300, 300, 3))
        predictions, localisations, _, _ = fn(image)
        if FLAGS.moving_average_decay:
            averages = tf.train.ExponentialMovingAverage(FLAGS.moving_average_decay, step)
            to_restore = averages.variables_to_restore(slim.get_model_variables())
            to_restore[step.op.name] = step
        else:
            to_restore = slim.get_variables_to_restore()
        saver = tf.train.Saver(to_restore)
        with tf.Session() as sess:
            saver.restore(sess, FLAGS.checkpoint_path)


if __name__ == '__main__':
    tf.app.run()
