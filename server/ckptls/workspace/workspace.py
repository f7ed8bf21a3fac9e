"""The one place with state: folders, settings, open documents, known checkpoints."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from ckptls.checkpoint.core.home_path import expanded_home
from ckptls.checkpoint.storage.filesystem import is_remote
from ckptls.source.document import Analysis, Cursor, Document, mentions_tensorflow
from ckptls.source.inventory.restore_request import ProgramFacts
from ckptls.source.semantics.catalogue import Catalogue, builtin_catalogue
from ckptls.source.semantics.module import OutsideCall
from ckptls.source.stdlib.flags import normalize_name
from ckptls.workspace.binding import Binder
from ckptls.workspace.callers import ProjectCalls
from ckptls.workspace.checkpoint_store import CheckpointStore, Entry
from ckptls.workspace.disk import MAX_MODULE_BYTES, Disk
from ckptls.workspace.folder_scan import python_files
from ckptls.workspace.keras_version import FactsReader, KerasFacts, KerasVersion, keras_of
from ckptls.workspace.launch_configs import launches
from ckptls.workspace.modules import ModuleStore, Place
from ckptls.workspace.path_resolution import Lookup, Roots
from ckptls.workspace.program_store import Program, ProgramStore, may_restore
from ckptls.workspace.settings import Settings
from ckptls.workspace.walking import Bounds, fits_glob

# Who types the name of a function asks for another set of names after each key.
_MAX_ASKED = 8
_FOLDERS_ABOVE = 3  # the top of the workspace, from which a program may be run too
Calls = Mapping[str, tuple[OutsideCall, ...]]


class Folder:
    """A workspace folder with its settings and what was found in it.

    known: prefixes of the checkpoints.
    launches: what scripts and configurations give to flags; None if nobody looked yet.
    keras: what tells which Keras it is; None if nobody looked yet.
    calls/wanted: calls of functions of a file from others, by (file, names of functions);
        those that were asked for and are still to be looked for.
    """

    def __init__(self, path: Path, settings: Settings) -> None:
        self.path = path
        self._start = os.path.join(path, "")
        self.settings = settings
        self.known: tuple[str, ...] = ()
        self.launches: Mapping[str, tuple[str, ...]] | None = None
        self.keras: KerasFacts | None = None
        self._keras_reader = FactsReader()
        self.calls: dict[tuple[str, frozenset[str]], Calls] = {}
        self.wanted: dict[tuple[str, frozenset[str]], None] = {}
        self._bounds: Bounds | None = None  # of the look for calls that is under way
        # Works on its own modules: in a server it is asked from a thread.
        self._project = ProjectCalls(self._python_files, ModuleStore(), self.place)

    def holds(self, path: Path) -> bool:
        return self.path == path or str(path).startswith(self._start)

    def place(self) -> Place:
        """How the files of the folder import each other."""
        return place_of(str(self.path), self.settings)

    def _python_files(self) -> list[str]:
        return list(python_files(str(self.path), self.settings.exclude, self._bounds))

    def look_for_launches(self, bounds: Bounds | None = None) -> Mapping[str, tuple[str, ...]]:
        """Reads the scripts and configurations of the folder; may take a while."""
        self.launches = self.read_launches(bounds)
        return self.launches

    def read_launches(self, bounds: Bounds | None = None) -> Mapping[str, tuple[str, ...]]:
        """As `look_for_launches`, but keeps nothing; from any thread."""
        return launches(str(self.path), self.settings.exclude, bounds)

    def look_for_keras(
        self, base: str | None, environment: str | None, bounds: Bounds | None = None
    ) -> KerasFacts:
        """Reads what pins versions of Keras, and what is installed; may take a while."""
        self.keras = self.read_keras(base, environment, bounds)
        return self.keras

    def read_keras(
        self, base: str | None, environment: str | None, bounds: Bounds | None = None
    ) -> KerasFacts:
        """As `look_for_keras`, but keeps nothing; from any thread, one at a time."""
        place = str(self.path), self.settings.exclude
        return self._keras_reader.read(*place, base, environment, bounds)

    def look_for_calls(
        self, path: str, names: frozenset[str], bounds: Bounds | None = None
    ) -> Calls:
        """Reads the files that call functions of the one at `path`, and keeps what they say;
        may take a while."""
        asked, calls, found = (path, names), self.calls, None
        try:
            found = self.read_calls(path, names, bounds)
        finally:
            self.keep_calls(asked, found, calls)
        return found

    def read_calls(self, path: str, names: frozenset[str], bounds: Bounds | None = None) -> Calls:
        """As `look_for_calls`, but keeps nothing; from any thread, one at a time."""
        self._bounds = bounds
        return self._project.find_calls(path, names)

    def keep_calls(
        self,
        asked: tuple[str, frozenset[str]],
        found: Calls | None,
        calls: dict[tuple[str, frozenset[str]], Calls],
    ) -> None:
        """Keeps what `read_calls` found, None where it failed.

        `calls` is the table as it was before: if it was forgotten meanwhile, what was found may
        be outdated, and is still wanted.
        """
        if calls is not self.calls:
            return
        self.wanted.pop(asked, None)
        if found is not None:
            calls[asked] = found
            for older in [each for each in calls if each[0] == asked[0]][:-_MAX_ASKED]:
                del calls[older]

    def rest(self) -> None:
        """Drops what calls were looked for with; not while they are looked for."""
        self._project.rest()

    def forget_calls(self) -> None:
        """Files have changed: calls between them must be searched again."""
        self.wanted.update(dict.fromkeys(self.calls))
        self.calls = {}
        self._project.clear()


def place_of(folder: str | None, settings: Settings) -> Place:
    """What the settings of a folder say to code in it."""
    roots = (expanded_home(root) for root in settings.search_paths)
    return Place(
        folder,
        tuple(os.path.normpath(os.path.join(folder or "", root)) for root in roots),
        {normalize_name(name): value for name, value in settings.flags},
        _catalogue(settings),
    )


@lru_cache(maxsize=8)
def _catalogue(settings: Settings) -> Catalogue:
    """One catalogue for the same settings: what is remembered with it is then kept."""
    catalogue = builtin_catalogue()
    return catalogue.with_entries(settings.functions) if settings.functions else catalogue


class OpenDocument:
    """A document that is being edited or checked; `path` is None for an unsaved one."""

    def __init__(self, path: Path | None, document: Document) -> None:
        self.path = path
        self.document = document


class Workspace:
    """Folders, documents and checkpoints; to be used from one thread.

    `disk` is what modules are read from, by default the file system itself.
    """

    def __init__(self, store: CheckpointStore | None = None, disk: Disk | None = None) -> None:
        self.store = store or CheckpointStore()
        self.folders: list[Folder] = []
        self.documents: dict[str, OpenDocument] = {}
        # Paths given for every document, as `ckptls check --checkpoint` does.
        self.pins: tuple[str, ...] = ()
        # Whether all folders may lead to other machines, whatever their settings say.
        self.is_remote_allowed = False
        # What paths are shown relative to; the document's folder where it is None.
        self.base: str | None = None
        # The Python environment that the user has chosen, or the program in it.
        self.environment: str | None = None
        # Whether an analysis may wait until other files of the project have been read.
        self.is_patient = True
        self.programs = ProgramStore()
        # The keys of the documents whose programs were asked for and must be followed again.
        self.wanted_programs: dict[str, None] = {}
        self._defaults = Settings()
        self._modules = ModuleStore(self._opened_at, self._opened_in, disk)
        self._by_path: dict[str, OpenDocument] = {}

    def add_folder(self, path: Path, settings: Settings) -> Folder:
        """Adds a folder, or replaces the settings of one that is there."""
        for folder in self.folders:
            if folder.path == path:
                folder.settings = settings
                return folder
        folder = Folder(path, settings)
        self.folders.append(folder)
        self.refresh()
        return folder

    def remove_folder(self, path: Path) -> None:
        self.folders = [folder for folder in self.folders if folder.path != path]
        self.refresh()

    def folder_of(self, path: Path | None) -> Folder | None:
        """The innermost folder that holds a path; the only one for an unsaved document."""
        if path is None:
            return self.folders[0] if len(self.folders) == 1 else None
        holding = [folder for folder in self.folders if folder.holds(path)]
        if len(holding) == 1:
            return holding[0]
        return max(holding, key=lambda folder: len(folder.path.parts), default=None)

    def settings_for(self, path: Path | None) -> Settings:
        folder = self.folder_of(path)
        return folder.settings if folder is not None else self._defaults

    def open(self, key: str, path: Path | None, text: str) -> OpenDocument:
        """Takes up a document under a key of the caller's (a URI, a file name)."""
        opened = OpenDocument(path, Document(text))
        self._surround(opened)
        before = self.documents.pop(key, None)  # the order is that in which they were opened last
        if before is not None:
            before.document.close()
        self.documents[key] = opened
        if path is not None:
            self._by_path[str(path)] = opened
            self._modules.note_opened(str(path))
        return opened

    def close(self, key: str) -> None:
        opened = self.documents.pop(key, None)
        if opened is None:
            return
        opened.document.close()
        self.wanted_programs.pop(key, None)
        self.programs.forget(self._program_path(opened))
        if opened.path is None:
            return
        path = str(opened.path)
        if self._by_path.get(path) is opened:
            del self._by_path[path]
        # One file may be open under several addresses that are written differently.
        same = (each for each in self.documents.values() if each.path == opened.path)
        self._by_path.update((path, each) for each in same)

    def refresh(self) -> None:
        """Settings have changed: documents must be analyzed again."""
        self.programs.invalidate()
        for opened in self.documents.values():
            self._surround(opened)

    def is_relevant(self, path: Path, data: bytes) -> bool:
        """Whether a file may have to do with TensorFlow: a search for bytes, there and in
        the files it imports; nothing is parsed."""
        if mentions_tensorflow(data):
            return True
        folder = self.folder_of(path)
        root = str(folder.path) if folder is not None else None
        place = place_of(root, folder.settings if folder is not None else self._defaults)
        if any(word in data for word in place.catalogue.own_words):
            return True
        if path.suffix == ".ipynb":  # its lines are strings of JSON
            data = data.replace(b'"', b"\n").replace(b"\\n", b"\n")
        environment = self._modules.environment(str(path), place)
        return environment.leads_to_tensorflow(data)

    def invalidate_modules(self) -> None:
        """Python files have changed on the disk."""
        self._modules.invalidate()
        self.programs.invalidate()

    def rest_modules(self) -> None:
        """Lets go of what other modules are only read from."""
        self._modules.rest()

    def imports_others(self, opened: OpenDocument) -> bool:
        """Whether what a document means may change with other files of the project; one that is
        so large that it is no module would keep everybody waiting."""
        if opened.path is None or len(opened.document.text) > MAX_MODULE_BYTES:
            return False
        folder = self.folder_of(opened.path)
        root = str(folder.path) if folder is not None else None
        place = place_of(root, self.settings_for(opened.path))
        data = opened.document.source.data
        return self._modules.imports_others(data, str(opened.path), place)

    def _surround(self, opened: OpenDocument) -> None:
        """Gives a document its catalogue and the world around it."""
        folder = self.folder_of(opened.path)
        root = str(folder.path) if folder is not None else None
        place = place_of(root, folder.settings if folder is not None else self._defaults)
        environment = self._modules.environment(self._program_path(opened), place, self._callers)
        opened.document.use(place.catalogue, environment)

    def _opened_at(self, path: str) -> Document | None:
        opened = self._by_path.get(path)
        if opened is None or len(opened.document.text) > MAX_MODULE_BYTES:
            return None  # as on the disk, what is so large is no module
        return opened.document

    def _opened_in(self, directory: str) -> frozenset[str]:
        split = map(os.path.split, self._by_path)
        return frozenset(name for folder, name in split if folder == directory)

    def _callers(self, path: str, names: frozenset[str]) -> Calls:
        folder = self.folder_of(Path(path))
        if folder is None:
            return {}
        known = folder.calls.get((path, names))
        if known is not None:
            return known
        if self.is_patient:
            return folder.look_for_calls(path, names)
        folder.wanted[path, names] = None
        return {}

    def _launches(self, folder: Folder | None) -> Mapping[str, tuple[str, ...]]:
        if folder is None:
            return {}
        if folder.launches is None and self.is_patient:
            return folder.look_for_launches()
        return folder.launches or {}

    def binder(
        self, opened: OpenDocument, analysis: Analysis, lookup: Lookup | None = None
    ) -> Binder:
        """Binds the sites of an analysis of a document.

        `lookup` defaults to what the store has seen: never a disk access.
        """
        folder = self.folder_of(opened.path)
        settings = folder.settings if folder is not None else self._defaults
        return Binder(
            analysis,
            self._roots(opened, folder, settings, analysis),
            lookup or self.store.peek,
            (*self.pins, *_bound_by_settings(opened, folder, settings)),
            folder.known if folder is not None else (),
            self._base(opened, folder),
            lambda library: self._keras(library, opened, folder),
            lambda: self.facts_of(opened),
        )

    # Programs as a whole

    def program_of(self, opened: OpenDocument) -> Program:
        """A document as a program, with the other open documents as they are now."""
        folder = self.folder_of(opened.path)
        settings = folder.settings if folder is not None else self._defaults
        place = place_of(str(folder.path) if folder is not None else None, settings)
        text = opened.document.text
        library = (
            "tensorflow.keras" if "tf.keras" in text or "tensorflow.keras" in text else "keras"
        )
        keras = self._keras(library, opened, folder).major
        texts = {path: each.document.text for path, each in self._by_path.items()}
        return self.programs.make_program(self._program_path(opened), text, texts, place, keras)

    def facts_of(self, opened: OpenDocument) -> ProgramFacts | None:
        """What a document does as a program; None where it restores nothing, or is too large, or
        nobody has followed it yet.

        Follows it at once if this workspace `is_patient`. Else it gives what was known before its
        last edits, and the document is wanted (`wanted_programs`).
        """
        if opened.document.is_too_large or not may_restore(opened.document.text):
            return None
        program = self.program_of(opened)
        if not self.programs.is_fresh(program):
            if self.is_patient:
                facts = program.follow()
                if facts is not None:
                    self.programs.keep(program, facts)
            else:
                keys = [key for key, each in self.documents.items() if each is opened]
                self.wanted_programs.update(dict.fromkeys(keys))
        return self.programs.facts(program)

    def _program_path(self, opened: OpenDocument) -> str:
        if opened.path is not None:
            return str(opened.path)
        folder = self.folder_of(None)
        return os.path.join(str(folder.path) if folder is not None else os.getcwd(), "untitled.py")

    def _keras(self, library: str, opened: OpenDocument, folder: Folder | None) -> KerasVersion:
        settings = folder.settings if folder is not None else self._defaults
        facts = folder.keras if folder is not None else None
        if facts is None and folder is not None and self.is_patient:
            facts = folder.look_for_keras(self.base, self.environment)
        path = str(opened.path) if opened.path is not None else None
        return keras_of(library, settings.keras, opened.document.text, path, facts)

    def _base(self, opened: OpenDocument, folder: Folder | None) -> str:
        if self.base is not None:
            return self.base
        if folder is not None:
            return str(folder.path)
        return str(opened.path.parent) if opened.path is not None else ""

    def _roots(
        self,
        opened: OpenDocument,
        folder: Folder | None,
        settings: Settings,
        analysis: Analysis,
    ) -> Roots:
        directories: list[str] = []
        if opened.path is not None:
            directories.append(str(opened.path.parent))
        base = folder.path if folder is not None else Path.cwd()
        if folder is not None or opened.path is None:
            directories.append(str(base))
        directories += [_placed(root, base) for root in settings.search_paths]
        # Only a path that the code leaves open is looked for in scripts.
        is_open = analysis.leaves_paths_open
        return Roots(
            tuple(dict.fromkeys(directories)),
            self.is_remote_allowed or settings.remote,
            self.pins,
            self._launches(folder) if is_open else {},
            _beyond(opened.path, base) if opened.path is not None else (),
        )

    def forget_forbidden(self) -> None:
        """Drops what was read on other machines, once no folder may ask them any more."""
        if not self.is_remote_allowed and not any(f.settings.remote for f in self.folders):
            self.store.forget_remote()

    def load(self, path: str) -> Entry:
        """What stands at a path; reads it if need be."""
        known = self.store.peek(path)
        return known if known is not None else self.store.load(path)

    def at(self, opened: OpenDocument, offset: int) -> tuple[Cursor, ...]:
        return opened.document.at(offset)


def _beyond(file: Path, base: Path) -> tuple[str, ...]:
    """The folders between a file and the top of the workspace, and a few above that."""
    above = [str(each) for each in file.parent.parents]
    top = above.index(str(base)) if str(base) in above else -1
    return tuple(each for each in above[: top + 1 + _FOLDERS_ABOVE] if each != str(base))


def _bound_by_settings(
    opened: OpenDocument, folder: Folder | None, settings: Settings
) -> tuple[str, ...]:
    if folder is None or opened.path is None or not settings.bindings:
        return ()
    relative = opened.path.relative_to(folder.path).as_posix()
    return tuple(
        _placed(path, folder.path)
        for glob, paths in settings.bindings
        if _fits(relative, glob)
        for path in paths
    )


def _placed(path: str, base: Path) -> str:
    """A path of the settings, relative to their folder; an address stays as it is."""
    return path if is_remote(path) else os.path.normpath(base / expanded_home(path))


def _fits(path: str, glob: str) -> bool:
    """`**/` may also stand for nothing, as in gitignore patterns."""
    return fits_glob(path, glob) or ("**/" in glob and fits_glob(path, glob.replace("**/", "")))
