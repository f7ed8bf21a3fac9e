"""Keras layers and models, and the object graphs of `tf.train.Checkpoint`."""
