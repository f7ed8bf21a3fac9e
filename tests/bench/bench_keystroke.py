"""How long a keystroke takes: edit and completion, in a 2,000-line file.

    python tests/bench/bench_keystroke.py

A real server process, spoken to as an editor speaks to it, completes names of a checkpoint
with 100,000 variables. Beside it, in the same run and taking turns, a bare pygls server that
keeps the same text and offers nothing: what the protocol itself costs on this machine.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS), str(TESTS / "bench")]

from editor_client import Client, percentile, place_of  # noqa: E402

from checkpoint import crafted  # noqa: E402

VARIABLES = 100_000
LINES = 2_000
ROUNDS = 12
NAME = "model/block_07/layer_"
# What is aimed at: milliseconds for the median keystroke and for 19 of 20, megabytes in all.
AIM_MS, AIM_P95_MS = 6.0, 15.0
AIM_MB = 120.0

BARE = """
from lsprotocol import types
from pygls.lsp.server import LanguageServer

server = LanguageServer("bare", "1")


@server.feature(types.TEXT_DOCUMENT_COMPLETION)
def complete(params: types.CompletionParams) -> types.CompletionList:
    server.workspace.get_text_document(params.text_document.uri)
    return types.CompletionList(False, [])


server.start_io()
"""

BLOCK = '''
def block_{0}(net, reader, is_training):
    """The {0}th block of the network."""
    with tf.variable_scope("model/block_{0:02}"):
        for layer in range(4):
            with tf.variable_scope("layer_%d" % layer):
                weights = tf.get_variable("weights", [3, 3, 64, 64])
                biases = tf.get_variable("biases", [64])
                net = tf.nn.conv2d(net, weights, [1, 1, 1, 1], "SAME") + biases
                net = tf.nn.relu(net) if is_training else tf.identity(net)
    first = reader.get_tensor("model/block_{0:02}/layer_0/weights_000")
    print("block %d: %s" % ({0}, first.shape))
    return slim.conv2d(net, 64, [1, 1], scope="mix_{0}")

'''


def write_checkpoint(folder: Path) -> None:
    names = (
        f"model/block_{i // 2000:02}/layer_{i // 100 % 20}/{kind}_{i % 100:03}"
        for i in range(VARIABLES // 2)
        for kind in ("weights", "biases")
    )
    index = crafted.index([(name, crafted.FLOAT, [3, 3, 64, 64]) for name in names])
    (folder / "model.ckpt.index").write_bytes(index)


def source() -> str:
    head = (
        "import tensorflow.compat.v1 as tf\nimport tf_slim as slim\n\n"
        'reader = tf.train.load_checkpoint("model.ckpt")\n'
    )
    blocks = []
    while head.count("\n") + sum(block.count("\n") for block in blocks) < LINES - 10:
        blocks.append(BLOCK.format(len(blocks)))
    middle = len(blocks) // 2
    typed = '\ndef typed():\n    return reader.get_tensor("")\n\n'
    return head + "".join(blocks[:middle]) + typed + "".join(blocks[middle:])


def keystrokes(client: Client, line: int, column: int) -> list[float]:
    """Milliseconds of each keystroke of one round: the edit and the answer."""
    times = []
    for place, letter in enumerate(NAME, column):
        start = time.perf_counter()
        client.type(line, place, letter)
        client.complete(line, place + 1)
        times.append((time.perf_counter() - start) * 1000)
    client.erase(line, column, column + len(NAME))
    return times


def main() -> int:
    text = source()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_checkpoint(folder)
        (folder / "train.py").write_text(text)
        ours = Client([sys.executable, "-m", "ckptls", "server"], folder, text)
        bare = Client([sys.executable, "-c", BARE], folder, text)
        offset = text.index('reader.get_tensor("")') + len('reader.get_tensor("')
        line, column = place_of(text, offset)
        while not ours.complete(line, column):
            time.sleep(0.1)
        keystrokes(ours, line, column)
        our_times: list[float] = []
        bare_times: list[float] = []
        for _ in range(ROUNDS):
            our_times += keystrokes(ours, line, column)
            bare_times += keystrokes(bare, line, column)
        memory = ours.memory()
        ours.stop()
        bare.stop()
    ours_p50 = statistics.median(our_times)
    bare_p50 = statistics.median(bare_times)
    p95 = percentile(our_times, 0.95)
    print(f"file: {text.count(chr(10))} lines; checkpoint: {VARIABLES:,} variables")
    print(f"keystroke to completion: p50 {ours_p50:.1f} ms, p95 {p95:.1f} ms")
    print(f"bare pygls server:       p50 {bare_p50:.1f} ms -> ratio {ours_p50 / bare_p50:.2f}")
    print(f"resident memory:         {memory:.0f} MB")
    is_met = ours_p50 < AIM_MS and p95 < AIM_P95_MS and memory < AIM_MB
    aims = f"p50 < {AIM_MS} ms, p95 < {AIM_P95_MS} ms, memory < {AIM_MB} MB"
    print("aims met" if is_met else f"aims missed: {aims}")
    return 0 if is_met else 1


if __name__ == "__main__":
    raise SystemExit(main())
