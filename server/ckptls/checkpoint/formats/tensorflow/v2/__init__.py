"""The format V2: an index, and data files beside it."""
