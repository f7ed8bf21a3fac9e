"""Follows the open documents as programs, in a thread, while nobody types."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable

from ckptls.lsp.session.op_queue import OpQueue, Start
from ckptls.lsp.session.scheduler import Lane
from ckptls.workspace.workspace import Workspace

# How long nobody has typed before a program is followed.
_IDLE_SECONDS = 0.3


class ProgramFollower:
    """Follows the programs that findings asked for, one at a time.

    `idle_seconds` says how long the client has been waiting for nothing; `news` gets the URI of a
    document whose program does something else than was known.
    """

    def __init__(
        self,
        workspace: Workspace,
        lane: Lane,
        start: Start,
        idle_seconds: Callable[[], float],
        news: Callable[[str], None],
    ) -> None:
        self._workspace, self._lane = workspace, lane
        self._idle_seconds, self._news = idle_seconds, news
        self._rounds = OpQueue(self._follow_wanted, start)
        self._stop = threading.Event()

    def ask(self) -> None:
        """Follows what is wanted once nobody types any more."""
        if self._workspace.wanted_programs:
            self._rounds.ask()

    def stop(self) -> None:
        """Somebody types: stops what is under way, which would keep the next answer waiting."""
        self._stop.set()

    async def _follow_wanted(self) -> None:
        while self._workspace.wanted_programs:
            while (left := _IDLE_SECONDS - self._idle_seconds()) > 0:
                await asyncio.sleep(left)
            uri = next(reversed(self._workspace.wanted_programs), None)
            if uri is not None:
                await self._follow(uri)

    async def _follow(self, uri: str) -> None:
        opened = self._workspace.documents.get(uri)
        if opened is None:
            self._workspace.wanted_programs.pop(uri, None)
            return
        program = self._workspace.program_of(opened)
        self._stop = threading.Event()
        facts = await self._lane.run(program.follow, self._stop.is_set)
        if facts is None:
            return
        self._workspace.wanted_programs.pop(uri, None)
        known = self._workspace.programs.facts(program)
        self._workspace.programs.keep(program, facts)
        if facts != known and self._workspace.documents.get(uri) is opened:
            self._news(uri)
