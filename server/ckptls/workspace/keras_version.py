"""Which Keras a program runs with, 2 or 3, and how that is known.

Known from, in this order: the module that the code imports (`tf_keras` is always Keras 2); the
setting `keras`; `TF_USE_LEGACY_KERAS` in the code, for `tf.keras`; what requirement files, lock
files and `pyproject.toml` pin, the nearest to the file first; what the chosen interpreter has
installed. `import keras` alone proves nothing.

Source: tensorflow/python/util/lazy_loader.py (`KerasLazyLoader`); TensorFlow 2.16 is the first
release that has Keras 3 for `tf.keras`, and needs `keras>=3`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ckptls.workspace.requirements import FOLDER, Pin, pins_in, read_installed
from ckptls.workspace.safe_open import read_start
from ckptls.workspace.walking import Bounds, list_names, walk

# The modules that Keras is imported from: the package itself, TensorFlow's choice of one, and
# what is Keras 2 wherever it runs.
KERAS, OF_TENSORFLOW, LEGACY = "keras", "tensorflow.keras", "tf_keras"
_FIRST_KERAS_3 = {"keras": (3,), "tensorflow": (2, 16)}
_SWITCH = "TF_USE_LEGACY_KERAS"
_SET = re.compile(rf"""{_SWITCH}["']?\s*\]?\s*(?:[=,:]|\s)\s*["']?(\w*)""")
_READ = re.compile(r"""(?:get|getenv|pop)\(\s*["']$""")
_ON, _OFF = frozenset({"1", "true", "True"}), frozenset({"0", "false", "False"})
_MAX_BYTES = 1_000_000
_MAX_FILES = 20_000
# Where programs and those who start them set such switches.
_MAY_SET = (".py", ".ipynb", ".sh", ".bash", ".env", ".yml", ".yaml", ".toml", ".cfg", ".ini")
_MAY_SET_TOO = ("Dockerfile", "Makefile")


@dataclass(frozen=True, slots=True)
class KerasVersion:
    """Which Keras it is.

    Attributes:
        major: 2 or 3; None where it is not known.
        reason: how it is known, or why not; one clause without a full stop.
    """

    major: int | None = None
    reason: str = "no file or setting specifies it"


UNKNOWN = KerasVersion()


@dataclass(frozen=True, slots=True)
class KerasFacts:
    """What a folder and an interpreter tell of versions.

    Attributes:
        root: the folder.
        pins: by the directory that they hold for.
        installed: what the chosen interpreter has.
        switches: the files that mention `TF_USE_LEGACY_KERAS`.
    """

    root: str = ""
    pins: Mapping[str, tuple[Pin, ...]] = field(default_factory=dict)
    installed: tuple[Pin, ...] = ()
    switches: frozenset[str] = frozenset()


class FactsReader:
    """Reads the facts of one folder; a file that did not change is not read again."""

    def __init__(self) -> None:
        self._seen: dict[str, tuple[int, int, bool]] = {}

    def read(
        self,
        folder: str,
        exclude: tuple[str, ...],
        base: str | None,
        environment: str | None,
        bounds: Bounds | None = None,
    ) -> KerasFacts:
        """Look through a folder, and into those above it up to `base`; may take a while.

        `environment` is the directory of the chosen environment or the program in it; without
        one a virtual environment in the folder counts.
        """
        pins: dict[str, tuple[Pin, ...]] = {}
        candidates: list[str] = []
        bounds = bounds if bounds is not None else Bounds()
        for directory, names in walk(folder, exclude, bounds=bounds):
            _add_pins(pins, directory, names)
            for name in names:
                may_set = name.endswith(_MAY_SET) or name.startswith(_MAY_SET_TOO)
                if may_set and len(candidates) < _MAX_FILES:
                    candidates.append(os.path.join(directory, name))
                elif may_set:
                    bounds.note(
                        f"not all files in `{folder}` are searched for `{_SWITCH}`:"
                        " there are too many"
                    )
        for directory in _above(folder, base):
            try:
                _add_pins(pins, directory, list_names(directory))
            except OSError:
                continue
        chosen = environment or _environment_in(folder, base)
        there = read_installed(chosen) if chosen else ()
        # Where nothing else tells a version, the switch in other files does not matter.
        matters = bool(there) or any(pins.values())
        switches = (
            path
            for path in (candidates if matters else ())
            if not bounds.is_stopped() and self._mentions_switch(path)
        )
        return KerasFacts(folder, pins, there, frozenset(switches))

    def _mentions_switch(self, path: str) -> bool:
        try:
            state = os.stat(path)
            known = self._seen.get(path)
            if known is not None and known[:2] == (state.st_mtime_ns, state.st_size):
                return known[2]
            is_there = _SWITCH.encode() in read_start(path, _MAX_BYTES)
        except OSError:
            return False
        self._seen[path] = state.st_mtime_ns, state.st_size, is_there
        return is_there


def chosen_environment(variables: Mapping[str, str]) -> str | None:
    """The environment that a shell has activated: of `venv`, or of conda."""
    return variables.get("VIRTUAL_ENV") or variables.get("CONDA_PREFIX") or None


def keras_of(
    library: str, setting: int | None, text: str, path: str | None, facts: KerasFacts | None
) -> KerasVersion:
    """Which Keras the functions of `library` are of, in a file at `path` with that text.

    `facts` are None where nobody has looked yet.
    """
    if library == LEGACY:
        return KerasVersion(2, "`tf_keras` and `tensorflow.python.keras` are Keras 2")
    if setting is not None:
        return KerasVersion(setting, f"the setting `keras` is {setting}")
    switch = _switch(text) if library == OF_TENSORFLOW else False
    if switch is None:
        return KerasVersion(None, f"the program computes `{_SWITCH}`")
    if switch:
        return KerasVersion(2, f"the code sets `{_SWITCH}`")
    if facts is None:
        return UNKNOWN
    found = _read_pinned_version(library, path, facts)
    if found.major == 3 and library == OF_TENSORFLOW:
        elsewhere = sorted(facts.switches - {path or ""})
        if elsewhere and _SWITCH not in text:
            where = os.path.relpath(elsewhere[0], facts.root)
            return KerasVersion(None, f"`{where}` mentions `{_SWITCH}`")
        if os.environ.get(_SWITCH) in _ON:
            return KerasVersion(None, f"`{_SWITCH}` is set in the environment")
    return found


def _switch(text: str) -> bool | None:
    """Whether the code turns the switch on; None if it may or may not."""
    found: set[bool | None] = set()
    for line in text.splitlines() if _SWITCH in text else ():
        code = line.partition("#")[0]
        if _SWITCH not in code:
            continue
        match = _SET.search(code)
        if match is None or _READ.search(code[: match.start()]):
            found.add(None)
        else:
            found.add(True if match[1] in _ON else False if match[1] in _OFF else None)
    if not found:
        return False
    return found.pop() if len(found) == 1 else None


def _read_pinned_version(library: str, path: str | None, facts: KerasFacts) -> KerasVersion:
    """What the nearest pins say, else the interpreter."""
    directory = os.path.dirname(path) if path else facts.root
    while True:
        found = _decide_version(library, facts.pins.get(directory, ()), facts.root)
        if found is not None:
            return found
        above = os.path.dirname(directory)
        if above == directory:
            break
        directory = above
    return _decide_version(library, facts.installed, facts.root) or UNKNOWN


def _decide_version(library: str, pins: Iterable[Pin], root: str) -> KerasVersion | None:
    """What some pins say; None if they do not decide it."""
    first = ("keras", "tensorflow") if library == KERAS else ("tensorflow", "keras")
    several = tuple(pins)
    for package in first:
        by_major: dict[int, Pin] = {}
        for pin in several:
            sides = pin.sides(_FIRST_KERAS_3[package]) if pin.package == package else frozenset()
            if len(sides) == 1:
                by_major.setdefault(3 if "above" in sides else 2, pin)
        if len(by_major) > 1:
            return KerasVersion(
                None,
                f"{_describe_pin(by_major[2], root)}, but {_describe_pin(by_major[3], root)}",
            )
        for major, pin in by_major.items():
            if major == 3 and library == OF_TENSORFLOW:
                legacy = next((each for each in several if _asks_for_legacy(each)), None)
                if legacy is not None:
                    return KerasVersion(
                        None, f"{_describe_pin(legacy, root)}, which `tf.keras` may be"
                    )
            return KerasVersion(major, _describe_pin(pin, root))
    return None


def _asks_for_legacy(pin: Pin) -> bool:
    """Whether the project itself lists `tf-keras`; other packages need it, too."""
    return pin.package == "tf-keras" and not pin.is_locked


def _describe_pin(pin: Pin, root: str) -> str:
    if pin.is_installed:
        return f"{pin.text} is installed in {pin.file}"
    return f"{os.path.relpath(pin.file, root)} has `{pin.text}`"


def _add_pins(pins: dict[str, tuple[Pin, ...]], directory: str, names: Iterable[str]) -> None:
    found = pins_in(directory, names)
    if found:
        pins[directory] = (*pins.get(directory, ()), *found)
        if os.path.basename(directory) == FOLDER:
            above = os.path.dirname(directory)
            pins[above] = (*pins.get(above, ()), *found)


def _above(folder: str, base: str | None) -> list[str]:
    """The directories above a folder up to `base`, if that is above it."""
    if base is None or not folder.startswith(os.path.join(base, "")):
        return []
    found = []
    while folder != base:
        folder = os.path.dirname(folder)
        found.append(folder)
    return found


def _environment_in(folder: str, base: str | None) -> str | None:
    for directory in (folder, *_above(folder, base)):
        for name in (".venv", "venv"):
            place = os.path.join(directory, name)
            if os.path.isfile(os.path.join(place, "pyvenv.cfg")):
                return place
    return None
