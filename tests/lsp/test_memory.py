"""Memory that was needed for a moment goes back to the system."""

from __future__ import annotations

import sys
from ctypes import CDLL
from pathlib import Path

import pytest

from ckptls.lsp.memory import give_back

BLOCK_BYTES = 64 * 1024


def resident_bytes() -> int:
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) * 1024


def is_glibc() -> bool:
    return sys.platform == "linux" and hasattr(CDLL(None), "malloc_trim")


@pytest.mark.skipif(not is_glibc(), reason="only glibc can be asked to")
def test_blocks_freed_between_others_are_given_back():
    blocks = [b"x" * BLOCK_BYTES for _ in range(2_000)]
    kept = blocks[::50]
    del blocks
    before = resident_bytes()
    give_back()
    assert resident_bytes() < before - 1_000 * BLOCK_BYTES
    assert len(kept) == 40


def test_asking_is_no_error_anywhere():
    give_back()
    give_back()
