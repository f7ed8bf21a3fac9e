"""Checksums and snappy, each with its C implementation and with our own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import cramjam
import google_crc32c
import pytest
from hypothesis import given
from hypothesis import strategies as st

from checkpoint import crafted
from checkpoint.crafted import FLOAT, SNAPPY
from ckptls.checkpoint.codecs import crc32c, snappy
from ckptls.checkpoint.core.errors import CheckpointDamaged

REPETITIVE = st.builds(
    lambda parts, n: b"".join(parts) * n, st.lists(st.binary(max_size=9)), st.integers(0, 40)
)


@given(data=st.binary(max_size=300))
def test_our_checksum_is_googles(data: bytes) -> None:
    assert crc32c.pure_crc32c(data) == google_crc32c.value(data)


def test_the_checksum_of_the_standard_example() -> None:
    assert crc32c.pure_crc32c(b"123456789") == 0xE3069283


@given(crc=st.integers(0, (1 << 32) - 1))
def test_unmasking_undoes_masking(crc: int) -> None:
    assert crc32c.unmask(crc32c.mask(crc)) == crc


def test_a_checksum_that_is_wrong_does_not_match() -> None:
    assert crc32c.matches(b"block", crafted.masked_crc(b"block"))
    assert not crc32c.matches(b"clock", crafted.masked_crc(b"block"))


@given(data=REPETITIVE)
def test_both_decoders_undo_snappy(data: bytes) -> None:
    stored = bytes(cramjam.snappy.compress_raw(data))
    assert snappy.decode(stored) == data
    assert snappy.decode_pure(stored) == data


@given(data=REPETITIVE, share=st.floats(0, 1), wanted=st.integers(0, 500))
def test_a_prefix_is_decoded_from_the_first_stored_bytes(
    data: bytes, share: float, wanted: int
) -> None:
    stored = bytes(cramjam.snappy.compress_raw(data))
    cut = stored[: max(5, int(len(stored) * share))]
    prefix = snappy.decode_prefix(cut, wanted)
    assert data[:wanted].startswith(prefix)
    if len(cut) == len(stored):
        assert prefix == data[:wanted]


def test_every_kind_of_element_is_decoded() -> None:
    literal = b"abcdefgh" + bytes(range(52))
    elements = bytes([59 << 2]) + literal  # 60 bytes, length in the tag
    elements += bytes([60 << 2, 3]) + b"1234"  # length in one more byte
    elements += bytes([61 << 2, 1, 0]) + b"xy"  # in two
    elements += bytes([1 | 0 << 2, 2])  # copy of 4, offset 2, overlapping
    elements += bytes([2 | 4 << 2, 70, 0])  # copy of 5, offset 70
    elements += bytes([3 | 2 << 2, 7, 0, 0, 0])  # copy of 3, four-byte offset
    body = literal + b"1234" + b"xy"
    body += b"xyxy"
    body += body[-70:-65]
    body += body[-7:-4]
    stored = crafted.varint(len(body)) + elements
    assert snappy.decode_pure(stored) == body == bytes(cramjam.snappy.decompress_raw(stored))


@pytest.mark.parametrize(
    "stored",
    [
        b"",  # no length
        b"\x05",  # a length and nothing else
        b"\x05\x00a",  # too little
        b"\x01\x04ab",  # too much
        b"\x04\x01\x00",  # a copy with offset 0
        b"\x08\x00a\x01\x02",  # a copy from before the start
        b"\x08\xf0",  # cut off inside a tag
        b"\x08\x10abc",  # cut off inside a literal
        b"\xff\xff\xff\xff\x7f\x00a",  # a length of more than 32 bits
    ],
)
def test_a_malformed_block_is_damage_for_both_decoders(stored: bytes) -> None:
    for decode in (snappy.decode, snappy.decode_pure):
        with pytest.raises(CheckpointDamaged):
            decode(stored)


def test_a_block_that_claims_too_much_is_refused_before_it_is_decoded() -> None:
    with pytest.raises(CheckpointDamaged, match="claim to hold 67,108,864"):
        snappy.decode(crafted.varint(64 << 20) + b"\x00a")


WITHOUT_C = """
import sys
sys.modules["cramjam"] = sys.modules["google_crc32c"] = None  # as if not installed
import ckptls
from ckptls.checkpoint.codecs import crc32c, snappy
assert snappy.compiled_decode() is None and crc32c.compiled_crc32c() is None
print(ckptls.list_variables(sys.argv[1]))
"""


def read_without_c(prefix: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", WITHOUT_C, str(prefix)], capture_output=True, text=True, check=False
    )


def test_a_compressed_index_is_read_without_the_c_packages(tmp_path: Path) -> None:
    variables = [(f"layer_{i:04d}/weights", FLOAT, [i]) for i in range(500)]
    (tmp_path / "m.index").write_bytes(crafted.index(variables, SNAPPY))
    result = read_without_c(tmp_path / "m")
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip() == str([(name, list(shape)) for name, _, shape in variables])


def test_damage_is_found_without_the_c_packages(tmp_path: Path) -> None:
    data = bytearray(crafted.index([("a/weights", FLOAT, [2])]))
    data[data.index(b"weights")] ^= 1
    (tmp_path / "m.index").write_bytes(data)
    assert "does not match its checksum" in read_without_c(tmp_path / "m").stderr
