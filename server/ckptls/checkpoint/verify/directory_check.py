"""Verifying a directory around its checkpoint: is the state file plausible, is all finished?"""

from __future__ import annotations

from ckptls.checkpoint.core.errors import CheckpointError
from ckptls.checkpoint.core.problem import Problem
from ckptls.checkpoint.formats.orbax.orbax_aggregate import is_aggregate
from ckptls.checkpoint.layout import directory_files
from ckptls.checkpoint.layout.directory_files import INDEX_SUFFIX, STATE_NAME
from ckptls.checkpoint.layout.state_file import MAX_STATE_BYTES, State, parse_state
from ckptls.checkpoint.storage import filesystem
from ckptls.checkpoint.verify.report import Report

_SHOWN = 3


def verify_directory(directory: str, report: Report) -> None:
    """Add what is wrong with, or odd about, a directory that was given as a checkpoint."""
    path = filesystem.join(directory, STATE_NAME)
    is_state = filesystem.is_file(path) and not directory_files.has_table_footer(path)
    if is_state and not is_aggregate(path):  # Orbax's file has the same name
        try:
            _verify_state(directory, path, report)
        except CheckpointError as error:
            report.add_error(error, path)
    unfinished = [
        name for name in filesystem.file_names(directory) if directory_files.is_temporary(name)
    ]
    unfinished += [
        name for name in filesystem.directory_names(directory) if directory_files.is_temporary(name)
    ]
    if unfinished:
        report.add_note(
            "unfinished-save", f"a save was not finished, or is going on: {_some(unfinished)}"
        )


def _verify_state(directory: str, path: str, report: Report) -> None:
    state = _read(path)
    if state is None:
        what = "TensorFlow cannot read it as a state file and ignores it"
        report.problems.append(Problem("invalid-state-file", what, path))
        return
    if not _is_there(directory, state.path):
        what = f"it names `{state.path}`, which is not there"
        report.problems.append(Problem("missing-checkpoint", what, path))
    missing = [each for each in state.all_paths if not _is_there(directory, each)]
    missing = [each for each in missing if each != state.path]
    if missing:
        what = f"{path} lists older checkpoints that are gone: {_some(missing)}"
        report.add_note("missing-older-checkpoints", what)
    if state.all_paths and state.path not in state.all_paths:
        what = f"{path} does not list `{state.path}` among all checkpoints"
        report.add_note("latest-not-listed", what)


def _read(path: str) -> State | None:
    with filesystem.open_file(path) as file:
        if file.size > MAX_STATE_BYTES:
            return None
        return parse_state(file.read_at(0, file.size))


def _is_there(directory: str, prefix: str) -> bool:
    """Whether the checkpoint that a state file names is there, where TensorFlow looks for it."""
    path = filesystem.join(directory, prefix)
    if filesystem.is_file(path + INDEX_SUFFIX) or filesystem.is_file(path):
        return True
    folder, stem = filesystem.split(path)
    stem = stem.partition("-?????-of-")[0]
    shards = map(directory_files.shard_of, filesystem.file_names(folder))
    return any(shard is not None and shard[0] == stem for shard in shards)


def _some(names: list[str]) -> str:
    shown = ", ".join(f"`{name}`" for name in sorted(names)[:_SHOWN])
    return shown + (f" and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else "")
