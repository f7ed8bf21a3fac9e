"""Whether a checkpoint is sound: checksums, sizes, and what its own library would refuse."""
