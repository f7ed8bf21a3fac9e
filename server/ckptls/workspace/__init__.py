"""The one place with state: folders, settings, open documents, known checkpoints, and which of them
a site is about.
"""
