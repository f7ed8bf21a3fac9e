"""Code lenses, inlay hints and semantic tokens."""
