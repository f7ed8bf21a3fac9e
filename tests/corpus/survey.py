"""What the analysis understands of one repository: sites, bindings, names, findings.

A *site* here is an argument that a function of the catalogue takes as a path or a name,
whether or not reading the code tells what it is: the analysis itself keeps only those whose
text it knows, so the arguments are counted where it meets them.
"""

from __future__ import annotations

import ast
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ckptls.cli.checking.file_checker import Checker, Options
from ckptls.features.diagnostics.diagnostics import findings
from ckptls.source.document import Analysis, Document
from ckptls.source.interpreter import calls, catalogue_calls
from ckptls.source.semantics.catalogue import Roles
from ckptls.source.semantics.pattern_text import Text
from ckptls.source.semantics.site_emitter import Emitter
from ckptls.source.semantics.sites import Evidence, PathForm, PathUse, Place, Role
from ckptls.source.semantics.values import GraphVariable, Mapping, ScopeValue, Values
from ckptls.source.semantics.values import Sequence as Items
from ckptls.workspace.binding import Binder
from ckptls.workspace.project import Projects, find_sources
from ckptls.workspace.source_files import SourceError, SourceFile, source_file
from ckptls.workspace.workspace import Workspace

# Of processor time: what else the machine has to do is no hang.
SECONDS_FOR_A_FILE = 60
# What a function makes or selects of the model has no checkpoint of its own: it has the
# one that the file restores from.
_MODEL = {Role.GRAPH_SCOPE, Role.GRAPH_VARIABLE, Role.PATTERN, Role.LAYER, Role.TENSOR}
_WRITTEN = {PathForm.OUTPUT}


class TooSlowError(Exception):
    """A file took longer than the limit."""


@dataclass
class Asked:
    """One argument that takes a path or names, as all runs of its code have met it.

    name: "literal", "template" or "unknown".
    path: as `name`, of the path that it is a name for; None where the call has none.
    """

    function: str
    parameter: str
    roles: tuple[Role, ...]
    place: Place
    is_definition: bool
    is_read: bool
    name: str = "unknown"
    path: str | None = None
    uses: dict[PathUse, None] = field(default_factory=dict)

    @property
    def role(self) -> Role:
        return self.roles[0]


_RANK = {"unknown": 0, "template": 1, "literal": 2}


def _better(one: str | None, other: str | None) -> str | None:
    return max(one, other, key=lambda each: -1 if each is None else _RANK[each])


@contextmanager
def observed() -> Iterator[dict[tuple[Any, ...], Asked]]:
    """The arguments that the analysis meets while the block runs."""
    met: dict[tuple[Any, ...], Asked] = {}
    # Other modules that are being run for what they export, or whom they call.
    elsewhere: list[Document] = []

    def aside(method: Callable[..., Any]) -> Callable[..., Any]:
        def run(document: Document, *arguments: Any) -> Any:
            elsewhere.append(document)
            try:
                return method(document, *arguments)
            finally:
                elsewhere.pop()

        return run

    class Observer(Emitter):
        def emit(
            self,
            values: Values,
            roles: Roles,
            parameter: str,
            paths: tuple[PathUse, ...] | None = None,
        ) -> None:
            super().emit(values, roles, parameter, paths)
            if not self._counts(values, parameter):
                return
            told = _told(values, roles)
            wanted = roles.itself or roles.items or roles.keys or roles.values
            key = (self._place.chunk, self._place.start, self._entry.name, parameter)
            form = self._entry.form_of(parameter) if Role.PATH in wanted else None
            asked = met.setdefault(
                key,
                Asked(
                    self._entry.name,
                    parameter,
                    wanted,
                    self._place,
                    self._entry.effect in ("define", "scope", "layer"),
                    form not in _WRITTEN,
                ),
            )
            uses = self._paths if paths is None else paths
            asked.name = _better(asked.name, told) or "unknown"
            if Role.PATH in wanted:
                asked.name = _better(asked.name, _path_told(uses)) or "unknown"
            elif uses:
                asked.path = _better(asked.path, _path_told(uses))
            asked.uses.update(dict.fromkeys(uses))

        def _counts(self, values: Values, parameter: str) -> bool:
            """Whether the argument asks for names at all, as far as one can tell."""
            name = self._entry.name
            if elsewhere or name == "run" or (name, parameter) == ("restore", "var_list"):
                # It stands in another module, takes no names as a rule, or is the saver's.
                return False
            if name.endswith(".Saver"):
                return any(isinstance(value, Mapping) for value in values)
            return self._is_certain

    replaced = [(module, "Emitter", Observer) for module in (calls, catalogue_calls)]
    replaced += [(Document, name, aside(getattr(Document, name))) for name in _ASIDE]
    originals = [(owner, name, getattr(owner, name)) for owner, name, _ in replaced]
    try:
        for owner, name, value in replaced:
            setattr(owner, name, value)
        yield met
    finally:
        for owner, name, value in originals:
            setattr(owner, name, value)


