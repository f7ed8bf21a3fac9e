"""What git leaves out everywhere on this machine: the file of `core.excludesFile`.

Only configurations are read, and git itself is not run: a repository must not choose what is.
`[include]` is followed, `[includeIf]` is not.

Source: git-config(1), "CONFIGURATION FILE" and "FILES"; gitignore(5).
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass

from ckptls.checkpoint.core.home_path import expanded_home
from ckptls.workspace.safe_open import decode_text, read_start

_SECTION = re.compile(r"\s*\[\s*([A-Za-z][\w.-]*)\s*\]\s*")
_OTHER_SECTION = re.compile(r"\s*\[")
_KEY = re.compile(r"\s*([A-Za-z][\w-]*)\s*=\s*(.*)")
_VALUE = re.compile(r'"((?:[^"\\]|\\.)*)"|((?:[^"\\#;]|\\.)+)')
_ESCAPE = re.compile(r"\\(.)")
_ESCAPED = {"n": "\n", "t": "\t", "b": "\b"}
_MAX_DEPTH = 10  # of files that include each other, as git has it
# Files that are read in all: each of them may include another, or itself, many times.
_MAX_FILES = 100
_MAX_CHARS = 1_000_000  # of all files together, and of the one that they name


def excluded_everywhere(top: str) -> list[str]:
    """The lines of the file that the configurations around the repository at `top` name."""
    named = None
    room = _Room()
    for config in _configurations(top):
        for path in _settings(config, room):
            named = os.path.join(top, expanded_home(path)) if path else ""
    if named is None:
        named = os.path.join(_config_home(), "git", "ignore")
    return _lines(named) if named else []


def _configurations(top: str) -> Iterator[str]:
    """The files that git reads, the one that counts most last."""
    if not os.environ.get("GIT_CONFIG_NOSYSTEM"):
        yield os.environ.get("GIT_CONFIG_SYSTEM") or "/etc/gitconfig"
    if "GIT_CONFIG_GLOBAL" in os.environ:
        yield os.environ["GIT_CONFIG_GLOBAL"]
    else:
        yield os.path.join(_config_home(), "git", "config")
        yield os.path.join(expanded_home("~"), ".gitconfig")
    yield os.path.join(top, ".git", "config")


def _config_home() -> str:
    home = os.environ.get("XDG_CONFIG_HOME")
    return home or os.path.join(expanded_home("~"), ".config")


@dataclass
class _Room:
    """What may still be read of all configurations."""

    files: int = _MAX_FILES
    chars: int = _MAX_CHARS

    def lines(self, path: str) -> list[str]:
        """The lines of a file, as far as there is room."""
        if self.files <= 0 or self.chars <= 0:
            return []
        self.files -= 1
        found = _lines(path, self.chars)
        self.chars -= sum(map(len, found)) + len(found)
        return found


def _settings(config: str, room: _Room, depth: int = 0) -> Iterator[str]:
    """Each value of `core.excludesFile` in a file and in those that it includes, in order.

    Files are read as long as there is room for them.
    """
    section = ""
    for line in room.lines(config):
        opened = _SECTION.match(line)
        if opened is not None:
            section = opened[1].lower()
        elif _OTHER_SECTION.match(line):
            section = ""
        # A value may stand on the line of its section.
        given = _KEY.match(line, opened.end() if opened is not None else 0)
        if given is None:
            continue
        key, value = given[1].lower(), _plain(given[2])
        if (section, key) == ("core", "excludesfile"):
            yield value
        elif (section, key) == ("include", "path") and depth < _MAX_DEPTH and value:
            below = os.path.join(os.path.dirname(config), expanded_home(value))
            yield from _settings(below, room, depth + 1)


def _plain(written: str) -> str:
    """A value without quotes, escapes and the comment behind it."""
    found = ""
    position = 0
    while (part := _VALUE.match(written, position)) is not None:
        piece = part[1] if part[1] is not None else part[2]
        found += _ESCAPE.sub(lambda match: _ESCAPED.get(match[1], match[1]), piece)
        position = part.end()
    return found.strip()


def _lines(path: str, limit: int = _MAX_CHARS) -> list[str]:
    try:
        return decode_text(read_start(path, limit)).splitlines()
    except OSError:
        return []
