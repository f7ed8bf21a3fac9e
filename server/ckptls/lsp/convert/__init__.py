"""Converts between the types of the protocol and those of the features."""
