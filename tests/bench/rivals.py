"""Other language servers for Python, installed apart, for the bench to compare with."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

PLACE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "ckptls" / "bench-venv"
# What is installed by name, and what starts it.
SERVERS = {
    "ty": ["ty", "server"],
    "jedi-language-server": ["jedi-language-server"],
    "python-lsp-server": ["pylsp"],
    "basedpyright": ["basedpyright-langserver", "--stdio"],
}


def commands() -> dict[str, list[str]]:
    """How to start each of them; they are installed at the first call, into a place of their
    own. One that cannot be had here is left out, with a word on why."""
    found = {}
    for name, (program, *arguments) in SERVERS.items():
        path = PLACE / "bin" / program
        if path.exists() or _is_installed(name):
            found[name] = [str(path), *arguments]
    return found


def versions() -> dict[str, str]:
    """The versions of those that are there."""
    listed = subprocess.run(
        [PLACE / "bin" / "python", "-m", "pip", "list", "--format", "freeze"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    rows = (line.partition("==") for line in listed.split())
    return {name: version for name, _, version in rows if name in SERVERS}


def _is_installed(name: str) -> bool:
    if not (PLACE / "bin" / "python").exists():
        subprocess.run([sys.executable, "-m", "venv", PLACE], check=True)
    print(f"installing {name} into {PLACE} ...", file=sys.stderr)
    pip = [PLACE / "bin" / "python", "-m", "pip", "install", "--quiet", "--no-input", name]
    done = subprocess.run(pip, capture_output=True, text=True, check=False)
    if done.returncode:
        print(f"{name} is left out: {done.stderr.strip()[-300:]}", file=sys.stderr)
    return done.returncode == 0
