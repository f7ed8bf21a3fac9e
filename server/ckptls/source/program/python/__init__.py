"""Python itself: statements, expressions, calls, classes, built-in and standard functions."""
