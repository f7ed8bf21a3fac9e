"""The masked CRC-32C that guards every block of a table.

With google-crc32c's C code a checksum costs nothing that one could measure. Without it,
a table-driven one in Python takes some 140 ns a byte, so that only blocks up to
`PURE_LIMIT_BYTES` are verified then. The first few KB of a process are verified in Python
in any case: that is sooner done than the C code is imported.

Source: tensorflow/core/lib/hash/crc32c.h (mask); RFC 3720 appendix B.4 (polynomial).
"""

from __future__ import annotations

from collections.abc import Callable

TYPE_CHECKING = False  # as typing's, without importing typing
if TYPE_CHECKING:
    from numpy import ndarray

PURE_LIMIT_BYTES = 64 * 1024

_FIRST_BYTES = 8 * 1024
_POLYNOMIAL = 0x82F63B78
_MASK_DELTA = 0xA282EAD8


def unmask(stored: int) -> int:
    """The plain checksum of one that is stored masked."""
    rotated = (stored - _MASK_DELTA) & 0xFFFFFFFF
    return (rotated >> 17 | rotated << 15) & 0xFFFFFFFF


def mask(crc: int) -> int:
    """The form in which `crc` is stored."""
    return ((crc >> 15 | crc << 17) + _MASK_DELTA) & 0xFFFFFFFF


def matches(data: bytes, stored: int) -> bool:
    """Whether `data` has the masked checksum `stored`; True where it is not affordable."""
    compiled = None if _is_sooner_done(len(data)) else compiled_crc32c()
    if compiled is not None:
        return compiled(data) == unmask(stored)
    return len(data) > PURE_LIMIT_BYTES or pure_crc32c(data) == unmask(stored)


def _is_sooner_done(count: int) -> bool:
    """Whether `count` bytes are among the first of the process, and few."""
    if not _COMPILED and _verified_bytes[0] + count <= _FIRST_BYTES:
        _verified_bytes[0] += count
        return True
    return False


class Checksum:
    """The checksum of data that comes in pieces; `bytes`, or arrays of bytes.

    Attributes:
        value: the checksum so far, unmasked.
        is_known: False once there was more than is affordable without C code.
    """

    __slots__ = ("_bytes", "_extend", "is_known", "value")

    def __init__(self) -> None:
        self.value = 0
        self.is_known = True
        self._bytes = 0
        self._extend = compiled_extend()

    def add(self, piece: bytes | ndarray) -> None:
        """Go on with `piece`."""
        if self._extend is not None:
            self.value = self._extend(self.value, piece)
            return
        self._bytes += len(piece)
        self.is_known = self.is_known and self._bytes <= PURE_LIMIT_BYTES
        if self.is_known:
            self.value = pure_crc32c(bytes(piece), self.value)

    def matches(self, stored: int) -> bool:
        """Whether all that was added has the masked checksum `stored`; True if not known."""
        return not self.is_known or self.value == unmask(stored)


def pure_crc32c(data: bytes, before: int = 0) -> int:
    """CRC-32C of `data`, one table look-up a byte; `before` is that of what comes before it."""
    table = _table()
    crc = before ^ 0xFFFFFFFF
    for byte in data:
        crc = table[(crc ^ byte) & 0xFF] ^ crc >> 8
    return crc ^ 0xFFFFFFFF


_verified_bytes = [0]  # by the pure function, as long as the C code is not imported
_TABLE: list[tuple[int, ...]] = []
_COMPILED: list[Callable[[bytes], int] | None] = []


def compiled_crc32c() -> Callable[[bytes], int] | None:
    """google-crc32c's function if its C code is there; its own Python one is no gain."""
    if not _COMPILED:
        _COMPILED.append(_import_compiled())
    return _COMPILED[0]


def compiled_extend() -> Callable[[int, bytes | ndarray], int] | None:
    """google-crc32c's function that goes on from a checksum, if its C code is there."""
    if compiled_crc32c() is None:
        return None
    import google_crc32c

    extend: Callable[[int, bytes | ndarray], int] = google_crc32c.extend
    return extend


def _import_compiled() -> Callable[[bytes], int] | None:
    try:
        import google_crc32c
    except ImportError:
        return None
    if google_crc32c.implementation != "c":
        return None
    value: Callable[[bytes], int] = google_crc32c.value
    return value


def _table() -> tuple[int, ...]:
    if not _TABLE:  # whole or not at all: other threads may be here too
        _TABLE.append(tuple(_remainder(byte) for byte in range(256)))
    return _TABLE[0]


def _remainder(byte: int) -> int:
    for _ in range(8):
        byte = byte >> 1 ^ (_POLYNOMIAL if byte & 1 else 0)
    return byte
