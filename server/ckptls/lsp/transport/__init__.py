"""Reads and writes messages: standard input and output, TCP, websockets."""
