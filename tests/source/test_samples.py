"""Texts that are hardly Python are not parsed, and that is said; all others are."""

from __future__ import annotations

import sysconfig
from pathlib import Path

import pytest

from bench import bench_analysis
from ckptls.source.document import Document
from ckptls.source.syntax.rows import parse
from ckptls.source.text import samples
from support.long_code import END, HEAD, is_understood, ordinary

SIZE = 150_000
JUNK = {
    "brackets that do not match": "){](",
    "operators": "+*/%",
    "open strings": "f'{a\n",
    "assignments in expressions": "x = 1 + \\\n",
    "signs": "...!$?\n",
}
SOUND = {
    "ordinary code": lambda: ordinary(SIZE),
    "names everywhere": bench_analysis.dense,
    "prose in a string": lambda: "x = '''" + "words, (and) more; of them.\n" * 5_000 + "'''\n",
    "junk in a string": lambda: f"x = '''{'){](' * 40_000}'''\n",
    "escapes in one line": lambda: "x = '" + r"\x00+-*/" * 20_000 + "'\n",
    "junk in comments": lambda: "# ){]( +*/%\n" * 12_000,
    "a list in one line": lambda: f"x = [{'[[1,2],[3,4]],' * 12_000}]\n",
    "a dictionary in one line": lambda: f"x = {{{'1:2,3:4,' * 20_000}}}\n",
    "a dictionary in lines": lambda: "x = {\n" + "    'abc': {1: (2, 3)},\n" * 7_000 + "}\n",
    "Python 2": lambda: "print 'a' % b, c\nexec 'x' in y\n" * 5_000,
    "an open bracket": lambda: "x = (\n" + ordinary(SIZE),
    "an open string": lambda: "x = '''\n" + ordinary(SIZE),
    "an error in each function": lambda: ordinary(SIZE).replace("return ", "return = "),
}


@pytest.mark.parametrize("case", JUNK)
def test_junk_is_given_up_wherever_it_begins(case: str) -> None:
    junk = JUNK[case] * (SIZE // len(JUNK[case])) + "\n"
    for text in (HEAD + junk + END, HEAD + ordinary(SIZE) + junk + END):
        analysis = Document(text).analysis()
        assert analysis.is_given_up
        assert analysis.cut_at == (0,)
        assert not analysis.sites


@pytest.mark.parametrize("case", SOUND)
def test_code_and_data_are_not_given_up(case: str) -> None:
    text = HEAD + SOUND[case]() + END
    assert len(text) > 100_000
    assert not Document(text).analysis().is_given_up
    assert "open" in case or is_understood(Document(text).analysis())


def test_short_junk_is_read() -> None:
    assert is_understood(Document(HEAD + "f(){](\n" * 100 + END).analysis())


def test_what_is_parsed_of_a_long_text_to_judge_it_is_little() -> None:
    sizes: list[int] = []

    def noted(data: bytes):
        sizes.append(len(data))
        return parse(data)

    for text in ("){](" * 500_000, ordinary(2_000_000), "a b " * 500_000):
        sizes.clear()
        samples.is_mostly_errors(text.encode(), noted)
        assert sizes
        assert sum(sizes) < 60_000


def test_no_module_of_the_standard_library_is_given_up() -> None:
    paths = Path(sysconfig.get_path("stdlib")).glob("*.py")
    texts = [data for path in paths if len(data := path.read_bytes()) > 100_000]
    assert texts
    assert not [len(data) for data in texts if samples.is_mostly_errors(data, parse)]


def test_junk_comes_and_goes_in_an_open_document() -> None:
    document = Document(HEAD + END)
    assert is_understood(document.analysis())
    junk = "){](" * 40_000
    for _ in range(2):
        document.edit(len(HEAD), len(HEAD), junk)
        assert document.analysis().is_given_up
        assert document.at(document.text.index("'end'") + 2) == ()
        document.edit(len(HEAD), len(HEAD), "x")
        assert document.analysis().is_given_up
        document.edit(len(HEAD), len(HEAD) + 1 + len(junk), "")
        assert document.text == HEAD + END
        assert is_understood(document.analysis())
        assert document.at(document.text.index("'end'") + 2)
