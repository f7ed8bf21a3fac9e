"""What the oracle tests of values share: comparing with TensorFlow bit for bit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import tensorflow as tf

import ckptls


def assert_same_value(ours: object, theirs: object) -> None:
    """The same type, and for arrays the same dtype, shape and bits."""
    assert type(ours) is type(theirs)
    if isinstance(theirs, np.ndarray) and theirs.dtype == object:
        assert isinstance(ours, np.ndarray)
        assert (ours.dtype, ours.shape) == (theirs.dtype, theirs.shape)
        assert ours.tolist() == theirs.tolist()
    elif isinstance(theirs, (np.ndarray, np.generic)):
        assert isinstance(ours, (np.ndarray, np.generic))
        assert (ours.dtype, ours.shape) == (theirs.dtype, theirs.shape)
        assert ours.tobytes() == theirs.tobytes()
    else:
        assert ours == theirs


def assert_same_values(path: Path | str) -> int:
    """Every variable is read as TensorFlow reads it; how many there are."""
    reader = tf.train.load_checkpoint(str(path))
    checkpoint = ckptls.open(path)
    for name in checkpoint.names:
        values = checkpoint.read(name)
        ours = values if values.shape else values[()]
        assert_same_value(ours, _read(reader, str(path), name))
    assert checkpoint.names
    return len(checkpoint)


def _read(reader: object, path: str, name: str) -> object:
    """TensorFlow's value: its reader does not put slices of V1 files together, a restore does."""
    try:
        return reader.get_tensor(name)  # type: ignore[attr-defined]
    except (tf.errors.UnimplementedError, NotImplementedError):
        dtype = reader.get_variable_to_dtype_map()[name]  # type: ignore[attr-defined]
        restored = tf.raw_ops.RestoreV2(
            prefix=path, tensor_names=[name], shape_and_slices=[""], dtypes=[dtype]
        )
        return restored[0].numpy()
