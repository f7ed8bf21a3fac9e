"""pylsp with our plugin, which waits as long as it takes for an answer once a file is there.

    python tests/lsp/patient_pylsp.py FILE

What waits then for a server that hangs waits for ever: a test that sees it answered needs no clock.
"""

from __future__ import annotations

import os
import sys
from typing import Any

from pylsp.__main__ import main

from ckptls.lsp.integrations.subprocess_client import ServerProcess

_FOR_EVER = 1e6


def wait_where(mark: str) -> None:
    """From here on, the file `mark` says how patient the plugin is."""
    as_it_is = ServerProcess.ask

    def ask(self: ServerProcess, method: str, params: Any, seconds: float) -> Any:
        return as_it_is(self, method, params, _FOR_EVER if os.path.exists(mark) else seconds)

    ServerProcess.ask = ask  # type: ignore[method-assign]


if __name__ == "__main__":
    wait_where(sys.argv.pop(1))
    main()
