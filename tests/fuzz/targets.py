"""What is fuzzed: a table of readers, each with the kinds of mutation that reach into it.

To add a reader, add a line to TARGETS and a folder of small seeds under `corpus/` that has
the line's name: files that are read, and files that once were not refused as they should be.
A reader takes bytes; whatever it raises but CheckpointError is a finding. One that wants a
file is wrapped in `on_disk`.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ckptls.checkpoint.core.errors import CheckpointError
from ckptls.checkpoint.formats.tensorflow.v1.metadata import read_meta
from ckptls.checkpoint.formats.tensorflow.v2 import compiled_loop
from ckptls.checkpoint.formats.tensorflow.v2.index import Columns, parse_index, parse_names
from ckptls.checkpoint.formats.tensorflow.v2.index_reader import all_entries
from ckptls.checkpoint.graphs.meta_graph import read_model
from ckptls.checkpoint.layout.state_file import parse_state
from ckptls.checkpoint.objects.object_graph import ObjectGraph
from ckptls.checkpoint.objects.trackable_protos import decode_nodes
from ckptls.checkpoint.reader import read_checkpoint
from fuzz.mutate import Mutate, mutated_bytes, mutated_table

CORPUS = Path(__file__).with_name("corpus")


@dataclass(frozen=True)
class Target:
    """A reader, and how its seeds are changed."""

    read: Callable[[bytes], object]
    mutate: Mutate = mutated_bytes


def on_disk(read: Callable[[str], object], suffix: str = "") -> Callable[[bytes], object]:
    """A reader of bytes made of one of paths."""
    folder = tempfile.TemporaryDirectory(prefix="ckptls-fuzz-")
    path = os.path.join(folder.name, "m" + suffix)

    def read_bytes(data: bytes) -> object:
        with open(path, "wb") as file:
            file.write(data)
        return read(path)

    read_bytes.folder = folder  # type: ignore[attr-defined]  # it lives as long as the reader
    return read_bytes


def read_index(data: bytes) -> None:
    """An index, by the loop in C and by that in Python: both read the same, or both refuse."""
    in_c = compiled_loop.stretch
    found = []
    try:
        for loop in dict.fromkeys((in_c, None)):
            compiled_loop.stretch = loop
            found.append(_columns_or_error(data))
    finally:
        compiled_loop.stretch = in_c
    one, other = found[0], found[-1]
    assert one == other or (isinstance(one, CheckpointError) and isinstance(other, CheckpointError))
    if isinstance(one, CheckpointError):
        raise one


def _columns_or_error(data: bytes) -> Columns | CheckpointError:
    """Both ways to read an index; they must agree where the thorough one accepts."""
    try:
        names, kinds = parse_index(data)
    except CheckpointError as error:
        with suppress(CheckpointError):
            parse_names(data)  # it may accept: it does not look into values
        return error
    assert len(names) == len(kinds)
    assert names == sorted(names) == parse_names(data)
    assert all(size >= 0 for _, shape in kinds for size in shape)
    return names, kinds


def read_v1(data: bytes) -> None:
    """The list of a V1 file; no byte beyond its end may be asked for."""

    def read_at(offset: int, count: int) -> bytes:
        assert 0 <= offset <= offset + count <= len(data), (offset, count)
        return data[offset : offset + count]

    read_meta(read_at, len(data))


def read_entries(path: str) -> None:
    """Where the bytes of every variable lie."""
    for entry in all_entries(path):
        assert entry.offset_bytes >= 0
        assert entry.size_bytes >= 0


def read_objects(data: bytes) -> None:
    """The graph of a TF2 checkpoint, and what every key in it is said to be."""
    graph = ObjectGraph(decode_nodes(data))
    for node in range(len(graph.nodes)):
        graph.nodes.children(node)
    for attributes in graph.nodes.attributes.values():
        for attribute in attributes:
            graph.full_names(attribute.key)
            graph.slot(attribute.key)


def read_model_names(path: str) -> None:
    """The variables and nodes of a model."""
    model = read_model(path)
    assert all(variable.name for variable in model.variables)
    assert model.node_names is not None


def read_file(path: str) -> None:
    """A file of any format that is found by content."""
    checkpoint = read_checkpoint(path, is_patient=False)
    assert list(checkpoint.names) == sorted(checkpoint.names)


TARGETS = {
    "index": Target(read_index, mutated_table),
    "entries": Target(on_disk(read_entries, ".index"), mutated_table),
    "v1": Target(read_v1, mutated_table),
    "state": Target(parse_state),
    "object_graph": Target(read_objects),
    "model": Target(on_disk(read_model_names, ".meta")),
    "safetensors": Target(on_disk(read_file)),
    "npz": Target(on_disk(read_file)),
    "pytorch": Target(on_disk(read_file)),
}


def seeds(name: str) -> list[bytes]:
    """The corpus of a target, in the order of the files' names."""
    return [path.read_bytes() for path in sorted((CORPUS / name).iterdir())]
