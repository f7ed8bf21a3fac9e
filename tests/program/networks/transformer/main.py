import tensorflow as tf

from hparams import Hparams
from model import Transformer

hparams = Hparams()
parser = hparams.parser
hp = parser.parse_args([])

x = tf.placeholder(tf.int32, [16, 100])
dec_in = tf.placeholder(tf.int32, [16, 100])
y = tf.placeholder(tf.int32, [16, 100])
lengths = tf.placeholder(tf.int32, [16])
m = Transformer(hp)
loss, train_op, global_step, summaries = m.train((x, lengths), (dec_in, y, lengths))
saver = tf.train.Saver(max_to_keep=20)
with tf.Session() as sess:
    ckpt = tf.train.latest_checkpoint(hp.logdir)
    if ckpt is None:
        sess.run(tf.global_variables_initializer())
    else:
        saver.restore(sess, ckpt)
