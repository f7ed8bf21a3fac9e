"""What the documents point to is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
_LINK = re.compile(r"!?\[[^\]]*\]\(([^)#\s]+)[^)]*\)")
_PAGES = sorted(
    page
    for place in (ROOT, ROOT / "docs", ROOT / "docs" / "rules", ROOT / "vscode-extension")
    for page in place.glob("*.md")
)


@pytest.mark.parametrize("page", _PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_and_pictures_lead_somewhere(page: Path) -> None:
    targets = _LINK.findall(page.read_text("utf-8"))
    local = [target for target in targets if ":" not in target]
    assert not [target for target in local if not (page.parent / target).exists()]


def test_the_readme_shows_the_editor() -> None:
    assert "docs/images/completion.png" in (ROOT / "README.md").read_text("utf-8")
