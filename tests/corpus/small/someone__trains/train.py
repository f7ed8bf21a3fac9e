# An old script, in the Python of its time.
import tensorflow as tf
from nets.small import small_net

tf.app.flags.DEFINE_string('model_dir', 'runs/first', 'where to save')
FLAGS = tf.app.flags.FLAGS

logits = small_net(tf.placeholder(tf.float32, [None, 8]))
saver = tf.train.Saver()
with tf.Session() as sess:
    print 'restoring'
    saver.restore(sess, tf.train.latest_checkpoint(FLAGS.model_dir))
    saver.save(sess, FLAGS.model_dir + '/model.ckpt')
