"""From a path to the variables of a checkpoint, without TensorFlow.

`reader.read_checkpoint` is the way in; `locate` finds the files, `bundle` and `v1` decode
them, `model` and `tree` hold the answer, `nearest` knows names that look alike.
"""
