"""A checkpoint as TensorFlow itself lists it, in a process of its own.

TensorFlow ends its process on some damaged files, so it is never asked in ours; nor is it
imported: whether it is installed is looked up.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.util import find_spec

from ckptls.checkpoint.core.errors import CheckpointUnsupported
from ckptls.checkpoint.core.problem import Problem
from ckptls.checkpoint.model.checkpoint import Checkpoint
from ckptls.checkpoint.verify.report import Report

_TIMEOUT_SECONDS = 300
_LAST_LINES = 1
# The current directory is not where modules come from: it may be a stranger's.
_PROGRAM = """
import json, sys
if sys.path and sys.path[0] == "":
    del sys.path[0]
import tensorflow as tf
reader = tf.train.load_checkpoint(sys.argv[1])
dtypes = reader.get_variable_to_dtype_map()
shapes = reader.get_variable_to_shape_map()
print(json.dumps({name: [dtypes[name].name, shapes[name]] for name in shapes}))
"""
_SHOWN = 5

_Listing = dict[str, list[object]]  # name -> [dtype, shape]


def is_tensorflow_installed() -> bool:
    """Whether TensorFlow could be asked; it is not imported for that."""
    return find_spec("tensorflow") is not None


def compare_with_tensorflow(checkpoint: Checkpoint, report: Report) -> None:
    """Add to `report` where TensorFlow lists other names, shapes or dtypes, or cannot read it.

    Raises:
        CheckpointUnsupported: TensorFlow is not installed.
    """
    if not is_tensorflow_installed():
        raise CheckpointUnsupported(
            "TensorFlow is not installed here",
            hint="pip install 'ckptls[tensorflow]', or leave it out with --no-tensorflow",
        )
    try:
        done = _ask(checkpoint.prefix)
    except subprocess.TimeoutExpired:
        report.add_note(
            "tensorflow-not-asked", f"TensorFlow did not answer within {_TIMEOUT_SECONDS} seconds"
        )
        return
    if done.returncode:
        report.problems.append(Problem("tensorflow-refuses", _failure(done), checkpoint.prefix))
        return
    listed = json.loads(done.stdout.splitlines()[-1])
    ours: _Listing = {v.name: [v.dtype, list(v.shape)] for v in checkpoint.variables()}
    _compare(checkpoint.prefix, ours, listed, report)


def _ask(prefix: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": ""}
    return subprocess.run(
        [sys.executable, "-c", _PROGRAM, os.path.abspath(prefix)],
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=False,
        timeout=_TIMEOUT_SECONDS,
        env=environment,
    )


def _failure(done: subprocess.CompletedProcess[str]) -> str:
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    last = ": " + " ".join(lines[-_LAST_LINES:]) if lines else ""
    if done.returncode < 0:
        return f"TensorFlow crashes on it (signal {-done.returncode}){last}"
    return f"TensorFlow cannot read it{last}"


def _compare(prefix: str, ours: _Listing, listed: _Listing, report: Report) -> None:
    only_ours = sorted(ours.keys() - listed.keys())
    only_listed = sorted(listed.keys() - ours.keys())
    if only_ours:
        what = f"TensorFlow does not list {_some(only_ours)}"
        report.problems.append(Problem("tensorflow-differs", what, prefix, variable=only_ours[0]))
    if only_listed:
        what = f"TensorFlow lists {_some(only_listed)}, which ckptls does not"
        report.problems.append(Problem("tensorflow-differs", what, prefix, variable=only_listed[0]))
    for name in sorted(ours.keys() & listed.keys()):
        if ours[name] != listed[name]:
            theirs = " ".join(map(str, listed[name]))
            what = f"TensorFlow lists `{name}` as {theirs}, ckptls as "
            what += " ".join(map(str, ours[name]))
            report.problems.append(Problem("tensorflow-differs", what, prefix, variable=name))


def _some(names: list[str]) -> str:
    shown = ", ".join(f"`{name}`" for name in names[:_SHOWN])
    return shown + (f" and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else "")
