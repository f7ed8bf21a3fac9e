"""Random edits of random programs, compared with documents that are read for the first time.

A run makes a small project of modules (one of them a notebook at times), edits it a few times,
and compares what each document says then with what fresh documents of the same texts say: every
site with its paths, guards and scopes, restores, saves, variables of the model, checked paths,
calls of other modules, exports. Half of the programs are random statements, the others are put
together from pieces of code (`_PIECES`) that work on each other.

    PYTHONPATH=tests python -m source.edits SEED RUNS

makes runs by the hundred thousand, and prints those that differ. A run can be made again from
its seed alone.
"""

from __future__ import annotations

import dataclasses
import random
import re
import sys
from collections.abc import Mapping, Sequence
from enum import Enum
from functools import cache
from typing import TypeVar

from ckptls.source.document import Analysis, Document
from ckptls.source.notebooks.notebook import join_cells
from ckptls.source.semantics.catalogue import builtin_catalogue
from ckptls.source.semantics.module import Environment, Module, OutsideCall
from ckptls.source.semantics.pattern_text import Text, text
from ckptls.source.syntax.ir import Chunk
from ckptls.source.text.text_edit import find_edit
from ckptls.workspace.modules import ModuleStore, Place

T = TypeVar("T")
FOLDER = "/nowhere/project"
# Fields that say which object something is, not what it is; and what is found when asked for.
_IDENTITIES = frozenset(
    {"function", "definition", "identity", "weight", "depth", "_hash", "_length"}
)
_NAMES = ("a", "b", "c", "f", "g", "A", "B", "x", "y", "FLAGS", "s")
_ATTRIBUTES = ("x", "y", "ckpt", "path", "get")
_WORDS = ("'n'", "'a/w'", "'b/'", "'m.ckpt'", "'o.ckpt'", "CKPT", "None", "''", "'a' + '/w'")
_MODULES = ("util", "conf")
HEAD = "import tensorflow as tf\nCKPT = 'm.ckpt'\n"


