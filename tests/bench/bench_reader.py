"""How fast the reader is, as ratios in one and the same run.

    python tests/bench/bench_reader.py

Warm: `list_variables`, `list_names` and the look-up of one name against TensorFlow's, all
imported, by turns, the best of many. Cold: a process of `ckptls ls` against one that imports
TensorFlow and lists, and the most memory that each had. Memory: what the listing of 100,000
variables adds to a process. Directory: 1,000 checkpoints found and read, against reading
the bytes of the same files. Exit code 1 if a least figure is missed (they are meant for the
compiled loop); `aim` is what we would like to have.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

# variables -> how many times as fast as TensorFlow: at least, and aimed at
WARM = {34: (0.6, 1.0), 1_200: (2.0, 3.0), 100_000: (3.0, 5.0)}
WARM_V1 = {34: (0.0, 0.6), 1_200: (0.0, 1.0)}
NAMES = (6.0, 6.0)  # at 100,000
COLD = (30.0, 60.0)
COLD_MEMORY_MB = 30.0
LISTING_MEMORY_MB = 40.0
CATALOGUE_SECONDS = 2.0

TENSORFLOW_LISTS = """
import sys, tensorflow as tf
for name, shape in tf.train.list_variables(sys.argv[1]): print(name, shape)
"""


@dataclass(frozen=True)
class Cold:
    """One process: wall time, and the largest resident memory it had."""

    seconds: float
    memory_mb: float


def names_of_model(count: int) -> list[str]:
    """Names as a large transformer has them: five to a layer."""
    leaves = ("attention/kernel", "attention/bias", "mlp/kernel", "mlp/bias", "norm/gamma")
    return [
        f"model/block_{i // 500:04d}/layer_{i % 500 // 5}/{leaves[i % 5]}" for i in range(count)
    ]


def write(folder: str) -> None:
    """Make the checkpoints, `m34` and so on, and of V1 `m34.v1`."""
    for count in WARM:
        write_one(Path(folder, f"m{count}"), count)
    for count in WARM_V1:
        write_one(Path(folder, f"m{count}.v1"), count)


def write_one(prefix: Path, count: int) -> None:
    import tensorflow as tf

    names = names_of_model(count)
    tensors = [tf.zeros([1 + i % 5, 1 + i % 3]) for i in range(count)]
    if prefix.suffix == ".v1":
        tf.raw_ops.Save(filename=str(prefix), tensor_names=names, data=tensors)
        return
    tf.raw_ops.SaveV2(
        prefix=str(prefix), tensor_names=names, shape_and_slices=[""] * count, tensors=tensors
    )


def fastest(calls: list[Callable[[], object]], rounds: int) -> list[float]:
    """The shortest time of each call in seconds; they take turns, to share what disturbs."""
    best = [float("inf")] * len(calls)
    for _ in range(rounds):
        for i, call in enumerate(calls):
            start = time.perf_counter()
            call()
            best[i] = min(best[i], time.perf_counter() - start)
    return best


def warm(prefix: Path, count: int) -> bool:
    """Print one line, for 100,000 variables two; whether the least is reached."""
    import tensorflow as tf

    import ckptls

    path = str(prefix)
    listing = tf.train.list_variables(path)
    assert ckptls.list_variables(path) == listing
    assert ckptls.list_names(path) == [name for name, _ in listing]
    ours, theirs, names = fastest(
        [
            lambda: ckptls.list_variables(path),
            lambda: tf.train.list_variables(path),
            lambda: ckptls.list_names(path),
        ],
        max(9, 40_000 // count),
    )
    is_fast = report(f"listing, {count:,} variables", ours, theirs, *WARM[count])
    least = NAMES if count == max(WARM) else (0.0, 0.0)
    return report(f"names alone, {count:,}", names, theirs, *least) and is_fast


def warm_v1(prefix: Path, count: int) -> None:
    """Print one line: a V1 file of so many variables."""
    import tensorflow as tf

    import ckptls

    path = str(prefix)
    assert ckptls.list_variables(path) == tf.train.list_variables(path)
    ours, theirs = fastest(
        [lambda: ckptls.list_variables(path), lambda: tf.train.list_variables(path)],
        max(9, 40_000 // count),
    )
    report(f"V1, {count:,} variables", ours, theirs, *WARM_V1[count])


def one_name(prefix: Path, count: int) -> None:
    """Print two lines: one name among many, against TensorFlow's reader and our own listing."""
    import tensorflow as tf

    import ckptls
    from ckptls.checkpoint.formats.tensorflow.v2.index_reader import find_entry

    path = str(prefix)
    name = names_of_model(count)[count // 2]
    assert find_entry(f"{path}.index", name) is not None
    ours, theirs, whole = fastest(
        [
            lambda: find_entry(f"{path}.index", name),
            lambda: tf.train.load_checkpoint(path).has_tensor(name),
            lambda: ckptls.list_variables(path),
        ],
        9,
    )
    report(f"one name of {count:,}", ours, theirs, 0, 0)
    report("  against our listing", ours, whole, 0, 0)


def report(what: str, ours: float, theirs: float, least: float, aim: float) -> bool:
    ratio = theirs / ours
    wish = f"  (least {least:g} x, aim {aim:g} x)" if least else ""
    missed = "" if ratio >= aim else "  below the aim" if ratio >= least else "  MISSED"
    print(f"{what:28}{ours * 1000:10.3f} ms{theirs * 1000:12.3f} ms{ratio:9.2f} x{wish}{missed}")
    return ratio >= least


MEASURES_MEMORY = """
import resource, sys, ckptls
ckptls.list_variables(sys.argv[1])  # what is imported is imported
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
kept = ckptls.list_variables(sys.argv[2])
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before, len(kept))
"""


def memory(small: Path, large: Path) -> bool:
    """Print one line: the most that a listing adds; whether it is little enough."""
    command = [sys.executable, "-c", MEASURES_MEMORY, str(small), str(large)]
    added, count = map(int, subprocess.check_output(command, text=True).split())
    added_mb = added * (1 if sys.platform == "darwin" else 1024) / 1e6
    is_little = added_mb < LISTING_MEMORY_MB
    missed = "" if is_little else "  MISSED"
    print(
        f"{f'memory, {count:,} variables':28}{added_mb:10.1f} MB  (< {LISTING_MEMORY_MB:g}){missed}"
    )
    return is_little


def directory(folder: str, small: Path) -> bool:
    """Print one line: 1,000 checkpoints catalogued, against reading the same bytes."""
    from ckptls.checkpoint.layout.directory_files import find_checkpoints
    from ckptls.workspace.checkpoint_store import CheckpointStore

    data = Path(f"{small}.index").read_bytes()
    run = Path(folder, "run")
    run.mkdir()
    for step in range(1000):
        (run / f"model.ckpt-{step}.index").write_bytes(data)
        os.utime(run / f"model.ckpt-{step}.index", (1, step + 1))

    def ours() -> None:
        store = CheckpointStore()
        found = find_checkpoints(str(run))
        assert sum(store.load(prefix).checkpoint is not None for prefix in found) == 1000

    def bytes_alone() -> None:
        for item in os.scandir(run):
            with open(item.path, "rb") as file:
                file.read()

    taken, floor = fastest([ours, bytes_alone], 5)
    is_fast = taken < CATALOGUE_SECONDS
    missed = "" if is_fast else "  MISSED"
    print(
        f"{'1,000 checkpoints':28}{taken * 1000:10.1f} ms, {taken / floor:.1f} times"
        f" as long as reading the bytes  (< {CATALOGUE_SECONDS:g} s){missed}"
    )
    return is_fast


def run_cold(command: list[str]) -> Cold:
    """Run a process to its end and ask the system what it took."""
    start = time.perf_counter()
    # An installed package has its bytecode compiled; so has ours after the first run.
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    child = subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(child.pid, 0)
    seconds = time.perf_counter() - start
    assert status == 0, command
    scale = 1 if sys.platform == "darwin" else 1024  # ru_maxrss: bytes there, KiB elsewhere
    return Cold(seconds, usage.ru_maxrss * scale / 1e6)


def cold(prefix: Path) -> bool:
    """Print two lines; whether both are as they should be."""
    script = Path(sys.executable).with_name("ckptls")
    listing = [str(script)] if script.exists() else [sys.executable, "-m", "ckptls"]
    ours = [run_cold([*listing, "ls", str(prefix)]) for _ in range(15)]
    theirs = [run_cold([sys.executable, "-c", TENSORFLOW_LISTS, str(prefix)]) for _ in range(3)]
    is_fast = report(
        "cold, 34 variables",
        min(run.seconds for run in ours),
        min(run.seconds for run in theirs),
        *COLD,
    )
    memory = max(run.memory_mb for run in ours)
    their_memory = max(run.memory_mb for run in theirs)
    print(
        f"{'cold, most memory':28}{memory:10.1f} MB{their_memory:12.1f} MB"
        f"{their_memory / memory:8.2f} x  (< {COLD_MEMORY_MB:g} MB)"
    )
    return is_fast and memory < COLD_MEMORY_MB


def main() -> int:
    if sys.argv[1:2] == ["write"]:
        write(sys.argv[2])
        return 0
    with tempfile.TemporaryDirectory() as folder:
        prefixes = {count: Path(folder, f"m{count}") for count in WARM}
        # TensorFlow stays out of this process until the cold part is over: a child's most
        # memory is never less than what its parent had when it was started.
        subprocess.run([sys.executable, __file__, "write", folder], check=True)
        from ckptls.checkpoint.formats.tensorflow.v2 import compiled_loop

        print(f"the loop over entries: {compiled_loop.description()}")
        print(f"{'':28}{'ckptls':>13}{'TensorFlow':>15}   ratio")
        met = [cold(prefixes[34])]
        met += [memory(prefixes[34], prefixes[100_000]), directory(folder, prefixes[34])]
        met += [warm(prefix, count) for count, prefix in prefixes.items()]
        one_name(prefixes[100_000], 100_000)
        for count in WARM_V1:
            warm_v1(Path(folder, f"m{count}.v1"), count)
    return 0 if all(met) else 1


if __name__ == "__main__":
    sys.exit(main())
