"""Files of other programs, known by their first bytes, and what to do about each.

A download that failed leaves a web page under the name of a checkpoint, a clone without Git
LFS leaves pointers, and archives are given where what is in them is wanted. "Bad magic number"
helps with none of them.

Source: the Git LFS specification (docs/spec.md: a pointer begins with its version and has less
than 1,024 bytes), and the specifications of the formats named.
"""

from __future__ import annotations

from ckptls.checkpoint.core.errors import (
    CheckpointDamaged,
    CheckpointError,
    CheckpointForeign,
    CheckpointUnsupported,
)

TYPE_CHECKING = False  # as typing's, without importing typing
if TYPE_CHECKING:
    from ckptls.checkpoint.storage.local_file import OpenFile

HEAD_BYTES = 512
POINTER_BYTES = 1024  # a Git LFS pointer has fewer
POINTER_MARK = b"version https://git-lfs.github.com/spec/"
POINTER_HINT = "fetch the file with `git lfs pull`"
POINTER_NAME = "a Git LFS pointer, not the file itself"

UNPACK = "unpack it, and name the checkpoint in it"
CUT_OFF = "it was cut off, or is being written"
_DOWNLOAD = "download the checkpoint again; a link may have expired, or need a login"
_ORIGINAL = "name the checkpoint that it was made of"
_CONVERT = "convert it with the tools of its own library"
_LOAD_IT = "load it where you trust it, and save the arrays with `numpy.savez`"
_INSTEAD = "name the checkpoint instead"
_ZIP = "a zip archive"
_JSON = "JSON text"
TEXT = "a text file"
_PICKLE = "a Python pickle; reading it would mean to run what it says"
# (offset, the bytes there, what it is, what to do).
_KINDS = (
    (0, POINTER_MARK, POINTER_NAME, POINTER_HINT),
    (0, b"\x93NUMPY", "a single NumPy array, which has no name", "save it with `numpy.savez`"),
    (0, b"\x89HDF\r\n\x1a\n", "an HDF5 file, as Keras writes it", "read it with `load_weights`"),
    (0, b"GGUF", "a GGUF file of llama.cpp, which is not read", _CONVERT),
    (4, b"TFL3", "a TensorFlow Lite model, which holds no checkpoint", _ORIGINAL),
    (257, b"ustar", "a tar archive", UNPACK),
    (0, b"\x1f\x8b", "a gzip archive", UNPACK),
    (0, b"BZh", "a bzip2 archive", UNPACK),
    (0, b"\xfd7zXZ\0", "an xz archive", UNPACK),
    (0, b"\x28\xb5\x2f\xfd", "a Zstandard archive", UNPACK),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7z archive", UNPACK),
    (0, b"Rar!\x1a\x07", "a RAR archive", UNPACK),
    (0, b"PK\x03\x04", _ZIP, UNPACK),
    (0, b"PK\x05\x06", "an empty zip archive", _DOWNLOAD),
    (0, b"\x89PNG\r\n\x1a\n", "a PNG image", _INSTEAD),
    (0, b"\xff\xd8\xff", "a JPEG image", _INSTEAD),
    (0, b"%PDF-", "a PDF document", _INSTEAD),
    *((0, bytes([0x80, protocol]), _PICKLE, _LOAD_IT) for protocol in range(2, 6)),
)  # fmt: skip
# Where this is to be done nothing reads weights from the file, but for these kinds.
_FOREIGN = (POINTER_HINT, UNPACK, _DOWNLOAD, _INSTEAD)
_READ_BY_SOME = (_ZIP, _JSON)
_HTML = (b"<!doctype html", b"<html", b"<head", b"<body", b"<script")
# A ModelProto begins with its version, then producer or operators; an ONNX file does so always.
_ONNX_SECOND = (b"\x12", b"\x3a", b"\x1a", b"\x42")


def kind_of(head: bytes) -> tuple[str, str] | None:
    """(what a file is, what to do about it) by its first 512 bytes; None if that is not known."""
    for place, mark, name, advice in _KINDS:
        if head.startswith(mark, place):
            return name, advice
    if _is_old_pickle(head):
        return _PICKLE, _LOAD_IT
    return _text_kind(head) or _message_kind(head)


def _is_old_pickle(head: bytes) -> bool:
    """Whether a file begins as pickles of protocols 0 and 1 do, which do not name their protocol:
    with a dictionary or list that is put into the memo, or with a function.
    """
    import re

    start = rb"\([dl]p\d+\n|[}\]]q[\0\1]|\(?c[A-Za-z_][\w.]*\n\w+\n[pq(]"
    return head[:1] in (b"(", b"}", b"]", b"c") and re.match(start, head) is not None


def is_pointer(head: bytes, size: int) -> bool:
    """Whether a file of `size` bytes that begins so is a Git LFS pointer."""
    return size < POINTER_BYTES and head.startswith(POINTER_MARK)


def refusal(head: bytes) -> CheckpointUnsupported | None:
    """The error for a file that begins so, if it is known to be of another kind."""
    found = kind_of(head)
    if found is None:
        return None
    what, advice = found
    is_foreign = advice in _FOREIGN and what not in _READ_BY_SOME
    kind = CheckpointForeign if is_foreign else CheckpointUnsupported
    return kind(f"it is {what}", hint=advice)


class explaining:  # noqa: N801 - a context manager, as contextlib's are called
    """In a `with` statement: what says that an open file is damaged says what it is instead, if
    that is known: empty, or of another kind."""

    __slots__ = ("_file",)

    def __init__(self, file: OpenFile) -> None:
        self._file = file

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        file = self._file
        if isinstance(error, CheckpointDamaged) and error.path in ("", file.path):
            better = _explanation(error, file)
            if better is not None:
                raise better from None


def _explanation(error: CheckpointDamaged, file: OpenFile) -> CheckpointError | None:
    if not file.size:
        return type(error)("it is empty", file.path, 0, CUT_OFF)
    try:
        better = refusal(file.read_at(0, min(file.size, HEAD_BYTES)))
    except CheckpointError:
        return None
    return better.named(file.path) if better is not None else None


def _text_kind(head: bytes) -> tuple[str, str] | None:
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    lower = text[:64].lower()
    if lower.startswith(_HTML):
        return "a web page (HTML)", _DOWNLOAD
    if lower.startswith(b"<?xml"):
        return ("a web page (HTML)" if b"<html" in head.lower() else "an XML document"), _DOWNLOAD
    if text[:1] in (b"{", b"["):
        return _JSON, _DOWNLOAD
    if len(text) >= 4 and _is_plain(text):
        return TEXT, _DOWNLOAD
    return None


def _is_plain(text: bytes) -> bool:
    """Whether bytes, cut off anywhere, are text without control characters."""
    try:
        decoded = text.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start < len(text) - 3:
            return False
        decoded = text[: error.start].decode("utf-8")
    return all(character.isprintable() or character in "\t\r\n\f" for character in decoded)


def _message_kind(head: bytes) -> tuple[str, str] | None:
    """What protocol buffers of other programs begin with: a version, then text fields."""
    if head[:1] != b"\x08" or not 1 <= int.from_bytes(head[1:2], "little") <= 20:
        return None
    if b"CoreML" in head or b"coremltools" in head or b"com.github.apple" in head:
        return "a Core ML model, which holds no checkpoint", _ORIGINAL
    if head[2:3] in _ONNX_SECOND:
        return "an ONNX model, which holds no checkpoint", _ORIGINAL
    return None