class Chance:
    """Random choices that are made again from a seed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed).random

    def below(self, count: int) -> int:
        return int(self.random() * count)

    def choice(self, several: Sequence[T]) -> T:
        return several[int(self.random() * len(several))]

    def filled(self, form: str, depth: int) -> str:
        """A form with random things in place of its letters: see `_FILLERS`."""
        return _HOLE.sub(lambda hole: self._filling(hole[0], depth), form)

    def _filling(self, hole: str, depth: int) -> str:
        if hole == "<e>":
            return self.expression(depth + 1)
        return self.choice(_FILLERS[hole])

    def expression(self, depth: int = 0) -> str:
        return self.filled(self.choice(_SHORT if depth > 2 else _EXPRESSIONS), depth)

    def simple(self) -> str:
        return self.filled(self.choice(_SIMPLE), 0)


_HOLE = re.compile("<[nawme]>")
_FILLERS = {"<n>": _NAMES, "<a>": _ATTRIBUTES, "<w>": _WORDS, "<m>": _MODULES}
_SHORT = ("<n>", "<w>")
_EXPRESSIONS = (
    *("<n>", "<n>", "<w>", "<w>", "<n>.<a>", "<n>(<e>)", "<n>().<a>", "<e> + <e>", "[<e>, <n>]"),
    *("{<e>: <n>}", "<n>[<e>]", "(<n> or <e>)", "tf.app.flags.FLAGS.<a>", "[<e> for <n> in <n>]"),
    *("(<e> if <n> else <n>)", "f'{<n>}/w'", "'%s/w' % <n>", "os.path.join(<n>, <e>)"),
    *("lambda <n>: <e>", "util.<n>", "conf.<n>", "tf.train.latest_checkpoint('d')"),
    *("tf.get_variable('v', [3])", "(<n> := <e>)", "<n>.<n>", "FLAGS.<a>", "super().<a>"),
)
_USES = (
    "tf.train.load_variable(<e>, <e>)",
    "tf.train.load_variable(<e>, 'n')",
    "tf.train.load_variable(CKPT, <e>)",
    "tf.train.init_from_checkpoint(<e>, {'a/': <e>})",
    "tf.train.Saver().restore(None, <e>)",
    "tf.train.Saver(<e>).save(None, <e>)",
    "tf.get_variable(<e>)",
    "tf.train.checkpoint_exists(<e>)",
    *("<n>(<e>)", "<n>(<e>, <e>)", "<n>.get(<e>)", "<n>.append(<e>)", "<n>.update({<e>: <e>})"),
    "stack.enter_context(tf.variable_scope(<e>))",
    "stack.pop_all()",
)
_SIMPLE = (
    *("<n> = <e>", "<n> = <e>", "<n> = <e>", *_USES, *_USES),
    *("<n>.<a> = <e>", "self.<a> = <e>", "self.<a> = <e>", "<n> += <e>", "<n>['k'] = <e>"),
    *("import <m>", "from <m> import <n>", "from <m> import *", "from <m> import <n> as <n>"),
    *("from tensorflow.train import *", "import tensorflow.keras as k"),
    "import contextlib; stack = contextlib.ExitStack()",
    "tf.app.flags.DEFINE_string('<a>', <e>, '')",
    *("global <n>", "return <e>", "return", "assert <e> in <n>", "del <n>", "r.get_tensor(<e>)"),
    *("r = tf.train.load_checkpoint(CKPT)", "<n> = argparse.Namespace(<a>=<e>)"),
    *("nonlocal <n>", "del <n>, <n>", "del <n>.<a>", "<n>, <n> = <e>, <e>", "<n>: str = <e>"),
    *("<n> = args.<a>", "FLAGS = <m>.args", "p.add_argument('--<a>', default=<e>)"),
    *("args = p.parse_args()", "import <m> as <n>", "from .<m> import <n>", "from . import <m>"),
)
_HEADS = (
    *("def <n>(<n>):", "def <n>(<n>=<e>, *c):", "def <n>():", "class <n>:", "class <n>(<n>):"),
    *("def get(self, n):", "def __init__(self):", "if <e>:", "if <n> is None:", "for <n> in <e>:"),
    *("while <e>:", "with tf.variable_scope(<e>):", "with contextlib.ExitStack() as stack:"),
    *("@property\ndef x(self):", "try:", "if <e> in <n>:", "def m(self, *a, **b):"),
    *("with tf.name_scope('n'):", "@<n>\ndef <n>(<n>):", "@<n>(<e>)\ndef get(self, n=<e>):"),
    *("class <n>(<m>.<n>):", "@staticmethod\ndef get(n):", "@classmethod\ndef get(c, n):"),
    *("if (<n> := <e>):", "async def <n>(<n>):", "class <n>(<n>, <n>):", "elif <e>:"),
)
# Code that says something, and what else it may rest on.
_PIECES = (
    "def <n>(x):\n    def g(y):\n        nonlocal x\n        x = <w>\n"
    "        tf.train.load_variable(CKPT, y)\n    g(x)\n    return g\n",
    "def <n>(f):\n    def g(x):\n        return f(x)\n    return g\n",
    "@<n>\ndef <n>(x=<w>):\n    tf.train.load_variable(CKPT, x)\n",
    "import functools\n@functools.wraps(<n>)\ndef <n>(x):\n    tf.train.load_variable(x, 'w')\n",
    "try:\n    from <m> import <n>\nexcept ImportError:\n    <n> = <w>\n",
    "try:\n    import <m> as <n>\nexcept ImportError:\n    <n> = None\n",
    *("from <m> import *\n", "from <m> import *\n", "import <m>\n", "from <m> import <n>, <n>\n"),
    *("__all__ = ['<n>', '<n>']\n", "_<n> = <w>\n", "<n> = <w>\n", "<n> = <w>\n", "del <n>\n"),
    "class <n>(<m>.<n>):\n    def get(self):\n        tf.train.load_variable(CKPT, self.<a>)\n",
    "class <n>(<n>):\n    def get(self):\n        tf.train.load_variable(CKPT, self.<a>)\n",
    "class <n>:\n    <a> = <w>\n    def __init__(self, x=<w>):\n        self.<a> = x\n",
    "class <n>:\n    @property\n    def <a>(self):\n        return <w>\n",
    "class <n>:\n    @staticmethod\n    def <a>(x):\n        return tf.train.load_checkpoint(x)\n",
    "class <n>:\n    def __call__(self, n):\n        tf.train.load_variable(self.<a>, n)\n",
    "<n> = <n>(<w>)\ntf.train.load_variable(<n>.<a>, <w>)\n<n>.<a> = <w>\n",
    "import argparse\np = argparse.ArgumentParser()\np.add_argument('--<a>', default=<w>)\n"
    "args = p.parse_args()\n",
    "import argparse\ndef <n>():\n    p = argparse.ArgumentParser()\n"
    "    p.add_argument('--<a>', default=<w>)\n    return p.parse_args()\n",
    *("args = <m>.<n>()\n", "tf.train.load_variable(args.<a>, <w>)\n", "args = <m>.args\n"),
    "tf.train.load_variable(<m>.args.<a>, <w>)\n",
    "from absl import flags\nFLAGS = flags.FLAGS\nflags.DEFINE_string('<a>', <w>, '')\n",
    *("tf.train.load_variable(FLAGS.<a>, <w>)\n", "tf.train.load_variable(<m>.FLAGS.<a>, 'n')\n"),
    "if (x := <w>) is not None:\n    tf.train.load_variable(CKPT, x)\n",
    "<n> = [y := <w>, y + '/w']\nfor x in <n>:\n    tf.train.load_variable(CKPT, x)\n",
    "for x in <n>:\n    tf.train.load_variable(CKPT, x)\nelse:\n    x = <w>\n",
    "def <n>():\n    global <n>\n    <n> = <w>\n    return <n>\n",
    "def <n>():\n    yield <w>\n    yield <n>\n",
    "with tf.variable_scope(<w>) as s:\n    tf.get_variable(<n>)\n    <n>(<w>)\n",
    "with tf.variable_scope(s, reuse=True):\n    tf.get_variable(<w>)\n",
    "tf.get_variable_scope().reuse_variables()\ntf.get_variable(<w>, [3])\n",
    "def <n>(x):\n    with tf.variable_scope(x):\n        return tf.get_variable(<w>, [3])\n",
    "<n> = tf.train.Saver({<w>: <n>(<w>)})\n<n>.restore(None, <n>)\n",
    "<n> = lambda x, y=<w>: tf.train.load_variable(y, x)\n<n>(<w>)\n",
    "<n> = {'k': <w>, **<n>}\ntf.train.init_from_checkpoint(CKPT, <n>)\n",
    "match <n>:\n    case <w>:\n        <n> = <w>\n    case x:\n        r.get_tensor(x)\n",
    "r = tf.train.load_checkpoint(<n>)\nr.get_tensor(<n>)\nr.get_tensor(<w>)\n",
    "if <n> in r.get_variable_to_shape_map():\n    r.get_tensor(<n>)\n",
    "<n>(<w>)\n<m>.<n>(<w>)\n<m>.<n>.<a>(<w>)\n",
    *("tf.train.load_variable(<m>.<n>, <w>)\n", "tf.train.load_variable(CKPT, <m>.<n>.<a>)\n"),
    *("# ckptls: checkpoint=<m>.ckpt\n", "CKPT = <n>\n", "CKPT = <m>.CKPT\n", "import os\n"),
    *("tf.app.flags.FLAGS.<a> = <w>\n", "if __name__ == '__main__':\n    <n>(<w>)\n"),
)


def _block(chance: Chance, depth: int) -> list[str]:
    count = chance.choice((1, 1, 1, 2, 2, 3))
    lines = [line for _ in range(count) for line in statement(chance, depth)]
    return ["    " + line for line in lines]


def statement(chance: Chance, depth: int = 0) -> list[str]:
    """The lines of one random statement."""
    if depth > 2 or chance.random() < 0.5:
        return [chance.simple()]
    head = chance.filled(chance.choice(_HEADS), 0)
    lines = [*head.split("\n"), *_block(chance, depth + 1)]
    if head == "try:":
        lines += ["except KeyError:", *_block(chance, depth + 1)]
    elif head.startswith(("if", "for")) and chance.random() < 0.4:
        lines += ["else:", *_block(chance, depth + 1)]
    return lines


def piece(chance: Chance) -> str:
    """Random code that works together with other pieces."""
    return chance.filled(chance.choice(_PIECES), 0)


def program(chance: Chance, count: int) -> str:
    """A random program of so many statements or pieces."""
    if chance.random() < 0.5:
        return HEAD + "".join(piece(chance) for _ in range(count))
    return HEAD + "".join("\n".join(statement(chance)) + "\n" for _ in range(count))


def edited(chance: Chance, before: str) -> tuple[int, int, str]:
    """A random edit: its start and end, and the new text between them."""
    lines = before.split("\n")
    kind = chance.random()
    if kind < 0.04:
        return _respaced(chance, before)
    number = chance.below(len(lines))
    start = sum(len(line) + 1 for line in lines[:number])
    indent = lines[number][: len(lines[number]) - len(lines[number].lstrip())]
    if kind < 0.14:  # a piece more
        return start, start, piece(chance)
    if kind < 0.2:  # a line elsewhere
        other = chance.below(len(lines))
        low, high = min(number, other), max(number, other)
        moved = "\n".join([lines[high], *lines[low:high]])
        place = sum(len(line) + 1 for line in lines[:low])
        return place, place + len(moved), moved
    if kind < 0.24:  # lines further inside, or less far
        made = "\n".join(_shifted(line) for line in lines[number : number + 3])
        end = start + sum(len(line) + 1 for line in lines[number : number + 3]) - 1
        return start, end, made
    if kind < 0.38:  # a line or statement more
        made = "".join(f"{indent}{line}\n" for line in statement(chance, chance.below(3)))
        return start, start, made
    if kind < 0.55:  # lines less
        gone = chance.choice((1, 1, 2, 3))
        end = min(start + sum(len(line) + 1 for line in lines[number : number + gone]), len(before))
        return start, end, ""
    if kind < 0.7:  # another line
        made = "\n".join(indent + line for line in statement(chance, 2))
        return start, start + len(lines[number]), made
    if kind < 0.85:  # another name
        name = chance.choice((*_NAMES, *_ATTRIBUTES))
        place = before.find(name, chance.below(len(before) + 1))
        if place >= 0:
            return place, place + len(name), chance.choice((*_NAMES, *_ATTRIBUTES))
    place = chance.below(len(before) + 1)
    made = chance.choice(_CHARACTERS)
    return place, min(place + chance.choice((0, 0, 1, 2, 5)), len(before)), made


_CHARACTERS = ("", "x", "'", "(", ")", "\n", "    ", "#", ":", "é", "=", ",", '"""', *"\f\r\t;\\@{")


