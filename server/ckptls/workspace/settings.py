"""Settings: what they are, and reading them from `ckptls.toml` and `pyproject.toml`.

The same names come from an editor under `ckptls.*`. A setting that cannot be used is left
out and reported; the others hold.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from ckptls.source.semantics.catalogue import Entry
from ckptls.workspace.safe_open import read_regular
from ckptls.workspace.toml_text import TomlError, parse_toml
from ckptls.workspace.user_functions import parse_functions

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
# TOML of this size takes the parser some seconds.
MAX_SETTINGS_BYTES = 500_000
# Each path that is looked at is compared with all of them, or looked for below all of them.
MAX_TEXTS = 1_000
MAX_TEXT_CHARS = 50_000
# The files that settings stand in, and the table that holds them; the first one counts.
SETTING_FILES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("ckptls.toml", ()),
    ("pyproject.toml", ("tool", "ckptls")),
)

REMOTE_HAS_NO_EFFECT = (
    "`remote` has no effect in a file of the folder; "
    "use `ckptls check --remote`, or the editor setting"
)


class _UnusableError(ValueError):
    """A value that a setting cannot have; the text says what it must be."""


def parse_settings(data: Mapping[str, Any]) -> tuple[Settings, tuple[str, ...]]:
    """Settings from a table of them, and a sentence for each that cannot be used."""
    values: dict[str, Any] = {}
    problems: list[str] = []
    for key, value in data.items():
        name = _NAMES.get(key)
        if name is None:
            problems.append(f"unknown setting `{key}`; expected one of {', '.join(sorted(_NAMES))}")
        elif name == "functions" and isinstance(value, list | tuple):
            entries, wrong = parse_functions(list(value))
            values[name] = tuple(entries)
            problems += wrong
        elif value is not None:
            try:
                values[name] = _READERS[name](value)
            except _UnusableError as error:
                problems.append(f"setting `{key}` must be {error}")
    return Settings(**values), tuple(problems)


def load_settings(
    folder: Path, shown: Callable[[Path], str] = str
) -> tuple[Settings, tuple[str, ...]]:
    """The settings of a folder: `ckptls.toml`, or `[tool.ckptls]` of `pyproject.toml`.

    The second item has a sentence for each that cannot be used; `shown` says how the file is
    named in it.

    `remote` is not taken from there: the author of the folder could send its readers, and their
    credentials, to any machine.
    """
    for name, keys in SETTING_FILES:
        path = folder / name
        try:
            text = read_settings_text(path)
        except FileNotFoundError:
            continue
        except OSError as error:
            return Settings(), (f"{shown(path)}: cannot be read: {error.strerror or error}",)
        table, problem = read_table(text, keys)
        if problem:
            return Settings(), (f"{shown(path)}: {problem}",)
        if table is not None:
            settings, problems = parse_settings(table)
            if settings.remote:
                settings = replace(settings, remote=False)
                problems += (REMOTE_HAS_NO_EFFECT,)
            return settings, tuple(f"{shown(path)}: {each}" for each in problems)
    return Settings(), ()


def read_settings_text(path: Path) -> str:
    """The text of a file of settings, with its byte order mark if it has one.

    Raises:
        OSError: it cannot be read, is not a regular file, too large or not UTF-8.
    """
    data = read_regular(path, MAX_SETTINGS_BYTES)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        reason = f"it is not UTF-8 (byte {error.start:,})"
        raise OSError(errno.EILSEQ, reason, str(path)) from None


def read_table(text: str, keys: tuple[str, ...]) -> tuple[Mapping[str, Any] | None, str]:
    """The table of settings in a TOML text, None if there is none; or what is wrong with it."""
    if keys and "ckptls" not in text:
        return None, ""
    try:
        table: Any = parse_toml(text)
    except TomlError as error:
        return None, str(error)
    for key in keys:
        table = table.get(key, {}) if isinstance(table, dict) else {}
    if not isinstance(table, dict):
        return None, f"`{'.'.join(keys)}` is not a table"
    return (table if table or not keys else None), ""


def _texts(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        value = [value]
    if not isinstance(value, list | tuple):
        raise _UnusableError(f"a list of strings, not {_type_of(value)}")
    for each in value:
        if not isinstance(each, str):
            raise _UnusableError(f"a list of strings, but it contains {_type_of(each)}")
        if "\0" in each:
            raise _UnusableError("a list of strings without null characters")
    _demand_few(value, "a list of strings")
    return tuple(value)


def _demand_few(texts: Collection[str], what: str) -> None:
    """Raises:
    _UnusableError: there are so many that looking anything up in them would take too long.
    """
    if len(texts) > MAX_TEXTS or sum(map(len, texts)) > MAX_TEXT_CHARS:
        limits = f"at most {MAX_TEXTS:,} of them and {MAX_TEXT_CHARS:,} characters in all"
        raise _UnusableError(f"{what}, with {limits}")


def _bindings(value: Any) -> tuple[tuple[str, tuple[str, ...]], ...]:
    if not isinstance(value, Mapping):
        raise _UnusableError(f"a table of source glob = checkpoint, not {_type_of(value)}")
    try:
        found = tuple((glob, _texts(paths)) for glob, paths in value.items())
    except _UnusableError as error:
        raise _UnusableError(f"a table whose values are each a string or {error}") from None
    texts = [text for glob, paths in found for text in (glob, *paths)]
    _demand_few(texts, "a table of source glob = checkpoint")
    return found


def _pairs(value: Any) -> tuple[tuple[str, str], ...]:
    if not isinstance(value, Mapping):
        raise _UnusableError(f"a table, not {_type_of(value)}")
    try:
        return tuple((key, str(each)) for key, each in value.items())
    except (ValueError, RecursionError):
        raise _UnusableError("a table of values that can be written as strings") from None


def _severities(value: Any) -> tuple[tuple[str, str], ...]:
    pairs = _pairs(value)
    for code, severity in pairs:
        if severity not in SEVERITIES:
            known = ", ".join(SEVERITIES)
            what = f"`{severity}` of `{code}` is not one of {known}"
            raise _UnusableError(f"a table of rule = severity; {what}")
    return pairs


def _functions(value: Any) -> tuple[Entry, ...]:
    raise _UnusableError(f"a list of tables, not {_type_of(value)}")


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise _UnusableError(f"true or false, not {_type_of(value)}")
    return value


def _keras(value: Any) -> int:
    if isinstance(value, bool) or str(value) not in ("2", "3"):
        shown = value if isinstance(value, int) else _type_of(value)
        raise _UnusableError(f"2 or 3, not {shown}")
    return int(value)


def _type_of(value: Any) -> str:
    """What TOML calls a value of that type."""
    for types, name in _TYPES:
        if isinstance(value, types):
            return name
    return "a date or time"


_TYPES: tuple[tuple[type | tuple[type, ...], str], ...] = (
    (bool, "a boolean"),
    (str, "a string"),
    (int, "an integer"),
    (float, "a number"),
    ((list, tuple), "a list"),
    (Mapping, "a table"),
)

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
