"""What Python and its standard library do to values: strings, paths, containers, flags."""
