"""Two checkpoints compared: names, renames, shapes and values."""
