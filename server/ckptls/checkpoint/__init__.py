"""From a path to the variables of a checkpoint, without TensorFlow. `reader` is the way in to a
listing, `open_values` to values; the packages go from small types up to whole comparisons.
"""
