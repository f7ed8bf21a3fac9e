"""Settings from files, and what is said of those that cannot be used."""

from __future__ import annotations

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


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"chekpoints": []}, "unknown setting `chekpoints`"),
        ({"ignore": 3}, "`ignore` cannot be used"),
        ({"ignore": [3]}, "`ignore` cannot be used"),
        ({"bindings": ["a"]}, "`bindings` cannot be used"),
        ({"severity": {"unknown-scope": "loud"}}, "`loud` of `unknown-scope` is none of"),
        ({"remote": "yes"}, "`remote` cannot be used"),
        ({"keras": 4}, "`keras` cannot be used: 2 or 3 is wanted"),
        ({"keras": True}, "`keras` cannot be used"),
        ({"functions": [{"parameters": []}]}, "`functions` cannot be used"),
        ({"functions": [{"names": ["f"], "roles": {"a": "no-role"}}]}, "`functions` cannot"),
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
