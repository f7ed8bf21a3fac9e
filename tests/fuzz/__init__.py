"""Tests with generated and with broken files."""
