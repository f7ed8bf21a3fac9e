"""Zip archives, of which nothing is ever unpacked to disk: members by name, their bytes in bounds.

Source: the .ZIP file format specification (APPNOTE.TXT), through the standard library.
"""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Collection, Iterator

from ckptls.checkpoint.core.errors import (
    CheckpointDamaged,
    CheckpointTooLarge,
    CheckpointUnsupported,
)
from ckptls.checkpoint.core.limits import check_growth
from ckptls.checkpoint.storage.local_file import Closing, OpenFile
from ckptls.checkpoint.storage.raw_io import FilePart, Stream

TYPE_CHECKING = False  # as typing's, without importing typing
if TYPE_CHECKING:
    from numpy import ndarray

MAX_DIRECTORY_BYTES = 64 << 20
_END = b"PK\x05\x06"
_END_BYTES = 22
_END_REACH = _END_BYTES + 0xFFFF
_LOCAL_BYTES = 30
_NAME_REACH = 256
_UTF8 = 0x800  # the flag that says how a name is encoded
_AT_ONCE = 1 << 20
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
# What `zipfile` was seen to raise for damaged archives; ValueError covers bad Unicode.
_RAISED = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    OSError,
    EOFError,
    ValueError,
    OverflowError,
    RuntimeError,
    LookupError,
    TypeError,
    AttributeError,
)


