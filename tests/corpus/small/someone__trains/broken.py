import tensorflow as tf
tf.train.load_variable("a.ckpt", "b
def (:
