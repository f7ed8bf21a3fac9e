"""Two hundred thousand broken files, each listed or refused, in two processes.

CKPTLS_FUZZ_EXECUTIONS says how many in all, CKPTLS_FUZZ_SEED where the chance begins: with
the same seed the same files are made. What broke a rule lies under tests/fuzz/results; when
the reader is mended, put it into the corpus, under its target's name.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ckptls.checkpoint.core.errors import CheckpointError
from fuzz.targets import CORPUS, TARGETS, seeds

EXECUTIONS = int(os.environ.get("CKPTLS_FUZZ_EXECUTIONS", "200000"))
SEED = int(os.environ.get("CKPTLS_FUZZ_SEED", "1"))
WORKERS = 2
TESTS = Path(__file__).parents[1]


def environment() -> dict[str, str]:
    """That of this process, in which `fuzz` can be imported."""
    paths = [str(TESTS), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}


def test_every_broken_file_is_listed_or_refused(capsys: pytest.CaptureFixture[str]) -> None:
    share = -(-EXECUTIONS // WORKERS)
    command = [sys.executable, "-m", "fuzz.worker"]
    workers = [
        subprocess.Popen(
            [*command, str(SEED + i), str(share)],
            env=environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )
        for i in range(WORKERS)
    ]  # fmt: skip
    try:
        outputs = [worker.communicate(timeout=60 + share / 100)[0] for worker in workers]
    finally:
        for worker in workers:
            worker.kill()
    for worker, output in zip(workers, outputs, strict=True):
        assert worker.returncode == 0, output
    figures = [json.loads(output.splitlines()[-1]) for output in outputs]
    with capsys.disabled():
        for each in figures:
            print(f"\nfuzz: {json.dumps(each)}", end="")
        print()
    assert sum(each["executions"] for each in figures) >= EXECUTIONS
    for each in figures:
        assert each["memory_mb"] < 500
        for name, ends in each["ends"].items():
            assert len(ends) > 1 or name == "state", f"all ended alike: {name} {ends}"


def test_every_corpus_has_a_target_and_every_target_a_corpus() -> None:
    assert {path.name for path in CORPUS.iterdir()} == TARGETS.keys()
    assert sum(path.stat().st_size for path in CORPUS.rglob("*") if path.is_file()) < 50_000


@pytest.mark.parametrize("name", TARGETS)
def test_the_corpus_is_listed_or_refused(name: str) -> None:
    for data in seeds(name):
        try:
            TARGETS[name].read(data)
        except CheckpointError as error:
            assert str(error)


FAULTS = {
    "another exception": "raise KeyError",
    "a hang": "while True: pass",
    "memory": "bytearray(600_000_000)",
}
GUARDED = """
from pathlib import Path
from fuzz import worker
def read(data):
    if data == seed: return
    {fault}
seed = b"seed"
worker.RESULTS = Path({results!r})
worker.seeds = lambda name: [seed]
worker.TARGETS.clear()
worker.TARGETS["bad"] = worker.Target(read)
raise SystemExit(worker.main(1, 50))
"""


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_a_reader_that_breaks_a_rule_is_caught_and_its_input_kept(
    tmp_path: Path, fault: str
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", GUARDED.format(fault=fault, results=str(tmp_path))],
        env=environment(), capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    assert "saved as" in done.stdout
    assert len(list(tmp_path.iterdir())) == 1