def _shifted(line: str) -> str:
    return line[4:] if line.startswith("    ") else "    " + line


def _respaced(chance: Chance, before: str) -> tuple[int, int, str]:
    """The whole text with other ends of its lines, or other spaces."""
    ends = chance.choice(("\r\n", "\r", "\n", "\n\f", "\n\n", "  # é\n"))
    return 0, len(before), before.replace("\r\n", "\n").replace("\n", ends)


class World:
    """The documents of a project, all of them open, with what they know of each other."""

    def __init__(self, texts: Mapping[str, str], outside: Mapping[str, str]) -> None:
        self.outside = dict(outside)
        # Modules that are deleted, or have another name for a while.
        self.gone: set[str] = set()
        self.documents: dict[str, Document] = {}
        self._paths = {f"{FOLDER}/{name}": name for name in texts}
        store = ModuleStore(self._opened, self._names)
        place = Place(FOLDER, (), {"wanted": "w.ckpt"}, builtin_catalogue())
        self.environments: dict[str, Environment] = {}
        for name, content in texts.items():
            environment = store.environment(f"{FOLDER}/{name}", place, self._callers)
            self.environments[name] = environment
            self.documents[name] = Document(content, environment=environment)
        self._store, self._place = store, place

    def _opened(self, path: str) -> Document | None:
        name = self._paths.get(path)
        return self.documents.get(name) if name is not None and name not in self.gone else None

    def _names(self, directory: str) -> frozenset[str]:
        there = set(self._paths.values()) - self.gone
        return frozenset(there) if directory == FOLDER else frozenset()

    def toggle(self, name: str) -> None:
        """Deletes or renames a module, or puts it back; the store hears of it."""
        self.gone ^= {name}
        self._store.invalidate()

    def _callers(self, path: str, names: frozenset[str]) -> Mapping[str, tuple[OutsideCall, ...]]:
        return {
            name: (OutsideCall((("a", (text(given),)), ("n", (text(given),))), Text(), False),)
            for name, given in self.outside.items()
        }

    def texts(self) -> dict[str, str]:
        return {name: document.text for name, document in self.documents.items()}

    def module(self, name: str) -> Module:
        return self._store.module_at(f"{FOLDER}/{name}", self._place)

    def said(self) -> dict[str, object]:
        """All that the documents say."""
        found: dict[str, object] = {}
        for name, document in self.documents.items():
            document.forget()
            found[name] = said(document.analysis())
            if name not in self.gone:
                found[f"{name} exports"] = plain(self.module(name).exports)
        return found


def said(analysis: Analysis) -> object:
    """All that an analysis says."""
    outgoing = [call for effects in analysis.effects for call in effects.outgoing]
    calls = [call for effects in analysis.effects for call in effects.calls]
    parts = [site.parts for site in analysis.sites]
    found = {
        "sites": analysis.sites,
        "parts": parts,
        "spans": [site.place.span for site in analysis.sites],
        "restores": analysis.restores,
        "variables": analysis.variables,
        "checked": analysis.checked,
        "saves": analysis.saves,
        "outgoing": outgoing,
        "calls": calls,
        "pragmas": analysis.pragmas,
        "path sites": analysis.path_sites,
        "open": analysis.leaves_paths_open,
        "cut": analysis.cut_at,
        "steps": analysis.steps,
    }
    return {name: plain(value) for name, value in found.items()}


def plain(value: object) -> object:
    """A value as nested tuples that say what it is and where it stands."""
    kind = type(value)
    if kind is tuple or kind is list:
        return tuple(map(plain, value))  # type: ignore[call-overload]
    if kind in _PLAIN or isinstance(value, Enum):
        return value
    if isinstance(value, Chunk):
        return "chunk", value.start, value.key
    if isinstance(value, Module):
        return "module", value.path
    if isinstance(value, dict):
        return tuple(sorted([(plain(key), plain(each)) for key, each in value.items()], key=repr))
    if isinstance(value, frozenset | set):
        return tuple(sorted(map(repr, value)))
    if isinstance(value, tuple):
        return kind.__name__, *map(plain, value)
    return kind.__name__, *(plain(getattr(value, name)) for name in _fields(kind))


