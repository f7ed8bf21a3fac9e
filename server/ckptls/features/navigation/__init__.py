"""Links, references, symbols, rename, and listings of checkpoints."""