_ASIDE = ("exports", "outgoing")


def _path_told(uses: Sequence[PathUse]) -> str:
    """How much of a path is known; the value of a flag is what a script may say."""
    if any(use.text.literal for use in uses):
        return "literal"
    is_part_known = any(_has_letters(use.text) or use.flag for use in uses)
    return "template" if is_part_known else "unknown"


def _told(values: Values, roles: Roles) -> str:
    """How much of the names in an argument is known."""
    told = [_text_told(each) for value in values for each in _names(value, roles)]
    return max(told, key=_RANK.__getitem__, default="unknown")


def _names(value: object, roles: Roles) -> Iterator[object]:
    if isinstance(value, Mapping):
        for key, assigned in value.entries:
            yield from key if roles.keys else assigned
    elif isinstance(value, Items):
        for items in value.items:
            for item in items:
                if isinstance(item, Items) and roles.keys:
                    yield from item.items[0] if item.items else ()
                else:
                    yield item
    else:
        yield value


def _text_told(value: object) -> str:
    if isinstance(value, GraphVariable | ScopeValue):
        if not value.name.parts:
            return "literal"
        value = value.name
    if not isinstance(value, Text):
        return "unknown"
    if value.literal is not None:
        return "literal"
    return "template" if _has_letters(value) else "unknown"


def _has_letters(value: Text) -> bool:
    return any(char.isalnum() for char in value.template.replace("{}", ""))


# One repository


@dataclass(frozen=True, slots=True)
class SiteRow:
    """A site of the survey.

    is_bound: a path that the code gives for it is known, as text or pattern.
    is_there: a checkpoint stands there.
    """

    file: str
    line: int
    role: str
    function: str
    parameter: str
    kind: str
    name: str
    is_bound: bool
    is_there: bool
    reason: str


@dataclass(frozen=True, slots=True)
class FindingRow:
    """A finding as it is told."""

    file: str
    line: int
    code: str
    message: str
    checkpoint: str | None
    source: str


@dataclass
class Survey:
    """What came of one repository."""

    repository: str
    files: int = 0
    relevant: int = 0
    seconds: float = 0.0
    slowest: str = ""
    slowest_seconds: float = 0.0
    problems: list[str] = field(default_factory=list)
    crashes: list[str] = field(default_factory=list)
    hangs: list[str] = field(default_factory=list)
    sites: list[SiteRow] = field(default_factory=list)
    findings: list[FindingRow] = field(default_factory=list)

    def shares(self) -> dict[str, tuple[int, int]]:
        """Counts by what is asked for: how many of how many."""
        paths = [row for row in self.sites if row.kind == "path"]
        read = [row for row in self.sites if row.kind == "name"]
        made = [row for row in self.sites if row.kind == "model"]
        return {
            "path known": (sum(row.name != "unknown" for row in paths), len(paths)),
            "path literal": (sum(row.name == "literal" for row in paths), len(paths)),
            "path there": (sum(row.is_there for row in paths), len(paths)),
            "read bound": (sum(row.is_bound for row in read), len(read)),
            "read named": (sum(row.name != "unknown" for row in read), len(read)),
            "read there": (sum(row.is_there for row in read), len(read)),
            "model bound": (sum(row.is_bound for row in made), len(made)),
            "model named": (sum(row.name != "unknown" for row in made), len(made)),
            "model there": (sum(row.is_there for row in made), len(made)),
        }


def survey(repository: Path, pins: Sequence[str] = (), seconds: int = SECONDS_FOR_A_FILE) -> Survey:
    """Analyses every file of a repository, with `pins` as `check --checkpoint` takes them."""
    done = Survey(repository.name)
    checker, workspace = rooted_checker(repository, pins)
    settings = workspace.folders[0].settings
    for file in find_sources([str(repository)], checker.projects).files:
        done.files += 1
        started = time.process_time()
        name = file.relative_to(repository).as_posix()
        try:
            with _limited(seconds):
                data = file.read_bytes()
                if workspace.is_relevant(file, data):
                    done.relevant += 1
                    _one(workspace, settings, source_file(file, data), name, done)
        except TooSlowError:
            done.hangs.append(name)
        except (SourceError, OSError) as error:
            done.problems.append(f"{name}: {error}")
        except Exception as error:  # noqa: BLE001 - it is what this looks for
            done.crashes.append(f"{name}: {type(error).__name__}: {error}")
        took = time.process_time() - started
        done.seconds += took
        if took > done.slowest_seconds:
            done.slowest, done.slowest_seconds = name, took
    return done


