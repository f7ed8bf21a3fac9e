"""The snippets of docs/editors.md: those that are data can be read, our names are right."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest

from ckptls.lsp.integrations.jupyter_spec import spec

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PAGE = (Path(__file__).parents[1] / "docs" / "editors.md").read_text("utf-8")
READERS = {"json": json.loads, "toml": tomllib.loads}
BLOCKS = re.findall(r"```(json|toml)\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize(("language", "block"), BLOCKS)
def test_settings_can_be_read(language, block):
    assert READERS[language](block)


def test_the_name_in_jupyter_is_that_of_the_entry_point():
    assert set(re.findall(r"\bzz-\w+", PAGE)) == set(spec(None))


def test_each_test_of_an_editor_uses_a_snippet_of_the_page():
    folder = Path(__file__).parent / "e2e"
    tests = [path.read_text("utf-8") for path in folder.glob("*/test_*.py")]
    used = [re.search(r'snippet\("([^"]+)", "(\w+)"\)', text) for text in tests]
    assert used
    assert all(found and f"# {found[1]}" in PAGE for found in used)
