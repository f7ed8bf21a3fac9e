"""Resident memory over edits in five documents whose checkpoint is replaced every two seconds.

    python tests/bench/bench_memory.py [EDITS]

Lines with right, wrong and half-typed names come and go, and each fifth edit is followed by a
completion. Says how far memory is from that after 300 edits of warm-up; exit code 1 beyond 5 %.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS), str(TESTS / "bench")]

from editor_client import PULLING, Client  # noqa: E402

from checkpoint import crafted  # noqa: E402

COMMAND = [sys.executable, "-m", "ckptls", "server"]
EDITS = 30_000
WARM_UP = 300
MOST_GROWTH = 0.05
REPLACED_SECONDS = 2.0
LINES = 300
NAMES = [f"net/block_{i}/conv_{j}/weights" for i in range(40) for j in range(50)]
HEAD = "import tensorflow as tf\nreader = tf.train.load_checkpoint('run.ckpt')\n"


def write(folder: Path, step: int) -> None:
    rows = [*((name, crafted.FLOAT, [3]) for name in NAMES), ("step", crafted.FLOAT, [step + 1])]
    beside = folder / "run.tempstate"
    beside.write_bytes(crafted.index(sorted(rows)))
    beside.replace(folder / "run.ckpt.index")


def line(choose: random.Random) -> str:
    name = choose.choice(NAMES)
    return choose.choice(
        [
            f"reader.get_tensor('{name}')",
            f"reader.get_tensor('{name[:-2]}')",
            f"def load_{choose.randrange(1000)}(n='{name}'): return reader.get_tensor(n)",
            f"for n in ['{name}', 'other']: tf.train.load_variable('run.ckpt', n)",
            f"x = reader.get_tensor('{name}",
        ]
    )


def main(edits: int) -> int:
    choose = random.Random(7)
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        write(folder, 0)
        client = Client(COMMAND, folder, capabilities=PULLING)
        lengths = {(folder / f"code_{i}.py").as_uri(): LINES for i in range(5)}
        for uri in lengths:
            client.open(uri, HEAD + "".join(line(choose) + "\n" for _ in range(LINES)))
        warm, replaced, step = 0.0, time.monotonic(), 0
        for number in range(edits):
            uri = choose.choice(list(lengths))
            row = choose.randrange(2, lengths[uri])
            grows = lengths[uri] <= LINES
            new, below = (line(choose) + "\n", row) if grows else ("", row + 1)
            client.replace(row, 0, 0, new, uri, end_line=below)
            lengths[uri] += 1 if grows else -1
            if number % 5 == 0:
                asked = {"line": row, "character": 22}
                client.request("textDocument/completion", textDocument={"uri": uri}, position=asked)
            if time.monotonic() - replaced > REPLACED_SECONDS:
                replaced, step = time.monotonic(), step + 1
                write(folder, step)
                changes = [{"uri": (folder / "run.ckpt.index").as_uri(), "type": 2}]
                client.notify("workspace/didChangeWatchedFiles", changes=changes)
            if number == min(WARM_UP, edits // 2):
                warm = client.memory()
            if number % max(edits // 10, 1) == 0:
                print(f"  {number:6} edits: {client.memory():.1f} MB", flush=True)
        last = client.memory()
        for uri in lengths:
            client.notify("textDocument/didClose", textDocument={"uri": uri})
        client.take(6.0)
        print(f"after warm-up {warm:.1f} MB, at the end {last:.1f}, closed {client.memory():.1f}")
        client.stop()
    return int(last > (1 + MOST_GROWTH) * warm)


if __name__ == "__main__":
    raise SystemExit(main(int(sys.argv[1]) if sys.argv[1:] else EDITS))
