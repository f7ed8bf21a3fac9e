"""The specification of the server for jupyter-lsp (entry point group `jupyter_lsp_spec_v1`).

JupyterLab asks only one server a language. Between servers that its user did not rank it
chooses by name, so this one goes by a name behind those of all servers for Python: it is there
for users who rank it highest or have no other, and takes nobody's place. All others reach it
through the plugin of python-lsp-server (`lsp/plugin`).
"""

from __future__ import annotations

import os
import shutil
import sys
from typing import Any

KEY = "zz-ckptls"


def spec(_manager: object) -> dict[str, dict[str, Any]]:
    """The server under its key, as jupyter-lsp wants it."""
    # The command of this very environment; `-m` without -P looks for modules beside the notebooks.
    command = shutil.which("ckptls", path=os.path.dirname(sys.executable))
    safely = ["-P"] if sys.version_info >= (3, 11) else []
    start = [command] if command else [sys.executable, *safely, "-m", "ckptls"]
    return {
        KEY: {
            "version": 2,
            "argv": [*start, "server"],
            "languages": ["python"],
            "mime_types": ["text/python", "text/x-ipython"],
            "display_name": "ckptls (names in TensorFlow checkpoints)",
            "requires_documents_on_disk": False,
        }
    }
