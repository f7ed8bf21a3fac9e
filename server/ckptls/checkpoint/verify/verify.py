"""Whether a checkpoint is sound: every byte that has a checksum, every file that is named.

`verify` collects what is wrong instead of stopping at the first of it. What that means for
each format is in the module that its row of `registry` names.
"""

from __future__ import annotations

from ckptls.checkpoint.core.errors import CheckpointError, CheckpointTooLarge
from ckptls.checkpoint.formats.registry import FORMATS, verifier_of
from ckptls.checkpoint.model.location import Location
from ckptls.checkpoint.storage.filesystem import is_remote
from ckptls.checkpoint.verify.report import THOROUGH, Report, VerifyOptions


def verify(location: Location, options: VerifyOptions = THOROUGH, directory: str = "") -> Report:
    """Everything that can be verified of the checkpoint at a location.

    If it was found by its `directory`, the state file and leftovers there are looked at too.
    """
    report = Report()
    report.add_listed(location.problems, location.prefix)
    verifier_of(location.format).verify(location, options, report)
    _verify_model(location, options, report)
    if directory:
        from ckptls.checkpoint.verify.directory_check import verify_directory

        verify_directory(directory, report)
    return report


def _verify_model(location: Location, options: VerifyOptions, report: Report) -> None:
    """Add what is wrong with the graph of a SavedModel, or in the `.meta` file of a prefix."""
    if not FORMATS[location.format].may_have_graph:
        return
    if options.is_quick and is_remote(location.prefix):
        return
    from ckptls.checkpoint.graphs.meta_graph import find_model, read_model

    path = find_model(location.prefix)
    if path is None:
        return
    try:
        read_model(path)
        report.files += 1
    except CheckpointTooLarge as error:
        report.add_note(error.code, f"{path} was not verified: {error.what}")
    except CheckpointError as error:
        report.add_error(error, path)
