"""The corpus of real repositories is there only where the environment names it."""

from __future__ import annotations

from pathlib import Path

import pytest

from needs import leave_out

CORPUS = "CKPTLS_CORPUS"
_LEFT_OUT = pytest.StashKey[int]()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Without the folder there is nothing to read: its tests are taken out, and it is said."""
    leave_out(config, items, Path(__file__).parent, CORPUS, _LEFT_OUT)


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    count = config.stash.get(_LEFT_OUT, 0)
    if count:
        terminalreporter.write_line(
            f"{count} tests on a corpus of repositories left out: "
            f"{CORPUS} does not name a folder of them"
        )
