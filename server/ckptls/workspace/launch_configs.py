"""What scripts and configurations of the workspace give to flags: weak evidence, but often all.

`--checkpoint_path=ckpts/vgg_16.ckpt` in a shell script, `"args": ["--ckpt", "a.ckpt"]` in a
launch configuration, `fine_tune_checkpoint: "a.ckpt"` in YAML, JSON or protobuf text.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable

from ckptls.checkpoint.core.home_path import expanded_home
from ckptls.workspace.safe_open import decode_text, read_start
from ckptls.workspace.walking import Bounds, walk

_SUFFIXES = (".sh", ".bash", ".yaml", ".yml", ".json", ".config", ".cfg", ".ini", ".toml", ".gin")
_NAMES = frozenset({"Makefile", "launch.json", "README.md", "README"})
_MAX_FILE_BYTES = 200_000
_MAX_FILES = 2_000
_MAX_VALUES = 16
_MAX_VALUE_CHARS = 500
# For all files together: this is weak evidence, which is not worth a long wait.
_MAX_BYTES = 20_000_000
_MAX_OPTIONS = 20_000
_OPTION = re.compile(
    r"""(?<![\w-])--?([A-Za-z][\w.-]{0,99})(?:=|\s+|["']\s*,\s*["']?)(["']?)([^\s"',\\]+)"""
)
_KEY = re.compile(
    r"""^[ \t{,]*["']?([A-Za-z_][\w.-]*)["']?[ \t]*[:=][ \t]*(["']?)([^\s"',#]+)\2""", re.M
)
_SHELL = re.compile(r"""^[ \t]*(?:export[ \t]+)?([A-Za-z_]\w*)=(["']?)([^\s"';]*)\2""", re.M)
_VARIABLE = re.compile(r"\$\{?(\w+)\}?")


def launches(
    folder: str, exclude: tuple[str, ...] = (), bounds: Bounds | None = None
) -> dict[str, tuple[str, ...]]:
    """Values by the name of flag or key, dashes as `_`; relative ones as absolute candidates.

    Of 2,000 files and 20 MB at most; what is left out is noted in `bounds`.
    """
    bounds = bounds if bounds is not None else Bounds()
    found: dict[str, dict[str, None]] = {}
    bytes_left = _MAX_BYTES
    for path in _files(folder, exclude, bounds):
        try:
            data = read_start(path, min(_MAX_FILE_BYTES, bytes_left))
        except OSError:
            continue
        bytes_left -= len(data)
        if bytes_left <= 0:
            _note_rest(bounds, folder)
            break
        for name, value in _pairs(decode_text(data), path):
            if len(found) >= _MAX_OPTIONS and name not in found:
                continue
            values = found.setdefault(name, {})
            if len(values) < _MAX_VALUES:
                values.update(dict.fromkeys(_places(value, path, folder)))
    return {name: tuple(values) for name, values in found.items()}


def _note_rest(bounds: Bounds, folder: str) -> None:
    bounds.note(
        f"not all scripts and configurations in `{folder}` are searched for flags:"
        " there are too many"
    )


def _files(folder: str, exclude: tuple[str, ...], bounds: Bounds) -> Iterable[str]:
    count = 0
    for directory, names in walk(folder, exclude, bounds=bounds):
        for name in sorted(names):
            if name.endswith(_SUFFIXES) or name in _NAMES:
                count += 1
                if count > _MAX_FILES:
                    _note_rest(bounds, folder)
                    return
                yield os.path.join(directory, name)


def _pairs(text: str, path: str) -> Iterable[tuple[str, str]]:
    assigned = _SHELL.finditer(text) if "=" in text else ()
    variables = {m[1]: m[3] for m in assigned if len(m[3]) <= _MAX_VALUE_CHARS}
    for match in _OPTION.finditer(text):
        yield match[1].replace("-", "_"), _filled(match[3], variables)
    if not path.endswith((".sh", ".bash", ".md")):
        for match in _KEY.finditer(text):
            yield match[1].replace("-", "_"), match[3]
    for name, value in variables.items():
        yield name, _filled(value, variables)


def _filled(value: str, variables: dict[str, str]) -> str:
    """A value with what its variables hold; one that gets too long for a path keeps a `$`."""
    if len(value) > _MAX_VALUE_CHARS:
        return value
    for _ in range(4):
        if "$" not in value:
            break
        room = _MAX_VALUE_CHARS - len(value)

        def held(match: re.Match[str]) -> str:
            nonlocal room
            text = variables.get(match[1], match[0])
            room -= len(text) - len(match[0])
            return text if room >= 0 else match[0]

        filled = _VARIABLE.sub(held, value)
        if filled == value:
            break
        value = filled
    return value


def _places(value: str, path: str, folder: str) -> Iterable[str]:
    """Where a value may be, if it looks like a path at all."""
    if not _looks_like_path(value):
        return
    value = expanded_home(value)
    for root in (os.path.dirname(path), folder):
        yield os.path.normpath(os.path.join(root, value))


def _looks_like_path(value: str) -> bool:
    if "$" in value or "://" in value or len(value) > _MAX_VALUE_CHARS:
        return False
    return "/" in value or "ckpt" in value or "checkpoint" in value or "model" in value
