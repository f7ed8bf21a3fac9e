"""Layers that make variables in a graph: `tf.layers`, slim and contrib, recurrent cells."""
