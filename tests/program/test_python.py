"""Python code that is followed gives the values that Python gives, or does not know them."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from typing import Any

import pytest

from ckptls.source.program.core.arguments import Arguments
from ckptls.source.program.core.library import function
from ckptls.source.program.core.objects import (
    UNKNOWN,
    DictValue,
    ListValue,
    PartialText,
    Value,
)
from ckptls.source.program.core.run_protocol import Run
from ckptls.source.program.follow_program import ProgramOptions, follow_program
from ckptls.source.program.python.program_objects import Instance

seen: list[tuple[str, Value, bool]] = []


@function("probe.see")
def see(run: Run, arguments: Arguments) -> Value:
    """Keeps what a program calls it with."""
    name, value = arguments.positional
    seen.append((name, plain(value), run.is_certain))
    return None


@function("probe.unknown")
def unknown(run: Run, arguments: Arguments) -> Value:
    """A value that nobody knows."""
    return UNKNOWN


class Files:
    """Modules of a project in memory."""

    def __init__(self, files: Mapping[str, str]) -> None:
        self._files = files

    def find(self, name: str, importer: str) -> str | None:
        folder = importer.rpartition("/")[0] if name.startswith(".") else ""
        path = f"{folder}/{name.strip('.').replace('.', '/')}"
        return next((p for p in (f"{path}.py", f"{path}/__init__.py") if p in self._files), None)

    def read(self, path: str) -> str | None:
        return self._files.get(path)


def plain(value: Value) -> Any:
    """A value as Python has it; an ellipsis for what is not known."""
    match value:
        case ListValue():
            items = [plain(each) for each in value.items]
            if not value.is_exact:
                return ...
            return set(items) if value.kind == "set" else items
        case DictValue():
            if not value.is_exact:
                return ...
            return {key: plain(each) for key, each in value.entries.items()}
        case tuple():
            return tuple(map(plain, value))
        case Instance() if value.of.is_tuple:
            return tuple(map(plain, value.items()))
        case PartialText():
            return value.template
        case None | bool() | int() | float() | str() | range():
            return value
    return ...


def follow(code: str, **others: str) -> dict[str, Any]:
    """What the names of a program are in the end, by a call of `see` for each."""
    seen.clear()
    names = set(re.findall(r"\b([a-z]\w*) = ", code)) | {"a"}
    text = "import probe\n" + code + "".join(f"\nprobe.see({n!r}, {n})" for n in sorted(names))
    files = {"/main.py": text, **{f"/{name}.py": each for name, each in others.items()}}
    follow_program("/main.py", Files(files), ProgramOptions())
    return {name: value for name, value, _ in seen}


# ruff: noqa: E501
SNIPPETS = [
    "a = [i * 2 for i in range(5) if i != 3]\nb = {k: v for k, v in zip('abc', a)}\nc = sum(a)\n",
    "a = 'x/%s_%d' % ('y', 4) + '{}/{n:02d}'.format('q', n=3)\nb = f'{a}-{1 + 1:03d}'\n",
    "a = 0\nfor i in range(10):\n    if i == 2:\n        continue\n    if i == 5:\n        break\n    a += i\n",
    "a = 3\nb = []\nwhile a:\n    a -= 1\n    b.append(a)\nelse:\n    b.append('end')\n",
    "def f(x, *rest, k=2, **more):\n    return x, rest, k, more\na = f(1, 2, 3, k=4, z=5)\nb = f(*[1, 2], **{'k': 9})\n",
    "def outer():\n    n = [0]\n    count = 0\n    def inner():\n        nonlocal count\n        count += 1\n"
    "        n[0] += 2\n        return count\n    inner()\n    return inner(), n\na = outer()\n",
    "class A(object):\n    size = 3\n    def __init__(self, n=1):\n        self.n = n\n    @property\n"
    "    def double(self):\n        return self.n * 2\n    @classmethod\n    def make(cls, n):\n        return cls(n)\n"
    "    @staticmethod\n    def add(x, y):\n        return x + y\nclass B(A):\n    def __init__(self, n):\n"
    "        super(B, self).__init__(n + 1)\n    def __call__(self, x):\n        return x + self.double\n"
    "a = B(4)(1)\nb = A.make(7).double\nc = A.add(1, 2)\nd = B(1).size\n",
    "import collections\nclass Block(collections.namedtuple('Block', ['scope', 'fn', 'args'])):\n    pass\n"
    "blocks = [Block('b%d' % i, None, [{'depth': i}] * 2) for i in range(3)]\n"
    "a = [(b.scope, u['depth']) for b in blocks for u in b.args]\nc = blocks[0]._replace(scope='z').scope\n"
    "d = isinstance(blocks[0], Block)\n",
    "from functools import partial, reduce\np = partial(lambda x, y, z: (x, y, z), 1, z=3)\na = p(2)\n"
    "b = reduce(lambda x, y: x + y, [1, 2, 3], 10)\n",
    "a, (b, *c) = 1, (2, 3, 4)\nd = [1, 2, 3, 4][1:]\ne = 'abc'[::-1]\nf = (1, 2, 3)[-1]\n",
    "from contextlib import contextmanager\nlog = []\n@contextmanager\ndef scope(name):\n    log.append('in ' + name)\n"
    "    yield name.upper()\n    log.append('out')\nwith scope('a') as s:\n    log.append(s)\na = list(log)\n",
    "def gen(n):\n    for i in range(n):\n        yield i * i\na = list(gen(4))\nb = [x for x in gen(3)]\n",
    "a = sorted([3, 1, 2], key=lambda v: -v)\nb = sorted(['b', 'a'])\nc = list(reversed(a))\nd = max(a), min(a)\n",
    "a = {'x': 1}\na['y'] = 2\ndel a['x']\nb = a.get('z', 5)\nc = a.setdefault('w', [])\nc.append(1)\nd = dict(a, v=3)\n",
    "a = None\nb = 'none' if a is None else 'some'\nc = a or 'default'\nd = not a\ne = 1 < 2 < 3\nf = -2 ** 2\n",
    "import os\na = os.path.join('x', 'y', 'z.ckpt')\nb = os.path.splitext(os.path.basename(a))[0]\n",
    "a = 'InceptionV3/Mixed_5b'.split('/')\nb = '_'.join(a).lower().startswith('inception')\nc = 'x'.replace('x', 'yy')\n",
    "def f(n):\n    return 1 if n < 2 else n * f(n - 1)\na = f(5)\n",
    "def deco(f):\n    def wrap(*args, **kw):\n        return ('wrapped', f(*args, **kw))\n    return wrap\n"
    "@deco\ndef g(x):\n    return x\na = g(3)\n",
    "x = []\nfor i, (k, v) in enumerate({'a': 1, 'b': 2}.items()):\n    x.append((i, k, v))\na = x\n",
    "try:\n    a = 1\nexcept ValueError:\n    a = 2\nelse:\n    b = 3\nfinally:\n    c = 4\n",
    "a = list(map(lambda x: x + 1, [1, 2]))\nb = list(filter(lambda x: x > 1, a))\nc = any(a), all([])\n",
    "class V:\n    def __init__(self): self.items = []\n    def __enter__(self):\n        self.items.append(1)\n"
    "        return self\n    def __exit__(self, *args):\n        self.items.append(2)\nv = V()\nwith v as w:\n"
    "    w.items.append('in')\na = v.items\n",
    "a = isinstance(1, int), isinstance('x', (list, str)), isinstance([1], (tuple, list))\n"
    "b = hasattr([], 'append'), callable(len), getattr(1, 'nothing', 7)\n",
    "a = [1] * 3 + [2]\nb = (1,) * 2\na[0] = 9\nc = a.index(2)\na.insert(0, 'x')\nd = a.pop()\n",
    "a = {1, 2} | {3}\nb = 2 in a\nc = 'x' not in ['y']\nd = [] == [] and (1, 2) == (1, 2)\n",
    "import math\na = math.ceil(7 / 2), 7 // 2, int('3'), float(2), 2 ** 5, abs(-3)\nb = round(2.6)\n",
    "x = 5\ndef f():\n    global x\n    x = x + 1\nf()\nf()\na = x\n",
    "a = (lambda n, m=2: n * m)(4)\nb = [f(1) for f in [lambda v: v + 1, lambda v: v + 2]]\n",
    "class Base(object):\n    def build(self):\n        return self.name() + '!'\n    def name(self):\n        return 'base'\n"
    "class Child(Base):\n    def name(self):\n        return 'child of ' + super().name()\na = Child().build()\n",
]


@pytest.mark.parametrize("code", SNIPPETS, ids=lambda code: code.splitlines()[0][:40])
def test_values_are_those_of_python(code: str) -> None:
    names: dict[str, Any] = {}
    exec(code, names)
    found = follow(code)
    assert found
    for name in found.keys() & names.keys():
        assert agree(found[name], names[name]), name
    known = {name for name, value in found.items() if value is not ...}
    assert known >= {"a"} & names.keys()


def test_a_program_of_several_modules() -> None:
    found = follow(
        "import nets.vgg as v\nfrom config import *\nfrom nets import helper\na = v.NAME\nb = SIZE\nc = helper.f(2)\n",
        config="SIZE = 5\n_HIDDEN = 1\n",
        **{"nets/__init__": "", "nets/vgg": "from . import helper\nNAME = 'vgg' + helper.END\n"},
        **{"nets/helper": "END = '_16'\ndef f(x):\n    return x * 2\n"},
    )
    assert found == {"a": "vgg_16", "b": 5, "c": 4}


UNCERTAIN: dict[str, tuple[str, dict[str, Any]]] = {
    "a name": ("a = 1\nif probe.unknown():\n    a = 2\n", {"a": ...}),
    "the same on both ways": ("if probe.unknown():\n    a = 2\nelse:\n    a = 2\n", {"a": 2}),
    "one way ends": (
        "a = 1\nif probe.unknown():\n    a = 2\n    raise ValueError\nb = a\n",
        {"a": 1, "b": 1},
    ),
    "a list": ("a = [1]\nif probe.unknown():\n    a.append(2)\n", {"a": ...}),
    "an attribute": (
        "class A: pass\no = A()\no.x = 1\nif probe.unknown():\n    o.x = 2\nb = o.x\n",
        {"o": ..., "b": ...},
    ),
    "a dictionary": ("a = {'k': 1}\nif probe.unknown():\n    a['k'] = 2\nb = a['k']\n", {"b": ...}),
    "a loop": ("a = 1\nfor x in probe.unknown():\n    a = x\n", {"a": ...}),
    "a return": (
        "def f():\n    if probe.unknown():\n        return 1\n    return 2\na = f()\n",
        {"a": ...},
    ),
    "the same returned": (
        "def f():\n    if probe.unknown():\n        return 1\n    return 1\na = f()\n",
        {"a": 1},
    ),
    "a text": (
        "a = 'x/' + probe.unknown() + '/y'\nb = 'p/%s/q' % probe.unknown()\n",
        {"a": "x/{}/y", "b": "p/{}/q"},
    ),
    "inside a branch a list of its own": (
        "def f():\n    n = []\n    for i in range(2):\n        n.append(i)\n    return n\n"
        "if probe.unknown():\n    a = f()\nelse:\n    a = f()\nb = f()\n",
        {"a": ..., "b": [0, 1]},
    ),
}


@pytest.mark.parametrize("name", UNCERTAIN)
def test_what_two_ways_disagree_on_is_not_known(name: str) -> None:
    code, expected = UNCERTAIN[name]
    found = follow(code)
    assert {key: found[key] for key in expected} == expected


CERTAINTY = {
    "top level": ("probe.see('x', 1)\n", True),
    "branch": ("if probe.unknown():\n    probe.see('x', 1)\n", False),
    "behind a possible return": (
        "def f():\n    if probe.unknown():\n        return\n    probe.see('x', 1)\nf()\n",
        False,
    ),
    "behind a call with a possible return": (
        "def f():\n    if probe.unknown():\n        return\nf()\nprobe.see('x', 1)\n",
        True,
    ),
    "behind a possible error": (
        "if probe.unknown():\n    raise ValueError\nprobe.see('x', 1)\n",
        True,
    ),
    "behind a possible break": (
        "for i in range(2):\n    if probe.unknown():\n        break\n    probe.see('x', 1)\n",
        False,
    ),
    "behind such a loop": (
        "for i in range(2):\n    if probe.unknown():\n        break\nprobe.see('x', 1)\n",
        True,
    ),
    "loop of unknown items": ("for i in probe.unknown():\n    probe.see('x', 1)\n", False),
    "function that nothing calls": ("def f(a):\n    probe.see('x', 1)\n", True),
}


@pytest.mark.parametrize("name", CERTAINTY)
def test_code_that_may_not_be_reached_is_uncertain(name: str) -> None:
    code, is_certain = CERTAINTY[name]
    follow(code)
    assert {certain for name, _, certain in seen if name == "x"} == {is_certain}


def test_flags_have_their_defaults_and_what_the_user_sets() -> None:
    code = (
        "import probe\nimport tensorflow as tf\nfrom absl import app\nflags = tf.app.flags\n"
        "flags.DEFINE_string('path', 'a.ckpt', 'help')\nflags.DEFINE_integer('n', 3, 'help')\n"
        "flags.DEFINE_string('none', None, 'help')\nFLAGS = flags.FLAGS\n"
        "def main(_):\n    probe.see('v', (FLAGS.path, FLAGS.n, FLAGS.none))\n"
        "if __name__ == '__main__':\n    app.run(main)\n"
    )
    seen.clear()
    follow_program("/main.py", Files({"/main.py": code}), ProgramOptions(flags={"n": "7"}))
    assert [value for name, value, _ in seen if name == "v"] == [("a.ckpt", 7, ...)]


def test_arguments_of_argparse() -> None:
    found = follow(
        "import argparse\nparser = argparse.ArgumentParser()\nparser.add_argument('--lr-rate', default=3)\n"
        "parser.add_argument('-p', '--path', default='x')\nparser.add_argument('--on', action='store_true')\n"
        "args = parser.parse_args()\na = (args.lr_rate, args.path, args.on)\n"
    )
    assert found["a"] == (3, "x", False)


def random_program(rng: random.Random) -> str:
    """A program of assignments, branches, loops and calls, which ends soon."""
    lines = ["def f(x, y=2):", "    if x > y:", "        return x - y", "    return [x, y]"]
    names = ["a", "b", "c"]
    lines += [f"{name} = {rng.randint(-3, 9)}" for name in names]
    lines += ["items = [1, 2]", "table = {}"]
    for _ in range(rng.randint(3, 14)):
        one, other = rng.choice(names), rng.choice(names)
        number = rng.randint(0, 4)
        lines += rng.choice(
            [
                [f"{one} = {other} + {number}"],
                [
                    f"if {one} > {number}:",
                    f"    {other} = {number}",
                    "else:",
                    f"    items.append({one})",
                ],
                [
                    f"for i in range({number}):",
                    f"    {one} += i",
                    f"    if i == {rng.randint(0, 4)}:",
                    "        break",
                ],
                [f"table[{one}] = f(abs({other}))"],
                [f"items = [v for v in items if v != {number}] + [{one}]"],
                [f"{one} = len(items) if {other} else -{number}"],
                [
                    f"while {one} > {number}:",
                    f"    {one} -= 1",
                    "    if len(items) > 3:",
                    "        items.pop()",
                ],
                ["try:", f"    {one} = items[0]", "except IndexError:", f"    {one} = {number}"],
                [f"{one}, {other} = {other}, {one}"],
            ]
        )
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("seed", range(200))
def test_random_programs_never_give_a_wrong_value(seed: int) -> None:
    code = random_program(random.Random(seed))
    names: dict[str, Any] = {}
    try:
        exec(code, names)
    except TypeError:
        return  # a list was compared with a number: the program ends there
    found = follow(code)
    for name in ("a", "b", "c", "items", "table"):
        assert agree(found[name], names[name]), f"{name}: {found[name]} in\n{code}"


def agree(found: Any, expected: Any) -> bool:
    """Whether a value is what Python has, as far as it is known."""
    if found is ...:
        return True
    if isinstance(found, list) and isinstance(expected, list):
        return len(found) == len(expected) and all(map(agree, found, expected))
    if isinstance(found, dict) and isinstance(expected, dict):
        return list(found) == list(expected) and all(agree(found[k], expected[k]) for k in found)
    return type(found) is type(expected) and found == expected


# Kinds that were once followed wrongly, as what a call of `see` is given.
FOLLOWED = {
    "an error of a called function is caught": (
        "def f():\n    raise ValueError\ntry:\n    f()\n    probe.see('x', 1)\n"
        "except ValueError:\n    probe.see('x', 2)\n",
        [2],
    ),
    "an error of a called function ends the program": (
        "def f():\n    raise ValueError\nprobe.see('x', 1)\nf()\nprobe.see('x', 2)\n",
        [1],
    ),
    "a false assertion": (
        "try:\n    assert 1 == 2\n    probe.see('x', 1)\nexcept AssertionError:\n    probe.see('x', 2)\n",
        [2],
    ),
    "a property that is set": (
        "class A:\n    @property\n    def y(self): return self._x\n    @y.setter\n"
        "    def y(self, n): self._x = n + 1\no = A()\no.y = 1\nprobe.see('x', o.y)\n",
        [2],
    ),
    "objects that compare themselves": (
        "class A:\n    def __init__(self, n): self.n = n\n    def __eq__(self, o): return self.n == o.n\n"
        "probe.see('x', A(1) == A(1))\nprobe.see('x', A(1) != A(1))\nprobe.see('x', A(1) == A(2))\n",
        [True, False, False],
    ),
    "a generator and a loop by turns": (
        "seen = []\ndef g():\n    for n in 'pq':\n        seen.append(n)\n        yield n\n"
        "for n in g():\n    probe.see('x', (n, len(seen)))\n",
        [("p", 1), ("q", 2)],
    ),
    "a generator that is left": (
        "def g():\n    yield 1\n    probe.see('x', 'never')\n    yield 2\n"
        "for n in g():\n    probe.see('x', n)\n    break\nelse:\n    probe.see('x', 'else')\n",
        [1],
    ),
    "a generator in a generator": (
        "def g():\n    yield 1\n    yield from [2, 3]\ndef h():\n    for n in g():\n        yield n * 10\n"
        "for n in h():\n    if n == 30:\n        break\n    probe.see('x', n)\nprobe.see('x', list(g()))\n",
        [10, 20, [1, 2, 3]],
    ),
    "a generator that is used up": (
        "def g():\n    yield 1\nmade = g()\nprobe.see('x', list(made))\nprobe.see('x', list(made))\n",
        [[1], []],
    ),
    "an exit that takes the error": (
        "class C:\n    def __enter__(self): return 1\n    def __exit__(self, *x): return True\n"
        "with C():\n    raise ValueError\nprobe.see('x', 1)\n",
        [1],
    ),
    "an exit that lets the error go": (
        "class C:\n    def __enter__(self): return 1\n    def __exit__(self, *x): return None\n"
        "with C():\n    raise ValueError\nprobe.see('x', 1)\n",
        [],
    ),
    "numbers of NumPy": ("import numpy as np\nprobe.see('x', 'w%s' % np.ceil(2.1))\n", ["w3.0"]),
    "a stack of contexts": (
        "import contextlib\nclass C:\n    def __enter__(self): return 5\n"
        "    def __exit__(self, *x): probe.see('x', 'left')\n"
        "with contextlib.ExitStack() as s:\n    probe.see('x', s.enter_context(C()))\n",
        [5, "left"],
    ),
}


@pytest.mark.parametrize("name", FOLLOWED)
def test_what_a_program_does_in_turn(name: str) -> None:
    code, expected = FOLLOWED[name]
    follow(code)
    assert [value for each, value, _ in seen if each == "x"] == expected


MAYBE = {
    "cases of a match": "m = 2\nmatch m:\n    case 1:\n        probe.see('x', 1)\n    case 2:\n        probe.see('x', 2)\n",
    "a module that may be absent": (
        "try:\n    import nothing_such_as_this\n    probe.see('x', 1)\nexcept ImportError:\n    probe.see('x', 2)\n"
    ),
}


@pytest.mark.parametrize("name", MAYBE)
def test_what_reading_cannot_decide_is_uncertain(name: str) -> None:
    follow(MAYBE[name])
    assert [(value, is_sure) for each, value, is_sure in seen if each == "x"] == [
        (1, False),
        (2, False),
    ]
