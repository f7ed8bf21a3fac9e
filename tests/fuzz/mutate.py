"""Changing files so that what is changed is reached.

Random bytes die at the checksum of the first block. So a table is taken apart, one of its
parts is changed, and it is put together again with checksums that are right.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from random import Random

import cramjam

from checkpoint import crafted
from ckptls.checkpoint.codecs.sstable import data_handles, read_block
from ckptls.checkpoint.core.errors import CheckpointError

# (random, seed, another seed) -> what to read
Mutate = Callable[[Random, bytes, bytes], bytes]

_BYTES = (0, 1, 2, 3, 7, 8, 0x12, 0x20, 0x28, 0x35, 0x3A, 0x7F, 0x80, 0x81, 0xC0, 0xFE, 0xFF)
_NUMBERS = (
    0, 1, 127, 128, 255, 4096, 4097, 16384, (1 << 31) - 1, 1 << 31, (1 << 32) - 1, 1 << 32,
    (1 << 63) - 1, 1 << 63, (1 << 64) - 1,
)  # fmt: skip
_MAX_BYTES = 20_000


def mutated_bytes(random: Random, seed: bytes, other: bytes) -> bytes:
    """`seed` with one to a few stretches changed."""
    data = bytearray(seed)
    for _ in range(1 + min(int(random.expovariate(0.7)), 8)):
        random.choice(_EDITS)(random, data, other)
    return bytes(data[:_MAX_BYTES])


def mutated_table(random: Random, seed: bytes, other: bytes) -> bytes:
    """A table of which one part is changed, mostly one that a checksum would have guarded."""
    part = random.random()
    keys, contents, is_compressed = _taken_apart(seed)
    if part < 0.1 or not contents:
        return mutated_bytes(random, seed, other)
    bodies = [crafted.stored(content, is_compressed=is_compressed) for content in contents]
    place = random.randrange(len(bodies))
    if part < 0.75:
        theirs = random.choice(_taken_apart(other)[1] or [other])
        changed = mutated_bytes(random, contents[place], theirs)
        bodies[place] = crafted.stored(changed, is_compressed=random.random() < 0.3)
    elif part < 0.9:
        packed = bytes(cramjam.snappy.compress_raw(contents[place]))
        bodies[place] = _sealed(mutated_bytes(random, packed, other), 1)
    return _put_together(random, keys, bodies, changes_index=part >= 0.9)


@lru_cache(maxsize=256)
def _taken_apart(data: bytes) -> tuple[list[bytes], list[bytes], bool]:
    """Keys for the index block, contents of the data blocks, whether they are compressed.

    Nothing of what is no table (any more), which happens under atheris.
    """

    def read_at(offset: int, count: int) -> bytes:
        return data[offset : offset + count]

    try:
        blocks = [read_block(read_at, handle) for handle in data_handles(read_at, len(data))]
    except CheckpointError:
        return [], [], False
    keys = [b"%05d" % i for i in range(len(blocks))]
    return keys, [block.data for block in blocks], any(block.is_compressed for block in blocks)


def _sealed(payload: bytes, kind: int) -> bytes:
    checked = payload + bytes([kind])
    return checked + crafted.masked_crc(checked).to_bytes(4, "little")


def _put_together(
    random: Random, keys: list[bytes], bodies: list[bytes], *, changes_index: bool
) -> bytes:
    out = bytearray()
    entries = []
    for key, body in zip(keys, bodies, strict=True):
        entries.append((key, crafted.varint(len(out)) + crafted.varint(len(body) - 5)))
        out += body
    index = crafted.block(entries, restart_interval=1)
    if changes_index:
        index = mutated_bytes(random, index, index)
    body = crafted.stored(index, is_compressed=False)
    footer = b"\0\0" + crafted.varint(len(out)) + crafted.varint(len(body) - 5)
    return bytes(out) + body + footer.ljust(40, b"\0") + crafted.MAGIC


def _place(random: Random, data: bytearray) -> int:
    return random.randrange(len(data) + 1)


def _set_byte(random: Random, data: bytearray, _: bytes) -> None:
    if data:
        data[random.randrange(len(data))] = random.choice(_BYTES)


def _flip_bit(random: Random, data: bytearray, _: bytes) -> None:
    if data:
        data[random.randrange(len(data))] ^= 1 << random.randrange(8)


def _add_one(random: Random, data: bytearray, _: bytes) -> None:
    if data:
        at = random.randrange(len(data))
        data[at] = (data[at] + random.choice((-2, -1, 1, 2))) & 255


def _insert_bytes(random: Random, data: bytearray, _: bytes) -> None:
    at = _place(random, data)
    data[at:at] = random.randbytes(random.randint(1, 8))


def _set_number(random: Random, data: bytearray, _: bytes) -> None:
    """A varint of an awkward value, over what is there or between it."""
    number = crafted.varint(random.choice(_NUMBERS))
    at = _place(random, data)
    data[at : at + random.choice((0, 1, len(number)))] = number


def _delete(random: Random, data: bytearray, _: bytes) -> None:
    at = _place(random, data)
    del data[at : at + random.choice((1, 1, 2, 4, 16, 200))]


def _repeat(random: Random, data: bytearray, _: bytes) -> None:
    at = _place(random, data)
    stretch = data[at : at + random.randint(1, 40)]
    data[at:at] = stretch * random.choice((1, 1, 2, 50))


def _splice(random: Random, data: bytearray, other: bytes) -> None:
    """A stretch of another seed, over what is there or between it."""
    if other:
        start = random.randrange(len(other))
        stretch = other[start : start + random.randint(1, 60)]
        at = _place(random, data)
        data[at : at + random.choice((0, len(stretch)))] = stretch


_EDITS = (
    _set_byte, _flip_bit, _add_one, _insert_bytes, _set_number, _set_number, _delete, _repeat,
    _splice,
)  # fmt: skip
