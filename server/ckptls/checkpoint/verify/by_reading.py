"""Verifying the formats beyond TensorFlow's: is all there, and can every value be read?

What the format's own library would refuse is a problem. Bytes of a type that is only listed are
read all the same.
"""

from __future__ import annotations

from ckptls.checkpoint.core.errors import CheckpointError, CheckpointTooLarge, CheckpointUnsupported
from ckptls.checkpoint.formats.registry import FORMATS
from ckptls.checkpoint.model.checkpoint import Checkpoint, num_bytes_of
from ckptls.checkpoint.model.location import Location
from ckptls.checkpoint.reader import read_location
from ckptls.checkpoint.verify.report import Report, VerifyOptions

_MAX_UNVERIFIED = 5  # that are named one by one


def verify(location: Location, options: VerifyOptions, report: Report) -> None:
    """Add to `report` what is wrong with a checkpoint that `values` can read.

    Raises:
        CheckpointTooLarge: it is beyond a limit of this reader.
    """
    try:
        checkpoint = read_location(location)
    except CheckpointTooLarge:
        raise  # it may be sound
    except CheckpointError as error:
        report.add_error(error, location.prefix)
        return
    report.files += len(checkpoint.files)
    report.add_listed(checkpoint.problems, checkpoint.prefix)
    if not FORMATS[checkpoint.format].has_checksums:
        report.add_note(
            "no-checksums", "the format has no checksums: only structure and sizes were verified"
        )
    if options.is_quick:
        report.add_note("values-not-verified", "the values were not verified (--quick)")
        return
    with checkpoint:
        verify_by_reading(checkpoint, options, report)
        _verify_rest(checkpoint, report)


def verify_by_reading(checkpoint: Checkpoint, options: VerifyOptions, report: Report) -> None:
    """Read every value from files that are opened once, and note what cannot be read."""
    values = checkpoint.open_values()
    sizes = [num_bytes_of(kind) or 0 for kind in checkpoint.kinds]
    total = sum(sizes)
    done = 0
    for name, size in zip(checkpoint.names, sizes, strict=True):
        try:
            report.size_bytes += values.verify(name)
            report.tensors += 1
        except CheckpointUnsupported as error:
            report.unverified += 1
            if report.unverified <= _MAX_UNVERIFIED:
                report.add_note("value-not-verified", f"`{name}` was not verified: {error.what}")
        except CheckpointError as error:
            report.add_error(error, checkpoint.prefix, name)
        done += size
        options.progress(done, total)
    if report.unverified > _MAX_UNVERIFIED:
        more = report.unverified - _MAX_UNVERIFIED
        report.add_note(
            "value-not-verified", f"{more:,} more were not verified for reasons of this kind"
        )


def _verify_rest(checkpoint: Checkpoint, report: Report) -> None:
    """What a file holds beside its variables."""
    try:
        checkpoint.open_values().verify_rest()
    except CheckpointUnsupported as error:
        report.add_note(error.code, str(error))
    except CheckpointError as error:
        report.add_error(error, checkpoint.prefix)
