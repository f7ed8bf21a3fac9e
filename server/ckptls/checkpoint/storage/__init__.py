"""Files on this machine and on others: paths, stamps, opening, reading ranges. What is in a file is
not known here.
"""
