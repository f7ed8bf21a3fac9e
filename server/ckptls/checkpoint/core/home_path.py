"""`~` at the start of a path, which stands for a home directory."""

from __future__ import annotations

import os


def expanded_home(path: str) -> str:
    """The path with the home directory in place of `~` or `~user`; as it is if there is none.

    `os.path.expanduser` raises an error for a user that cannot be: a name with a null
    character, or with half a surrogate pair.
    """
    try:
        return os.path.expanduser(path)
    except ValueError:
        return path
