"""Tests of the readers; `crafted` writes the files that TensorFlow's writer never writes."""
