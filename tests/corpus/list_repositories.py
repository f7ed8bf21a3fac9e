"""Lists the repositories that the corpus is made of, and how to put them in their place.

    python tests/corpus/list_repositories.py [--shell]

Without an option a table; with `--shell` the commands that fill the folder which the
environment variable CKPTLS_CORPUS names. Nothing of it belongs into this repository.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import NamedTuple


class Repository(NamedTuple):
    """A public repository at one commit, and why it is here."""

    name: str
    commit: str
    why: str

    @property
    def folder(self) -> str:
        """Its folder in the corpus."""
        return self.name.replace("/", "__")


_ROWS = Path(__file__).with_name("repositories.txt")
REPOSITORIES = tuple(
    Repository(*line.split(maxsplit=2)) for line in _ROWS.read_text("utf-8").splitlines()
)


def table() -> list[str]:
    """A line for each repository."""
    widths = [max(len(each[i]) for each in REPOSITORIES) for i in range(2)]
    return [f"{n.ljust(widths[0])}  {c.ljust(widths[1])}  {w}" for n, c, w in REPOSITORIES]


def shell() -> list[str]:
    """Commands that fetch the very commits into `$CKPTLS_CORPUS`."""
    lines = ["set -eu", 'mkdir -p "$CKPTLS_CORPUS"', 'cd "$CKPTLS_CORPUS"']
    for each in REPOSITORIES:
        lines += [
            f"git init -q {each.folder}",
            f"git -C {each.folder} fetch -q --depth 1 https://github.com/{each.name} {each.commit}",
            f"git -C {each.folder} checkout -q FETCH_HEAD",
        ]
    return lines


if __name__ == "__main__":
    print("\n".join(shell() if "--shell" in sys.argv[1:] else table()))
