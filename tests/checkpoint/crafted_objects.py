"""A small writer of object graphs, and of checkpoints that have one in their data file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import google_crc32c

from checkpoint import crafted
from checkpoint.crafted import bytes_field, fixed32_field, number_field, varint
from ckptls.checkpoint.core.types import OBJECT_GRAPH_NAME

SUFFIX = "/.ATTRIBUTES/VARIABLE_VALUE"


def child(name: str, node: int) -> bytes:
    number = number_field(1, node) if node else b""
    return bytes_field(1, number + bytes_field(2, name.encode()))


def attribute(full_name: str, key: str) -> bytes:
    texts = ("VARIABLE_VALUE", full_name, key)
    return bytes_field(2, b"".join(bytes_field(i, t.encode()) for i, t in enumerate(texts, 1)))


def slot_variable(original: int, name: str, slot: int) -> bytes:
    numbers = (number_field(1, original), bytes_field(2, name.encode()), number_field(3, slot))
    return bytes_field(3, b"".join(numbers))


def graph_of(*nodes: Sequence[bytes]) -> bytes:
    return b"".join(bytes_field(1, b"".join(node)) for node in nodes)


GRAPH = graph_of(
    [child("net", 1), child("optimizer", 2)],
    [child("w", 3), child("itself", 1)],
    [child("iter", 4), slot_variable(3, "m", 5)],
    [attribute("net/w", f"net/w{SUFFIX}")],
    [attribute("Adam/iter", f"optimizer/iter{SUFFIX}")],
    [attribute("Adam/net/w/m", f"net/w/.OPTIMIZER_SLOT/optimizer/m{SUFFIX}")],
)


def stored(graph: bytes) -> bytes:
    """A string as it stands in a data file."""
    return (
        varint(len(graph))
        + crafted.masked_crc(len(graph).to_bytes(4, "little")).to_bytes(4, "little")
        + graph
    )


def write(
    prefix: Path,
    graph: bytes,
    value: bytes | None = None,
    *,
    is_damaged: bool = False,
    names: Sequence[str] = (f"net/w{SUFFIX}", f"net/w/.OPTIMIZER_SLOT/optimizer/m{SUFFIX}"),
) -> Path:
    """A checkpoint with its graph at byte 7 of the data file."""
    value = stored(graph) if value is None else value
    checked = len(graph).to_bytes(4, "little") + value[len(varint(len(graph))) :]
    crc = google_crc32c.value(checked) ^ is_damaged
    masked = ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF
    entry = number_field(1, crafted.STRING) + bytes_field(2, b"") + number_field(4, 7)
    entry += number_field(5, len(value)) + fixed32_field(6, masked)
    rows = [(name.encode(), crafted.entry(crafted.FLOAT, [2], 0, 8)) for name in sorted(names)]
    index = crafted.table([(b"", crafted.header()), (OBJECT_GRAPH_NAME.encode(), entry), *rows])
    Path(f"{prefix}.index").write_bytes(index)
    Path(f"{prefix}.data-00000-of-00001").write_bytes(b"weights" + value)
    return prefix
