"""The settings of the workspace folders: those in their files and those of the editor."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ckptls.lsp.session.op_queue import OpQueue, Start
from ckptls.lsp.session.scheduler import Lane
from ckptls.workspace.settings import Settings, load_settings, parse_settings
from ckptls.workspace.workspace import Workspace

logger = logging.getLogger(__name__)
# How long everything else waits for the settings of a folder that was just added.
_PATIENCE_SECONDS = 2.0
_KNOWN = frozenset(name.replace("_", "-") for name in Settings.__slots__)
_Loaded = tuple[Settings, tuple[str, ...]]


class FolderSettings:
    """Gives the folders of a workspace their settings; belongs to the event loop.

    `lane` reads the files; `changed` is called when a folder may have other settings.
    """

    def __init__(
        self, workspace: Workspace, lane: Lane, start: Start, changed: Callable[[], None]
    ) -> None:
        self._workspace, self._lane, self._changed = workspace, lane, changed
        self._of_editor: Mapping[str, Any] = {}
        self._of_files: dict[Path, Settings] = {}
        self._reading = OpQueue(self._read, start)
        self._deadline = 0.0

    def add_folder(self, path: Path) -> None:
        """Adds a folder, or reads the settings of one again that is there."""
        self._workspace.add_folder(path, self._merge(path))
        if path not in self._of_files:
            self._deadline = asyncio.get_running_loop().time() + _PATIENCE_SECONDS
        self._reading.ask()

    def remove_folder(self, path: Path) -> None:
        self._workspace.remove_folder(path)
        self._of_files.pop(path, None)

    def use_editor(self, data: object) -> None:
        """Takes up the settings of the editor at once; those that it leaves empty do not count.
        Files are read again, for clients that do not watch them."""
        table = data if isinstance(data, Mapping) else {}
        self._of_editor = {
            key: value for key, value in table.items() if value not in (None, [], {}, "")
        }
        for problem in parse_settings(self._table())[1]:
            logger.warning("%s", problem)
        self._apply()
        self._reading.ask()

    async def reload(self) -> None:
        """Reads the files again, which have changed."""
        await self._reading.wait_for_next()

    def option(self, name: str) -> object:
        """A setting that only an editor has."""
        return self._of_editor.get(name)

    async def wait_until_read(self) -> bool:
        """Waits until the files of all folders have been read once, for two seconds at most
        after a folder was added; returns whether it had to wait."""
        has_waited = False
        now = asyncio.get_running_loop().time
        while self._is_unread() and (left := self._deadline - now()) > 0:
            has_waited = True
            await asyncio.wait({self._reading.current()}, timeout=left)
        return has_waited

    def _is_unread(self) -> bool:
        return any(folder.path not in self._of_files for folder in self._workspace.folders)

    async def _read(self) -> None:
        """Reads the files of all folders, each in a job of its own."""
        paths = [folder.path for folder in self._workspace.folders]
        loaded = await asyncio.gather(*(self._lane.run(_load, path) for path in paths))
        kept = {folder.path for folder in self._workspace.folders}
        read = {path: each for path, each in zip(paths, loaded, strict=True) if path in kept}
        for _, problems in read.values():
            for problem in problems:
                logger.warning("%s", problem)
        self._of_files.update({path: settings for path, (settings, _) in read.items()})
        if any(each.settings != self._merge(each.path) for each in self._workspace.folders):
            self._apply()

    def _apply(self) -> None:
        for folder in self._workspace.folders:
            folder.settings = self._merge(folder.path)
        self._workspace.forget_forbidden()
        self._workspace.refresh()
        self._changed()

    def _table(self) -> dict[str, Any]:
        """The settings of the editor that files may have as well."""
        return {key: value for key, value in self._of_editor.items() if key in _KNOWN}

    def _merge(self, path: Path) -> Settings:
        settings, wanted = self._of_files.get(path, Settings()), self._table()
        if not wanted:
            return settings
        given, _ = parse_settings(wanted)
        names = [key.replace("-", "_") for key in wanted]
        return replace(settings, **{name: getattr(given, name) for name in names})


def _load(folder: Path) -> _Loaded:
    """Returns the settings in the files of a folder, whatever is in them; from any thread."""
    try:
        return load_settings(folder)
    except Exception as error:
        logger.exception("the settings of %s", folder)
        return Settings(), (f"{folder}: the settings cannot be read: {type(error).__name__}",)