class Archive(Closing):
    """The members of the zip archive in an open file; use it in a `with` statement.

    Raises:
        CheckpointDamaged: no sound archive, or one with two members of the same name.
    """

    def __init__(self, file: OpenFile | FilePart) -> None:
        self._file = file
        self._stream = Stream(file)
        _check_directory(file)
        try:
            self._zip = zipfile.ZipFile(self._stream)
        except _RAISED as error:
            raise self._damaged(error) from None
        self._members: dict[str, zipfile.ZipInfo] = {}
        for member in self._zip.infolist():
            if self._members.setdefault(member.filename, member) is not member:
                raise CheckpointDamaged(f"the archive holds `{member.filename}` twice")

    def close(self) -> None:
        """Give it back to the system; it cannot be used any more."""
        self._zip.close()

    @property
    def names(self) -> list[str]:
        """The names of all members, in the order of the archive."""
        return list(self._members)

    def size_of(self, name: str) -> int:
        """How many bytes a member has when it is unpacked."""
        return self._member(name).file_size

    def read(self, name: str, max_bytes: int) -> bytes:
        """All bytes of a member.

        Raises:
            CheckpointDamaged: it is not there, corrupt, or holds more than `max_bytes`, or it
                grows beyond the limits of decompression.
        """
        member = self._member(name)
        if member.file_size > max_bytes:
            raise CheckpointTooLarge(f"`{name}` claims to hold {member.file_size:,} bytes")
        check_growth(member.file_size, member.compress_size, name)
        data = self.read_head(name, member.file_size)
        if len(data) != member.file_size:
            raise CheckpointDamaged(f"`{name}` ends early", where=member.header_offset)
        return data

    def _stored(self, member: zipfile.ZipInfo, count: int) -> Iterator[bytes]:
        """As `_pieces`, of a member that lies in the file as it is."""
        place, size = self._place(member)
        crc = 0
        for start in range(0, min(count, size), _AT_ONCE):
            piece = self._file.read_at(place + start, min(_AT_ONCE, count - start, size - start))
            crc = zlib.crc32(piece, crc)
            yield piece
        if count >= size and crc != member.CRC:
            what = f"`{member.filename}` does not match its checksum"
            raise CheckpointDamaged(what, where=member.header_offset)

    def read_array(self, name: str) -> ndarray:
        """All bytes of a member as an array, which is all the memory that it takes.

        Raises:
            CheckpointError: as `verify`.
        """
        import numpy

        member = self._member(name)
        check_growth(member.file_size, member.compress_size, name)
        data: ndarray = numpy.empty(member.file_size, numpy.uint8)
        place = 0
        for piece in self._pieces(member, member.file_size):
            data[place : place + len(piece)] = numpy.frombuffer(piece, numpy.uint8)
            place += len(piece)
        if place != member.file_size:
            raise CheckpointDamaged(f"`{name}` ends early", where=member.header_offset)
        return data

    def read_head(self, name: str, count: int) -> bytes:
        """The first `count` bytes of a member, fewer if it has no more."""
        return b"".join(self._pieces(self._member(name), count))

    def _pieces(self, member: zipfile.ZipInfo, count: int) -> Iterator[bytes]:
        """The first `count` bytes of a member; at its end its checksum is compared."""
        if member.flag_bits & 1 or member.compress_type not in _METHODS:
            what = "encrypted" if member.flag_bits & 1 else "packed in a way that is not read"
            raise CheckpointUnsupported(f"`{member.filename}` is {what}")
        if member.compress_type == zipfile.ZIP_STORED:
            yield from self._stored(member, count)
            return
        rest = count
        try:
            with self._zip.open(member) as stream:
                while rest > 0:
                    piece = stream.read(min(rest, _AT_ONCE))
                    if not piece:
                        break
                    yield piece
                    rest -= len(piece)
        except _RAISED as error:
            raise self._damaged(error) from None

    def verify(self, name: str) -> int:
        """Unpack a member to its end, a piece at a time, against its checksum; its bytes.

        Raises:
            CheckpointDamaged: it is corrupt, or has another length than stated.
            CheckpointUnsupported: it is encrypted, packed in a way that is not read, or grows
                beyond the limits of decompression.
        """
        member = self._member(name)
        check_growth(member.file_size, member.compress_size, name)
        count = sum(map(len, self._pieces(member, member.file_size + 1)))
        if count != member.file_size:
            raise CheckpointDamaged(f"`{name}` ends early", where=member.header_offset)
        return count

    def verify_all(self, done: Collection[str]) -> None:
        """Verify all members but those that were verified already.

        Raises:
            CheckpointError: as `verify`.
        """
        for name in self._members.keys() - set(done):
            self.verify(name)

    def span(self, name: str) -> tuple[int, int] | None:
        """(offset in the file, bytes) of a member that is stored as it is; None if it is packed."""
        member = self._member(name)
        if member.compress_type != zipfile.ZIP_STORED or member.flag_bits & 1:
            return None
        return self._place(member)

    def _place(self, member: zipfile.ZipInfo) -> tuple[int, int]:
        start = member.header_offset
        if start < 0 or start + _LOCAL_BYTES > self._file.size:
            raise CheckpointDamaged(f"`{member.filename}` begins outside of the file", where=start)
        reach = min(_LOCAL_BYTES + _NAME_REACH, self._file.size - start)
        head = self._file.read_at(start, reach)
        name_bytes, extra_bytes = struct.unpack_from("<HH", head, 26)
        place = start + _LOCAL_BYTES + name_bytes + extra_bytes
        if head[:4] != b"PK\x03\x04" or place + member.file_size > self._file.size:
            raise CheckpointDamaged(
                f"`{member.filename}` runs past the end of the file", where=start
            )
        if member.compress_size != member.file_size:
            raise CheckpointDamaged(f"`{member.filename}` has two sizes", where=start)
        encoding = "utf-8" if member.flag_bits & _UTF8 else "cp437"
        name = head[_LOCAL_BYTES : _LOCAL_BYTES + name_bytes].decode(encoding, "replace")
        if name_bytes <= _NAME_REACH and name != member.orig_filename:
            raise CheckpointDamaged(
                f"`{member.filename}` has another name where it begins", where=start
            )
        return place, member.file_size

    def _member(self, name: str) -> zipfile.ZipInfo:
        member = self._members.get(name)
        if member is None:
            raise CheckpointDamaged(f"the archive has no `{name}`")
        return member

    def _damaged(self, error: BaseException) -> Exception:
        return self._stream.error or CheckpointDamaged(f"no sound zip archive: {error}")


def _check_directory(file: OpenFile | FilePart) -> None:
    """Refuse a table of members so long that holding it would be the attack."""
    reach = min(file.size, _END_REACH)
    tail = file.read_at(file.size - reach, reach)
    place = tail.rfind(_END)
    if place < 0 or place + _END_BYTES > len(tail):
        raise CheckpointDamaged("the archive has no table of its members: it is cut off")
    size_bytes = int.from_bytes(tail[place + 12 : place + 16], "little")
    locator = tail[max(0, place - 76) : place]
    if size_bytes == 0xFFFFFFFF and locator[:4] == b"PK\x06\x06":
        size_bytes = int.from_bytes(locator[40:48], "little")
    if size_bytes > MAX_DIRECTORY_BYTES:
        raise CheckpointTooLarge(f"a table of members of {size_bytes:,} bytes")
