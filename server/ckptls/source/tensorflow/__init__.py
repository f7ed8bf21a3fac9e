"""What TensorFlow does to values: scopes, layers, cells, selections of variables."""
