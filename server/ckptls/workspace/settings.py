"""Settings: what they are, and reading them from `ckptls.toml` and `pyproject.toml`.

The same names come from an editor under `ckptls.*`. A setting that cannot be used is left
out and reported; the others hold.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from ckptls.source.catalogue import Entry, parse_entries
from ckptls.workspace.regular import regular

SEVERITIES = ("error", "warning", "information", "hint", "off")


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings of one workspace folder.

    checkpoints: globs of checkpoints that are always known.
    exclude: globs of folders and files that are not looked at.
    search_paths: roots against which relative paths are tried.
    bindings: (glob of source files, checkpoint paths) pairs.
    flags: values of command-line flags, by name.
    functions: the user's own catalogue entries.
    select/ignore: codes of rules to run and not to run; an empty `select` runs all.
    severity: severities other than the default, by code.
    remote: whether checkpoints on other machines may be opened; only the user can say so, not a
        file of the folder.
    keras: which Keras the code runs with, 2 or 3; None where its surroundings say.
    """

    checkpoints: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    search_paths: tuple[str, ...] = ()
    bindings: tuple[tuple[str, tuple[str, ...]], ...] = ()
    flags: tuple[tuple[str, str], ...] = ()
    functions: tuple[Entry, ...] = field(default=(), hash=False)
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    severity: tuple[tuple[str, str], ...] = ()
    remote: bool = False
    keras: int | None = None

    def runs(self, code: str) -> bool:
        """Whether the rule of that code is to be run."""
        if code in self.ignore or self.severity_of(code) == "off":
            return False
        return not self.select or code in self.select

    def severity_of(self, code: str) -> str | None:
        """The severity that the user gave a rule."""
        return dict(self.severity).get(code)


_NAMES = {each.name.replace("_", "-"): each.name for each in fields(Settings)}
SETTING_NAMES = tuple(_NAMES)
# The files that settings stand in, and the table that holds them; the first one counts.
SETTING_FILES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("ckptls.toml", ()),
    ("pyproject.toml", ("tool", "ckptls")),
)

REMOTE_HAS_NO_EFFECT = (
    "`remote` has no effect in a file of the folder; "
    "use `ckptls check --remote`, or the setting of the editor"
)


def parse_settings(data: Mapping[str, Any]) -> tuple[Settings, tuple[str, ...]]:
    """Settings from a table of them, and a sentence for each that cannot be used."""
    values: dict[str, Any] = {}
    problems: list[str] = []
    for key, value in data.items():
        name = _NAMES.get(key)
        if name is None:
            problems.append(f"unknown setting `{key}`; known are {', '.join(sorted(_NAMES))}")
            continue
        if value is None:
            continue
        try:
            values[name] = _READERS[name](value)
        except (TypeError, ValueError, KeyError, AttributeError) as error:
            problems.append(f"setting `{key}` cannot be used: {error}")
    return Settings(**values), tuple(problems)


def load_settings(folder: Path) -> tuple[Settings, tuple[str, ...]]:
    """The settings of a folder: `ckptls.toml`, or `[tool.ckptls]` of `pyproject.toml`.

    `remote` is not taken from there: whoever wrote the folder could send its readers, and their
    credentials, to any machine.
    """
    for name, keys in SETTING_FILES:
        path = folder / name
        try:
            with open(path, encoding="utf-8", opener=regular) as file:
                text = file.read()
        except FileNotFoundError:
            continue
        except (OSError, UnicodeDecodeError) as error:
            return Settings(), (f"{path} cannot be read: {error}",)
        table, problem = read_table(text, keys)
        if problem:
            return Settings(), (f"{path}: {problem}",)
        if table is not None:
            settings, problems = parse_settings(table)
            if settings.remote:
                settings = replace(settings, remote=False)
                problems += (REMOTE_HAS_NO_EFFECT,)
            return settings, tuple(f"{path}: {each}" for each in problems)
    return Settings(), ()


def read_table(text: str, keys: tuple[str, ...]) -> tuple[Mapping[str, Any] | None, str]:
    """The table of settings in a TOML text, None if there is none; or what is wrong with it."""
    if keys and "ckptls" not in text:
        return None, ""
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    try:
        table: Any = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        return None, f"is not valid TOML: {error}"
    for key in keys:
        table = table.get(key, {}) if isinstance(table, dict) else {}
    if not isinstance(table, dict):
        return None, f"`{'.'.join(keys)}` is no table"
    return (table if table or not keys else None), ""


def _texts(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    if not isinstance(value, list | tuple) or not all(isinstance(each, str) for each in value):
        raise TypeError("a list of strings is wanted")
    return tuple(value)


def _bindings(value: Any) -> tuple[tuple[str, tuple[str, ...]], ...]:
    if not isinstance(value, Mapping):
        raise TypeError("a table of source glob = checkpoint is wanted")
    return tuple((glob, _texts(paths)) for glob, paths in value.items())


def _pairs(value: Any) -> tuple[tuple[str, str], ...]:
    if not isinstance(value, Mapping):
        raise TypeError("a table is wanted")
    return tuple((key, str(each)) for key, each in value.items())


def _severities(value: Any) -> tuple[tuple[str, str], ...]:
    pairs = _pairs(value)
    for code, severity in pairs:
        if severity not in SEVERITIES:
            raise ValueError(f"`{severity}` of `{code}` is none of {', '.join(SEVERITIES)}")
    return pairs


def _functions(value: Any) -> tuple[Entry, ...]:
    if not isinstance(value, list | tuple):
        raise TypeError("a list of tables is wanted")
    return tuple(parse_entries({"function": list(value)}))


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError("true or false is wanted")
    return value


def _keras(value: Any) -> int:
    if isinstance(value, bool) or str(value) not in ("2", "3"):
        raise ValueError("2 or 3 is wanted")
    return int(value)


_READERS = {
    "checkpoints": _texts,
    "exclude": _texts,
    "search_paths": _texts,
    "bindings": _bindings,
    "flags": _pairs,
    "functions": _functions,
    "select": _texts,
    "ignore": _texts,
    "severity": _severities,
    "remote": _flag,
    "keras": _keras,
}
