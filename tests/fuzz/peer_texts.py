"""Texts that an editor might hold, changes of them, and what they come to.

What a text is after changes is found out here without the server's code: a text is kept as a
sequence of the units that positions are counted in, so that a position is an index.
"""

from __future__ import annotations

import re
from random import Random
from typing import Any

Json = dict[str, Any]

LINES = (
    "import tensorflow as tf\n",
    "import tensorflow.compat.v1 as tf\r\n",
    "reader = tf.train.load_checkpoint('vgg_16.ckpt')\n",
    "reader.get_tensor('vgg_16/fc8/weights')\n",
    "reader.get_tensor('vgg_16/",
    "tf.train.load_variable('vgg_16.ckpt', 'vgg_16/fc8/weigths')\n",
    "tf.train.load_variable('small.ckpt', 'net/layer_1/kernel')\n",
    "tf.train.init_from_checkpoint('vgg_16.ckpt', {'vgg_16/': 'net/', 'a': 'b/'})\n",
    "with tf.variable_scope('vgg_16'):\n    w = tf.get_variable('weights', [3, 3, 3, 64])\n",
    "with tf.variable_scope('net'):\n",
    "    v = tf.get_variable('layer_%d' % i, shape=[2])\n",
    "saver = tf.train.Saver()\nsaver.restore(sess, 'small.ckpt')\n",
    "from utils import load, PATH\nload(PATH, 'vgg_16/mean_rgb')\n",
    "def load(path, name):\n    return tf.train.load_variable(path, name)\n",
    "PATH = 'vgg_16.ckpt'\n",
    "# ckptls: checkpoint=small.ckpt\n",
    "for n in ['fc6', 'fc7']:\n    reader.get_tensor(f'vgg_16/{n}/weights')\n",
    "if 'net/x' in reader.get_variable_to_shape_map():\n",
    "tf.contrib.framework.get_variables_to_restore(exclude=['vgg_16/fc8', 'net'])\n",
    "é漢😀 = tf.train.load_variable('vgg_16.ckpt', 'vgg_16/😀/漢')\n",
    "class Net:\n    def __init__(self, path):\n        self.path = path\n",
    "tf.train.latest_checkpoint('.')\n",
    "%cd models\n",
)
PIECES = (
    *("'", '"', "'''", '"""', "f'", "(", ")", "[", "]", "{", "}", ",", ":", ".", "=", "\\", "#"),
    *(" ", "    ", "\t", "\n", "\n\n", "\r\n", "\r", "\f", "\x85", "\u2028", "\x00", "\ufeff"),
    *(
        "vgg_16/",
        "fc8",
        "weights",
        "net/",
        "x",
        "é",
        "漢",
        "😀",
        "e\u0301",
        "0",
        "lambda: ",
        "async ",
    ),
)
HALVES = ("\ud83d", "\ude00", "\udfff", "\ud800")
_LINE = re.compile(r"\r\n|\r|\n")


def text(random: Random, encoding: str) -> str:
    """A document of up to some forty lines."""
    parts = ["import tensorflow as tf\n"] if random.random() < 0.7 else []
    parts += [
        piece(random, encoding) if random.random() < 0.2 else random.choice(LINES)
        for _ in range(random.choice((0, 1, 5, 10, 25)))
    ]
    return joined("".join(parts))


def piece(random: Random, encoding: str) -> str:
    """What somebody types or pastes."""
    chance = random.random()
    if encoding == "utf-16" and chance < 0.05:
        return random.choice(HALVES)
    if chance < 0.7:
        return random.choice(PIECES)
    return "".join(random.choice(LINES) for _ in range(random.randint(1, 3)))


def joined(whole: str) -> str:
    """Halves of surrogate pairs that stand side by side are one character."""
    return whole.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


class Text:
    """One document as the client keeps it: each character stands for one unit."""

    def __init__(self, whole: str, encoding: str) -> None:
        self.encoding = encoding
        self.replace(whole)

    def replace(self, whole: str) -> None:
        self._units = self._in_units(whole)

    def _in_units(self, whole: str) -> str:
        if self.encoding == "utf-8":
            return whole.encode("utf-8", "surrogatepass").decode("latin-1")
        if self.encoding == "utf-32":
            return whole
        data = whole.encode("utf-16-le", "surrogatepass")
        return "".join(chr(data[i] | data[i + 1] << 8) for i in range(0, len(data), 2))

    @property
    def whole(self) -> str:
        if self.encoding == "utf-8":
            return self._units.encode("latin-1").decode("utf-8", "surrogatepass")
        return joined(self._units)

    def _lines(self) -> list[tuple[int, int]]:
        """(start, end without what ends it) of each line."""
        found, start = [], 0
        for match in _LINE.finditer(self._units):
            found.append((start, match.start()))
            start = match.end()
        return [*found, (start, len(self._units))]

    def _index(self, position: Json) -> int:
        lines = self._lines()
        if position["line"] >= len(lines):
            return len(self._units)
        start, end = lines[position["line"]]
        return int(min(start + position["character"], end))

    def apply(self, change: Json) -> None:
        """As the specification has it; what lies beyond an end is that end."""
        if "range" not in change:
            self.replace(change["text"])
            return
        ends = sorted(self._index(change["range"][side]) for side in ("start", "end"))
        new = self._in_units(change["text"])
        self._units = self._units[: ends[0]] + new + self._units[ends[1] :]

    def position(self, random: Random, *, is_exact: bool = False) -> Json:
        """A place in the text, or beyond it; an exact one is not within a character."""
        if random.random() < 0.05:
            return {"line": random.randint(0, 99), "character": random.choice((0, 7, 2**31 - 99))}
        place = random.randint(0, len(self._units))
        if random.random() < 0.5:  # into a string, where there is something to be found
            place = max(self._units.find("/", place), self._units.rfind("'", 0, place), 0)
        if is_exact and self.encoding == "utf-8":
            while place < len(self._units) and "\x80" <= self._units[place] < "\xc0":
                place += 1
        lines = self._lines()
        line = max(i for i, (start, _) in enumerate(lines) if start <= place)
        return {"line": line, "character": place - lines[line][0]}

    def change(self, random: Random) -> Json:
        """One change, mostly a small one."""
        if random.random() < 0.05:
            return {"text": text(random, self.encoding)}
        start = self.position(random, is_exact=True)
        end = start if random.random() < 0.6 else self.position(random, is_exact=True)
        if random.random() < 0.7 and start is not end:
            end = {"line": start["line"], "character": start["character"] + random.randint(0, 9)}
            if self.encoding == "utf-8":
                end = start
        new = "" if random.random() < 0.3 else piece(random, self.encoding)
        return {"range": {"start": start, "end": end}, "text": joined(new)}
