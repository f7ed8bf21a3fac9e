"""Code that multiplies, or is nested deep, is understood within bounds; the rest of it wholly.

What is counted is work, never time: steps, and calls of Python functions.
"""

from __future__ import annotations

import re
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench import bench_analysis, bench_keystroke
from ckptls.source.document import Document
from ckptls.source.semantics import work
from ckptls.source.text.comments import without_long_comments
from source import edits
from support.long_code import END, HEAD, counted, is_understood, ordinary

CORPUS = Path(__file__).parents[1] / "corpus" / "small"
USE = "r.get_tensor(a)\n"


def nested_loops(depth: int, count: int) -> str:
    heads = [f"{'    ' * i}for x{i} in range({count}):\n" for i in range(depth)]
    names = ", ".join(f"x{i}" for i in range(depth))
    return "".join(heads) + f"{'    ' * depth}r.get_tensor('{'%d/' * depth}' % ({names},))\n"


def nested(head: str, depth: int) -> str:
    return "".join("    " * i + head + "\n" for i in range(depth)) + "    " * depth + "pass\n"


MULTIPLYING = {
    "texts that double": "a = 'xx'\n" + "a = a + a\n" * 40 + USE,
    "texts in f-strings": "a = 'x'\n" + "a = f'{a}{a}{a}{a}{a}{a}{a}{a}'\n" * 12 + USE,
    "texts that are joined": "a = 'x'\n" + "a = '/'.join([a, a])\n" * 40 + USE,
    "texts that are replaced": "a = 'xx'\n" + "a = a.replace('x', 'xx')\n" * 40 + USE,
    "texts that are formatted": "a = 'x%s'\n" + "a = a % (a,) + a\n" * 20 + USE,
    "texts that are filled in": "a = '{0}{0}'\n" + "a = a.format(a) + a\n" * 20 + USE,
    "texts that are split": f"a = 'x{'/x' * 4000}'\n" + "b = a.split('/')\n" * 300 + USE,
    "a format of many places": f"a = '{'%s' * 4000}'\n" + "b = a % (a,)\n" * 300 + USE,
    "a format of many digits": f"a = '%{'0' * 8000}'\n" + "b = a % (a,)\n" * 300 + USE,
    "loops in loops": nested_loops(3, 64),
    "more loops in loops": nested_loops(6, 64),
    "clauses": "a = [x0 " + "".join(f"for x{i} in range(64) " for i in range(8)) + "]\n" + USE,
    "comprehensions": "a = " + "[x for x in " * 60 + "b" + " for y in range(64)]" * 60 + "\n" + USE,
    "maps": "f = lambda x: list(map(f, range(64)))\na = f(1)\n" + USE,
    "lists that double": "a = ['x', 'y']\n" + "a = a + a\n" * 30 + "r.get_tensor(a[0])\n",
    "lists of lists": "a = ['x']\n" + "a = [a, a]\n" * 40 + USE,
    "tuples of tuples": "a = ('x', 'y')\n" + "a = (a, a)\n" * 40 + "r.get_tensor(str(a))\n",
    "dictionaries of dictionaries": "a = {'x': 'y'}\n" + "a = {'k': a, 'l': a, **a}\n" * 30 + USE,
    "dictionaries that grow": "a = {}\n" + "".join(f"a.update(k{i}=a)\n" for i in range(500)) + USE,
    "partial functions": "import functools\na = f\n" + "a = functools.partial(a, a)\n" * 60 + USE,
    "numbers that square": "a = 9\n" + "a = a * a\n" * 60 + "r.get_tensor('%d' % a)\n",
    "functions in functions": "def f(a):\n"
    + "".join(f"    def g{i}():\n        return g{i - 1}, g{i - 2}, a\n" for i in range(2, 60))
    + "    return g59\na = f(1)\n" + USE,
    "functions that call each other": "".join(
        f"def f{i}(a):\n    return f{i + 1}(a + 'x') + f{i + 1}(a + 'y')\n" for i in range(30)
    ) + "a = f0('')\n" + USE,
    "alternatives": "".join(f"a = 'x{i}' if c else a\n" for i in range(200))
    + "a = a + a + a + a\n" * 20 + USE,
    "arguments by default": "import tf_slim as slim\nwith slim.arg_scope(["
    + ", ".join(f"f{i}" for i in range(80)) + "], " + ", ".join(f"k{i}=1" for i in range(80))
    + "):\n" + "    slim.conv2d(n, 1, 1)\n" * 300,
    "layers of layers": "import tf_slim as slim\n"
    "slim.repeat(n, 64, slim.repeat, 64, slim.repeat, 64, slim.repeat, 64, slim.conv2d, 3, 3)\n",
    "names that are looked for": f"a = [{', '.join(map(str, range(4000)))}]\n" + "b in a\n" * 2000,
    "literals side by side": "a = " + "'x' " * 16_000 + "\n" + USE,
    "branches": "".join(f"if c:\n    a{i} = {i}\n" for i in range(3000)) + USE,
}  # fmt: skip

