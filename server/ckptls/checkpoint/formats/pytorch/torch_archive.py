"""PyTorch's zip archives: a pickle that says which tensors there are, and a record per storage.

Source: torch/serialization.py (_save, _load), caffe2/serialize/inline_container.cc.
"""

from __future__ import annotations

from collections.abc import Sequence

from ckptls.checkpoint.arrays import foreign_dtypes
from ckptls.checkpoint.arrays.stored_bytes import read_stored
from ckptls.checkpoint.core.errors import CheckpointDamaged
from ckptls.checkpoint.core.problem import Problem, make_note
from ckptls.checkpoint.formats.pytorch.pickle_scanner import MAX_PICKLE_BYTES, read_pickle
from ckptls.checkpoint.formats.pytorch.torch_names import listed
from ckptls.checkpoint.formats.pytorch.torch_script import Sources
from ckptls.checkpoint.formats.pytorch.torch_values import Stored, Tensors
from ckptls.checkpoint.storage.local_file import OpenFile
from ckptls.checkpoint.storage.raw_io import FilePart, place_of
from ckptls.checkpoint.storage.zip_archive import Archive

PICKLE = "data.pkl"
_CONSTANTS = "constants/"  # their records; those of the pickle are in `data/`


class TensorArchive(Tensors):
    """The tensors of an open archive.

    Raises:
        CheckpointError: a damaged archive or pickle.
    """

    def __init__(self, file: OpenFile | FilePart) -> None:
        self._file = file
        self._verified: set[str] = set()
        self._archive = Archive(file)
        names = self._archive.names
        pickled = next((name for name in names if name.endswith("/" + PICKLE)), None)
        if pickled is None:
            raise CheckpointDamaged(f"a PyTorch archive without its `{PICKLE}`")
        self._root = pickled[: -len(PICKLE)]
        self._byte_order = _byte_order(self._archive, self._root)
        sources = Sources(self._archive, self._root)
        pickle = read_pickle(self._archive.read(pickled, MAX_PICKLE_BYTES))
        found = listed(pickle, sources.members_of)
        self.tensors = found.tensors
        self.problems = (*found.problems, *self._missing(set(names)), *self._constants(names))

    def close(self) -> None:
        """Close the archive, not its file."""
        self._archive.close()

    def stored(self, storage: str, name: str) -> Stored:
        """See Tensors."""
        record = self._record(storage)

        def read(start: int, count: int) -> foreign_dtypes.Array:
            span = self._archive.span(record)
            if span is None:
                return self._archive.read_array(record)[start : start + count]
            return read_stored(*place_of(self._file, span[0] + start), count)

        def verify() -> int:
            return self._archive.verify(record)

        return Stored(self._archive.size_of(record), read, verify, self._byte_order)

    def verify_rest(self) -> None:
        """See Tensors."""
        self._archive.verify_all({self._record(storage) for storage in self._verified})

    def _record(self, storage: str) -> str:
        return f"{self._root}data/{storage}"

    def _constants(self, names: Sequence[str]) -> list[Problem]:
        """Return a note about the constants of TorchScript: weights, if the module was frozen."""
        count = sum(name.startswith(f"{self._root}{_CONSTANTS}") for name in names)
        if not count:
            return []
        what = f"tensors that are constants of its code are not listed: {count:,}"
        return [make_note("not-listed", what)]

    def _missing(self, present: set[str]) -> list[Problem]:
        lost = [
            name
            for name, tensor in self.tensors.items()
            if tensor.storage and self._record(tensor.storage) not in present
        ]
        others = f" and {len(lost) - 1:,} more" if lost[1:] else ""
        if not lost:
            return []
        what = f"the archive does not hold the elements of `{lost[0]}`{others}"
        return [Problem("missing-elements", what)]


def _byte_order(archive: Archive, root: str) -> str:
    name = f"{root}byteorder"
    is_big = name in archive.names and archive.read(name, 16).strip() == b"big"
    return ">" if is_big else "<"
