"""Libraries that may not be installed: the import, and the error that says what to install."""

from __future__ import annotations

from importlib import import_module

from ckptls.checkpoint.core.errors import CheckpointUnsupported

TYPE_CHECKING = False  # as typing's, without importing typing
if TYPE_CHECKING:
    from typing import Any


def require(library: str, extra: str) -> Any:
    """The imported `library`.

    Raises:
        CheckpointUnsupported: it is not installed; the hint says which extra brings it.
    """
    try:
        return import_module(library)
    except ImportError:
        raise CheckpointUnsupported(
            f"{library} is needed to read it, and not installed",
            hint=f"pip install 'ckptls[{extra}]'",
        ) from None
