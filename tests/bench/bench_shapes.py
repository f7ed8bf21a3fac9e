"""How long texts of odd shapes take to be understood, beside ordinary code of the same size.

    python tests/bench/bench_shapes.py [--sizes MB,MB] [SHAPE ...]

Each shape is one piece of text again and again, some of it no Python. For each size its
processor time is held against that of ordinary code in the same run; the last column is the
growth from the smallest size to the largest, where their ratio is linear. A `*` marks what is
beyond 3 times ordinary code; exit code 1 if a shape is that is not known to be.
"""

from __future__ import annotations

import argparse
import gc
import sys
import time
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS), str(TESTS / "bench")]

import bench_analysis  # noqa: E402

from ckptls.source.document import Document  # noqa: E402

HEAD = "import tensorflow as tf\nr = tf.train.load_checkpoint('m.ckpt')\n"
END = "\nr.get_tensor('end')\n"
MOST = 3.0
SHAPES = {
    "brackets": "){](",
    "operators": "+*/%",
    "words": "a b ",
    "open calls": "f(\n",
    "open lists": "[1,\n",
    "open f-strings": "f'{a\n",
    "f-strings that open": 'f"{',
    "strings that open": 'x = """a""" "\n',
    "triple quotes": "'''\n",
    "carriage returns": "x = 1\r",
    "continued lines": "x = 1 + \\\n",
    "continued statements": "x = \\\n  1\n",
    "decorators": "@d\n",
    "decorated functions": "@d\ndef f(): pass\n",
    "functions": "def f(a): return a\n",
    "async functions": "async def f(): await a\n",
    "classes": "class A: pass\n",
    "methods": "class A:\n    def f(self): pass\n",
    "star imports": "from m import *\n",
    "imports": "from a import b\n",
    "letters beyond ASCII": "é\n",
    "indents": "\tx\n",
    "tabs": "\t",
    "statements in a line": "f(x, 1);",
    "heads": "if x:\n",
    "conditions": "if x: y\n",
    "loops": "for a in b: c\n",
    "with": "with a: b\n",
    "try": "try: a\nexcept: b\n",
    "calls": "f(g(h(1)))\n",
    "returns": "return\n",
    "comments": "# a\n",
    "names": "r.get_tensor('a')\n",
    "names of a template": "r.get_tensor('a/%d' % x)\n",
    "scopes": "with tf.variable_scope('a'): b\n",
    "variables": "tf.get_variable('a')\n",
}
# Not bounded yet. Names are what the analysis is for: each becomes a site.
KNOWN = {
    *("names", "names of a template", "scopes", "variables"),
    *("strings that open", "classes", "methods"),
}


def ordinary(size: int) -> str:
    bench_analysis.LINES = size // 30
    return bench_analysis.ordinary()[:size]


def repeated(piece: str, size: int) -> str:
    room = size - len(HEAD) - len(END)
    return HEAD + piece * (room // len(piece.encode())) + END


def seconds(text: str) -> float:
    gc.collect()
    start = time.process_time()
    Document(text).analysis()
    return time.process_time() - start


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", default="0.5,1,2", help="in MB")
    parser.add_argument("shapes", nargs="*", help="of the list in this file; default: all")
    options = parser.parse_args(arguments)
    sizes = [int(float(each) * 1_000_000) - 1_000 for each in options.sizes.split(",")]
    # As the server does: most of what is made stays.
    gc.set_threshold(50_000, 50, 100)
    seconds(ordinary(20_000))
    usual = [seconds(ordinary(size)) for size in sizes]
    print(f"{'':24}" + "".join(f"{size / 1e6:7.1f} MB" for size in sizes) + "   growth")
    print(f"{'ordinary code (s)':24}" + "".join(f"{each:10.2f}" for each in usual))
    beyond = []
    for name in options.shapes or SHAPES:
        took = [seconds(repeated(SHAPES[name], size)) for size in sizes]
        ratios = [each / base for each, base in zip(took, usual, strict=True)]
        mark = "*" if max(ratios) > MOST else " "
        growth = took[-1] / took[0]
        print(
            f"{mark} {name:22}" + "".join(f"{each:10.2f}" for each in ratios) + f"{growth:9.1f}",
            flush=True,
        )
        if max(ratios) > MOST and name not in KNOWN:
            beyond.append(name)
    print(f"beyond {MOST:g} times ordinary code: {', '.join(beyond)}" if beyond else "aims met")
    return 1 if beyond else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
