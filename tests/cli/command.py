"""The `ckptls` command as a pipe and as a terminal run it."""

from __future__ import annotations

import os
import pty
import subprocess
import sys


def ckptls_command(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """The command with its output in pipes; times are told in UTC."""
    return subprocess.run(
        [sys.executable, "-m", "ckptls", *arguments],
        capture_output=True,
        encoding="utf-8",
        check=False,
        env=os.environ | {"PYTHONUTF8": "1", "TZ": "UTC"} | environment,
    )


def on_a_terminal(*arguments: str, exit_code: int = 0, **environment: str) -> str:
    """What a terminal of 100 columns is sent."""
    main_side, terminal = pty.openpty()
    child = subprocess.Popen(
        [sys.executable, "-m", "ckptls", *arguments],
        stdout=terminal,
        stderr=terminal,
        env=os.environ
        | {"COLUMNS": "100", "TERM": "xterm-256color", "PYTHONUTF8": "1", "TZ": "UTC"}
        | environment,
    )
    os.close(terminal)
    output = b""
    while True:
        try:
            piece = os.read(main_side, 4096)
        except OSError:  # Linux says so when the other side is closed
            break
        if not piece:
            break
        output += piece
    os.close(main_side)
    assert child.wait() == exit_code
    return output.decode().replace("\r\n", "\n")


def lines_of(output: str) -> list[str]:
    """Lines without the blanks that fill a table's last column."""
    return [line.rstrip() for line in output.splitlines()]
