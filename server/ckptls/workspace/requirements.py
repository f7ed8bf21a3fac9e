"""Versions of packages that a project pins, and those that an interpreter has installed.

Read as data: requirement files, `pyproject.toml`, `Pipfile`, conda's `environment.yml`, the
lock files of uv, Poetry, PDM and Pipenv, `pylock.toml`, and the metadata of installed packages.

Sources: PEP 440 (versions), PEP 508 (requirements), PEP 735 (dependency groups), PEP 751
(`pylock.toml`), and the documentation of Poetry, Pipenv and conda for their constraints.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ckptls.workspace.safe_open import read_regular
from ckptls.workspace.toml_text import TomlError, parse_toml
from ckptls.workspace.walking import list_names

Version = tuple[int, ...]

# Lock files can be large, but a project has few of them.
_MAX_LOCK_BYTES = 8_000_000
_MAX_FILE_BYTES = 1_000_000
_MAX_CONSTRAINT_CHARS = 500  # longer ones do not occur in practice
_TENSORFLOW = {"tensorflow", "tensorflow-gpu", "tensorflow-cpu", "tensorflow-macos"}
_TENSORFLOW |= {"tensorflow-intel", "tensorflow-rocm", "intel-tensorflow"}
# The folder of this name holds requirements for the one that it is in.
FOLDER = "requirements"
_ENDS = (".txt", ".in")
# The packages that matter, by their normalized names, and the name they count as.
PACKAGES = {**dict.fromkeys(_TENSORFLOW, "tensorflow"), "keras": "keras", "tf-keras": "tf-keras"}
_NAME = re.compile(r"([A-Za-z0-9][\w.-]*)\s*(?:\[[^\]]*\])?\s*")
_CLAUSE = re.compile(r"(===|==|~=|>=|<=|!=|>|<|=|\^|~)?\s*v?([\d.*]*\d|\*)(?:[\w.+-]*)")
_PLAIN = re.compile(r"(?=.*requirement)[\w.-]*\.(?:txt|in)|constraints[\w.-]*\.txt")
_CONDA = re.compile(r"environment[\w.-]*\.ya?ml|conda[\w.-]*\.ya?ml")


@dataclass(frozen=True, slots=True)
class Bounds:
    """The versions that a constraint allows: from `low` on, below `high`.

    Attributes:
        low: empty if there is no lower bound.
        high: None if there is no upper bound.
        includes_high: `high` itself, with whatever follows it, is allowed.
    """

    low: Version = ()
    high: Version | None = None
    includes_high: bool = False

    def sides(self, boundary: Version) -> frozenset[str]:
        """On which sides of a version allowed ones lie: `below` it, `above` or at it."""
        found = {"below", "above"}
        if _pad(self.low) >= _pad(boundary):
            found.discard("below")
        if self.high is not None:
            last, limit = _pad(self.high), _pad(boundary)
            if last < limit or (last == limit and not self.includes_high):
                found.discard("above")
        return frozenset(found)


@dataclass(frozen=True, slots=True)
class Pin:
    """A constraint on one package.

    Attributes:
        package: `tensorflow`, `keras` or `tf-keras`.
        text: as it is written, such as `keras>=3`.
        file: the file that it stands in.
        bounds: several are alternatives.
        is_locked: it is from a lock file, which also lists what other packages need.
        is_installed: it is what an environment has; `file` is that environment.
    """

    package: str
    text: str
    file: str
    bounds: tuple[Bounds, ...]
    is_locked: bool = False
    is_installed: bool = False

    def sides(self, boundary: Version) -> frozenset[str]:
        """On which sides of a version allowed ones lie; see `Bounds.sides`."""
        return frozenset().union(*(each.sides(boundary) for each in self.bounds))


def pins_in(directory: str, names: Iterable[str]) -> tuple[Pin, ...]:
    """The pins in the files called `names` of a directory, lock files first."""
    found: list[Pin] = []
    is_folder_of_them = os.path.basename(directory) == FOLDER
    for name in sorted(names):
        read = reader_of(name) or (_plain if is_folder_of_them and name.endswith(_ENDS) else None)
        text = _text(os.path.join(directory, name), name) if read is not None else None
        if read is not None and text is not None:
            found += _pins(read(text), os.path.join(directory, name), name)
    return tuple(sorted(found, key=lambda pin: not pin.is_locked))


def reader_of(name: str) -> Callable[[str], Iterable[tuple[str, str]]] | None:
    """What reads (package, constraint) pairs from the text of a file of that name."""
    if name in _READERS:
        return _READERS[name]
    if name.startswith("pylock.") and name.endswith(".toml"):
        return _pylock
    if _PLAIN.fullmatch(name):
        return _plain
    return _conda if _CONDA.fullmatch(name) else None


def read_installed(interpreter: str) -> tuple[Pin, ...]:
    """The versions that an environment has installed; its metadata is read, nothing is run.

    `interpreter` is the directory of the environment, or the program in it.
    """
    from importlib.metadata import distributions

    places = list(_site_packages(interpreter))
    found = []
    for name, package in PACKAGES.items() if places else ():
        for distribution in distributions(name=name, path=places):
            version = distribution.version
            bounds = constraint(f"=={version}") if version else ()
            if bounds:
                found.append(Pin(package, f"{name} {version}", interpreter, bounds, True, True))
    return tuple(found)


def constraint(text: str) -> tuple[Bounds, ...]:
    """The alternatives of a constraint, such as `>=2.4,<3`; empty if it is not understood."""
    if len(text) > _MAX_CONSTRAINT_CHARS:
        return ()
    found = []
    compact = re.sub(r"([=<>!~^])\s+", r"\1", text.strip())
    for alternative in re.split(r"\|\|?", compact):
        bounds = Bounds()
        for clause in filter(
            None, re.split(r"(?<![,\s])[,\s]+(?=[=<>!~^\d*])", alternative.strip().strip(" ,()"))
        ):
            match = _CLAUSE.match(clause.strip())
            if match is None:
                return ()
            bounds = _narrow(bounds, *_clause(match[1] or "==", match[2]))
        found.append(bounds)
    return tuple(found)


def _clause(operator: str, number: str) -> tuple[Version, Version | None, bool]:
    """(low, high, whether high is included) of one comparison."""
    is_prefix = number.endswith("*")
    version = tuple(int(each) for each in number.split(".") if each.isdigit())
    if not version or operator == "!=":
        return (), None, False
    if operator in ("==", "===", "="):
        is_prefix = is_prefix or operator == "="
        return version, _next(version) if is_prefix else version, not is_prefix
    if operator in (">=", ">"):
        return version, None, False
    if operator in ("<=", "<"):
        return (), version, operator == "<="
    if operator == "~=":
        return version, _next(version[:-1] or version), False
    if operator == "~":
        return version, _next(version[:2]), False
    significant = next((i for i, each in enumerate(version) if each), len(version) - 1)
    return version, _next(version[: significant + 1]), False


def _narrow(bounds: Bounds, low: Version, high: Version | None, includes_high: bool) -> Bounds:
    lowest = max(bounds.low, low, key=_pad)
    if high is None or (bounds.high is not None and _pad(bounds.high) < _pad(high)):
        return Bounds(lowest, bounds.high, bounds.includes_high)
    return Bounds(lowest, high, includes_high)


def _next(version: Version) -> Version:
    return (*version[:-1], version[-1] + 1)


def _pad(version: Version) -> Version:
    return (*version, 0, 0, 0, 0)[:4]


def _pins(pairs: Iterable[tuple[str, str]], path: str, name: str) -> Iterator[Pin]:
    is_locked = name in _LOCKS or name.startswith("pylock.")
    for given, written in pairs:
        package = PACKAGES.get(re.sub(r"[-_.]+", "-", given).lower())
        if package is not None:
            bounds = constraint(written) or (Bounds(),)
            shown = f"{given} {written}" if written[:1].isdigit() else f"{given}{written}"
            yield Pin(package, shown, path, bounds, is_locked)


def _text(path: str, name: str) -> str | None:
    limit = _MAX_LOCK_BYTES if name in _LOCKS else _MAX_FILE_BYTES
    try:
        return read_regular(path, limit).decode("utf-8-sig", "replace")
    except OSError:
        return None


# Readers: from the text of a file to (package, constraint) pairs


def _requirement(line: str) -> tuple[str, str] | None:
    """A requirement as in PEP 508, without its marker."""
    line = re.split(r"\s#|;|\s--", line.strip(), maxsplit=1)[0].strip()
    match = _NAME.match(line)
    if match is None or line.startswith(("#", "-")) or "@" in line:
        return None
    return match[1], line[match.end() :].strip(" ()\\")


def _plain(text: str) -> Iterator[tuple[str, str]]:
    for line in text.splitlines():
        pair = _requirement(line)
        if pair is not None:
            yield pair


def _conda(text: str) -> Iterator[tuple[str, str]]:
    """The items of the lists in a YAML file that are requirements, conda's and pip's."""
    for line in text.splitlines():
        item = re.match(r"""\s*-\s+["']?([^"'#]+)""", line)
        pair = _requirement(item[1].rpartition("::")[2]) if item is not None else None
        if pair is not None:
            # `tensorflow=2.10=build` names a build, too.
            yield pair[0], re.sub(r"^(=?[\d.*]+)=\w+$", r"\1", pair[1])


def _table(text: str) -> Mapping[str, Any]:
    if not any(word in text for word in ("keras", "tensorflow")):
        return {}
    try:
        return parse_toml(text)
    except TomlError:
        return {}


def _within(table: object, *keys: str) -> Any:
    for key in keys:
        table = table.get(key) if isinstance(table, Mapping) else None
    return table


def _pyproject(text: str) -> Iterator[tuple[str, str]]:
    table = _table(text)
    lists = [_within(table, "project", "dependencies")]
    for place in (("project", "optional-dependencies"), ("dependency-groups",)):
        groups = _within(table, *place)
        lists += groups.values() if isinstance(groups, Mapping) else ()
    for several in lists:
        for line in several if isinstance(several, list) else ():
            pair = _requirement(line) if isinstance(line, str) else None
            if pair is not None:
                yield pair
    poetry = _within(table, "tool", "poetry")
    groups = _within(poetry, "group")
    tables = [_within(poetry, "dependencies"), _within(poetry, "dev-dependencies")]
    if isinstance(groups, Mapping):
        tables += [_within(group, "dependencies") for group in groups.values()]
    for each in tables:
        yield from _versions(each)


def _pipfile(text: str) -> Iterator[tuple[str, str]]:
    table = _table(text)
    for name in ("packages", "dev-packages"):
        yield from _versions(_within(table, name))


def _versions(table: object) -> Iterator[tuple[str, str]]:
    """`name = "constraint"`, or a table with a `version`, or several of these."""
    for name, value in table.items() if isinstance(table, Mapping) else ():
        for each in value if isinstance(value, list) else [value]:
            version = _within(each, "version") if isinstance(each, Mapping) else each
            yield name, version if isinstance(version, str) else ""


def _toml_lock(text: str, key: str = "package") -> Iterator[tuple[str, str]]:
    several = _within(_table(text), key)
    for each in several if isinstance(several, list) else ():
        name, version = _within(each, "name"), _within(each, "version")
        if isinstance(name, str) and isinstance(version, str):
            yield name, f"=={version}"


def _pylock(text: str) -> Iterator[tuple[str, str]]:
    return _toml_lock(text, "packages")


def _pipfile_lock(text: str) -> Iterator[tuple[str, str]]:
    try:
        table = json.loads(text)
    except (ValueError, RecursionError):
        return
    for group in ("default", "develop"):
        yield from _versions(_within(table, group))


_LOCKS = frozenset({"uv.lock", "poetry.lock", "pdm.lock", "Pipfile.lock", "pylock.toml"})
_READERS: dict[str, Callable[[str], Iterable[tuple[str, str]]]] = {
    "pyproject.toml": _pyproject,
    "Pipfile": _pipfile,
    "Pipfile.lock": _pipfile_lock,
    "uv.lock": _toml_lock,
    "poetry.lock": _toml_lock,
    "pdm.lock": _toml_lock,
    "pylock.toml": _pylock,
}


def _site_packages(interpreter: str) -> Iterator[str]:
    """Where the packages of an environment are, from its directory or the program in it."""
    root = interpreter
    if not os.path.isdir(root):
        root = os.path.dirname(os.path.dirname(os.path.abspath(interpreter)))
    places = [os.path.join(root, "Lib", "site-packages")]
    for library in ("lib", "lib64"):
        folder = os.path.join(root, library)
        try:
            names = sorted(list_names(folder))
        except OSError:
            continue
        for name in names:
            if re.fullmatch(r"python3(\.\d+)?", name):
                places += [
                    os.path.join(folder, name, n) for n in ("site-packages", "dist-packages")
                ]
    yield from (place for place in places if os.path.isdir(place))
