"""What scripts and configurations of the workspace give to flags: weak evidence, but often all.

`--checkpoint_path=ckpts/vgg_16.ckpt` in a shell script, `"args": ["--ckpt", "a.ckpt"]` in a
launch configuration, `fine_tune_checkpoint: "a.ckpt"` in YAML, JSON or protobuf text.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable

from ckptls.workspace.regular import decode_text, read_start
from ckptls.workspace.walking import walk

_SUFFIXES = (".sh", ".bash", ".yaml", ".yml", ".json", ".config", ".cfg", ".ini", ".toml", ".gin")
_NAMES = frozenset({"Makefile", "launch.json", "README.md", "README"})
_MAX_FILE_BYTES = 200_000
_MAX_FILES = 2_000
_MAX_VALUES = 16
_OPTION = re.compile(
    r"""(?<![\w-])--?([A-Za-z][\w.-]*)(?:=|\s+|["']\s*,\s*["']?)(["']?)([^\s"',\\]+)"""
)
_KEY = re.compile(
    r"""^[ \t{,]*["']?([A-Za-z_][\w.-]*)["']?[ \t]*[:=][ \t]*(["']?)([^\s"',#]+)\2""", re.M
)
_SHELL = re.compile(r"""^[ \t]*(?:export[ \t]+)?([A-Za-z_]\w*)=(["']?)([^\s"';]*)\2""", re.M)
_VARIABLE = re.compile(r"\$\{?(\w+)\}?")


def launches(folder: str, exclude: tuple[str, ...] = ()) -> dict[str, tuple[str, ...]]:
    """Values by the name of flag or key, dashes as `_`; relative ones as absolute candidates."""
    found: dict[str, dict[str, None]] = {}
    for path in _files(folder, exclude):
        try:
            text = decode_text(read_start(path, _MAX_FILE_BYTES))
        except OSError:
            continue
        for name, value in _pairs(text, path):
            values = found.setdefault(name, {})
            if len(values) < _MAX_VALUES:
                values.update(dict.fromkeys(_places(value, path, folder)))
    return {name: tuple(values) for name, values in found.items()}


def _files(folder: str, exclude: tuple[str, ...]) -> Iterable[str]:
    count = 0
    for directory, names in walk(folder, exclude):
        for name in sorted(names):
            if name.endswith(_SUFFIXES) or name in _NAMES:
                count += 1
                if count > _MAX_FILES:
                    return
                yield os.path.join(directory, name)


def _pairs(text: str, path: str) -> Iterable[tuple[str, str]]:
    variables = {match[1]: match[3] for match in _SHELL.finditer(text)} if "=" in text else {}
    for match in _OPTION.finditer(text):
        yield match[1].replace("-", "_"), _filled(match[3], variables)
    if not path.endswith((".sh", ".bash", ".md")):
        for match in _KEY.finditer(text):
            yield match[1].replace("-", "_"), match[3]
    for name, value in variables.items():
        yield name, _filled(value, variables)


def _filled(value: str, variables: dict[str, str]) -> str:
    for _ in range(4):
        value = _VARIABLE.sub(lambda match: variables.get(match[1], match[0]), value)
    return value


def _places(value: str, path: str, folder: str) -> Iterable[str]:
    """Where a value may be, if it looks like a path at all."""
    if not _looks_like_path(value):
        return
    value = os.path.expanduser(value)
    for root in (os.path.dirname(path), folder):
        yield os.path.normpath(os.path.join(root, value))


def _looks_like_path(value: str) -> bool:
    if "$" in value or "://" in value or len(value) > 500:
        return False
    return "/" in value or "ckpt" in value or "checkpoint" in value or "model" in value
