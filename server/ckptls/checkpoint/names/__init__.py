"""Names of variables as text: order, globs, edit distance, search among many."""
