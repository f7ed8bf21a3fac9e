"""Where the documentation pages of the rules are."""

from __future__ import annotations

from functools import cache
from pathlib import Path

# Once the pages are on a site, its address; until then the pages that come with the package.
BASE_ADDRESS = ""


@cache
def page_of(code: str) -> str | None:
    """The address of a rule's page; None if the pages are not installed."""
    if BASE_ADDRESS:
        return f"{BASE_ADDRESS.rstrip('/')}/{code}"
    package = Path(__file__).resolve().parent
    # Installed, the pages lie in the package; in a checkout, under docs/.
    for folder in (package / "rule_pages", package.parents[1] / "docs" / "rules"):
        page = folder / f"{code}.md"
        if page.is_file():
            return page.as_uri()
    return None
