"""Whether a checkpoint is sound: every byte that has a checksum, every file that is named.

`verify` collects what is wrong instead of stopping at the first of it. What that means for
each format is in `verify_bundle`, `verify_v1` and `verify_values`.
"""

from __future__ import annotations

from importlib import import_module

from ckptls.checkpoint.location import Location
from ckptls.checkpoint.report import THOROUGH, Effort, Report
from ckptls.checkpoint.types import Format

# The module that knows a format; all others are verified by reading every value.
_VERIFIERS = {
    Format.V1: "ckptls.checkpoint.verify_v1",
    Format.V2: "ckptls.checkpoint.verify_bundle",
}
_OTHER_FORMATS = "ckptls.checkpoint.verify_values"


def verify(location: Location, effort: Effort = THOROUGH, directory: str = "") -> Report:
    """Everything that can be verified of the checkpoint at a location.

    If it was found by its `directory`, the state file and leftovers there are looked at too.
    """
    report = Report()
    report.add_sentences(location.problems, location.prefix)
    module = import_module(_VERIFIERS.get(location.format, _OTHER_FORMATS))
    module.verify(location, effort, report)
    if directory:
        from ckptls.checkpoint.verify_state import verify_directory

        verify_directory(directory, report)
    return report
