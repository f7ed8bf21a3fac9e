"""Runs a program as far as reading can tell: the variables it makes, and what its restores ask for.

Unlike `interpreter`, which summarizes a document for each keystroke, this follows one program
from its first statement in order, with objects that have an identity. It is asked in the
background, and knows nothing of documents that are edited.
"""