def rooted_checker(repository: Path, pins: Sequence[str] = ()) -> tuple[Checker, Workspace]:
    """A checker whose root is the folder itself, whether or not it has the marks of one."""
    checker = Checker(Options(tuple(pins)), _Rooted(repository))
    checker.list_known_checkpoints([repository / "any.py"])
    return checker, checker.workspace


class _Rooted(Projects):
    def __init__(self, root: Path) -> None:
        super().__init__()
        self._root = root

    def root_of(self, path: Path) -> Path:
        return self._root


@contextmanager
def _limited(seconds: int) -> Iterator[None]:
    """Raises TooSlowError in the block after so long; where timers are not known, never."""
    if not hasattr(signal, "SIGPROF"):
        yield
        return

    def ring(number: int, frame: object) -> None:
        raise TooSlowError

    before = signal.signal(signal.SIGPROF, ring)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def _one(workspace: Workspace, settings: Any, source: SourceFile, name: str, done: Survey) -> None:
    key = str(source.path)
    with observed() as met:
        opened = workspace.open(key, source.path, source.program)
        try:
            analysis = opened.document.analysis()
            binder = workspace.binder(opened, analysis, workspace.load)
            told = findings(binder, settings)
        finally:
            workspace.close(key)
    done.sites += _rows(met, analysis, binder, name)
    lines = source.program.splitlines()
    for each in told:
        line = analysis.source.line_of(each.span.start)
        text = lines[line].strip() if line < len(lines) else ""
        done.findings.append(
            FindingRow(name, line + 1, each.code, each.message, each.checkpoint, text)
        )


def _rows(
    met: dict[tuple[Any, ...], Asked], analysis: Analysis, binder: Binder, name: str
) -> Iterator[SiteRow]:
    restored = [use for restore in analysis.restores for use in restore.paths]
    file_path = _path_told(restored)
    is_file_there = bool(binder.resolve(tuple(dict.fromkeys(restored))).checkpoints)
    for asked in met.values():
        kind = _kind(asked)
        if kind is None:
            continue
        path = asked.path
        resolution = binder.resolve(tuple(asked.uses))
        is_there = bool(resolution.checkpoints) and resolution.evidence >= Evidence.FILE
        if path is None and (kind == "model" or asked.function.endswith(".Saver")):
            path, is_there = file_path, is_file_there
        is_bound = (asked.name if kind == "path" else path or "unknown") != "unknown"
        span = asked.place.span
        yield SiteRow(
            name,
            analysis.source.line_of(span.start) + 1,
            asked.role.value,
            asked.function,
            asked.parameter,
            kind,
            asked.name,
            is_bound,
            is_there,
            _reason(asked, analysis.source.text[span.start : span.end], kind),
        )


def _kind(asked: Asked) -> str | None:
    if asked.role is Role.PATH:
        return "path" if asked.is_read else None
    return "model" if asked.role in _MODEL else "name"


# Why nothing is known


def _reason(asked: Asked, written: str, kind: str) -> str:
    """What the argument is in the code, where its text is not known."""
    if asked.name != "unknown":
        return ""
    try:
        node = ast.parse(written.strip(), mode="eval").body
    except (SyntaxError, ValueError):
        return "not parsed"
    if not isinstance(node, ast.Call):
        return f"{type(node).__name__} {_shape(node)}"
    given = _argument(node, asked)
    return _shape(given) if given is not None else "not an argument here"


def _argument(node: ast.Call, asked: Asked) -> ast.expr | None:
    from ckptls.source.semantics.catalogue import builtin_catalogue

    for keyword in node.keywords:
        if keyword.arg is not None and keyword.arg in asked.parameter.split("|"):
            return keyword.value
    catalogue = builtin_catalogue()
    entry = catalogue.function(asked.function)
    entries = (entry,) if entry is not None else catalogue.methods(asked.function)
    entries = entries or tuple(
        each
        for (_, name), each in catalogue._methods.items()
        if name == asked.function.rpartition(".")[2]
    )
    for each in entries:
        for index, names in enumerate(each.parameters):
            if asked.parameter in names and index < len(node.args):
                return node.args[index]
    return node.args[0] if node.args else None


def _shape(node: ast.expr) -> str:
    if isinstance(node, ast.Name):
        return f"name `{node.id}`"
    if isinstance(node, ast.Attribute):
        base = "self" if isinstance(node.value, ast.Name) and node.value.id == "self" else "…"
        return f"attribute `{base}.{node.attr}`"
    if isinstance(node, ast.Call):
        return f"call `{ast.unparse(node.func)[-40:]}(…)`"
    if isinstance(node, ast.Subscript):
        return f"subscript `{ast.unparse(node)[-40:]}`"
    if isinstance(node, ast.Constant):
        return f"constant {str(node.value)[:20]!r}"
    return type(node).__name__


def counted(rows: Sequence[SiteRow]) -> Counter[str]:
    """How many sites there are by role."""
    return Counter(row.role for row in rows)