_PLAIN = frozenset({type(None), str, int, float, bool, bytes})


@cache
def _fields(kind: type) -> tuple[str, ...]:
    fields = dataclasses.fields(kind)
    return tuple(field.name for field in fields if field.name not in _IDENTITIES)


def differences(one: object, other: object, where: str = "") -> list[str]:
    """Where two plain values differ, for whoever reads it."""
    if one == other:
        return []
    if isinstance(one, dict) and isinstance(other, dict):
        return [
            line for key in one for line in differences(one[key], other.get(key), f"{where}/{key}")
        ]
    if isinstance(one, tuple) and isinstance(other, tuple) and len(one) == len(other):
        pairs = zip(one, other, strict=True)
        return [
            line
            for index, (left, right) in enumerate(pairs)
            for line in differences(left, right, f"{where}/{index}")
        ]
    return [f"{where}:\n   {one!r:.300}\n   {other!r:.300}"]


def run(seed: int) -> list[str]:
    """One run; gives where edited documents say something else than fresh ones."""
    chance = Chance(seed)
    if chance.random() < 0.1:
        return _notebook_run(chance)
    texts = {"main.py": program(chance, 3 + chance.below(6))}
    for name in _MODULES:
        texts[f"{name}.py"] = program(chance, 1 + chance.below(3))
    outside = {"f": "p.ckpt"} if chance.random() < 0.3 else {}
    world = World(texts, outside)
    world.said()
    if chance.random() < 0.1:
        world.toggle(f"{chance.choice(_MODULES)}.py")
    for _ in range(chance.choice((1, 1, 2, 3, 5))):
        name = chance.choice(("main.py", "main.py", "main.py", *texts))
        document = world.documents[name]
        if chance.random() < 0.05:
            world.outside = {chance.choice(_NAMES): chance.choice(("q.ckpt", "p.ckpt"))}
        if chance.random() < 0.05:
            world.toggle(f"{chance.choice(_MODULES)}.py")
        start, end, new = edited(chance, document.text)
        old = document.text[start:end]
        document.edit(start, end, new)
        if chance.random() < 0.1:  # undone
            document.analysis()
            document.edit(start, start + len(new), old)
            new = old
        what = chance.random()
        if what < 0.4:
            document.at(min(start + len(new), len(document.text)))
        elif what < 0.7:
            world.said()
        elif what < 0.8:
            document.rest()
        elif what < 0.85:
            document.close()
    fresh = World(world.texts(), world.outside)
    fresh.gone = world.gone
    return differences(world.said(), fresh.said())


