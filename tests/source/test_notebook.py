"""Notebooks: cells as one program, what only IPython understands, and cells that are broken."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ckptls.source.document import Document
from ckptls.source.notebooks.ipython_magics import plain_python
from ckptls.source.notebooks.notebook import NotebookError, join_cells, read_notebook
from ckptls.source.notebooks.notebook_file import CellEdit, NotebookFile
from ckptls.source.syntax.syntax_tree import Syntax
from ckptls.source.text.source_text import SourceText

READ = "import tensorflow as tf\nr = tf.train.load_checkpoint('a.ckpt')"
BROKEN = [
    "f(a,",
    "x = [f(a, 'b",
    "x = '''never closed",
    "x = 1 + \\",
    "x = ",
    "def (:",
    "if x:",
    "for i in",
    "@decorator",
    "class A:",
    "try:\n  a = 1",
    "with open(p) as f",
    ")))",
    "pip install tensorflow",
    "d = {'a': 1, 'b'",
    "lambda",
    "x = {",
    "else:\n    y = 1",
    "print 'python 2',",
    "from tensorflow import (",
]


def notebook(*cells: str | tuple[str, str], **metadata: object) -> bytes:
    """A file of nbformat 4; a pair is (type of the cell, text)."""
    written = [
        {"cell_type": kind, "metadata": {}, "source": text.splitlines(keepends=True)}
        for kind, text in (each if isinstance(each, tuple) else ("code", each) for each in cells)
    ]
    content = {"cells": written, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(content, indent=1).encode()


def names(text: str) -> list[str]:
    """The names in the checkpoint that a program mentions."""
    sites = Document(text).analysis().sites
    return [site.text.literal for site in sites if site.role.value == "variable"]


@pytest.mark.parametrize(
    ("cell", "plain"),
    [
        ("%matplotlib inline\nx = 1", "                  \nx = 1"),
        ("!ls *.ckpt\nx = 1", "          \nx = 1"),
        ("!wget a \\\n  -O b\nx = 1", "         \n      \nx = 1"),
        ("!!ls", "    "),
        ("tf.train.Saver?", "               "),
        ("?tf.train", "         "),
        ("??x", "   "),
        ("tf.train.Saver??  # how", " " * 23),
        ("if a:\n    !ls\nb", "if a:\n    _  \nb"),
        ("files = !ls\nx", "files = _  \nx"),
        ("x = %pwd \nx", "x = _    \nx"),
        ("%time x = f(\n  1)\ny", "_    ;x = f(\n  1)\ny"),
        ("%timeit -n 10 -r3 f(1)", "_                ;f(1)"),
        ("x = %time f(1)", "x =       f(1)"),
        ("%%bash\nls\n", "      \n  \n"),
        ("%%html\n<b>tf.</b>", "      \n          "),
        ("%%writefile a.py\nx = 1", "                \n     "),
        ("%%time\nx = 1", "      \nx = 1"),
        ("%%capture out\n%%timeit\nx = 1", "             \n        \nx = 1"),
        ("\n# A title\n%%sh\nls", "\n         \n    \n  "),
        ("!ls\r\nx", "   \r\nx"),
    ],
)
def test_what_only_ipython_understands_is_blank(cell: str, plain: str) -> None:
    assert plain_python(cell).text == plain


@pytest.mark.parametrize(
    "cell",
    [
        "x = 'a?'\nprint('%d?' % 1)",
        "x = '''\n%time\n!ls\nwhy?\n'''",
        "x = (a\n     % b)",
        "x = a \\\n% b",
        "x != !1 if a else b",
        "x = 1  # why?",
        "x = 'a\\\n!b'",
        "f = {'%s': 1}\ny = f['%s'] % 2",
    ],
)
def test_what_only_looks_like_it_stays(cell: str) -> None:
    assert plain_python(cell).text == cell


@given(st.text(alphabet="ab =%!?'\"\\()[]{}#\n\r\t:;,é😀", max_size=60))
def test_nothing_moves(cell: str) -> None:
    joined = join_cells([(0, cell), (1, "x = 1")])
    first, second = joined.cells
    kept = joined.text[first.start : first.end]
    assert len(kept) == len(cell)
    assert SourceText(kept).line_starts == SourceText(cell).line_starts
    assert joined.text[second.start : second.end] == "x = 1"


@pytest.mark.parametrize("broken", BROKEN)
def test_a_broken_cell_does_not_hide_the_others(broken: str) -> None:
    cells = [READ, "r.get_tensor('a')\n" + broken, "r.get_tensor('b')", "r.get_tensor('c')"]
    joined = join_cells(list(enumerate(cells)))
    assert names(joined.text)[-2:] == ["b", "c"]


@pytest.mark.parametrize("broken", BROKEN)
def test_no_statement_reaches_into_the_next_cell(broken: str) -> None:
    for other in BROKEN:
        joined = join_cells([(0, broken), (1, "y = 1"), (2, broken), (3, other), (4, "z = 2")])
        statements = Syntax(SourceText(joined.text)).tree.root_node.named_children
        whole = {(each.start_byte, each.end_byte) for each in statements if not each.has_error}
        for cell in (joined.cells[1], joined.cells[4]):
            assert (cell.start, cell.end) in whole


def test_what_stands_before_the_broken_line_of_a_cell_counts() -> None:
    joined = join_cells([(0, READ + "\nr.get_tensor('a')\nx = [f(a, 'b"), (1, "r.get_tensor('c')")])
    assert names(joined.text) == ["a", "c"]


@pytest.mark.parametrize("count, kept", [(3, ["a", "b", "c"]), (300, ["a", "c"])])
def test_a_broken_cell_that_is_large_is_cut_where_it_breaks(count: int, kept: list[str]) -> None:
    """Trying it with all that may follow would take far longer than code of its size."""
    odd = ("%timeit -n 1 " * 30 + "\n") * count
    broken = READ + "\nr.get_tensor('a')\n" + odd + "r.get_tensor('b')"
    joined = join_cells([(0, broken), (1, "r.get_tensor('c')")])
    assert (len(broken) > 100_000) == (count == 300)
    assert names(joined.text) == kept


def test_broken_cells_are_tried_up_to_a_sum() -> None:
    odd = "%timeit -n 1 " * 30 + "\n"
    cells = [READ, *[odd * 50 + "r.get_tensor('b')"] * 6, "r.get_tensor('c')"]
    found = names(join_cells(list(enumerate(cells))).text)
    assert found[-1] == "c"
    assert 4 <= found.count("b") < 6


def test_magics_of_any_size_do_not_break_a_cell() -> None:
    magics = ("!ls " + "a b " * 100 + "\n") * 300
    assert names(join_cells([(0, READ + "\n" + magics + "r.get_tensor('b')")]).text) == ["b"]


def test_a_cell_that_begins_with_blanks_is_no_part_of_the_block_before() -> None:
    joined = join_cells(
        [(0, READ + "\nfor i in x:\n    pass"), (1, "    r.get_tensor('a')\n    y = 1")]
    )
    assert names(joined.text) == ["a"]
    assert not Syntax(SourceText(joined.text)).tree.root_node.has_error


def test_offsets_lead_into_the_cells_and_back() -> None:
    joined = join_cells([(1, "é = 1"), (4, "y = 2\nz = 3")])
    place = joined.place(joined.text.index("z"))
    assert place is not None
    assert (place[0].index, place[1]) == (4, 6)
    assert joined.offset(4, 6) == joined.text.index("z")
    assert joined.offset(1, 0) == joined.text.index("é")
    assert joined.offset(2, 0) is None
    assert joined.place(len(joined.text)) is None


def test_only_cells_of_python_count_and_indexes_are_among_all() -> None:
    data = notebook(("markdown", "# x"), "a = 1", ("raw", "b"), "c = 2")
    assert [cell.index for cell in read_notebook(data).cells] == [1, 3]


def test_worksheets_of_nbformat_3_are_read() -> None:
    code = {"cell_type": "code", "language": "python", "input": ["a = 1\n", "b = 2"], "outputs": []}
    other = {"cell_type": "heading", "level": 1, "source": "x"}
    sheets = [{"cells": [other, code]}, {"cells": [code | {"input": "c = 3"}]}]
    read = read_notebook(json.dumps({"worksheets": sheets, "nbformat": 3}).encode())
    assert [(cell.index, cell.source) for cell in read.cells] == [(1, "a = 1\nb = 2"), (2, "c = 3")]


@pytest.mark.parametrize(
    ("metadata", "is_read"),
    [
        ({}, True),
        ({"kernelspec": {"name": "python3", "language": "python"}}, True),
        ({"kernelspec": {"name": "my-env"}}, True),
        ({"language_info": {"name": "python"}}, True),
        ({"kernelspec": {"name": "ir"}}, False),
        ({"kernelspec": {"name": "x", "language": "julia"}}, False),
        ({"language_info": {"name": "R"}}, False),
        ({"kernelspec": "odd", "language_info": 3}, True),
    ],
)
def test_kernels_of_other_languages_are_passed_over(metadata: dict, is_read: bool) -> None:
    assert bool(read_notebook(notebook("a = 1", **metadata)).cells) is is_read


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b'{"cells": [', "not valid JSON (line 1, column 12"),
        (b"[]", "not a JSON object"),
        (b"{}", "neither `cells` nor `worksheets`"),
        (b"\xff\xfe", "not UTF-8"),
        (b'{"cells": ' + b"[" * 100_000, "nested too deeply"),
    ],
)
def test_what_is_no_notebook_is_told_in_a_sentence(data: bytes, said: str) -> None:
    with pytest.raises(NotebookError) as raised:
        read_notebook(data)
    assert said in str(raised.value)


@pytest.mark.parametrize(
    "content",
    [
        {"cells": [None, 3, {}, {"cell_type": "code"}, {"cell_type": "code", "source": {}}]},
        {"cells": [{"cell_type": "code", "source": ["a", None, 3], "metadata": []}]},
        {"worksheets": [None, {"cells": None}]},
    ],
)
def test_odd_cells_are_passed_over(content: dict) -> None:
    assert read_notebook(json.dumps(content).encode()).text.strip("delpas_ \n") == ""


def test_an_empty_file_is_an_empty_notebook() -> None:
    assert read_notebook(b" \n").cells == ()


@pytest.mark.parametrize("ensure_ascii", [True, False])
@pytest.mark.parametrize("indent", [None, 1, "\t"])
@pytest.mark.parametrize("source", ["x = 'é😀'\ny = 'old'\n", ["x = 'é😀'\n", "y = 'old'\n"]])
def test_an_edit_changes_nothing_else_in_the_file(source, indent, ensure_ascii) -> None:
    def written(text: object) -> str:
        cells = [
            {"cell_type": "markdown", "source": ["y = 'old'"], "metadata": {"input": ["source"]}},
            {"outputs": [{"text": ['"source": "y"\n']}], "cell_type": "code", "source": text},
        ]
        content = {"metadata": {"cells": [1]}, "cells": cells, "nbformat": 4}
        return json.dumps(content, indent=indent, ensure_ascii=ensure_ascii) + "\n"

    new = [line.replace("old", 'n"é') for line in source] if isinstance(source, list) else ""
    start = "".join(source).index("old")
    file = NotebookFile(written(source))
    edited = file.edited([CellEdit(1, start, start + 3, 'n"é')])
    assert edited == written(new or source.replace("old", 'n"é'))
    assert file.text[file.raw_offset(1, start) :].startswith("old")
