"""Verifying the blocks of a table, however large; what is in them is for others."""

from __future__ import annotations

from ckptls.checkpoint.codecs.crc32c import Checksum
from ckptls.checkpoint.codecs.sstable import (
    TRAILER_BYTES,
    UNCOMPRESSED,
    Handle,
    all_handles,
    read_block,
)
from ckptls.checkpoint.core.errors import CheckpointError
from ckptls.checkpoint.core.problem import Problem
from ckptls.checkpoint.storage.local_file import OpenFile
from ckptls.checkpoint.verify.report import Report, VerifyOptions

_LARGE_BYTES = 4 * 1024 * 1024
_QUICK = VerifyOptions(is_quick=True)


def verify_blocks(file: OpenFile, report: Report, options: VerifyOptions = _QUICK) -> list[Handle]:
    """Hold every block of a table against its checksum; the data blocks that are sound.

    Raises:
        CheckpointError: the footer or the index block is damaged, so that nothing is found.
    """
    metaindex, data = all_handles(file.read_at, file.size)
    total = sum(handle.size for handle in data)
    sound = []
    done = 0
    if metaindex is None:
        what = "the metaindex block lies outside of the file"
        report.problems.append(Problem("damaged", what, file.path))
    else:
        _is_sound(file, metaindex, report)
    for number, handle in enumerate(data, start=1):
        if _is_sound(file, handle, report, f" (block {number:,} of {len(data):,})"):
            sound.append(handle)
        done += handle.size
        options.progress(done, total)
    report.blocks += 1  # the index block, without which there were no handles
    return sound


def _is_sound(file: OpenFile, handle: Handle, report: Report, which: str = "") -> bool:
    report.blocks += 1
    try:
        kind = file.read_at(handle.offset + handle.size, 1)[0]
        if kind == UNCOMPRESSED and handle.size > _LARGE_BYTES:
            return _is_large_sound(file, handle, report, which)
        read_block(file.read_at, handle)
    except CheckpointError as error:
        report.problems.append(Problem(error.code, error.what + which, file.path, error.where))
        return False
    return True


def _is_large_sound(file: OpenFile, handle: Handle, report: Report, which: str) -> bool:
    """As `read_block` for a block that would take too much memory."""
    checksum = Checksum()
    end = handle.offset + handle.size + 1  # the byte that says how it is compressed counts
    for start in range(handle.offset, end, _LARGE_BYTES):
        checksum.add(file.read_at(start, min(_LARGE_BYTES, end - start)))
    trailer = file.read_at(handle.offset + handle.size, TRAILER_BYTES)
    if checksum.matches(int.from_bytes(trailer[1:], "little")):
        return True
    what = f"a block does not match its checksum{which}"
    report.problems.append(Problem("wrong-checksum", what, file.path, handle.offset))
    return False
