"""What a question costs, counted: texts that are parsed, and statements that are lowered."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from ckptls.source.document import Document
from ckptls.source.syntax.lower_statements import Statements

HEAD = "import tensorflow as tf\nCKPT = 'm.ckpt'\n"
USES = "".join(f"tf.train.load_variable(CKPT, 'model/layer_{i}/kernel')\n" for i in range(40))
# A string that nobody has closed: what stands behind it is not understood as it should be.
BROKEN = f"{HEAD}{USES}x = 'model/lay\ny = f(\n{USES}"
OBJECTS = "o = tf.train.Checkpoint(net=a)\no.restore(CKPT)\n"


def effort(ask: Callable[[], object]) -> Counter[str]:
    """How often texts are parsed and statements lowered while something is asked."""
    counts: Counter[str] = Counter()

    def note(frame: Any, event: str, argument: Any) -> None:
        if event == "c_call" and argument.__qualname__ == "Parser.parse":
            counts["parsed"] += 1
        elif event == "call" and frame.f_code is Statements.lower.__code__:
            counts["lowered"] += 1

    sys.setprofile(note)
    try:
        ask()
    finally:
        sys.setprofile(None)
    return counts


def typed(text: str, offset: int) -> Document:
    """A document in which a character has just been typed."""
    document = Document(text)
    document.analysis()
    document.edit(offset, offset, " ")
    return document


def test_a_broken_text_is_parsed_once_for_all_that_is_asked():
    """Of a text in sections only those are parsed that changed: with what follows, and alone; and
    the statement of the cursor, whose tree was not kept."""
    document = typed(BROKEN, BROKEN.index("y ="))

    def ask() -> None:
        document.at(len(HEAD))
        document.analysis()
        document.at(len(HEAD) + len("tf.train.load_variable(CKPT, 'mo"))

    assert effort(ask)["parsed"] == 3
    assert effort(ask)["parsed"] == 0


@pytest.mark.parametrize("damage", ["x = 'model/lay\n", "y = f(\n", "f([1, 2}\n", "def f(:\n"])
def test_an_error_has_only_its_own_statement_lowered_again(damage):
    text = f"{HEAD}{USES}{damage}{USES}"
    document = typed(text, text.index(damage) + len(damage) - 1)
    assert effort(document.analysis)["lowered"] <= 2
    assert [site.text.template for site in document.analysis().sites][-1] == "model/layer_39/kernel"
    document.edit(len(HEAD), len(HEAD), "\n")
    assert effort(document.analysis)["lowered"] <= 2


@pytest.mark.parametrize("at", [len(HEAD), len(HEAD) + 5, BROKEN.index("y =") + 2, len(BROKEN)])
def test_where_no_name_can_stand_nothing_is_run(at):
    document = typed(BROKEN, BROKEN.index("y ="))
    assert effort(lambda: document.at(at))["lowered"] == 0


def test_a_name_is_found_in_broken_text():
    document = typed(BROKEN, BROKEN.index("y ="))
    [cursor] = document.at(len(HEAD) + len("tf.train.load_variable(CKPT, 'model/layer_0"))
    assert cursor.typed == "model/layer_0"


@pytest.mark.parametrize("text", [HEAD + USES[:500] + OBJECTS, BROKEN + OBJECTS, BROKEN])
def test_every_name_of_an_analysis_is_found_at_its_cursor(text):
    document = Document(text)
    parts = [part for site in document.analysis().sites for part in site.parts]
    assert parts
    for part in parts:
        for offset in {part.span.start, part.span.end}:
            assert document.at(offset), text[:offset][-60:]
