"""The values of one variable, read when they are asked for, and nothing else with them.

Here are the ways in, whatever the format; `bundle_values` and `v1_values` know where the
bytes lie.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from importlib import import_module

from ckptls.checkpoint.arrays import load_numpy
from ckptls.checkpoint.errors import (
    CheckpointError,
    CheckpointIncomplete,
    CheckpointUnreadable,
    VariableNotFound,
)
from ckptls.checkpoint.files import stamp_of
from ckptls.checkpoint.model import Checkpoint, FileStamp, Format, Variable

TYPE_CHECKING = False  # as typing's, without importing typing
if TYPE_CHECKING:
    import numpy as np

# The module of each format that has a reader of values of its own here; all other formats
# are read by `formats`, which knows their modules.
_READERS = {
    Format.V1: "ckptls.checkpoint.v1_values",
    Format.V2: "ckptls.checkpoint.bundle_values",
}
_OTHER_FORMATS = "ckptls.checkpoint.formats"


def read_value(checkpoint: Checkpoint, name: str) -> np.ndarray:
    """The values of the variable `name`, in its shape; of a scalar an array without dimensions.

    The element type is the one `tf.train.load_variable` returns: bfloat16 and the like are
    types of ml_dtypes, strings objects of type `bytes`. Values are held against their
    checksums. Large ones are mapped into memory, not copied; writing to the array never
    changes the file.

    Raises:
        VariableNotFound: there is none of that name; `candidates` are names near it.
        CheckpointUnsupported: NumPy is not installed, or it is no type with values.
        CheckpointError: the data file is missing, too short or damaged, or the checkpoint
            was replaced since it was listed.
    """
    load_numpy()
    variable = checkpoint.get(name)
    if variable is None:
        raise variable_not_found(checkpoint, name)
    try:
        return _read(checkpoint, variable)
    except CheckpointError as error:
        raise error.named(checkpoint.prefix) from None
    except MemoryError:
        size = variable.num_bytes
        what = f"there is no memory for the {size or 0:,} bytes of `{name}`"
        raise CheckpointUnreadable(what, checkpoint.prefix) from None


def _read(checkpoint: Checkpoint, variable: Variable) -> np.ndarray:
    home = _READERS.get(checkpoint.format)
    if home is not None:
        values: np.ndarray = import_module(home).read_value(checkpoint, variable)
        return values
    for listed in checkpoint.stamp:
        now = stamp_of(listed[0])
        if now is not None:
            check_listed(checkpoint, now)
    read: Callable[[str, str], np.ndarray] = import_module(_OTHER_FORMATS).read_value
    return read(checkpoint.prefix, variable.name)


def check_listed(checkpoint: Checkpoint, stamp: FileStamp) -> None:
    """Make sure that a file is the one that was listed.

    Raises:
        CheckpointIncomplete: it was replaced since.
    """
    if any(known[0] == stamp[0] and known != stamp for known in checkpoint.stamp):
        raise CheckpointIncomplete(
            "it was replaced since it was listed", stamp[0], hint="open the checkpoint again"
        )


def load_variable(path: str | os.PathLike[str], name: str) -> np.ndarray | bytes:
    """What `tf.train.load_variable` returns: an array, or a scalar (`bytes` for a string).

    Raises:
        CheckpointError: as `read_value`, and as `ckptls.open` for the path.
    """
    from ckptls.checkpoint.reader import read_checkpoint

    values = read_value(read_checkpoint(path), name)
    return values if values.shape else values[()]


def variable_not_found(checkpoint: Checkpoint, name: str) -> VariableNotFound:
    """The error for a name that is not in the checkpoint, with what may have been meant."""
    from ckptls.checkpoint.suggest import suggest_variables

    near = suggest_variables(checkpoint, name)
    what = f"no variable `{name}` in `{checkpoint.prefix}`"
    shown = " or ".join(f"`{candidate}`" for candidate in near)
    hint = f"did you mean {shown}?" if near else ""
    return VariableNotFound(what, checkpoint.prefix, hint, tuple(near))
