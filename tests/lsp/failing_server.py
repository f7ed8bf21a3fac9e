"""A server with faults of our own: what then becomes of its client is for a test to see.

    python tests/lsp/failing_server.py FAULT...

Each fault makes one function raise where it is called: a hover, an analysis of findings, the
reading of settings or of checkpoints, the setting up of the session. All else is as it is.
"""

from __future__ import annotations

import importlib
import sys
from typing import Any

FAULTS = {
    "hover": "ckptls.lsp.handlers.hover.hover",
    "completion": "ckptls.lsp.handlers.completion.completion",
    "findings": "ckptls.lsp.session.document_diagnostics.find_in_steps",
    "lens": "ckptls.lsp.handlers.code_lens.lenses",
    "edit": "ckptls.lsp.session.documents.to_edit",
    "settings": "ckptls.lsp.session.folder_settings.load_settings",
    "checkpoints": "ckptls.workspace.checkpoint_store.locate",
    "scan": "ckptls.lsp.session.folder_scanner.known_checkpoints",
    "watch": "ckptls.workspace.checkpoint_store.CheckpointStore.due",
    "equip": "ckptls.lsp.handlers.all_handlers.equip",
}


def fail(*_: object, **__: object) -> Any:
    """What every function of a fault does."""
    raise RuntimeError("a fault of the test")


def break_function(name: str) -> None:
    """Make the function of that full name raise; it is found as a module's or a class's."""
    where, _, last = name.rpartition(".")
    try:
        holder: Any = importlib.import_module(where)
    except ModuleNotFoundError:
        module, _, kind = where.rpartition(".")
        holder = getattr(importlib.import_module(module), kind)
    assert callable(getattr(holder, last))
    setattr(holder, last, fail)


if __name__ == "__main__":
    from ckptls.lsp.server import serve_stdio

    for fault in sys.argv[1:]:
        break_function(FAULTS[fault])
    raise SystemExit(serve_stdio())
