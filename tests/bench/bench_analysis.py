"""How long it takes to understand a file: cold, and after a keystroke.

    python tests/bench/bench_analysis.py [FILE ...]

Beside each figure, in the same run, what tree-sitter alone takes to parse the same text:
anew, and after the same edit. Without arguments two files of 10,000 lines are made: one of
ordinary code with a model here and there, and one in which nearly every line names something.
Times are those of the process, so that a busy machine does not count.
"""

from __future__ import annotations

import gc
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS), str(TESTS / "bench")]

import bench_keystroke  # noqa: E402

from ckptls.source.document import Document  # noqa: E402
from ckptls.source.syntax.syntax_tree import Syntax  # noqa: E402
from ckptls.source.text.source_text import SourceText  # noqa: E402

LINES = 10_000
KEYSTROKES = 15
# What is aimed at, in milliseconds, for the file of ordinary code.
AIM_COLD_MS = 500.0
AIM_KEYSTROKE_MS = 10.0

ORDINARY = '''
class Stage{0}(Base):
    """The {0}th stage of the pipeline."""

    def __init__(self, config, size={0}, rate=0.1):
        super().__init__(config)
        self.size = size
        self.rate = rate
        self.table = {{"first": size, "second": [size, rate], "third": (1, 2, 3)}}

    def forward(self, inputs, training=False):
        outputs = inputs
        for step in range(self.size):
            if training and step % 2 == 0:
                outputs = self.drop(outputs, self.rate)
            else:
                outputs = self.mix(outputs, step) + self.table["first"]
        try:
            outputs = self.check(outputs)
        except ValueError as error:
            print("stage {0}: %s" % error)
        return outputs

    def mix(self, values, step):
        left = [value * step for value in values if value > 0]
        right = {{key: len(key) for key in self.table}}
        return left[:10] + list(right.values())


def prepare_{0}(path, names, limit=None):
    """Reads what stage {0} is given."""
    rows = []
    with open(path) as file:
        for number, line in enumerate(file):
            if limit is not None and number >= limit:
                break
            rows.append(dict(zip(names, line.strip().split(","))))
    return sorted(rows, key=lambda row: row[names[0]])

'''


def ordinary() -> str:
    blocks = ["import tensorflow as tf\nimport tf_slim as slim\n"]
    blocks.append('reader = tf.train.load_checkpoint("model.ckpt")\n')
    lines, number = 0, 0
    while lines < LINES:
        made = bench_keystroke.BLOCK if number % 8 == 4 else ORDINARY
        blocks.append(made.format(number))
        lines += blocks[-1].count("\n")
        number += 1
    middle = len(blocks) // 2
    blocks.insert(middle, '\ndef typed():\n    return reader.get_tensor("model/")\n\n')
    return "".join(blocks)


def dense() -> str:
    bench_keystroke.LINES = LINES
    return bench_keystroke.source().replace('get_tensor("")', 'get_tensor("model/")')


def milliseconds(run: Callable[[], Any]) -> float:
    start = time.process_time()
    run()
    return (time.process_time() - start) * 1000


def measure(name: str, text: str) -> tuple[float, float]:
    """Prints the figures of one text; gives those of cold and keystroke."""
    gc.collect()
    parse = milliseconds(lambda: Syntax(SourceText(text)).tree)
    document = Document(text)
    cold = milliseconds(document.analysis)
    place = text.find('get_tensor("model/') + len('get_tensor("model/')
    place = place if place > len('get_tensor("model/') else text.rfind('"')
    syntax = Syntax(SourceText(text))
    assert syntax.tree
    ours, theirs = [], []
    for count in range(KEYSTROKES):
        offset = place + count

        def edit(offset: int = offset) -> None:
            nonlocal syntax
            syntax = syntax.edited(offset, offset, "x")
            assert syntax.tree

        def ask(offset: int = offset) -> None:
            document.edit(offset, offset, "x")
            document.at(offset + 1)

        theirs.append(milliseconds(edit))
        ours.append(milliseconds(ask))
    key, reparse = statistics.median(ours), statistics.median(theirs)
    sites = len(document.analysis().sites)
    print(f"{name}: {text.count(chr(10)):,} lines, {sites:,} sites")
    print(f"  cold      {cold:7.1f} ms   tree-sitter {parse:6.1f} ms   ratio {cold / parse:.1f}")
    print(f"  keystroke {key:7.1f} ms   tree-sitter {reparse:6.1f} ms   ratio {key / reparse:.1f}")
    return cold, key


def main(files: list[str]) -> int:
    # As the server does: most of what is made stays.
    gc.set_threshold(50_000, 50, 100)
    Document("import tensorflow as tf\ntf.train.load_variable('a', 'b')\n").analysis()
    if files:
        for file in files:
            measure(Path(file).name, Path(file).read_text("utf-8"))
        return 0
    cold, key = measure("ordinary code", ordinary())
    measure("names everywhere", dense())
    is_met = cold < AIM_COLD_MS and key < AIM_KEYSTROKE_MS
    print("aims met" if is_met else "aims missed", end=": ")
    print(f"ordinary code in {AIM_COLD_MS:.0f} ms cold, {AIM_KEYSTROKE_MS:.0f} ms a keystroke")
    return 0 if is_met else 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
