"""What a document keeps does not grow with the edits made to it."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Callable, Iterator

import pytest

from ckptls.source.document import Document
from ckptls.source.syntax.ir import Chunk
from source.edits import said
from support.edit_example import EXAMPLE
from support.memory import CODE, FUNCTION, HEAD, tree_bytes


def type_name(document: Document, offset: int) -> None:
    """Types a name into a string letter by letter, completing it, and takes it back."""
    for count, letter in enumerate("abc"):
        document.edit(offset + count, offset + count, letter)
        document.at(offset + count + 1)
        document.analysis()
    document.edit(offset, offset + 3, "")
    document.analysis()


def kept_chunks() -> int:
    gc.collect()
    return sum(isinstance(each, Chunk) for each in gc.get_objects())


def test_functions_of_older_texts_are_forgotten():
    document = Document(CODE)
    offset = CODE.index("layer_100")
    type_name(document, offset)
    before = kept_chunks()
    for _ in range(10):
        type_name(document, offset)
    assert kept_chunks() == before


def write_function(document: Document, name: str) -> None:
    """Writes a function, and takes it back."""
    new = FUNCTION.format(name)
    document.edit(len(HEAD), len(HEAD), new)
    document.analysis()
    document.edit(len(HEAD), len(HEAD) + len(new), "")
    document.analysis()


def test_functions_that_come_and_go_are_forgotten():
    document = Document(CODE)
    document.analysis()
    write_function(document, "first")
    before = kept_chunks()
    for number in range(10):
        write_function(document, f"new_{number}")
    assert kept_chunks() == before


NESTED = """
class Net:
    size = [i * j for i in range(3) for j in (1, 2) if i]

    class Inner:
        def load(self, names={k: v for k, v in zip('ab', 'cd')}):
            def read(name):
                return read(name[1:]) or reader.get_tensor('net/' + name)
            return [read(name) for name in names]

    def load(self):
        with tf.variable_scope('net'):
            for name in ('a', 'b'):
                tf.get_variable(name, [1])
        return Net.Inner().load() or (lambda name: reader.get_tensor(name))('net/c')

Net().load()
if Net.size:
    flags = tf.app.flags
    flags.DEFINE_string('ckpt', 'a.ckpt', '')
    tf.train.load_variable(flags.FLAGS.ckpt, 'net/d')
"""


def garbage_of(work: Callable[[], object]) -> int:
    """How many objects some work leaves that only the garbage collector finds."""
    gc.collect()
    gc.disable()
    try:
        work()
        return gc.collect()
    finally:
        gc.enable()


@pytest.mark.parametrize("new", ["x", "'", "(", "\n", "x = 1\n", "    "])
def test_edits_leave_nothing_to_the_garbage_collector(new: str):
    text = EXAMPLE.read_text("utf-8") + HEAD + METHODS + NESTED
    document = Document(text)

    def edit() -> None:
        for place in range(0, len(text), 301):
            document.edit(place, place, new)
            document.at(place + len(new))
            document.analysis()
            document.edit(place, place + len(new), "")
            document.analysis()

    edit()
    assert garbage_of(edit) == 0
    assert said(document.analysis()) == said(Document(text).analysis())


def test_a_closed_document_leaves_nothing_but_its_empty_pool():
    documents = [Document(CODE + METHODS + NESTED)]
    documents[0].analysis()

    def close() -> None:
        documents.pop().close()

    assert garbage_of(close) < 20  # thousands, if all was still linked


def test_what_was_found_in_a_closed_document_keeps_its_places():
    document = Document(CODE + METHODS + NESTED)
    analysis = document.analysis()
    before = said(analysis)
    document.close()
    assert said(analysis) == before
    assert said(document.analysis()) == before


@pytest.fixture
def traced() -> Iterator[None]:
    tracemalloc.start()
    yield
    tracemalloc.stop()


@pytest.mark.usefixtures("traced")
def test_one_tree_is_kept_wherever_a_document_is_edited():
    text = CODE * 2
    document = Document(text)
    places = [text.index("a.ckpt"), text.rindex("layer_100")]
    document.analysis()
    one = tree_bytes()
    # Far from each other, without a question in between: all is parsed again.
    for place in places:
        document.edit(place, place, "x")
    document.analysis()
    for place in places:
        document.edit(place, place + 1, "")
    document.analysis()
    assert tree_bytes() < 1.5 * one


METHODS = """
class Reader:
    def add(self, a, b):
        for each in a:
            b += each
        return b

    def read(self, name):
        if name:
            return tf.train.load_variable('a.ckpt', name)

Reader().read('net/w')
"""


@pytest.mark.usefixtures("traced")
def test_a_document_at_rest_has_no_tree():
    document = Document(CODE + METHODS * 20)
    document.analysis()
    awake = tree_bytes()
    document.rest()
    assert tree_bytes() < 0.3 * awake
    (cursor,) = document.at(CODE.index("layer_7'") + 3)
    assert cursor.typed == "net/lay"
    assert tree_bytes() < 0.35 * awake


@pytest.mark.parametrize("new", ["x", "'", "(", "\n", "# é😀\n", "x = 1\n", "    "])
def test_a_document_at_rest_is_edited_as_any_other(new: str):
    text = EXAMPLE.read_text("utf-8") + METHODS
    document = Document(text)
    document.analysis()
    for place in range(0, len(text), 601):
        document.rest()
        document.edit(place, place, new)
        document.at(place + len(new))
        assert said(document.analysis()) == said(Document(document.text).analysis())
        document.rest()
        document.edit(place, place + len(new), "")
        document.analysis()
    assert said(document.analysis()) == said(Document(text).analysis())


def test_a_function_that_comes_to_matter_while_its_document_rests_is_read():
    text = CODE + METHODS
    document = Document(text)
    document.analysis()
    document.rest()
    place = text.index("        for each")
    document.edit(place, place, "        self.read('net/é')\n")
    document.rest()
    assert said(document.analysis()) == said(Document(document.text).analysis())
    names = [site.text.template for site in document.analysis().sites]
    assert {"net/w", "net/é"} <= set(names)
