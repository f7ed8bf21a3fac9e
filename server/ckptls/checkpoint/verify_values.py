"""Verifying formats without checksums of their own: can every value be read, as declared?"""

from __future__ import annotations

from ckptls.checkpoint.dtypes import STRING
from ckptls.checkpoint.errors import CheckpointError, CheckpointUnsupported
from ckptls.checkpoint.locate import Location
from ckptls.checkpoint.model import Checkpoint, Variable
from ckptls.checkpoint.reader import read_location
from ckptls.checkpoint.verify import Effort, Problem, Report


def verify(location: Location, effort: Effort, report: Report) -> None:
    """Add to `report` what is wrong with a checkpoint that `values` can read."""
    try:
        checkpoint = read_location(location)
    except CheckpointError as error:
        report.add(error, location.prefix)
        return
    report.files += len(checkpoint.files)
    report.notes.append("the format has no checksums: only structure and sizes were verified")
    if effort.is_quick:
        report.notes.append("the values were not verified (--quick)")
        return
    verify_by_reading(checkpoint, effort, report)


def verify_by_reading(checkpoint: Checkpoint, effort: Effort, report: Report) -> None:
    """Read every variable, and hold it against its declared shape and dtype."""
    variables = list(checkpoint.variables())
    total = sum(variable.num_bytes or 0 for variable in variables)
    done = 0
    for variable in variables:
        try:
            _verify_variable(checkpoint, variable, report)
        except CheckpointUnsupported as error:
            report.notes.append(f"`{variable.name}` was not verified: {error.what}")
        except CheckpointError as error:
            report.add(error, checkpoint.prefix, variable.name)
        done += variable.num_bytes or 0
        effort.progress(done, total)


def _verify_variable(checkpoint: Checkpoint, variable: Variable, report: Report) -> None:
    values = checkpoint.read(variable.name)
    report.tensors += 1
    report.size_bytes += values.nbytes
    has_size = variable.num_bytes is None or variable.num_bytes == values.nbytes
    if values.shape != variable.shape or (variable.dtype != STRING and not has_size):
        what = f"`{variable.name}` is stored as {values.dtype} {list(values.shape)}, "
        what += f"and declared as {variable.dtype} {list(variable.shape)}"
        report.problems.append(Problem(checkpoint.prefix, what, variable=variable.name))
