"""What is asked of a site and its checkpoints, as functions with plain data as answers."""
