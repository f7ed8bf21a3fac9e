"""Verifying V1 checkpoints: every block, and that each slice that is listed is there, whole.

Source: tensorflow/core/util/tensor_slice_reader.cc.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

from ckptls.checkpoint.codecs.crc32c import compiled_crc32c
from ckptls.checkpoint.codecs.sstable import Handle
from ckptls.checkpoint.core.errors import CheckpointDamaged, CheckpointError, CheckpointUnsupported
from ckptls.checkpoint.core.problem import Problem
from ckptls.checkpoint.core.types import Extents
from ckptls.checkpoint.formats.tensorflow.tensor_slices import check_cover, resolve, shape_of
from ckptls.checkpoint.formats.tensorflow.v1.table_reader import InFile, InMemory, Tensor, V1Reader
from ckptls.checkpoint.layout.directory_files import shard_of
from ckptls.checkpoint.model.location import Location
from ckptls.checkpoint.storage.filesystem import open_file, split
from ckptls.checkpoint.storage.local_file import OpenFile
from ckptls.checkpoint.verify.report import Report, VerifyOptions
from ckptls.checkpoint.verify.table_blocks import verify_blocks

_Listed = dict[str, tuple[Tensor, list[Extents]]]


def verify(location: Location, options: VerifyOptions, report: Report) -> None:
    """Add to `report` what is wrong with a V1 checkpoint."""
    if options.is_quick:
        report.add_note("values-not-verified", "the values were not verified (--quick)")
    elif compiled_crc32c() is None:
        report.add_note(
            "values-not-verified",
            "large blocks were not verified: google-crc32c's C code is missing",
        )
    listed: _Listed = {}
    for path in location.files:
        try:
            with open_file(path) as file:
                _verify_file(file, options, report, listed)
                file.check_unchanged()
            report.files += 1
        except CheckpointError as error:
            report.add_error(error, path)
    if report.is_sound and not _is_partial(location):
        _verify_covers(location.prefix, listed, report)


def _is_partial(location: Location) -> bool:
    """Whether shards were left out, so that slices may be in the others."""
    shard = shard_of(split(location.files[0])[1])
    return shard is not None and len(location.files) < shard[2]


def _verify_file(file: OpenFile, options: VerifyOptions, report: Report, listed: _Listed) -> None:
    reader = V1Reader(file)
    damaged: set[Handle] = set()
    if not options.is_quick:
        damaged = set(reader.handles) - set(verify_blocks(file, report, options))
    try:
        tensors = list(reader.tensors())
    except CheckpointError as error:
        if not damaged:
            report.add_error(error, file.path)
        return  # the damaged block, which was reported, is the one with the list of variables
    for tensor in tensors:
        first, extents = listed.setdefault(tensor.name, (tensor, []))
        if (first.dtype, first.shape) != (tensor.dtype, tensor.shape):
            what = f"it has `{tensor.name}` in another shape or dtype than the other shards"
            report.problems.append(
                Problem("shards-disagree", what, file.path, variable=tensor.name)
            )
            continue
        report.problems.extend(_slice_problems(file, reader, tensor, damaged, options, extents))
        report.tensors += 1


def _slice_problems(
    file: OpenFile,
    reader: V1Reader,
    tensor: Tensor,
    damaged: set[Handle],
    options: VerifyOptions,
    found: list[Extents],
) -> Iterator[Problem]:
    """What is wrong with the slices of a variable in one file; `found` gets what they cover."""
    for extents, key in zip(tensor.slices, tensor.slice_keys(), strict=True):
        handle = reader.handle_of(key)
        if handle is not None and handle in damaged:
            what = f"`{tensor.name}` lies in a block that does not match its checksum"
            yield Problem("wrong-checksum", what, file.path, handle.offset, tensor.name)
            continue
        try:
            place = resolve(extents, tensor.shape)
            _verify_slice(tensor, place, reader.find(key), options)
            found.append(place)
        except CheckpointError as error:
            what = f"`{tensor.name}`: {error.what}"
            yield Problem(error.code, what, file.path, error.where, tensor.name)


def _verify_slice(
    tensor: Tensor, place: Extents, source: InMemory | InFile | None, options: VerifyOptions
) -> None:
    if source is None:
        raise CheckpointDamaged("it is listed, and its values are not there")
    if options.is_quick:
        return
    from ckptls.checkpoint.formats.tensorflow.tensor_proto import read_tensor

    try:
        read_tensor(source, tensor.dtype, prod(shape_of(place)))
    except CheckpointUnsupported:
        return  # NumPy is missing, or it is a type without numbers; the block was sound


def _verify_covers(prefix: str, listed: _Listed, report: Report) -> None:
    """Whether the slices in all files are as many as there should be."""
    for tensor, extents in listed.values():
        try:
            check_cover(extents, tensor.shape)
        except CheckpointError as error:
            what = f"`{tensor.name}`: {error.what}"
            report.problems.append(Problem(error.code, what, prefix, variable=tensor.name))
