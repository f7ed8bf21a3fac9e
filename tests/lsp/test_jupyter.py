"""The entry point by which jupyter-lsp finds the server, asked by its own manager."""

from __future__ import annotations

import pytest
from jupyter_lsp import LanguageServerManager


@pytest.fixture
def manager() -> LanguageServerManager:
    manager = LanguageServerManager()
    manager.initialize()
    return manager


def test_the_server_is_listed_beside_that_of_the_user(manager):
    listed = [
        key for key, spec in manager.language_servers.items() if "python" in spec["languages"]
    ]
    assert {"pylsp", "zz-ckptls"} <= set(listed)
    assert manager.language_servers["zz-ckptls"]["argv"][-1] == "server"


def test_the_server_of_the_user_is_the_one_that_jupyterlab_asks(manager):
    # JupyterLab asks the first by name of those that its user did not rank.
    servers = [
        key for key, spec in manager.all_language_servers.items() if "python" in spec["languages"]
    ]
    assert len(servers) > 3
    assert sorted(servers)[-1] == "zz-ckptls"
