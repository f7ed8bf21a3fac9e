"""Names in code compared with names in a checkpoint: whether they are there, and which belong
together.
"""
