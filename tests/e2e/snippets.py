"""The snippets of docs/editors.md, which the tests of editors use as they stand there."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def snippet(heading: str, language: str) -> str:
    """The first block of a language under a heading (or how it begins) of docs/editors.md."""
    text = (ROOT / "docs" / "editors.md").read_text("utf-8")
    _, found, section = text.partition(f"# {heading}")
    assert found, f"docs/editors.md has no section {heading}"
    block = re.search(rf"```{language}\n(.*?)```", section, re.DOTALL)
    assert block, f"no {language} under {heading}"
    return block.group(1)
