import nets
import tensorflow.compat.v1 as tf
import tf_slim as slim
import truth

tf.disable_v2_behavior()
tf.flags.DEFINE_string("init", None, "what to begin with", required=True)


def main(_):
    images = tf.placeholder(tf.float32, [None, 8, 8, 3])
    with slim.arg_scope(nets.resnet_arg_scope()):
        logits = nets.resnet(images)
    nets.bert(tf.zeros([2, 3], tf.int32))
    nets.bert(tf.zeros([2, 3], tf.int32), layers=1)
    cell = tf.nn.rnn_cell.LSTMCell(5, num_proj=3)
    tf.nn.dynamic_rnn(cell, tf.zeros([2, 4, 6]), dtype=tf.float32)
    tf.get_variable("table", [6, 4], partitioner=tf.fixed_size_partitioner(2))
    loss = tf.reduce_sum(logits)
    step = tf.train.get_or_create_global_step()
    train = tf.train.AdamOptimizer().minimize(loss, global_step=step)
    tf.train.ExponentialMovingAverage(0.9).apply(slim.get_trainable_variables("resnet/logits"))
    saver = tf.train.Saver(slim.get_variables_to_restore(exclude=["resnet/logits"]))
    truth.write(
        tf.global_variables(),
        asked=sorted(
            each._save_slice_info.full_name if each._save_slice_info else each.op.name
            for each in slim.get_variables_to_restore(exclude=["resnet/logits"])
        ),
        trainable=[each.op.name for each in tf.trainable_variables()],
    )
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        saver.restore(sess, tf.flags.FLAGS.init)
        try:
            sess.run(train, {images: [[[[0.0] * 3] * 8] * 8]})
        finally:
            saver.save(sess, "must-not-be-written")
    raise SystemExit("training was not stopped")


if __name__ == "__main__":
    tf.app.run()
