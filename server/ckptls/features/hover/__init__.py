"""Hovers, and the explanation of why there is nothing."""
