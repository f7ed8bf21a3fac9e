"""Reading beside a process that saves in a loop: never a mixture, never a failure for good.

It takes 15 seconds; CKPTLS_CONCURRENCY_SECONDS=60 makes a minute of it. The writers are
TensorFlow itself (onto the same prefix, rotating, and as TensorFlow 1), and a program that
truncates and replaces an index every few milliseconds.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

import ckptls
from ckptls.checkpoint.core.types import OBJECT_GRAPH_NAME
from ckptls.checkpoint.model.checkpoint import Checkpoint
from ckptls.checkpoint.reader import read_checkpoint
from ckptls.workspace.checkpoint_store import CheckpointStore
from oracle.concurrent_writers import VARIABLES, size_of

SECONDS = float(os.environ.get("CKPTLS_CONCURRENCY_SECONDS", "15"))
TESTS = Path(__file__).parents[1]

# writer -> (what is read, relative to the folder; how many variables a generation has)
PATHS = {
    "truncate": ("truncated", VARIABLES),
    "replace": ("replaced", VARIABLES),
    "overwrite": ("overwritten", 8),
    "rotate": ("rotated", 8),
    "save": ("saved/model.ckpt", 5),
}


@dataclass
class Record:
    """What one reader saw; times are by the monotonic clock."""

    generations: list[int] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    mixtures: list[str] = field(default_factory=list)
    longest_seconds: float = 0.0  # from the first of some failures to the next success
    failing_since: float | None = None

    def read(self, checkpoint: Checkpoint, count: int) -> None:
        """Note a success, and whether it is one generation."""
        self._recovered()
        variables = _variables(checkpoint)
        found = {(name[:7], shape[0]) for name, shape in variables}
        generation = int(variables[-1][0][1:7])
        if len(variables) != count or found != {_expected(generation)}:
            self.mixtures.append(f"{len(variables)} variables: {sorted(found)[:5]}")
        self.generations.append(generation)

    def failed(self, error: object) -> None:
        self.failures.append(str(error))
        if self.failing_since is None:
            self.failing_since = time.monotonic()

    def _recovered(self) -> None:
        if self.failing_since is not None:
            took = time.monotonic() - self.failing_since
            self.longest_seconds = max(self.longest_seconds, took)
            self.failing_since = None


def _variables(checkpoint: Checkpoint) -> list[tuple[str, list[int]]]:
    named = [(n, shape) for n, shape in checkpoint.shapes() if n != OBJECT_GRAPH_NAME]
    return [(n, shape) for n, shape in named if not n.startswith("save_counter")]


def _expected(generation: int) -> tuple[str, int]:
    return f"g{generation:06d}", size_of(generation)


@dataclass
class Run:
    """Everything that happened: records by (writer, reader), and the last generations."""

    records: dict[tuple[str, str], Record]
    last: dict[str, int]
    final: dict[str, Checkpoint | None]


def _by_reading(path: str) -> Callable[[], Checkpoint | ckptls.CheckpointError]:
    def look() -> Checkpoint | ckptls.CheckpointError:
        try:
            return read_checkpoint(path)
        except ckptls.CheckpointError as error:
            return error

    return look


def _by_store(path: str, store: CheckpointStore) -> Callable[[], object]:
    def look() -> object:
        store.refresh([path])
        entry = store.peek(path)
        assert entry is not None
        return entry.checkpoint or entry.error

    return look


def _watch(look: Callable[[], object], record: Record, count: int, is_over: threading.Event):
    while not is_over.is_set():
        seen = look()
        if isinstance(seen, Checkpoint):
            record.read(seen, count)
        else:
            record.failed(seen)
        time.sleep(0.002)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    folder = tmp_path_factory.mktemp("concurrent")
    command = [sys.executable, "-m", "oracle.concurrent_writers"]
    paths = [str(TESTS), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    writers: list[subprocess.Popen[str]] = []
    try:
        for which in ("tensorflow", "plain"):
            writer = subprocess.Popen(
                [*command, which, str(folder), str(SECONDS)],
                env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
            )  # fmt: skip
            writers.append(writer)
            assert _line(writer) == "ready\n"
        yield _run(folder, writers)
    finally:
        for writer in writers:
            writer.kill()
            writer.wait()


def _line(writer: subprocess.Popen[str]) -> str:
    assert writer.stdout is not None
    return writer.stdout.readline()


def _run(folder: Path, writers: list[subprocess.Popen[str]]) -> Run:
    store, is_over = CheckpointStore(), threading.Event()
    records: dict[tuple[str, str], Record] = {}
    threads = []
    for name, (relative, count) in PATHS.items():
        path = str(folder / relative)
        for how, look in (("read", _by_reading(path)), ("store", _by_store(path, store))):
            record = records[name, how] = Record()
            threads.append(threading.Thread(target=_watch, args=(look, record, count, is_over)))
    for thread in threads:
        thread.start()
    try:
        lines = [_line(writer) for writer in writers]
        time.sleep(0.2)  # what failed last may succeed now
    finally:
        is_over.set()
        for thread in threads:
            thread.join()
    last = {name: number for line in lines for name, number in json.loads(line).items()}
    return Run(records, last, {name: _final(store, folder / p) for name, (p, _) in PATHS.items()})


def _final(store: CheckpointStore, path: Path) -> Checkpoint | None:
    """What the store says once all is quiet."""
    store.refresh([str(path)])
    entry = store.peek(str(path))
    return entry.checkpoint if entry else None


@pytest.mark.parametrize("writer", PATHS)
@pytest.mark.parametrize("reader", ["read", "store"])
def test_no_listing_is_a_mixture(run: Run, writer: str, reader: str) -> None:
    record = run.records[writer, reader]
    assert record.mixtures == []
    assert len(set(record.generations)) > 3


@pytest.mark.parametrize("writer", PATHS)
@pytest.mark.parametrize("reader", ["read", "store"])
def test_no_failure_lasts_for_more_than_a_second(run: Run, writer: str, reader: str) -> None:
    record = run.records[writer, reader]
    assert record.longest_seconds < 1, record.failures
    assert record.failing_since is None, record.failures
    assert len(record.failures) <= len(record.generations) // 20, record.failures


@pytest.mark.parametrize("writer", PATHS)
def test_at_the_end_the_store_knows_the_last_generation(run: Run, writer: str) -> None:
    checkpoint = run.final[writer]
    assert checkpoint is not None
    found = {(n[:7], shape[0]) for n, shape in _variables(checkpoint)}
    assert found == {_expected(run.last[writer])}


def test_the_figures(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    """For whoever wants to know: how often was read, and how often in vain."""
    with capsys.disabled():
        for (writer, reader), record in run.records.items():
            print(
                f"\n{writer:10}{reader:6} {run.last[writer]:4} the last, "
                f"{len(record.generations):6} read ({len(set(record.generations))} generations), "
                f"{len(record.failures):4} failed, longest {record.longest_seconds:.3f} s",
                end="",
            )
        print()
    assert run.records
