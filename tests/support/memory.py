"""Code of many forms, and the memory that syntax trees take."""

from __future__ import annotations

import gc
import tracemalloc

from ckptls.source.syntax import rows

HEAD = "import tensorflow as tf\nreader = tf.train.load_checkpoint('a.ckpt')\n"
FUNCTION = "def load_{0}(net):\n    return reader.get_tensor('net/layer_{0}')\n\n"
CODE = HEAD + "".join(map(FUNCTION.format, range(200)))


def tree_bytes() -> int:
    """What the parser has allocated: tree-sitter asks Python's allocator for its memory."""
    gc.collect()
    here = tracemalloc.Filter(True, rows.__file__)
    snapshot = tracemalloc.take_snapshot().filter_traces([here])
    return sum(each.size for each in snapshot.statistics("filename"))
