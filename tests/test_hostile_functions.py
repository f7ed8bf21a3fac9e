"""What others write, in forms that once took long or failed, by the functions that read it."""

from __future__ import annotations

import pytest

from ckptls.checkpoint.locate.steps import step_number
from ckptls.checkpoint.storage.urls import redacted
from ckptls.source.document import Document
from ckptls.source.notebooks.ipython_magics import plain_python
from ckptls.source.syntax.pragmas import find_pragmas
from ckptls.source.syntax.syntax_tree import Syntax
from ckptls.source.text.repair import missing
from ckptls.source.text.source_text import SourceText
from ckptls.workspace.launch_configs import launches
from ckptls.workspace.requirements import constraint
from source.told import told

MANY = 50_000


@pytest.mark.parametrize(
    "code, ignored",
    [
        ("x = 1  # ckptls: ignore[a]", [(0, {"a"})]),
        ("x = '#'  # ckptls: ignore[a]", [(0, {"a"})]),
        ("x = 'ckptls:'  # ckptls: ignore[a]", [(0, {"a"})]),
        ("x = '# ckptls: ignore[a]'", []),
        ("ckptls: int = 1", []),
        ("# see ckptls: ignore[a] ckptls: ignore[b]", [(0, {"a"}), (0, {"b"})]),
        ("# a\n" * 200 + "  # ckptls: ignore[a]\nx = 1", [(200, {"a"})]),
        ("s = '''\n" + "# ckptls: ignore[a]\n" * 200 + "'''", []),
        ("#" * MANY + "\nx = 'ckptls:'", []),
        ("#" * MANY + " ckptls: ignore[a]", [(0, {"a"})]),
    ],
    ids=range(10),
)
def test_pragmas_are_found_in_comments_alone(code, ignored):
    found = find_pragmas(Syntax(SourceText(code))).ignored_lines
    assert [(line, set(codes)) for line, codes in found] == ignored


@pytest.mark.parametrize("count", [50, 2_000])  # an edit parses a part of the first alone
def test_a_pragma_is_found_behind_an_edit(count):
    text = "x = '#'\ny = 1  # ckptls: ignore[b]\n" * count
    end = "x = '#'  # ckptls: ignore[a]\n"
    document = Document(text + end)
    document.analysis()
    document.edit(0, 1, "z")
    found = document.analysis().pragmas.ignored_lines
    assert len(found) == count + 1
    assert found[-1] == (2 * count, frozenset({"a"}))
    whole = find_pragmas(Syntax(SourceText(document.text)))
    assert document.analysis().pragmas == whole


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("code", ["x = 1", "%%time", "%%bash"])
def test_a_cell_of_many_comments_is_read_once(line_end, code):
    cell = ("# a" + line_end) * 1000 + code
    assert len(plain_python(cell).text) == len(cell)
    assert plain_python(cell).text.startswith("# a") == (code == "x = 1")


def test_an_open_string_is_looked_through_once():
    code = "f(" + "'\\'\\\n" * 20_000 + "x\n"
    assert missing(SourceText(code), len(code)) is None


@pytest.mark.parametrize("end", ["'", ""])
def test_a_string_is_closed_at_its_end(end):
    code = "f('abc" + end
    found = missing(SourceText(code), 6)
    assert found is not None
    assert code + found.text == "f('abc')"


@pytest.mark.parametrize(
    "text",
    [
        "https://u:secret@h/k?sig=secret",
        "9s3://u:secret@h/k",
        "C://x,s3://u:secret@h/k",
        "-.s3://u:secret@h",
        "a" * MANY + "://u:secret@h",
    ],
)
def test_secrets_are_taken_out_of_addresses_wherever_they_begin(text):
    assert "secret" not in redacted(text)


def test_variables_of_scripts_do_not_multiply(tmp_path):
    lines = [f"B={'x' * 100_000}", "A=" + "$B" * 10_000, "C=ckpts", "D=$C/m.ckpt"]
    (tmp_path / "run.sh").write_text("\n".join(lines))
    found = launches(str(tmp_path))
    assert found["D"][0] == str(tmp_path / "ckpts" / "m.ckpt")
    assert sum(len(each) for values in found.values() for each in values) < 10_000


@pytest.mark.parametrize("given", ["==" + "1" * 5000, "==2." + "1" * 5000, "~=" + "1" * 5000])
def test_a_version_of_thousands_of_digits_is_none(given):
    assert constraint(given) == ()


def test_numbers_of_thousands_of_digits_in_names_are_not_steps():
    assert step_number("m-" + "1" * 5000) is None
    assert step_number("m-" + "1" * 50) == int("1" * 50)


@pytest.mark.parametrize("field", ["{" + "1" * 5000 + "}", "{\u00b2}", "{}" * 1500])
def test_fields_that_no_format_has_leave_the_code_understood(field):
    code = f"a = '{field}'.format('b')\ntf.train.load_variable('m', 'n')\n"
    assert "variable n < m" in told(code)
