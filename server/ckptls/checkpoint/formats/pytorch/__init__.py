"""Files of PyTorch, read without unpickling."""
