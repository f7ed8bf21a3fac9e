"""The table of formats: one row says which modules recognize, list, read, locate and verify one.

Modules are named by text, and imported when such a file is met, as are the libraries that they
need. A module that lists a format offers

    read(location) -> Contents              names, kinds, and the layers of a model that it names
    read_names(location) -> list[str]       the names alone, if that is faster (optional)

A module that reads its values offers

    open_values(location, names)            its files, open to read values, as a `ValueReader`;
                                            `names` will probably be asked for, in this order
    open_values(checkpoint)                 the same, where `is_read_by_listing`

A module that locates them offers

    places(checkpoint, name)                where one variable lies, as a list of `Place`
    placements(checkpoint)                  name -> `Placement`, for all variables

and a module that verifies them

    verify(location, options, report)       adds what is wrong to the report
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module

from ckptls.checkpoint.core.errors import CheckpointError
from ckptls.checkpoint.core.optional_imports import require
from ckptls.checkpoint.core.types import Format
from ckptls.checkpoint.model.checkpoint import Checkpoint
from ckptls.checkpoint.model.contents import Contents
from ckptls.checkpoint.model.location import Location

TYPE_CHECKING = False  # as typing's, without importing typing
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ckptls.checkpoint.model.value_reader import ValueReader

_FORMATS = "ckptls.checkpoint.formats"


@dataclass(frozen=True, slots=True)
class FormatEntry:
    """One row of the table: all that is known of a format.

    Attributes:
        format: the format.
        lists, reads, locates, verifies: full names of modules; see the docstring above.
        recognizes: `module:function`; the function takes a `FileStart` and returns the `Location`
            of the checkpoint that the file is or is a part of, or None. Empty for the formats
            that `locate` finds by the names of their files.
        recognizes_late: the same, for a second look that costs more reads; it is asked when no
            `recognizes` of any format knows the file.
        in_directory: `module:function`; the function takes a directory and returns the
            locations of the checkpoints that it is or holds, where that is not seen from single
            files; else empty.
        at_directory: the same for a scan: the location of the finished checkpoint that the
            directory itself is, or None.
        marks: names of files of which a directory has one if it is such a checkpoint.
        suffixes: how files of the format are usually called.
        listing_extra, value_extra: the extra of the package that listing and reading need.
        is_read_by_listing: whether values are found by the listing alone, without locating again.
        has_checksums: whether reading a value proves that it is what was saved.
        may_have_graph: whether the graph of a SavedModel or of a `.meta` file belongs to it.
    """

    format: Format
    lists: str
    reads: str
    recognizes: str = ""
    recognizes_late: str = ""
    in_directory: str = ""
    at_directory: str = ""
    locates: str = f"{_FORMATS}.shared.file_locations"
    verifies: str = "ckptls.checkpoint.verify.by_reading"
    marks: frozenset[str] = frozenset()
    suffixes: tuple[str, ...] = ()
    listing_extra: str = ""
    value_extra: str = "values"
    is_read_by_listing: bool = False
    has_checksums: bool = True
    may_have_graph: bool = False


_ROWS = (
    FormatEntry(
        Format.V2,
        lists=f"{_FORMATS}.tensorflow.v2.index",
        reads=f"{_FORMATS}.tensorflow.v2.v2_values",
        locates=f"{_FORMATS}.tensorflow.v2.v2_locations",
        verifies="ckptls.checkpoint.verify.tensorflow_v2",
        is_read_by_listing=True,
        may_have_graph=True,
    ),
    FormatEntry(
        Format.V1,
        lists=f"{_FORMATS}.tensorflow.v1.metadata",
        reads=f"{_FORMATS}.tensorflow.v1.v1_values",
        locates=f"{_FORMATS}.tensorflow.v1.v1_locations",
        verifies="ckptls.checkpoint.verify.tensorflow_v1",
        is_read_by_listing=True,
        may_have_graph=True,
    ),
    FormatEntry(
        Format.HDF5,
        lists=f"{_FORMATS}.keras.keras_file",
        reads=f"{_FORMATS}.keras.keras_file",
        recognizes=f"{_FORMATS}.signatures:hdf5",
        recognizes_late=f"{_FORMATS}.signatures:hdf5_behind_user_block",
        suffixes=(".h5", ".hdf5"),
        listing_extra="hdf5",
        value_extra="hdf5",
        has_checksums=False,
    ),
    FormatEntry(
        Format.ORBAX,
        lists=f"{_FORMATS}.orbax.orbax_tree",
        reads=f"{_FORMATS}.orbax.orbax_tree",
        recognizes=f"{_FORMATS}.signatures:orbax",
        in_directory=f"{_FORMATS}.orbax.orbax_directories:in_directory",
        at_directory=f"{_FORMATS}.orbax.orbax_directories:at_directory",
        marks=frozenset({"_METADATA", "_CHECKPOINT_METADATA", "manifest.ocdbt"}),
    ),
    FormatEntry(
        Format.PYTORCH_DISTRIBUTED,
        lists=f"{_FORMATS}.pytorch.torch_distributed",
        reads=f"{_FORMATS}.pytorch.torch_distributed",
        recognizes=f"{_FORMATS}.signatures:torch_distributed",
        in_directory=f"{_FORMATS}.signatures:torch_distributed_in",
        at_directory=f"{_FORMATS}.signatures:torch_distributed_at",
        locates=f"{_FORMATS}.pytorch.torch_distributed",
        marks=frozenset({".metadata"}),
    ),
    FormatEntry(
        Format.KERAS,
        lists=f"{_FORMATS}.keras.keras_file",
        reads=f"{_FORMATS}.keras.keras_file",
        recognizes=f"{_FORMATS}.signatures:keras",
        suffixes=(".keras",),
        listing_extra="hdf5",
        value_extra="hdf5",
    ),
    FormatEntry(
        Format.PYTORCH,
        lists=f"{_FORMATS}.pytorch.pytorch_file",
        reads=f"{_FORMATS}.pytorch.pytorch_file",
        recognizes=f"{_FORMATS}.signatures:pytorch",
        suffixes=(".pt", ".pth", ".bin", ".ckpt"),
    ),
    FormatEntry(
        Format.NPZ,
        lists=f"{_FORMATS}.npz",
        reads=f"{_FORMATS}.npz",
        recognizes=f"{_FORMATS}.signatures:npz",
        suffixes=(".npz",),
    ),
    FormatEntry(
        Format.SAFETENSORS,
        lists=f"{_FORMATS}.safetensors",
        reads=f"{_FORMATS}.safetensors",
        recognizes=f"{_FORMATS}.signatures:safetensors",
        suffixes=(".safetensors",),
        has_checksums=False,
    ),
)
# In the order in which a file or a directory of unknown format is shown to them.
FORMATS: dict[Format, FormatEntry] = {row.format: row for row in _ROWS}


def register(entry: FormatEntry) -> None:
    """Add a format, or replace what is known of one; it is asked behind those that are there."""
    FORMATS[entry.format] = entry


def read(location: Location) -> Contents:
    """Return the listing of a checkpoint.

    Raises:
        CheckpointError: damaged, not supported, or something must be installed first.
    """
    try:
        contents: Contents = _module(FORMATS[location.format].lists).read(location)
    except CheckpointError as error:
        raise error.named(location.files[0]) from None
    return contents


def read_names(location: Location) -> list[str]:
    """Return the names in a checkpoint, ascending, and no more of it than they need.

    Raises:
        CheckpointError: as `read`.
    """
    fast = getattr(_module(FORMATS[location.format].lists), "read_names", None)
    if fast is None:
        return list(read(location).names)
    names: list[str] = fast(location)
    return names


def open_values(location: Location, names: Sequence[str]) -> ValueReader:
    """Return the files of a checkpoint, open to read values; `names` are what will be asked for.

    Raises:
        CheckpointError: as `read`.
    """
    entry = FORMATS[location.format]
    require("numpy", entry.value_extra)
    try:
        reader: ValueReader = _module(entry.reads).open_values(location, names)
    except CheckpointError as error:
        raise error.named(location.files[0]) from None
    return reader


def open_listed_values(checkpoint: Checkpoint) -> ValueReader:
    """Return the files of a checkpoint whose format `is_read_by_listing`, open to read values.

    Raises:
        CheckpointError: as `read`.
    """
    reader: ValueReader = _module(FORMATS[checkpoint.format].reads).open_values(checkpoint)
    return reader


def locator_of(checkpoint: Checkpoint) -> Any:
    """Return the module that locates the bytes of a checkpoint."""
    return _module(FORMATS[checkpoint.format].locates)


def verifier_of(form: Format) -> Any:
    """Return the module that verifies checkpoints of a format."""
    return _module(FORMATS[form].verifies)


def function_of(name: str) -> Callable[..., Any]:
    """Return the function that a row names as `module:function`."""
    module, _, function = name.partition(":")
    found: Callable[..., Any] = getattr(_module(module), function)
    return found


def _module(name: str) -> Any:
    return import_module(name)
