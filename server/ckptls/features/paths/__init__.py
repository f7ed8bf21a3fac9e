"""Paths in code: whether TensorFlow and Keras take them, and what to write instead."""
