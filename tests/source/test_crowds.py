"""Short statements by the thousand are read together; what they mean stays the same."""

from __future__ import annotations

import pytest

from ckptls.source.document import Document
from source import edits
from support.long_code import counted, is_understood, ordinary

HEAD = "import tensorflow as tf\nr = tf.train.load_checkpoint('m.ckpt')\nn = 'b'\n"
# Not dense: all of it is run. Dense: beyond some length it is passed over.
SHORT = "".join(f"name_{i:04} = value_of({i:04})\n" for i in range(4_500))
FUNCTIONS = "".join(f"def name_{i:04}(a): return a\n" for i in range(4_500))
DENSE = "".join(f"def f{i:04}(a): a\n" for i in range(4_500))
END = "r.get_tensor('end')\n"


def literals(text: str) -> list[str | None]:
    return [site.text.literal for site in Document(text).analysis().sites][1:]


@pytest.mark.parametrize("filling", [SHORT, FUNCTIONS])
@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("n = 'a'\nr.get_tensor(n)\nn = 'c'\nr.get_tensor(n)\n", ["a", "c"]),
        ("def g(a): r.get_tensor(a)\ng('a')\ndef g(a): return a\ng('c')\n", ["a"]),
        ("if c: raise E\nr.get_tensor('a')\n", ["a"]),
        ("raise E\nr.get_tensor('a')\n", ["a"]),
        ("class A: n = 'a'\nclass B: n = 'c'\nr.get_tensor(A.n)\nr.get_tensor(B.n)\n", ["a", "c"]),
        ("for n in ['a', 'c']: pass\nfor m in ['e', 'f']: r.get_tensor(m)\n", ["e", "f"]),
        ("f = lambda a: r.get_tensor(a)\nf('a')\n", ["a"]),
        ("x = = 1\nn = 'a'\nr.get_tensor(n)\n", ["a"]),
    ],
    ids=["in order", "functions", "a branch", "a jump", "classes", "loops", "lambdas", "errors"],
)
def test_statements_among_many_short_ones_mean_what_they_mean_alone(
    filling: str, code: str, expected: list[str]
) -> None:
    half = filling.index("\n", len(filling) // 2) + 1
    text = HEAD + filling[:half] + code + filling[half:] + END
    assert sorted(map(str, literals(text))) == sorted([*expected, "end"])
    assert not Document(text).analysis().cut_at


def test_names_that_unread_statements_bind_are_not_known(project) -> None:
    project.checkpoint("m.ckpt", a=[2])
    use = "tf.train.load_variable('m.ckpt', n)\n"
    head = "import tensorflow as tf\nn = 'b'\n"
    project.checks(head + DENSE + "def n(a): a\n" + use)
    project.checks(head.replace("'b'", "'b'  # error: [unknown-variable]") + DENSE + use)


def test_names_that_another_module_gives_are_known_among_dense_code(project) -> None:
    project.checkpoint("m.ckpt", a=[2])
    project.file(
        "other.py", "import tensorflow as tf\ndef load(n): tf.train.load_variable('m.ckpt', n)\n"
    )
    star = "import tensorflow as tf\n" + DENSE + "from other import *\n" + DENSE
    project.checks(star + "load('a')\nload('b')  # error: [unknown-variable]\n")


def test_dense_code_is_passed_over_and_said() -> None:
    analysis = Document(HEAD + DENSE + END).analysis()
    assert is_understood(analysis)
    assert analysis.cut_at
    assert analysis.steps < 5_000


def test_an_edit_among_short_statements_leaves_those_behind_as_they_were() -> None:
    document = Document(HEAD + SHORT + END)
    _, cold = counted(document.analysis)
    for place in (len(HEAD), len(HEAD) + len(SHORT) // 2):
        start = document.text.index("\n", place) + 1
        document.edit(start, start, "another = 'x'\n")
        analysis, calls = counted(document.analysis)
        assert calls < cold / 3
        assert not edits.differences(
            edits.said(analysis), edits.said(Document(document.text).analysis())
        )


BROKEN = {
    "an open call": "f(\n",
    "an open f-string": 'f"{',
    "an open list": "[1,\n",
    "a head without a body": "if x:\n",
    "decorators": "@d\n",
    "words": "a b ",
}


@pytest.mark.parametrize("shape", BROKEN)
def test_broken_code_takes_no_more_than_ordinary_code(shape: str) -> None:
    size = 300_000
    text = HEAD + BROKEN[shape] * (size // len(BROKEN[shape])) + "\n" + END
    analysis, calls = counted(Document(text).analysis)
    _, calls_of_ordinary = counted(Document(ordinary(size)).analysis)
    assert calls < 3 * calls_of_ordinary
    assert analysis.cut_at


@pytest.mark.parametrize("end", ["\r", "\r\n", "\n"])
def test_lines_may_end_with_carriage_returns(end: str, project) -> None:
    lines = [
        *("import tensorflow as tf", "# a comment", "def f(name):"),
        *("    r = tf.train.load_checkpoint", "    r('m.ckpt').get_tensor(name)"),
        *("f('a')", "x = '''", "'''", "f('c')", ""),
    ]
    text = end.join(lines)
    document = Document(text)
    assert [s.text.literal for s in document.analysis().sites if s.text.literal != "m.ckpt"] == [
        *("a", "c")
    ]
    assert [each.site.text.literal for each in document.at(text.index("'c'") + 2)] == ["c"]
    document.edit(text.index("'a'") + 1, text.index("'a'") + 2, "dé")
    document.edit(0, 0, f"# x{end}")
    found = [each.text.literal for each in document.analysis().sites]
    assert {"dé", "c"} <= set(found)


def test_many_lines_that_end_with_carriage_returns_are_edited() -> None:
    text = (HEAD + "".join(f"name{i} = f(é, {i})\n" for i in range(3_000)) + END).replace(
        "\n", "\r"
    )
    document = Document(text)
    assert is_understood(document.analysis())
    for start, end, new in ((len(HEAD), len(HEAD), "x = (\r"), (len(HEAD), len(HEAD) + 6, "\n")):
        document.edit(start, end, new)
        now = edits.said(document.analysis())
        assert not edits.differences(now, edits.said(Document(document.text).analysis()))
