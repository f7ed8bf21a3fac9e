"""The numbers of a TensorProto, as V1 checkpoints keep them: typed, mostly packed lists.

A long list is read from the file where it lies, without the message around it.

Source: tensorflow/core/framework/tensor.proto,
tensorflow/core/util/saved_tensor_slice_util.h (which type is kept in which field).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from ckptls.checkpoint.arrays.numpy_arrays import load_numpy, numpy_dtype
from ckptls.checkpoint.codecs.protobuf_wire import FIXED32, FIXED64, LENGTH, VARINT, fields, varint
from ckptls.checkpoint.core.dtypes import STRING
from ckptls.checkpoint.core.errors import CheckpointDamaged, CheckpointUnsupported

TYPE_CHECKING = False  # as typing's, without importing typing
if TYPE_CHECKING:
    import numpy as np

_WHOLE_BYTES = 128 * 1024 * 1024  # messages of many pieces are read whole up to this size
_HEAD_BYTES = 16 * 1024
_TAG_BYTES = 20
_SLICE_FIELD, _TENSOR_FIELD = 2, 3

# dtype -> (field of TensorProto, type of its elements there; empty for varints)
_FIELDS = {
    "float32": (5, "<f4"),
    "float64": (6, "<f8"),
    "complex64": (9, "<c8"),
    "complex128": (12, "<c16"),
    "int64": (10, ""),
    "bool": (11, ""),
    "float16": (13, ""),
    "bfloat16": (13, ""),
    "uint32": (16, ""),
    "uint64": (17, ""),
    STRING: (8, ""),
} | dict.fromkeys(
    ("int32", "int16", "int8", "uint16", "uint8", "qint32", "qint8", "quint8", "qint16", "quint16"),
    (7, ""),
)
_CHUNK_BYTES = 1 << 20


class Source(Protocol):
    """The bytes of one entry of a table, wherever they are; offsets count from its start."""

    @property
    def size(self) -> int:
        """Its length in bytes."""

    def read_at(self, offset: int, count: int) -> bytes:
        """`count` bytes from `offset` on, which lie within it."""

    def array_at(self, offset: int, count: int) -> np.ndarray:
        """The same as an array of bytes that one may write to."""


# (wire type, a, b) of one field, as `wire.fields` yields it: a list, or one element by itself.
_Piece = tuple[int, int, int]


def read_tensor(source: Source, dtype: str, count: int) -> np.ndarray:
    """The `count` elements in a SavedTensorSlices message with one SavedSlice, in a row.

    Raises:
        CheckpointDamaged: the message is corrupt, or has another number of elements.
        CheckpointUnsupported: a type that V1 checkpoints do not have.
    """
    base = dtype.removesuffix("_ref")
    known = _FIELDS.get(base)
    if known is None:
        raise CheckpointUnsupported(f"values of type {dtype} are not read from V1 checkpoints")
    number, stored = known
    head, pieces = _pieces(source, number)
    if base == STRING:
        return _strings(source, head, pieces, count)
    if stored:
        data = _bytes(source, head, pieces, width=8 if stored in ("<f8", "<c16") else 4)
        return _fixed(data, stored, count).astype(numpy_dtype(dtype), copy=False)
    return _varints(_bytes(source, head, pieces), dtype, count)


def _pieces(source: Source, number: int) -> tuple[bytes, list[_Piece]]:
    """The start of the message (or all of it), and where in it field `number` is."""
    head = source.read_at(0, min(source.size, _HEAD_BYTES))
    try:
        return head, _find(head, source.size, number)
    except CheckpointUnsupported:
        if source.size > _WHOLE_BYTES:
            raise
    head = source.read_at(0, source.size)
    return head, _find(head, source.size, number)


def _find(head: bytes, end: int, number: int) -> list[_Piece]:
    start, end = _inner(head, 0, end, _SLICE_FIELD)
    start, end = _inner(head, start, end, _TENSOR_FIELD)
    return [(wire, a, b) for field, wire, a, b in _fields(head, start, end) if field == number]


def _content(source: Source, head: bytes, start: int, end: int) -> bytes:
    return head[start:end] if end <= len(head) else source.read_at(start, end - start)


def _inner(head: bytes, start: int, end: int, number: int) -> tuple[int, int]:
    """Where the message in field `number` starts and ends; empty if there is none."""
    found = (end, end)
    for field, wire, a, b in _fields(head, start, end):
        if field == number and wire == LENGTH:
            found = (a, b)
    return found


def _fields(head: bytes, start: int, end: int) -> Iterator[tuple[int, int, int, int]]:
    """As `wire.fields`, of a message whose end may lie beyond the bytes in `head`.

    Of a long one nothing may follow the field that fills it.
    """
    found = fields(head, start, end)
    while start < end:
        if end > len(head) and start + _TAG_BYTES > len(head):
            raise CheckpointUnsupported("a tensor is laid out as TensorFlow does not", where=start)
        field = next(found)
        yield field
        start = field[3]


def _bytes(source: Source, head: bytes, pieces: list[_Piece], width: int = 0) -> np.ndarray:
    """The content of all lists and of elements by themselves, in a row.

    Elements take `width` bytes each, or are varints if it is 0.
    """
    if len(pieces) == 1 and pieces[0][0] == LENGTH:
        _, start, end = pieces[0]
        return source.array_at(start, end - start)
    parts = []
    for wire, a, b in pieces:
        if wire == LENGTH:
            parts.append(_content(source, head, a, b))
        elif wire == VARINT and not width:
            parts.append(varint(a))
        elif width and wire == (FIXED32 if width == 4 else FIXED64):
            parts.append(head[b - width : b])
    numpy = load_numpy()
    return numpy.frombuffer(bytearray().join(parts), numpy.uint8)  # type: ignore[no-any-return]


def _fixed(data: np.ndarray, stored: str, count: int) -> np.ndarray:
    """Elements that are stored with their full width."""
    expected = count * load_numpy().dtype(stored).itemsize
    if len(data) != expected:
        raise CheckpointDamaged(
            f"its values take {len(data):,} bytes where its shape needs {expected:,}"
        )
    return data.view(stored)


def _varints(data: np.ndarray, dtype: str, count: int) -> np.ndarray:
    """Elements that are stored as numbers of one to ten bytes."""
    numpy = load_numpy()
    if not count <= len(data):
        raise CheckpointDamaged(f"{len(data):,} bytes cannot hold {count:,} numbers")
    values: np.ndarray = numpy.empty(count, numpy_dtype(dtype))
    done = start = 0
    while start < len(data):
        numbers, used = _decoded(data[start : start + _CHUNK_BYTES])
        if done + len(numbers) > count:
            raise CheckpointDamaged(f"it has more values than its shape, which is of {count:,}")
        values[done : done + len(numbers)] = _typed(numbers, values.dtype)
        done += len(numbers)
        start += used
    if done != count:
        raise CheckpointDamaged(f"it has {done:,} values where its shape needs {count:,}")
    return values


def _decoded(data: np.ndarray) -> tuple[np.ndarray, int]:
    """The varints in `data` as uint64, and how many bytes they take; one may be cut off."""
    numpy = load_numpy()
    last = numpy.flatnonzero(data < 0x80)
    if not len(last):
        raise CheckpointDamaged("the data ends inside a number")
    first = numpy.concatenate(([0], last[:-1] + 1))
    lengths = last - first + 1
    if lengths.max() > 10:
        raise CheckpointDamaged("a number takes more than 10 bytes")
    values = (data[first] & 0x7F).astype(numpy.uint64)
    for place in range(1, int(lengths.max())):
        longer = numpy.flatnonzero(lengths > place)
        bits = (data[first[longer] + place] & 0x7F).astype(numpy.uint64)
        values[longer] |= bits << numpy.uint64(7 * place)
    return values, int(last[-1]) + 1


def _typed(numbers: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """Varints as the elements they stand for."""
    if dtype.kind == "b":
        return numbers.astype(bool)
    if dtype.kind in "iu":
        return numbers.astype(dtype)  # modulo 2^n, so negative ones come out right
    return numbers.astype("u2").view(dtype)  # the bits of float16 and bfloat16


def _strings(source: Source, head: bytes, pieces: list[_Piece], count: int) -> np.ndarray:
    texts = [_content(source, head, a, b) for wire, a, b in pieces if wire == LENGTH]
    if len(texts) != count:
        raise CheckpointDamaged(f"it has {len(texts):,} strings where its shape needs {count:,}")
    values: np.ndarray = load_numpy().empty(count, object)
    values[:] = texts
    return values
