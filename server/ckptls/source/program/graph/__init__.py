"""TensorFlow's graph: variables, scopes, collections, tensors with shapes, optimizers, savers."""
