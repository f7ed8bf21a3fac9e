"""Checking files one by one: what is found in each, as plain data that goes between processes."""

from __future__ import annotations

import os
import traceback
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

from ckptls.cli.checking.fix_loop import AppliedFix, apply_fixes, make_diff
from ckptls.features.code_actions.code_actions import fixes
from ckptls.features.common import formatting
from ckptls.features.common.results import Finding
from ckptls.features.diagnostics.diagnostics import findings
from ckptls.features.paths.unread_checkpoints import explain_unread_checkpoints
from ckptls.source.document import is_too_large
from ckptls.source.text.source_text import SourceText
from ckptls.workspace.folder_scan import known_checkpoints
from ckptls.workspace.keras_version import chosen_environment
from ckptls.workspace.project import Projects
from ckptls.workspace.safe_open import NotRegularError
from ckptls.workspace.settings import Settings
from ckptls.workspace.source_files import (
    SourceError,
    SourceFile,
    read_source,
    source_file,
    write_source,
)
from ckptls.workspace.walking import Bounds
from ckptls.workspace.workspace import Folder, Workspace


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line says about checking.

    fixes: "keep" leaves the files, "show" makes a difference, "write" changes them,
        "return" hands the changed text back.
    """

    pins: tuple[str, ...] = ()
    is_remote_allowed: bool = False
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    fixes: str = "keep"

    def apply_to(self, settings: Settings) -> Settings:
        """The settings of a project under these options; the command line goes before."""
        kept = tuple(each for each in settings.ignore if each not in self.select)
        severity = tuple(
            (code, each)
            for code, each in settings.severity
            if each != "off" or code not in self.select
        )
        return replace(
            settings,
            select=self.select or settings.select,
            ignore=(*kept, *self.ignore),
            severity=severity,
            remote=self.is_remote_allowed,
        )


class Position(NamedTuple):
    """0-based: a line, and in it UTF-16 units and code points."""

    line: int
    character: int
    column: int


class Extent(NamedTuple):
    """A range of positions."""

    start: Position
    end: Position


class Change(NamedTuple):
    """A change of a file that fixes a finding: what it does, where, and the new text there."""

    title: str
    in_file: Extent
    new_text: str


@dataclass(frozen=True, slots=True)
class Found:
    """A finding where it stands.

    path: relative to the working directory, with `/`.
    extent: in the module, or in the cell of a notebook.
    cell: the index of the cell among all; None in a module.
    in_file: the range in the file itself, which in a notebook is a place in JSON.
    changes: ways to mend it, the best first; in a notebook none, for the text would have to
        be written as JSON.
    """

    path: str
    extent: Extent
    cell: int | None
    in_file: Extent
    code: str
    severity: int
    message: str
    suggestions: tuple[str, ...]
    checkpoint: str | None
    is_fixable: bool
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True)
class Checked:
    """What came of one file.

    problem: why it could not be checked, or not be changed.
    passed_over: why nobody looked into it, though it has to do with TensorFlow.
    unseen: checkpoints that it names and that nobody could look into, each with the reason.
    note: what else is to be said of it.
    fixed: what was mended; diff: as a difference; data: the changed file, where asked for.
    """

    path: str
    found: tuple[Found, ...] = ()
    problem: str | None = None
    passed_over: str | None = None
    fixed: tuple[AppliedFix, ...] = ()
    diff: str = ""
    data: bytes | None = None
    unseen: tuple[tuple[str, str], ...] = ()
    note: str | None = None


@dataclass
class Checker:
    """Checks files in one process."""

    options: Options
    projects: Projects = field(default_factory=lambda: Projects(display_path))

    def __post_init__(self) -> None:
        self.workspace = Workspace()
        self.workspace.base = os.getcwd()
        self.workspace.environment = chosen_environment(os.environ)
        self.workspace.pins = self.options.pins
        self.workspace.is_remote_allowed = self.options.is_remote_allowed
        self._scanned: set[Path] = set()
        # Of the file that was looked at last.
        self._unseen: tuple[tuple[str, str], ...] = ()
        self._cut = ""
        # A sentence for each folder that was not looked through wholly.
        self.notes: list[str] = []

    def check(self, file: Path, data: bytes | None = None) -> Checked:
        """What is found in a file, with `data` in place of what is on the disk.

        Nothing that goes wrong with one file keeps others from being checked.
        """
        try:
            return self._check_file(file, data)
        except SourceError as error:
            return Checked(display_path(file), problem=f"`{display_path(file)}` {error}")
        except NotRegularError as error:
            text = f"`{display_path(file)}` is skipped: it is {error.kind}, not a regular file"
            return Checked(display_path(file), passed_over=text)
        except OSError as error:
            reason = error.strerror or str(error)
            return Checked(
                display_path(file), problem=f"`{display_path(file)}` cannot be read: {reason}"
            )
        except Exception as error:  # noqa: BLE001 - an error of ours: said, and on to the next
            last = traceback.extract_tb(error.__traceback__)[-1]
            place = f"{os.path.basename(last.filename)}:{last.lineno}"
            text = f"internal error: {type(error).__name__}: {error} ({place})"
            return Checked(
                display_path(file), problem=f"`{display_path(file)}` could not be checked: {text}"
            )

    def _check_file(self, file: Path, data: bytes | None) -> Checked:
        data, is_whole = read_source(file) if data is None else (data, True)
        self._folder(file)
        if not self.workspace.is_relevant(file, data):
            return Checked(
                display_path(file), data=data if self.options.fixes == "return" else None
            )
        if not is_whole:
            text = f"`{display_path(file)}` is skipped: it has more than {len(data):,} bytes"
            return Checked(display_path(file), passed_over=text)
        source = source_file(file, data)
        if is_too_large(source.program):
            text = f"`{display_path(file)}` is skipped: it has more than 2 MB of code"
            kept = data if self.options.fixes == "return" else None
            return Checked(display_path(file), passed_over=text, data=kept)
        if self.options.fixes == "keep":
            kept_found = self._locate_findings(source, self.findings(source))
            return Checked(
                display_path(file), kept_found, unseen=self._unseen, note=self._note(file)
            )
        changed, done = apply_fixes(source, self.findings)
        problem, diff = None, ""
        if done and self.options.fixes == "show":
            diff, changed = make_diff(source, changed, display_path(file)), source
        elif done and self.options.fixes == "write":
            try:
                write_source(source, changed, self.projects.root_of(source.path))
            except SourceError as error:
                problem, changed, done = f"`{display_path(file)}` {error}", source, []
        found = self._locate_findings(changed, self.findings(changed))
        returned = changed.data if self.options.fixes == "return" else None
        result = display_path(file), found, problem, None, tuple(done), diff, returned
        return Checked(*result, unseen=self._unseen, note=self._note(file))

    def _note(self, file: Path) -> str | None:
        """What is to be said of the file whose findings were last asked for."""
        return f"`{display_path(file)}`: {self._cut}" if self._cut else None

    def findings(self, source: SourceFile) -> list[Finding]:
        """The findings in the program of a file."""
        folder = self._folder(source.path)
        self._scan(folder)
        opened = self.workspace.open(str(source.path), source.path, source.program)
        try:
            binder = self.workspace.binder(opened, opened.document.analysis(), self.workspace.load)
            found = findings(binder, folder.settings)
            self._unseen = tuple(explain_unread_checkpoints(binder).items())
            self._cut = formatting.cut(binder.analysis)
            return found
        finally:
            self.workspace.close(str(source.path))

    def _folder(self, file: Path) -> Folder:
        root = self.projects.root_of(file)
        for folder in self.workspace.folders:
            if folder.path == root:
                return folder
        return self.workspace.add_folder(root, self.options.apply_to(self.projects.settings(root)))

    def _scan(self, folder: Folder) -> None:
        if folder.path not in self._scanned:
            self._scanned.add(folder.path)
            bounds = Bounds(notes=self.notes)
            folder.known = known_checkpoints(str(folder.path), folder.settings, bounds)

    def list_known_checkpoints(self, files: Iterable[Path]) -> dict[Path, tuple[str, ...]]:
        """The checkpoints in the projects of files, for other processes to start with."""
        for file in files:
            self._scan(self._folder(file))
        return {folder.path: folder.known for folder in self.workspace.folders}

    def add_known_checkpoints(self, known: dict[Path, tuple[str, ...]]) -> None:
        """Add what `list_known_checkpoints` returned in another process."""
        for root, checkpoints in known.items():
            folder = self.workspace.add_folder(
                root, self.options.apply_to(self.projects.settings(root))
            )
            folder.known = checkpoints
            self._scanned.add(root)

    def _locate_findings(self, source: SourceFile, several: list[Finding]) -> tuple[Found, ...]:
        if not several:
            return ()
        places = Places(source)
        return tuple(
            found for each in several if (found := places.locate_finding(each)) is not None
        )


class Places:
    """Where findings stand in a file."""

    def __init__(self, source: SourceFile) -> None:
        self._source = source
        self._file = SourceText(source.text)
        self._path = display_path(source.path)

    def locate_finding(self, finding: Finding) -> Found | None:
        """A finding with its places; None if it is about no text of the file."""
        start, end = finding.span
        cell = None
        notebook = self._source.notebook
        if notebook is None:
            extent = in_file = _extent(self._file, start, end)
        else:
            place = notebook.place(start)
            if place is None:
                return None
            within, first = place
            cell, last = within.index, min(first + end - start, len(within.source))
            extent = _extent(SourceText(within.source), first, last)
            json_file = self._source.notebook_file
            in_file = _extent(
                self._file, json_file.raw_offset(cell, first), json_file.raw_offset(cell, last)
            )
        mending = list(fixes([finding]))
        changes = (
            Change(fix.title, _extent(self._file, *fix.span), fix.new_text)
            for fix in mending
            if notebook is None
        )
        return Found(
            self._path,
            extent,
            cell,
            in_file,
            finding.code,
            int(finding.severity),
            finding.message,
            finding.suggestions,
            finding.checkpoint,
            any(fix.is_preferred for fix in mending),
            tuple(changes),
        )


def _extent(source: SourceText, start: int, end: int) -> Extent:
    return Extent(_position(source, start), _position(source, end))


def _position(source: SourceText, offset: int) -> Position:
    line = source.line_of(offset)
    before = source.text[source.line_starts[line] : offset]
    units = len(before.encode("utf-16-le", "surrogatepass")) // 2
    return Position(line, units, len(before))


def display_path(file: Path) -> str:
    """Return a path for messages: relative to the working directory, with `/`."""
    try:
        return Path(os.path.relpath(file)).as_posix()
    except ValueError:  # another drive
        return file.as_posix()


def count_fixable(found: Iterable[Found]) -> int:
    """Count the findings that `--fix` would fix."""
    return sum(each.is_fixable for each in found)
