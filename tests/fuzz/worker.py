"""One process that reads mutated files until it has read enough, or one breaks the rules.

    python -m fuzz.worker SEED EXECUTIONS       (in tests/)

The rules: a reader returns or raises CheckpointError, within a second of processor time,
and within 500 MB more than the process has at the start. It prints one JSON object of
figures. Where a rule is broken, the input is saved under `results/`, and the exit code is 1.
"""

from __future__ import annotations

import hashlib
import json
import resource
import signal
import sys
import time
import traceback
from collections import Counter
from pathlib import Path
from random import Random
from types import FrameType

from ckptls.checkpoint.core.errors import CheckpointError
from fuzz.targets import TARGETS, Target, seeds

__all__ = ["TARGETS", "Target", "main", "seeds"]

MAX_SECONDS = 1.0
MAX_MEMORY_BYTES = 500 * 1000 * 1000
RESULTS = Path(__file__).with_name("results")


class TookTooLong(BaseException):
    """A reader is at work for more than a second."""


def _interrupt(_: int, frame: FrameType | None) -> None:
    raise TookTooLong


def _limit_memory() -> None:
    """Allocations that go beyond the limit raise MemoryError, where the system knows how."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
    except OSError:
        return
    limit = pages * resource.getpagesize() + MAX_MEMORY_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def most_memory_bytes() -> int:
    """The most resident memory that this process has had.

    What getrusage tells of a process is at least what the one that started it had: some 1.7 GB
    if that is a pytest with TensorFlow in it. The system's other figure begins with the program.
    """
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # macOS: in bytes
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024


def run_one(name: str, data: bytes) -> str:
    """What became of one input: `read`, or the error's class. What breaks a rule is raised."""
    signal.setitimer(signal.ITIMER_VIRTUAL, MAX_SECONDS)
    try:
        TARGETS[name].read(data)
    except CheckpointError as error:
        assert str(error)
        return type(error).__name__
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    return "read"


def save(name: str, data: bytes) -> Path:
    """Keep an input that broke a rule."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}-{hashlib.sha256(data).hexdigest()[:16]}"
    path.write_bytes(data)
    return path


def main(seed: int, executions: int) -> int:
    """Read mutations of all seeds of all targets by turns."""
    random = Random(seed)
    corpora = {name: seeds(name) for name in TARGETS}
    names = list(TARGETS)
    signal.signal(signal.SIGVTALRM, _interrupt)
    for name, corpus in corpora.items():  # what readers load late is loaded now
        for data in corpus:
            run_one(name, data)
    _limit_memory()
    ends: dict[str, Counter[str]] = {name: Counter() for name in names}
    slowest = 0.0
    for i in range(executions):
        name = names[i % len(names)]
        corpus = corpora[name]
        data = TARGETS[name].mutate(random, random.choice(corpus), random.choice(corpus))
        start = time.process_time()
        try:
            ends[name][run_one(name, data)] += 1
        except BaseException:  # noqa: BLE001  # any, a hang included, is a finding
            traceback.print_exc()
            print(f"seed {seed}, execution {i}, {name}: saved as {save(name, data)}")
            return 1
        slowest = max(slowest, time.process_time() - start)
    memory = most_memory_bytes()
    figures = {"seed": seed, "executions": executions, "slowest_ms": round(slowest * 1000, 1)}
    print(json.dumps({**figures, "memory_mb": memory // 1_000_000, "ends": ends}))
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2])))
