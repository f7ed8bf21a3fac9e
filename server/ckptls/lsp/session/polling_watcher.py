"""Polls the files of the folders for clients that cannot watch them."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Callable, Iterable

from ckptls.lsp.session.session import Session
from ckptls.workspace.walking import Bounds, walk

logger = logging.getLogger(__name__)

_PAUSE_SECONDS = 2.0
# Looking takes no more than this share of the time.
_SHARE = 0.05
_SETTINGS = ("ckptls.toml", "pyproject.toml")
_Stamps = dict[str, tuple[int, int]]


async def watch(session: Session) -> None:
    """Reports modules and settings that were created, changed or deleted to the session, and has
    it scan for checkpoints; until the connection ends."""
    before: _Stamps | None = None
    await session.settings.wait_until_read()
    while True:
        started = time.monotonic()
        try:
            before = await _watch_once(session, before)
        except Exception:
            logger.exception("checking for changed files failed")
        taken = time.monotonic() - started
        await asyncio.sleep(max(_PAUSE_SECONDS, taken / _SHARE))


async def _watch_once(session: Session, before: _Stamps | None) -> _Stamps:
    folders = [(str(each.path), each.settings.exclude) for each in session.workspace.folders]
    now = await session.scheduler.folders.run(_stamps, folders, lambda: session.is_closing)
    if before is None:
        # What was written since may have been read already.
        before = {path: stamp for path, stamp in now.items() if stamp[0] < session.started_ns}
    else:
        await session.scan()
    changed = [path for path in {*before, *now} if before.get(path) != now.get(path)]
    if changed:
        await session.files_changed(changed)
    return now


def _stamps(
    folders: Iterable[tuple[str, tuple[str, ...]]], is_stopped: Callable[[], bool]
) -> _Stamps:
    """Returns the stamps of modules and settings in some folders.

    There is no limit of time: files that are not reached would seem deleted. Folders that are
    skipped because there are too many are reported by the scan for checkpoints.
    """
    found: _Stamps = {}
    for folder, exclude in folders:
        for directory, names in walk(folder, exclude, bounds=Bounds(is_stopped=is_stopped)):
            for name in names:
                if name.endswith(".py") or name in _SETTINGS:
                    path = os.path.join(directory, name)
                    try:
                        state = os.stat(path)
                    except OSError:
                        continue
                    found[path] = state.st_mtime_ns, state.st_size
    return found
