"""How TensorFlow lays out the files of a directory: their names, groups and the state file."""
