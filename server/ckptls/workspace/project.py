"""The files of code that paths on a command line stand for, and the project they belong to."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path

from ckptls.workspace.git_excludes import excluded_everywhere
from ckptls.workspace.gitignore import IgnoreRules
from ckptls.workspace.safe_open import decode_text, read_start, special_kind
from ckptls.workspace.settings import Settings, load_settings
from ckptls.workspace.walking import Bounds, is_excluded, walk

SUFFIXES = (".py", ".ipynb")
_MAX_CHARS = 2_000_000  # of a `.gitignore`
_ROOT_MARKS = ("ckptls.toml", "pyproject.toml", ".git")


def root_of(path: Path) -> Path:
    """The folder whose settings hold for a path: the nearest that looks like a project."""
    start = path if path.is_dir() else path.parent
    for folder in (start, *start.parents):
        if any((folder / mark).exists() for mark in _ROOT_MARKS):
            return folder
    return start


class Projects:
    """The settings of the projects that files belong to, each read once.

    `shown` says how a file is named in a problem.
    """

    def __init__(self, shown: Callable[[Path], str] = str) -> None:
        self._shown = shown
        self._roots: dict[Path, Path] = {}
        self._settings: dict[Path, tuple[Settings, tuple[str, ...]]] = {}

    def root_of(self, path: Path) -> Path:
        """As the function of that name; `path` is a file."""
        folder = path.parent
        if folder not in self._roots:
            self._roots[folder] = root_of(folder)
        return self._roots[folder]

    def settings(self, root: Path) -> Settings:
        """The settings of a project."""
        if root not in self._settings:
            self._settings[root] = load_settings(root, self._shown)
        return self._settings[root][0]

    @property
    def problems(self) -> list[str]:
        """A sentence for each setting that cannot be used."""
        return [each for _, problems in self._settings.values() for each in problems]


@dataclass
class Found:
    """What paths stand for: files in order, each once; and a sentence for each path at which
    there is nothing that can be checked.

    notes: a sentence for each folder that was not looked through wholly.
    """

    files: dict[Path, None] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def find_sources(
    paths: list[str],
    projects: Projects,
    *,
    heeds_gitignore: bool = True,
    excludes_named: bool = False,
) -> Found:
    """The modules and notebooks that paths stand for.

    A file that is named is taken, whatever it is called and whatever excludes it, unless
    `excludes_named` says that the settings go before.
    """
    found = Found()
    for path in paths:
        place = Path(os.path.abspath(path))
        if place.is_dir():
            root = root_of(place)
            exclude = projects.settings(root).exclude
            bounds = Bounds(notes=found.notes)
            files = sources_below(
                place, root, exclude, heeds_gitignore=heeds_gitignore, bounds=bounds
            )
            found.files.update(dict.fromkeys(files))
        elif not place.exists():
            found.refused.append(f"there is no file or folder `{path}`")
        elif kind := special_kind(str(place)):
            found.refused.append(
                f"`{path}` is {kind}, not a regular file; use `-` for standard input"
            )
        elif not (excludes_named and _is_excluded_by_settings(place, projects)):
            found.files[place] = None
    return found


def _is_excluded_by_settings(file: Path, projects: Projects) -> bool:
    root = projects.root_of(file)
    exclude = projects.settings(root).exclude
    relative = file.relative_to(root)
    return any(
        is_excluded(str(each), exclude) for each in (relative, *relative.parents) if each.name
    )


def sources_below(
    folder: Path,
    root: Path,
    exclude: tuple[str, ...] = (),
    *,
    heeds_gitignore: bool = True,
    bounds: Bounds | None = None,
) -> Iterator[Path]:
    """The modules and notebooks below a folder of the project at `root`, in order."""
    bounds = bounds if bounds is not None else Bounds()
    ignores = GitIgnores(folder, bounds.notes) if heeds_gitignore else None
    is_ignored = ignores.ignores_folder if ignores is not None else lambda path: False
    found = walk(str(folder), exclude, root=str(root), is_ignored=is_ignored, bounds=bounds)
    for directory, names in found:
        within = os.path.relpath(directory, root)
        within = "" if within == os.curdir else os.path.join(within, "")
        for name in sorted(names):
            if not name.endswith(SUFFIXES):
                continue
            path = os.path.join(directory, name)
            if is_excluded(within + name, exclude):
                continue
            if ignores is None or not ignores.ignores(path):
                yield Path(path)


class GitIgnores:
    """The `.gitignore` files around and below a folder, read as they are come by.

    Those above count up to the top of the repository, with its `.git/info/exclude` and what git
    leaves out everywhere; they do not if the folder itself is among what they ignore: it was
    asked for by name.
    """

    def __init__(self, folder: Path, notes: list[str] | None = None) -> None:
        """`notes` get a sentence for each folder whose patterns are not all heeded."""
        self._notes = notes if notes is not None else []
        self._specs: dict[str, IgnoreRules | None] = {}
        self._top = self._top_of(folder)
        around = (str(each) for each in (folder, *folder.parents))
        between = takewhile(lambda each: each != self._top, around)
        if any(self.ignores_folder(each) for each in reversed(list(between))):
            self._top = str(folder)

    def ignores_folder(self, path: str) -> bool:
        """Whether git would not look into a folder; those around it are settled."""
        return self.ignores(path + os.sep)

    def ignores(self, path: str) -> bool:
        """Whether a path is ignored; the folders around it are not. The nearest file decides."""
        directory = os.path.dirname(path.rstrip(os.sep))
        while len(directory) >= len(self._top):
            spec = self._spec(directory)
            if spec is not None:
                relative = path[len(directory.rstrip(os.sep)) + 1 :].replace(os.sep, "/")
                verdict = spec.verdict(relative)
                if verdict is not None:
                    return verdict
            parent = os.path.dirname(directory)
            if parent == directory:
                break
            directory = parent
        return False

    def _top_of(self, folder: Path) -> str:
        above = (str(each) for each in (folder, *folder.parents) if (each / ".git").exists())
        return next(above, str(folder))

    def _spec(self, directory: str) -> IgnoreRules | None:
        if directory not in self._specs:
            self._specs[directory] = self._read(directory)
        return self._specs[directory]

    def _read(self, directory: str) -> IgnoreRules | None:
        is_top = directory == self._top and os.path.exists(os.path.join(directory, ".git"))
        lines = excluded_everywhere(directory) if is_top else []
        for name in (os.path.join(".git", "info", "exclude"), ".gitignore"):
            try:
                path = os.path.join(directory, name)
                lines += decode_text(read_start(path, _MAX_CHARS)).split("\n")
            except OSError:
                continue
        if not any(line.strip() and not line.startswith("#") for line in lines):
            return None
        rules = IgnoreRules.from_lines(lines)
        if rules.is_cut:
            self._notes.append(
                f"git has too many ignore patterns in `{directory}`; only the last ones are used"
            )
        return rules
