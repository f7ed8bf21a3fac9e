"""Encodings that several formats share: protocol buffers, LevelDB tables, checksums,
compression.
"""
