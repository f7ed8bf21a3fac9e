import os

import tensorflow as tf
import truth
from tensorflow.python.checkpoint.checkpoint import TrackableSaver
from tensorflow.python.checkpoint.graph_view import ObjectGraphView


class Net(tf.Module):
    def __init__(self):
        super().__init__()
        self.layers = [
            tf.Variable(tf.zeros([2, 3]), name="b"),
            tf.Variable(tf.zeros([3]), name="b"),
        ]
        self.named = {"x/y": tf.Variable(1.0), "z.w": tf.Variable(2.0)}
        self.again = self.layers[0]


net = Net()
optimizer = tf.keras.optimizers.legacy.Adam()
with tf.GradientTape() as tape:
    loss = sum(tf.reduce_sum(each) for each in net.layers)
gradients = tape.gradient(loss, net.layers)
optimizer._create_all_weights(net.layers)
checkpoint = tf.train.Checkpoint(net=net, step=tf.Variable(0, dtype=tf.int64), optimizer=optimizer)
checkpoint._maybe_create_save_counter()
# Below what is replaced: the keys that TensorFlow writes.
TrackableSaver(ObjectGraphView(checkpoint)).save(os.environ["TRUTH"] + ".ckpt")
saved = tf.train.list_variables(os.environ["TRUTH"] + ".ckpt")
truth.write([], keys=[[name, shape] for name, shape in saved if "OBJECT_GRAPH" not in name])
checkpoint.restore("run/ck-1").assert_consumed()
optimizer.apply_gradients(zip(gradients, net.layers))
raise SystemExit("training was not stopped")
