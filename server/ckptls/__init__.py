"""ckptls: the names and shapes inside TensorFlow checkpoints, where code names them.

    >>> import ckptls
    >>> ckptls.list_variables("ckpts/vgg_16.ckpt")[1]
    ('vgg_16/conv1/conv1_1/biases', [64])

Importing the package loads nothing; each name below is loaded when it is first used.
"""

from __future__ import annotations

from ckptls._version import __version__

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os

    from numpy import ndarray

    from ckptls.checkpoint.core.errors import CheckpointError
    from ckptls.checkpoint.model.checkpoint import Checkpoint, Variable

__all__ = [
    "Checkpoint",
    "CheckpointError",
    "Variable",
    "__version__",
    "list_names",
    "list_variables",
    "load_variable",
    "open",
]

_HOMES = {
    "Checkpoint": "ckptls.checkpoint.model.checkpoint",
    "CheckpointError": "ckptls.checkpoint.core.errors",
    "Variable": "ckptls.checkpoint.model.checkpoint",
}


def open(path: str | os.PathLike[str]) -> Checkpoint:
    """The variables of the checkpoint that `path` means, with dtypes, shapes and scopes.

    `path` may be a prefix, a directory with a state file, a SavedModel, a V1 file, or one
    of the files of a checkpoint. Data files need not be there. An index that is being
    written at this moment is waited for, a second at most.

    Raises:
        CheckpointError: there is none, it is not clear which, or it cannot be read.
    """
    from ckptls.checkpoint.reader import read_checkpoint

    return read_checkpoint(path)


def list_variables(path: str | os.PathLike[str]) -> list[tuple[str, list[int]]]:
    """(name, shape) of each variable, sorted by name: what `tf.train.list_variables` returns.

    Raises:
        CheckpointError: as `open`.
    """
    return open(path).shapes()


def list_names(path: str | os.PathLike[str]) -> list[str]:
    """The name of each variable, sorted: the first column of `list_variables`, in less time.

    Dtypes and shapes are not decoded, so damage that lies in them alone goes unnoticed.

    Raises:
        CheckpointError: as `open`.
    """
    from ckptls.checkpoint.reader import read_names

    return read_names(path)


def load_variable(path: str | os.PathLike[str], name: str) -> ndarray | bytes:
    """The values of one variable: what `tf.train.load_variable` returns.

    It needs the extra `values`: `pip install 'ckptls[values]'`.

    Raises:
        CheckpointError: as `open`; or there is no variable of that name, or its data file
            is missing or damaged.
    """
    from ckptls.checkpoint.load_variable import load_variable

    return load_variable(path, name)


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(home), name)


def __dir__() -> list[str]:
    return sorted(__all__)
