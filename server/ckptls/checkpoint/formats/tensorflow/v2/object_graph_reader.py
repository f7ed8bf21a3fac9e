"""Reading the object graph of a V2 checkpoint from its data file."""

from __future__ import annotations

from ckptls.checkpoint.codecs import crc32c
from ckptls.checkpoint.core.errors import (
    CheckpointDamaged,
    CheckpointError,
    CheckpointIncomplete,
    CheckpointNotFound,
    CheckpointTooLarge,
)
from ckptls.checkpoint.core.types import OBJECT_GRAPH_NAME, Format
from ckptls.checkpoint.model.checkpoint import Checkpoint
from ckptls.checkpoint.objects.object_graph import ObjectGraph
from ckptls.checkpoint.objects.trackable_protos import MAX_GRAPH_BYTES, decode_nodes, string_value
from ckptls.checkpoint.storage.filesystem import open_file, stamp_of

TYPE_CHECKING = False  # as typing's, without importing typing
if TYPE_CHECKING:
    from ckptls.checkpoint.formats.tensorflow.v2.index_reader import Entry

_LONGEST_PREFIX_BYTES = 10 + 4  # a string's length and the checksum of it


def read_object_graph(checkpoint: Checkpoint) -> ObjectGraph | None:
    """The object graph of a checkpoint that was read; None if it is not object-based.

    Without its data file it is what the keys tell (`ObjectGraph.is_complete` is False).

    Raises:
        CheckpointError: the graph is damaged, or the checkpoint was rewritten meanwhile.
    """
    if checkpoint.format is not Format.V2 or not checkpoint.is_object_based:
        return None
    from ckptls.checkpoint.formats.tensorflow.v2.index_reader import IndexReader, data_path

    with IndexReader(checkpoint.files[0]) as index:
        if index.stamp != checkpoint.stamp[0]:
            raise CheckpointIncomplete("it was rewritten meanwhile", index.path)
        entry = index.find(OBJECT_GRAPH_NAME)
        shards = index.header().shards
    if entry is None:
        return None
    path = data_path(checkpoint.prefix, entry.shard, shards)
    stamp = stamp_of(path)
    try:
        graph = ObjectGraph(decode_nodes(_graph_bytes(path, entry)))
    except CheckpointNotFound:
        graph = ObjectGraph.of_keys(checkpoint.names)
    except CheckpointError as error:
        raise error.named(path) from None
    graph.path, graph.stamp = path, stamp
    return graph


def _graph_bytes(path: str, entry: Entry) -> bytes:
    """The message that the entry says is in the data file, verified."""
    if entry.dtype != "string" or entry.shape or entry.slices:
        raise CheckpointDamaged(f"`{entry.name}` is no single string")
    if entry.size_bytes > MAX_GRAPH_BYTES + _LONGEST_PREFIX_BYTES:
        raise CheckpointTooLarge(f"an object graph of {entry.size_bytes:,} bytes")
    with open_file(path) as file:
        if entry.offset_bytes + entry.size_bytes > file.size:
            raise CheckpointIncomplete("it ends before the object graph does", where=file.size)
        stored = file.read_at(entry.offset_bytes, entry.size_bytes)
        file.check_unchanged()
    start, _ = string_value(stored)
    # The checksum is that of the length as four bytes, and of all that follows it.
    covered = (len(stored) - start).to_bytes(4, "little") + stored[start - 4 :]
    if not crc32c.matches(covered, entry.crc32c):
        where = entry.offset_bytes
        raise CheckpointDamaged("the object graph does not match its checksum", where=where)
    return stored[start:]
