"""Typing at random into real code: what is kept of the version before is never wrong.

The syntax of each version is held against a parser that knows nothing of the ones before, and
what the strings name against a document that is opened with the final text.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from ckptls.source.document import Document
from ckptls.source.syntax.syntax_tree import Syntax
from ckptls.source.text.source_text import SourceText
from source.edits import said

ROOT = Path(__file__).parents[2]
# Our own tests are full of snippets about checkpoints; each file is code itself, too.
FILES = [
    *sorted((ROOT / "examples").rglob("*.py")),
    ROOT / "tests" / "source" / "test_functions.py",
    ROOT / "tests" / "source" / "test_sites.py",
]
SNIPPETS = [
    match
    for file in FILES[-2:]
    for match in re.findall(r'"""\n?(.*?)"""', file.read_text("utf-8"), re.S)
    if "\n" in match
]
TYPED = (
    *("x", "9", " ", "\n", "\n\n", "    ", "\t", ":", ";", ",", ".", "#", "\\\n", "\r\n", "\r"),
    *("(", ")", "[", "]", "{", "}", '"', "'", '"""', "'''", "f'{x}'", "é", "😀", "@", "=", "*"),
    *("\nelse:\n    pass\n", "\nexcept E:\n    pass\n", "async ", "await ", "print ", "match "),
    *("match x:\n    case 1:\n        y\n", "type X = int\n", "exec x\n", "lambda: ", "not "),
    *("\n    # a comment\n", "\n# ckptls: checkpoint=a.ckpt\n", "def f(a):\n    return a\n"),
    *("with tf.variable_scope('s'):\n    ", "if x:\n", "class A:\n", "return ", "import os\n"),
    "tf.train.load_variable('m.ckpt', 'a/b')\n",
)


def program(chance: random.Random, snippets: int) -> str:
    """A file of some snippets, one after another."""
    chosen = [_dedented(chance.choice(SNIPPETS)) for _ in range(snippets)]
    return "import tensorflow as tf\n" + "\n".join(chosen)


def _dedented(text: str) -> str:
    lines = text.split("\n")
    margin = min((len(line) - len(line.lstrip()) for line in lines if line.strip()), default=0)
    return "\n".join(line[margin:] for line in lines)


def edits(chance: random.Random, length: int, count: int) -> Iterator[tuple[int, int, str]]:
    """Edits as people make them: several at one place, then at another; some are taken back."""
    place = 0
    for _ in range(count):
        if chance.random() < 0.3:
            place = chance.randrange(10**6)
        kind = chance.random()
        if kind < 0.6:
            yield place, 0, chance.choice(TYPED)
        elif kind < 0.9:
            yield place, chance.choice((1, 1, 1, 2, 5, 30)), ""
        else:
            yield place, chance.randrange(20), chance.choice(TYPED)
        place += chance.choice((-1, 0, 0, 1, 1))


def rows(syntax: Syntax) -> list[tuple[int, str, bytes, str]]:
    statements, starts, _ = syntax.rows
    return [
        (start, each.kind, each.data, str(each.node))
        for each, start in zip(statements, starts, strict=True)
    ]


@pytest.mark.parametrize("seed", range(60))
def test_statements_are_those_of_the_text_alone(seed):
    chance = random.Random(seed)
    syntax = Syntax(SourceText(program(chance, 4)))
    assert syntax.is_exact
    for place, length, new in edits(chance, len(syntax.source.text), 60):
        start = place % (len(syntax.source.text) + 1)
        syntax = syntax.edited(start, min(start + length, len(syntax.source.text)), new)
        fresh = Syntax(SourceText(syntax.source.text))
        if chance.random() < 0.7:
            continue
        assert syntax.is_sound == fresh.is_sound
        assert rows(syntax) == rows(fresh)


@pytest.mark.parametrize("seed", range(40))
def test_lines_and_bytes_are_those_of_the_text_alone(seed):
    chance = random.Random(seed)
    source = SourceText("".join(chance.choice(TYPED) for _ in range(30)))
    for place, length, new in edits(chance, len(source.text), 60):
        start = place % (len(source.text) + 1)
        source.line_of(start)
        source = source.edited(start, min(start + length, len(source.text)), new)
        fresh = SourceText(source.text)
        assert source.line_starts == fresh.line_starts
        offset = chance.randrange(len(source.text) + 1)
        assert source.char(source.byte(offset)) == offset


@pytest.mark.parametrize("seed", range(40))
def test_strings_name_what_they_name_in_a_fresh_document(seed):
    chance = random.Random(seed)
    document = Document(program(chance, 6))
    document.analysis()
    for place, length, new in edits(chance, len(document.text), 40):
        start = place % (len(document.text) + 1)
        document.edit(start, min(start + length, len(document.text)), new)
        asked = chance.random()
        if asked < 0.4:
            document.at(start + len(new))
        elif asked < 0.7:
            fresh = Document(document.text).analysis()
            assert said(document.analysis()) == said(fresh)
            assert document.analysis().pragmas == fresh.pragmas


@pytest.mark.parametrize("seed", range(40))
def test_a_cursor_is_where_it_is_in_a_fresh_document(seed):
    chance = random.Random(seed)
    document = Document(program(chance, 6))
    document.analysis()
    for place, length, new in edits(chance, len(document.text), 40):
        start = place % (len(document.text) + 1)
        document.edit(start, min(start + length, len(document.text)), new)
        offset = start + len(new)
        if chance.random() < 0.5:
            there = Document(document.text).at(offset)
            here = document.at(offset)
            assert [(c.site.role, c.typed) for c in here] == [(c.site.role, c.typed) for c in there]