DEEP = {
    "brackets": "a = " + "(" * 100_000 + "1" + ")" * 100_000,
    "lists": "a = " + "[" * 20_000 + "1" + "]" * 20_000,
    "dictionaries": "a = " + "{1: " * 20_000 + "1" + "}" * 20_000,
    "additions": "a = " + " + ".join(["'x'"] * 50_000),
    "alternatives": "a = " + " or ".join(["b"] * 50_000),
    "comparisons": "a = " + " < ".join(["b"] * 20_000),
    "negations": "a = " + "not " * 20_000 + "b",
    "signs": "a = " + "-" * 20_000 + "b",
    "attributes": "a = b" + ".c" * 50_000,
    "calls of calls": "a = b" + ".c()" * 20_000,
    "calls in calls": "a = " + "f(" * 20_000 + ")" * 20_000,
    "items of items": "a = b" + "[0]" * 20_000,
    "items in items": "a = " + "b[" * 20_000 + "0" + "]" * 20_000,
    "conditions": "a = " + "b if c else " * 20_000 + "d",
    "lambdas": "a = " + "lambda: " * 20_000 + "b",
    "f-strings": "a = f'" + "{f\"{f'" * 3 + "b" + "'}\"}" * 3 + "'",
    "assignments": "a = " + "b = " * 20_000 + "1",
    "with": nested("with b:", 500),
    "if": nested("if b:", 500),
    "for": nested("for b in c:", 300),
    "try": "".join("    " * i + "try:\n" for i in range(300)) + "    " * 300 + "pass\n",
    "functions": nested("def f():", 300),
    "classes": nested("class A:", 300),
    "elif": "if b:\n    a = 1\n" + "".join(f"elif b{i}:\n    a{i} = 1\n" for i in range(5_000)),
    "decorators": "@b\n" * 5_000 + "def f(): pass",
    "cases": "match b:\n" + "".join(f"    case {i}:\n        a = 1\n" for i in range(5_000)),
    "a long name": "b = " + "a" * 500_000 + ".c",
    "a long string": "a = '" + "x\\n" * 200_000 + "'\n" + USE,
    "a long list": "a = [" + "1, " * 100_000 + "]",
}


@pytest.mark.parametrize("case", MULTIPLYING)
def test_what_multiplies_is_bounded_and_what_follows_is_understood(case: str) -> None:
    text = HEAD + MULTIPLYING[case] + END
    analysis, calls = counted(Document(text).analysis)
    assert is_understood(analysis)
    assert calls < 2_000_000 + 100 * len(text)
    assert analysis.steps < 200_000 + 10 * len(text)


@pytest.mark.parametrize("case", ["texts that double", "loops in loops", "tuples of tuples"])
def test_what_multiplies_takes_little_memory(case: str) -> None:
    tracemalloc.start()
    try:
        analysis = Document(HEAD + MULTIPLYING[case] + END).analysis()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert is_understood(analysis)
    assert peak < 40_000_000


@pytest.mark.parametrize("case", DEEP)
def test_what_is_nested_deep_leaves_the_rest_understood(case: str) -> None:
    text = HEAD + DEEP[case] + "\n" + END
    document = Document(text)
    assert is_understood(document.analysis())
    place = text.index("'end'") + 2
    assert [each.site.text.literal for each in document.at(place)] == ["end"]
    document.edit(0, 0, "# x\n")
    assert is_understood(document.analysis())
    assert document.analysis().steps < 200_000 + 10 * len(text)


