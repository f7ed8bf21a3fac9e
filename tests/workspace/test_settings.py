"""Settings from files, and what is said of those that cannot be used."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import Any

import pytest

from ckptls.workspace.settings import Settings, load_settings, parse_settings


def test_a_folder_without_files_has_the_defaults(tmp_path):
    assert load_settings(tmp_path) == (Settings(), ())


def test_settings_come_from_either_file(tmp_path):
    (tmp_path / "pyproject.toml").write_text('[tool.ckptls]\nignore = ["unknown-scope"]\n')
    assert load_settings(tmp_path)[0].ignore == ("unknown-scope",)
    (tmp_path / "ckptls.toml").write_text('ignore = ["unknown-variable"]\n')
    settings, problems = load_settings(tmp_path)
    assert settings.ignore == ("unknown-variable",)
    assert not problems


def test_a_file_of_the_folder_cannot_allow_other_machines(tmp_path):
    (tmp_path / "ckptls.toml").write_text("remote = true\n")
    settings, (problem,) = load_settings(tmp_path)
    assert not settings.remote
    assert "`remote` has no effect in a file of the folder" in problem
    (tmp_path / "ckptls.toml").write_text("remote = false\n")
    assert load_settings(tmp_path) == (Settings(), ())


def test_the_editor_can():
    assert parse_settings({"remote": True}) == (Settings(remote=True), ())


def test_another_tools_project_file_is_left_alone(tmp_path):
    (tmp_path / "pyproject.toml").write_text('[tool.other]\nname = "ckptls"\n')
    assert load_settings(tmp_path) == (Settings(), ())


def entry(**keys: Any) -> dict[str, Any]:
    """An entry of the setting `functions`."""
    return {"names": ["mylib.read"], **keys}


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"chekpoints": []}, "unknown setting `chekpoints`"),
        ({"ignore": 3}, "setting `ignore` must be a list of strings, not an integer"),
        ({"ignore": [3]}, "setting `ignore` must be a list of strings, but it contains an integer"),
        ({"exclude": {"a": 1}}, "setting `exclude` must be a list of strings, not a table"),
        ({"exclude": ["a\0b"]}, "setting `exclude` must be a list of strings without null"),
        ({"exclude": ["a"] * 1_001}, "a list of strings, with at most 1,000 of them and 50,000"),
        ({"exclude": ["a" * 50_001]}, "a list of strings, with at most 1,000 of them and 50,000"),
        ({"bindings": {f"a{i}": "b" for i in range(501)}}, "= checkpoint, with at most 1,000"),
        ({"bindings": ["a"]}, "`bindings` must be a table of source glob = checkpoint, not a list"),
        ({"bindings": {"a": 1}}, "`bindings` must be a table whose values are each a string or a"),
        ({"flags": "x"}, "setting `flags` must be a table, not a string"),
        ({"flags": {"x": 1 << 99_999}}, "`flags` must be a table of values that can be written"),
        ({"severity": 3}, "setting `severity` must be a table, not an integer"),
        ({"severity": {"unknown-scope": "loud"}}, "`loud` of `unknown-scope` is not one of error"),
        ({"remote": "yes"}, "setting `remote` must be true or false, not a string"),
        ({"functions": {"a": 1}}, "setting `functions` must be a list of tables, not a table"),
        ({"functions": [1]}, "entry 1 of `functions` is ignored: it must be a table"),
        ({"functions": [{"parameters": []}]}, "entry 1 of `functions` is ignored: `names` must"),
        ({"functions": [{"names": "x.y"}]}, "`names` must be a list of full names"),
        (
            {"functions": [entry(roles={"a": "no-role"})]},
            "the role of `a` is `no-role`; expected one of",
        ),
        (
            {"functions": [entry(roles={"a": 3})]},
            "the role of `a` is not a string; expected one of",
        ),
        ({"functions": [entry(roles={"a": {"items": "path"}})]}, "`items` of `a` must be a list"),
        ({"functions": [entry(roles={"a": {"no": ["path"]}})]}, "`no`, which is not one of"),
        ({"functions": [entry(roles=["path"])]}, "`roles` must be a table of parameter = role"),
        ({"functions": [entry(parameters=["a", "b|a"])]}, "the parameter `a` occurs twice"),
        ({"functions": [entry(parameters="a")]}, "`parameters` must be a list of strings"),
        ({"functions": [entry(match="no")]}, "`match` is `no`; expected one of `match`"),
        ({"functions": [entry(effect="no")]}, "`effect` is `no`; expected one of `scope`"),
        (
            {"functions": [entry(output=[])]},
            "`output` is not a string; expected one of `forbidden`",
        ),
        (
            {"functions": [entry(**{"path-form": {"a": "no"}})]},
            "`path-form` is `no`; expected one of",
        ),
        ({"functions": [entry(returns=3)]}, "`returns` must be a string"),
        ({"functions": [entry(lenient=3)]}, "`lenient` must be true or false"),
        ({"functions": [entry(nmaes=3)]}, "`nmaes` is not a valid key of an entry"),
        ({"keras": 4}, "setting `keras` must be 2 or 3, not 4"),
        ({"keras": "x"}, "setting `keras` must be 2 or 3, not a string"),
        ({"keras": True}, "setting `keras` must be 2 or 3, not True"),
    ],
)
def test_a_wrong_setting_is_reported_and_the_others_hold(table, said):
    settings, problems = parse_settings({**table, "select": ["unknown-variable"]})
    assert settings == Settings(select=("unknown-variable",))
    assert len(problems) == 1
    assert said in problems[0]


def test_a_file_that_is_no_toml_is_reported_with_its_name(tmp_path):
    (tmp_path / "ckptls.toml").write_text("ignore = [\n")
    settings, (problem,) = load_settings(tmp_path)
    assert settings == Settings()
    assert str(tmp_path / "ckptls.toml") in problem
    assert "not valid TOML" in problem


def test_a_wrong_entry_of_functions_leaves_the_others(tmp_path):
    (tmp_path / "ckptls.toml").write_text(
        '[[functions]]\nnames = ["a.b"]\nreturns = 1\n[[functions]]\nnames = ["mylib.read"]\n'
    )
    settings, (problem,) = load_settings(tmp_path)
    assert [each.name for each in settings.functions] == ["mylib.read"]
    assert "entry 1 of `functions` is ignored: `returns` must be a string" in problem


BROKEN = {
    "nested": (b"a = " + b"[" * 3000 + b"]" * 3000, "it is nested too deeply"),
    "tables": (b"a = " + b"{a = " * 3000 + b"1" + b"}" * 3000, "it is nested too deeply"),
    "digits": (b"a = " + b"9" * 5000, "a number in it has too many digits"),
    "dotted": (b"x." * 20_000 + b"y = 1", "a key has more than 64 parts (at line 1)"),
    "quoted": (b"\n" + b"'x' . " * 20_000 + b"y = 1", "more than 64 parts (at line 2)"),
    "header": (b"[" + b"x." * 20_000 + b"y]", "a key has more than 64 parts (at line 1)"),
    "latin": (b'exclude = ["\xe9"]', "cannot be read: it is not UTF-8 (byte 12)"),
    "utf-16": ("a = 1".encode("utf-16"), "cannot be read: it is not UTF-8 (byte 0)"),
    "date": (b"flags = { a = 9999-99-99 }", "it is not valid TOML: "),
    "large": (b"#" * 500_001, "cannot be read: it has more than 500 kB"),
    "null": (b"a = 1\0", "it is not valid TOML: "),
}


@pytest.mark.parametrize("name", ["ckptls.toml", "pyproject.toml"])
@pytest.mark.parametrize(("data", "said"), BROKEN.values(), ids=BROKEN)
def test_a_file_that_cannot_be_parsed_is_a_sentence(tmp_path, name, data, said):
    (tmp_path / name).write_bytes(data + b"\n# ckptls\n")
    settings, (problem,) = load_settings(tmp_path, shown=lambda path: path.name)
    assert settings == Settings()
    assert problem.startswith(f"{name}: ")
    assert said in problem


def make_pipe(path: Path) -> None:
    os.mkfifo(path)


def make_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as it:
        it.bind(str(path))


SPECIAL = {
    "a named pipe": make_pipe,
    "a socket": make_socket,
    "a directory": lambda path: path.mkdir(),
    "a device": lambda path: path.symlink_to("/dev/zero"),
}


@pytest.mark.parametrize("name", ["ckptls.toml", "pyproject.toml"])
@pytest.mark.parametrize(("kind", "make"), SPECIAL.items(), ids=SPECIAL)
def test_what_is_not_a_file_is_said_and_not_opened(tmp_path, monkeypatch, name, kind, make):
    monkeypatch.chdir(tmp_path)  # the address of a socket may not be long
    make(Path(name))
    settings, (problem,) = load_settings(tmp_path, shown=lambda path: path.name)
    assert settings == Settings()
    assert problem == f"{name}: cannot be read: it is {kind}, not a regular file"


def test_a_link_to_itself_is_said(tmp_path):
    (tmp_path / "ckptls.toml").symlink_to("ckptls.toml")
    _, (problem,) = load_settings(tmp_path, shown=lambda path: path.name)
    assert problem == "ckptls.toml: cannot be read: Too many levels of symbolic links"


@pytest.mark.parametrize("name", ["ckptls.toml", "pyproject.toml"])
def test_a_byte_order_mark_is_accepted(tmp_path, name):
    head = "[tool.ckptls]\n" if name == "pyproject.toml" else ""
    (tmp_path / name).write_text("\ufeff" + head + 'exclude = ["x"]\n')
    assert load_settings(tmp_path) == (Settings(exclude=("x",)), ())


def test_ordinary_long_texts_are_no_long_keys(tmp_path):
    keys = ".".join("abcdefgh")
    text = f'# {"word. " * 100}\n[tool.{keys}]\nx = "{"/a.b" * 500}"\ny = "{"1." * 500}"\n'
    text += "[tool.ckptls]\nkeras = 3\n"
    (tmp_path / "pyproject.toml").write_text(text)
    assert load_settings(tmp_path) == (Settings(keras=3), ())
