"""A checkpoint in memory: its location, its listing, its scopes, and suggestions from its
names.
"""
