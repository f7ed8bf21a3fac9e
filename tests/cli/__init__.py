"""Tests of the command line, run in processes of their own."""
