"""The table of formats: the module that reads each, and what must be installed for it.

The module of a format offers

    read(location) -> Contents              names, kinds and all else of a listing
    open_values(location, names)            its files, open to read values, as a `ValueReader`;
                                            `names` will probably be asked for, in this order

and is imported when such a file is met, as are the libraries that it needs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module

from ckptls.checkpoint.core.errors import CheckpointError
from ckptls.checkpoint.core.optional_imports import require
from ckptls.checkpoint.core.types import Format
from ckptls.checkpoint.model.contents import Contents
from ckptls.checkpoint.model.location import Location

TYPE_CHECKING = False  # as typing's, without importing typing
if TYPE_CHECKING:
    from typing import Any

    from ckptls.checkpoint.model.value_reader import ValueReader


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the table: the module of a format, and what must be installed for it."""

    module: str
    listing_extra: str
    value_extra: str = "values"


TABLE = {
    Format.V1: Entry("tensorflow.v1.metadata", ""),
    Format.V2: Entry("tensorflow.v2.index", ""),
    Format.KERAS: Entry("keras.keras_file", "hdf5", "hdf5"),
    Format.HDF5: Entry("keras.keras_file", "hdf5", "hdf5"),
    Format.SAFETENSORS: Entry("safetensors", ""),
    Format.NPZ: Entry("npz", ""),
    Format.PYTORCH: Entry("pytorch.pytorch_file", ""),
    Format.PYTORCH_DISTRIBUTED: Entry("pytorch.torch_distributed", ""),
    Format.ORBAX: Entry("orbax.orbax_tree", ""),
}


def read(location: Location) -> Contents:
    """The listing of a checkpoint .

    Raises:
        CheckpointError: damaged, not supported, or something must be installed first.
    """
    try:
        contents: Contents = _module(location).read(location)
    except CheckpointError as error:
        raise error.named(location.files[0]) from None
    return contents


def open_values(location: Location, names: Sequence[str]) -> ValueReader:
    """The files of a checkpoint, open to read values; `names` are what will be asked for.

    Raises:
        CheckpointError: as `read`.
    """
    require("numpy", TABLE[location.format].value_extra)
    try:
        reader: ValueReader = _module(location).open_values(location, names)
    except CheckpointError as error:
        raise error.named(location.files[0]) from None
    return reader


def _module(location: Location) -> Any:
    return import_module(f"ckptls.checkpoint.formats.{TABLE[location.format].module}")
