"""Graphs that stand beside a checkpoint (`.meta`, SavedModel), and what its variables are for."""