def test_where_something_is_left_out_is_said() -> None:
    document = Document(HEAD + nested_loops(4, 64) + END)
    assert document.analysis().cut_at == (len(HEAD),)
    assert not Document(HEAD + nested_loops(2, 20) + END).analysis().cut_at


def test_mistakes_behind_what_is_expensive_are_found(project) -> None:
    project.checkpoint("m.ckpt", a=[2])
    project.checks(
        MULTIPLYING["texts that double"].replace(USE, "")
        + "tf.train.load_variable('m.ckpt', 'b')  # error: [unknown-variable]\n"
    )


SHAPES = {
    "names": "a\n",
    "calls": "f()\n",
    "calls of a function of the document": "used(1)\n",
    "attributes": "a.b\n",
    "assignments": "x=1\n",
    "nothing": "pass\n",
    "strings": "'a'\n",
    "short ones in a line": "a;",
    "deleted names": "del a\n",
    "attributes that are set": "a.x=1\n",
    "letters beyond ASCII": "é\n",
    "empty lines": "\n",
    "tabs": "\t",
    "carriage returns": "x = 1\r",
    "comments": "# abc\n",
    "imports": "import m\n",
    "brackets that are open": "(",
    "brackets that are closed": ")",
}


@pytest.mark.parametrize("shape", SHAPES)
def test_statements_of_any_shape_take_no_more_than_ordinary_code(shape: str) -> None:
    size = 100_000
    head = HEAD + "def used(a):\n    r.get_tensor(a)\n"
    text = head + SHAPES[shape] * (size // len(SHAPES[shape])) + END
    _, calls = counted(Document(text).analysis)
    _, calls_of_ordinary = counted(Document(ordinary(size)).analysis)
    assert calls < 3 * calls_of_ordinary


def test_functions_take_no_longer_the_more_there_are() -> None:
    def text(count: int) -> str:
        return HEAD + "".join(f"def f{i}(): pass\n" for i in range(count))

    _, few = counted(Document(text(1_000)).analysis)
    _, many = counted(Document(text(4_000)).analysis)
    assert many < 5 * few


# Short statements by the thousand, each time with other names.
CROWD = "".join(f"a{i}=1\n" for i in range(6_000))


def test_behind_many_short_statements_mistakes_are_found(project) -> None:
    project.checkpoint("m.ckpt", a=[2])
    project.checks(
        "import tensorflow as tf\n"
        + CROWD
        + "tf.train.load_variable('m.ckpt', 'b')  # error: [unknown-variable]\n"
    )


def test_what_many_short_statements_leave_behind_is_not_known(project) -> None:
    project.checkpoint("m.ckpt", a=[2])
    head = "import tensorflow as tf\nn = 'b'\n"
    use = "tf.train.load_variable('m.ckpt', n)\n"
    project.checks(head + CROWD + "n='a'\n" + use)
    project.checks(head.replace("'b'", "'a'") + CROWD + use)
    is_wrong = head.replace("'b'", "'b'  # error: [unknown-variable]")
    project.checks(is_wrong + CROWD + use)
    text = head + CROWD + "from tensorflow.train import load_variable as g\ng('m','c')\n"
    assert Document(text).analysis().cut_at


def test_a_text_with_many_short_statements_is_edited() -> None:
    head = "import tensorflow as tf\nn = 'b'\n"
    document = Document(head + CROWD + "r = tf.train.load_variable('m.ckpt', n)\n")
    document.analysis()
    middle = len(head) + len(CROWD) // 2
    for start, end, new in (
        (middle, middle, "n='c'\n"), (middle, middle + 3, ""), (middle, middle, "'"),
        (middle, middle + 1, ""), (len(head) + 100, len(document.text) - 300, "\n"),
        (len(head) + 100, len(head) + 100, CROWD),
    ):  # fmt: skip
        document.edit(start, end, new)
        document.rest()
        now = edits.said(document.analysis())
        assert not edits.differences(now, edits.said(Document(document.text).analysis()))


COMMENTS = '# it\'s a "comment" {\n' * 300


@pytest.mark.parametrize(
    ("text", "is_blank"),
    [
        ("x = 1\n{}y = 2\n", True),
        ("x = '''\n'''\n{}y = '''\n'''\n", True),
        ("x = 'a # b'  # '''\n{}y = 2\n", True),
        ("x = [1,\n{}2]\n", True),
        ("{}", True),
        ("x = '''\n{}'''\n", False),
        ('x = """\\\\"""\n{}y = 2\n', True),
        ('x = """\\"""\n{}"""\n', False),
        ("x = '''\n{}", False),
    ],
)
def test_long_comments_are_blanks_for_the_parser(text: str, is_blank: bool) -> None:
    written = text.replace("{}", COMMENTS).encode()
    blanks = re.sub(r"\S", " ", COMMENTS) if is_blank else COMMENTS
    assert without_long_comments(written) == text.replace("{}", blanks).encode()


def test_few_comments_are_left_alone() -> None:
    text = b"# a\n" * 99 + b"x\n" + b"# a\n" * 99
    assert without_long_comments(text) is text


def test_what_is_written_in_long_comments_counts() -> None:
    text = "# a\n" * 200 + "# ckptls: checkpoint=b.ckpt\n" + "# a\n" * 200 + HEAD
    document = Document(text)
    assert [pin.path for pin in document.analysis().pragmas.pins] == ["b.ckpt"]
    document.edit(0, 4, "")
    assert [pin.path for pin in document.analysis().pragmas.pins] == ["b.ckpt"]


ORDINARY = {
    "ordinary code of 2 MB": lambda: ordinary(2_000_000),
    "names everywhere": bench_analysis.dense,
    "keystrokes": bench_keystroke.source,
    **{
        path.relative_to(CORPUS).as_posix(): lambda path=path: path.read_text("utf-8")
        for path in sorted(CORPUS.rglob("*.py"))
    },
}


@pytest.mark.parametrize("case", ORDINARY)
def test_ordinary_code_does_not_reach_the_budget(case: str) -> None:
    analysis = Document(ORDINARY[case]()).analysis()
    assert not analysis.cut_at
    assert len(CORPUS.name) and len(ORDINARY) > 3


def test_work_is_counted_alike_after_edits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work, "MAX_STEPS", 40)
    monkeypatch.setattr(work, "_STEPS", 150)
    monkeypatch.setattr(work, "_LEAST", 10)
    for seed in range(100):
        assert not edits.run(seed), f"seed {seed}"


