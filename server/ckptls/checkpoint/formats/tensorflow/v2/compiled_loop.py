"""The part of the reader that is written in C, where it was built: the loop of `entry_loop`.

It is an option: without it everything works, and listing takes several times as long. The
environment variable CKPTLS_PURE_PYTHON leaves it out.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False  # as typing's, without importing typing
if TYPE_CHECKING:
    from collections.abc import Callable

    from ckptls.checkpoint.core.types import Kind

    Stretch = Callable[
        [bytes, int, int, int, str, list[str], list[Kind] | None, dict[str, Kind]],
        tuple[int, str, int],
    ]

# What the C file must say; one that was built from another version is left alone.
INTERFACE = 1
PURE_PYTHON = "CKPTLS_PURE_PYTHON"


def _loaded() -> Stretch | None:
    if os.environ.get(PURE_PYTHON):
        return None
    try:
        from ckptls.checkpoint.formats.tensorflow.v2 import _loop
    except ImportError:
        return None
    return _loop.stretch if _loop.INTERFACE == INTERFACE else None


stretch = _loaded()  # None: Python does it


def description() -> str:
    """Which of the two is at work, and why if it is Python, for people."""
    if stretch is not None:
        return "compiled"
    is_wanted = not os.environ.get(PURE_PYTHON)
    return f"Python, {'not compiled here' if is_wanted else f'as {PURE_PYTHON} says'}"
