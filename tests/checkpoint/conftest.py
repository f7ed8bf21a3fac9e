"""What the tests of several formats share."""

from __future__ import annotations

import pytest

from ckptls.checkpoint.formats.tensorflow.v2 import compiled_loop


@pytest.fixture(params=["compiled", "Python"])
def each_loop(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The test is run with the loop over entries in C, if it is built, and with that in Python."""
    if request.param == "Python":
        monkeypatch.setattr(compiled_loop, "stretch", None)