FORMS = st.sampled_from(
    [
        *("a = a + a", "a += b", "b = a + b", "a = [a, b]", "b = (a, b, a)", "a = {a: b, b: a}"),
        *("a = f'{a}{b}{a}'", "a = '%s/%s' % (a, b)", "b = '{0}{0}'.format(a)", "a = a * 9"),
        *("a = [x + b for x in a]", "b = {x: a for x in a for y in b}", "a = list(zip(a, b))"),
        *("a = a if c else b", "b = a or b", "a = str(b)", "b = '/'.join([a, b])", "a = a or [a]"),
        *("for x in a: b = b + x", "for a in range(64): b = [b, a]", "a.append(b)", "b.extend(a)"),
        *("def f(x, y=a): return x + x, f", "a = f(a)", "b = f(b, a)", "a = lambda: (a, b)"),
        *("class A: x = a, b", "b = A().x", "A.x = b", "a.update({b: a})", "a = dict(a=a, b=b)"),
        *("a = a.replace('x', a)", "b = sorted(a)", "a = a[0]", "b = a.b", "a = a | b", "a, b = b"),
        *("r.get_tensor(a)", "tf.train.init_from_checkpoint(b, a)", "tf.get_variable(a)"),
        *("with tf.variable_scope(a): a = tf.get_variable(b)", "while c: a = a + [b, a]"),
        *("a = itertools.product(a, b)", "a = a.split(b)", "b = functools.partial(f, a, b)"),
    ]
)


@settings(max_examples=60, deadline=None)
@given(st.lists(FORMS, min_size=3, max_size=12), st.integers(1, 12))
def test_no_other_code_multiplies(lines: list[str], times: int) -> None:
    body = "\n".join(lines) + "\n"
    text = HEAD + "import functools, itertools\na, b = 'x', ['y', 'z']\n" + body * times + END
    analysis, calls = counted(Document(text).analysis)
    assert is_understood(analysis)
    assert calls < 3_000_000
