"""`tf.train.load_variable`: one value of one checkpoint."""

from __future__ import annotations

import os

TYPE_CHECKING = False  # as typing's, without importing typing
if TYPE_CHECKING:
    import numpy as np


def load_variable(path: str | os.PathLike[str], name: str) -> np.ndarray | bytes:
    """What `tf.train.load_variable` returns: an array, or a scalar (`bytes` for a string).

    Raises:
        CheckpointError: as `Checkpoint.read`, and as `ckptls.open` for the path.
    """
    from ckptls.checkpoint.reader import read_checkpoint

    with read_checkpoint(path) as checkpoint:
        values = checkpoint.read(name)
    return values if values.shape else values[()]
