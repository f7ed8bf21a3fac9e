"""Tests in which TensorFlow itself says what is right."""
