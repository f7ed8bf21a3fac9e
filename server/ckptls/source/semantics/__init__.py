"""What the interpreter works with: values, texts with holes, sites, the catalogue, its state."""
