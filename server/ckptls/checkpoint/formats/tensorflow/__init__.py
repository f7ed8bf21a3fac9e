"""What the formats V1 and V2 of TensorFlow share: messages, slices, string tensors."""
