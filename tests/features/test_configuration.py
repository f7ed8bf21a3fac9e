"""What is wrong in files of settings."""

from __future__ import annotations

from ckptls.features.diagnostics.settings_findings import configuration_findings

PYPROJECT = ("tool", "ckptls")


def marked(text: str, keys: tuple[str, ...] = ()) -> dict[str, str]:
    """The messages, by what is underlined."""
    return {
        text[each.span.start : each.span.end]: each.message
        for each in configuration_findings(text, keys)
    }


def test_a_setting_that_is_none_is_told_with_the_nearest():
    text = 'checkpoint = ["a"]\nsearch_paths = []\nexclude = []\n'
    assert marked(text) == {
        "checkpoint": "unknown setting `checkpoint`; did you mean `checkpoints`?",
        "search_paths": "unknown setting `search_paths`; did you mean `search-paths`?",
    }


def test_a_wrong_value_is_told_at_its_key():
    text = (
        '[project]\nremote = 1\n[tool.ckptls]\ncheckpoints = 3\n[tool.ckptls.bindings]\n"*" = 1\n'
    )
    found = marked(text, PYPROJECT)
    assert found["checkpoints"] == (
        "setting `checkpoints` must be a list of strings, not an integer"
    )
    assert set(found) == {"checkpoints", "bindings"}


def test_a_rule_that_is_none_is_told_at_its_code():
    text = 'ignore = ["unknown-variabel", "unknown-scope"]\n[severity]\nno-rule-at-all = "off"\n'
    found = marked(text)
    assert found["unknown-variabel"].endswith("did you mean `unknown-variable`?")
    assert set(found) == {"unknown-variabel", "no-rule-at-all"}


def test_what_is_no_toml_is_told_at_its_line():
    [text] = marked('exclude = []\nselect = [\n"a" "b"]\n')
    assert text == '"a" "b"]'


def test_other_tables_and_good_settings_are_silent():
    assert not marked("[tool.other]\nx = 1\n", PYPROJECT)
    assert not marked('checkpoints = ["a"]\n[flags]\nx = "1"\n')


def test_remote_in_a_file_of_the_folder_has_no_effect():
    assert "has no effect in a file of the folder" in marked("remote = true\n")["remote"]
    assert not marked("remote = false\n")


def test_a_byte_order_mark_moves_no_place():
    assert set(marked("\ufeffcheckpoint = 1\n")) == {"checkpoint"}
    assert not marked("\ufeffremote = false\n")


def test_what_no_parser_takes_is_told():
    [message] = marked("a = " + "[" * 3000 + "]" * 3000).values()
    assert message == "it is nested too deeply"
    [message] = marked("a = " + "9" * 5000).values()
    assert message == "a number in it has too many digits"
