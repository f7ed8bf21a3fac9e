"""From the path that a person gives to the files of one checkpoint, or to the error that says
why there is none.
"""
