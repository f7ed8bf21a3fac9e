"""Verifying V2 checkpoints: the blocks of the index, the data files, every tensor's bytes.

Source: tensorflow/core/util/tensor_bundle/tensor_bundle.cc.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby, pairwise
from math import prod

from ckptls.checkpoint.codecs.crc32c import Checksum, compiled_crc32c
from ckptls.checkpoint.core.dtypes import STRING
from ckptls.checkpoint.core.errors import (
    CheckpointDamaged,
    CheckpointError,
    CheckpointNotFound,
    CheckpointTooLarge,
)
from ckptls.checkpoint.core.problem import Problem
from ckptls.checkpoint.formats.tensorflow.string_tensors import strings_checksum, variants_checksum
from ckptls.checkpoint.formats.tensorflow.v2.index_reader import (
    Entry,
    Header,
    IndexReader,
    data_path,
    slice_entries,
)
from ckptls.checkpoint.model.location import Location
from ckptls.checkpoint.storage.filesystem import open_file
from ckptls.checkpoint.storage.local_file import OpenFile
from ckptls.checkpoint.verify.report import Report, VerifyOptions
from ckptls.checkpoint.verify.table_blocks import verify_blocks

_CHUNK_BYTES = 4 * 1024 * 1024
_CHECKED_INSIDE = {STRING: strings_checksum, "variant": variants_checksum}


def verify(location: Location, options: VerifyOptions, report: Report) -> None:
    """Add to `report` what is wrong with a V2 checkpoint.

    Raises:
        CheckpointTooLarge: its index is beyond a limit of this reader.
    """
    path = location.files[0]
    try:
        with open_file(path) as file:
            verify_blocks(file, report)
        report.files += 1
    except CheckpointError as error:
        report.add_error(error, path)
    if not report.problems or all(problem.path != path for problem in report.problems):
        _verify_entries(location.prefix, path, options, report)
    else:
        report.add_note(
            "data-not-verified", "the data files were not verified, since the index is damaged"
        )


def _verify_entries(prefix: str, path: str, options: VerifyOptions, report: Report) -> None:
    try:
        with IndexReader(path) as index:
            header = index.header()
            entries = list(index.entries())
            _verify_slices(index, entries, report)
            index.check_unchanged()
    except CheckpointTooLarge:
        raise  # it may be sound
    except CheckpointError as error:
        report.add_error(error, path)
        return
    stored = [entry for entry in entries if not entry.slices]
    stored.sort(key=lambda entry: (entry.shard, entry.offset_bytes))
    sound = [
        (shard, list(group)) for shard, group in groupby(stored, key=lambda entry: entry.shard)
    ]
    readable = [each for each in sound if _verify_shard(prefix, path, header, *each, report)]
    if options.is_quick:
        report.add_note("values-not-verified", "the values were not verified (--quick)")
    elif compiled_crc32c() is None:
        report.add_note(
            "values-not-verified", "the values were not verified: google-crc32c's C code is missing"
        )
    else:
        _verify_tensors(prefix, header, readable, options, report)


def _verify_slices(index: IndexReader, entries: list[Entry], report: Report) -> None:
    for entry in entries:
        if entry.slices:
            try:
                slice_entries(index, entry)
            except CheckpointError as error:
                report.add_error(error, index.path, entry.name)


def _verify_shard(
    prefix: str, index_path: str, header: Header, shard: int, entries: list[Entry], report: Report
) -> bool:
    """Whether a data file is there, as long as its entries need, so that they can be read."""
    if shard >= header.shards:
        what = f"`{entries[0].name}` lies in data file {shard} of {header.shards}"
        report.problems.append(
            Problem("no-such-data-file", what, index_path, variable=entries[0].name)
        )
        return False
    path = data_path(prefix, shard, header.shards)
    try:
        with open_file(path) as file:
            size = file.size
    except CheckpointNotFound:
        what = f"it is missing; {_count(entries)} in it"
        report.problems.append(Problem("missing-data-file", what, path))
        return False
    except CheckpointError as error:
        report.add_error(error, path)
        return False
    report.files += 1
    needed = max(entry.offset_bytes + entry.size_bytes for entry in entries)
    if size != needed:
        report.problems.append(Problem("wrong-size", _wrong_size(size, needed, entries), path))
    report.problems.extend(_overlaps(path, entries))
    return True


def _wrong_size(size: int, needed: int, entries: list[Entry]) -> str:
    if size > needed:
        return f"it has {size:,} bytes, and the index accounts for {needed:,}"
    cut = [entry for entry in entries if entry.offset_bytes + entry.size_bytes > size]
    return f"it has {size:,} bytes and should have {needed:,}; {_count(cut)} cut off"


def _count(entries: list[Entry]) -> str:
    """`` `a` is`` for one, `3 variables, `a` the first, are` for more."""
    if len(entries) == 1:
        return f"`{entries[0].name}` is"
    return f"{len(entries):,} variables, the first of them `{entries[0].name}`, are"


def _overlaps(path: str, entries: list[Entry]) -> Iterator[Problem]:
    taking = [entry for entry in entries if entry.size_bytes]
    for one, other in pairwise(taking):
        if one.offset_bytes + one.size_bytes > other.offset_bytes:
            what = f"`{one.name}` and `{other.name}` overlap"
            yield Problem("overlap", what, path, other.offset_bytes, other.name)


def _verify_tensors(
    prefix: str,
    header: Header,
    shards: list[tuple[int, list[Entry]]],
    options: VerifyOptions,
    report: Report,
) -> None:
    total = sum(entry.size_bytes for _, entries in shards for entry in entries)
    done = 0
    for shard, entries in shards:
        path = data_path(prefix, shard, header.shards)
        try:
            with open_file(path) as file:
                for entry in entries:
                    _verify_tensor(file, header, entry, report)
                    done += entry.size_bytes
                    options.progress(done, total)
                file.check_unchanged()
        except CheckpointError as error:
            report.add_error(error, path)


def _verify_tensor(file: OpenFile, header: Header, entry: Entry, report: Report) -> None:
    if entry.offset_bytes + entry.size_bytes > file.size:
        return  # reported with the size of the file
    try:
        checksum = _checksum(file, header, entry)
    except CheckpointDamaged as error:
        where = entry.offset_bytes + (error.where or 0)
        report.problems.append(
            Problem(error.code, f"`{entry.name}`: {error.what}", file.path, where, entry.name)
        )
        return
    report.tensors += 1
    report.size_bytes += entry.size_bytes
    if not checksum.matches(entry.crc32c):
        what = f"the values of `{entry.name}` do not match their checksum"
        report.problems.append(
            Problem("wrong-checksum", what, file.path, entry.offset_bytes, entry.name)
        )


def _checksum(file: OpenFile, header: Header, entry: Entry) -> Checksum:
    """What the checksum of an entry is over, as the file has it."""

    def read_at(offset: int, count: int) -> bytes:
        return file.read_at(entry.offset_bytes + offset, count)

    inside = _CHECKED_INSIDE.get(entry.dtype)
    if inside is not None:
        return inside(read_at, entry.size_bytes, prod(entry.shape), header.byte_order)
    checksum = Checksum()
    for start in range(0, entry.size_bytes, _CHUNK_BYTES):
        checksum.add(read_at(start, min(_CHUNK_BYTES, entry.size_bytes - start)))
    return checksum
