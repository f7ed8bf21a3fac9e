"""What the tests of editors share: a copy of the example, and the command on the PATH."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from e2e.snippets import ROOT

SECONDS = 60.0


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of examples/vgg16, that is a project of its own."""
    folder = tmp_path_factory.mktemp("editor") / "vgg16"
    shutil.copytree(ROOT / "examples" / "vgg16", folder)
    (folder / "ckptls.toml").write_text("")
    return folder


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """That of a user with an empty home who has `ckptls` on the PATH."""
    home = tmp_path_factory.mktemp("home")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return os.environ | {"PATH": path, "HOME": str(home), "XDG_RUNTIME_DIR": str(home)}


def until(what: str, ask: Callable[[], Any], seconds: float = SECONDS) -> Any:
    """What `ask` returns, as soon as that is something."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if answer := ask():
            return answer
        time.sleep(0.1)
    raise AssertionError(f"waited {seconds:.0f} seconds in vain until {what}")
