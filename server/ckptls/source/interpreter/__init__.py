"""The abstract interpreter: statements, expressions, calls, and what is kept between edits."""
