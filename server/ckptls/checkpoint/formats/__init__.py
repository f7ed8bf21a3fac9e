"""One package or module for each format: its listing, its values. `detection` tells which format a
file has, `registry` has the table of all.
"""
