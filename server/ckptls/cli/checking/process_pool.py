"""Checking many files: over the cores, with the results in the order of the files."""

from __future__ import annotations

import gc
import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from pathlib import Path

from ckptls.cli.checking.file_checker import Checked, Checker, Options, display_path
from ckptls.source.document import mentions_tensorflow
from ckptls.workspace.source_files import read_source

# With fewer files about TensorFlow, or less text in them, other processes cost more than they
# save.
_MIN_FILES = 24
_MIN_BYTES = 300_000
_LARGEST_BATCH = 16
# An analysis makes many objects that live as long as it does, and few circles.
_GARBAGE = 200_000
Known = dict[Path, tuple[str, ...]]

_checker: Checker | None = None


def check_all(checker: Checker, files: Sequence[Path], jobs: int | None) -> Iterator[Checked]:
    """Checks files, in other processes too if that is worth it; `jobs` is the most of them."""
    workers = min(jobs or _cores(), len(files))
    if workers > 1 and (jobs is not None or _is_much(files)):
        yield from _check_in_processes(checker, files, workers)
    else:
        yield from map(checker.check, files)


def _is_much(files: Sequence[Path]) -> bool:
    """Whether there is much to look at closely; no more is read than it takes to know."""
    number = size_bytes = 0
    for file in files if len(files) >= _MIN_FILES else ():
        try:
            data, _ = read_source(file)
        except OSError:
            continue  # its error is reported in its turn
        if mentions_tensorflow(data):
            number += 1
            size_bytes += len(data)
        if number >= _MIN_FILES and size_bytes >= _MIN_BYTES:
            return True
    return False


def _check_in_processes(checker: Checker, files: Sequence[Path], workers: int) -> Iterator[Checked]:
    """As `map`, over processes. One that dies takes no other file along than its own."""
    size = max(1, min(_LARGEST_BATCH, len(files) // (workers * 4)))
    known = checker.list_known_checkpoints(files)
    done = 0
    while done < len(files):
        try:
            for each in _results(checker.options, known, files[done:], workers, size):
                done += 1
                yield each
        except BrokenProcessPool:
            if workers == size == 1:
                path = display_path(files[done])
                yield Checked(path, problem=f"`{path}` could not be checked: its process died")
                done += 1
            workers = size = 1  # whose fault it is shows when they go one by one


def _results(
    options: Options, known: Known, files: Sequence[Path], workers: int, size: int
) -> Iterator[Checked]:
    batches = [files[start : start + size] for start in range(0, len(files), size)]
    pool = ProcessPoolExecutor(
        workers, get_context(_way()), initializer=_start, initargs=(options, known)
    )
    try:
        futures: list[Future[list[Checked]]] = [pool.submit(_check, batch) for batch in batches]
        for future in futures:
            yield from future.result()
    finally:
        pool.shutdown(cancel_futures=True)


def _way() -> str:
    """How processes are started: where it is safe, as copies of this one, which has imported
    all that they need."""
    is_safe = sys.platform == "linux" and threading.active_count() == 1
    return "fork" if is_safe else "spawn"


def _start(options: Options, known: Known) -> None:
    """Makes a process ready; the one that waits for it hears the interrupt."""
    global _checker  # noqa: PLW0603 - a process has one checker, made when it starts
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.freeze()
    gc.set_threshold(_GARBAGE, 20, 20)
    _checker = Checker(options)
    _checker.add_known_checkpoints(known)


def _check(batch: Sequence[Path]) -> list[Checked]:
    assert _checker is not None
    return [_checker.check(file) for file in batch]


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