def _notebook_run(chance: Chance) -> list[str]:
    cells = [program(chance, 1 + chance.below(3)) for _ in range(1 + chance.below(4))]
    document = Document(join_cells(enumerate(cells)).text)
    document.analysis()
    for _ in range(chance.choice((1, 2, 4))):
        kind = chance.random()
        index = chance.below(len(cells))
        if kind < 0.1 and len(cells) > 1:
            cells.pop(index)
        elif kind < 0.2:
            cells.insert(index, chance.choice((program(chance, 1), "%matplotlib inline\n", "!ls")))
        elif kind < 0.3:
            cells.insert(0, cells.pop(index))
        else:
            start, end, new = edited(chance, cells[index])
            cells[index] = cells[index][:start] + new + cells[index][end:]
        joined = join_cells(enumerate(cells)).text
        if joined != document.text:
            document.edit(*find_edit(document.text, joined))
        if chance.random() < 0.5:
            document.analysis()
    return differences(said(document.analysis()), said(Document(document.text).analysis()))


def main(first: int, count: int) -> int:
    wrong = 0
    for seed in range(first, first + count):
        found = run(seed)
        if found:
            wrong += 1
            print(f"seed {seed}:", *found[:3], sep="\n", flush=True)
        if (seed - first) % 1000 == 999:
            print(f"{seed - first + 1} runs, {wrong} wrong", flush=True)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2])))
