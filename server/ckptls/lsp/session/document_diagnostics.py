"""The findings of open documents: found step by step, and told once a document is left alone."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine, Generator
from contextlib import AbstractAsyncContextManager
from typing import Any

from ckptls.features.common import formatting
from ckptls.features.common.results import Finding
from ckptls.features.diagnostics.diagnostics import judged
from ckptls.features.diagnostics.silent_sites import Verdicts
from ckptls.source.text.source_text import SourceText
from ckptls.workspace.binding import Binder
from ckptls.workspace.workspace import OpenDocument, Workspace

logger = logging.getLogger(__name__)

# How long a document is left alone before its findings are told: until what is already under
# way has come in, and for a share of the time that finding them took the last time.
_SETTLE_SHARE = 0.25
_LEAST_SETTLE_SECONDS = 0.012
_MOST_SETTLE_SECONDS = 0.15
# And before other documents are looked at that may import from it.
_IMPORTERS_SECONDS = 0.15
# How long they wait for other modules that are being read for the first time.
_PATIENCE_SECONDS = 0.3
# Where checkpoints are replaced all the time, so many times as long as judging all documents took
# goes by until one is judged again because of that; but no longer than this.
_REST_SHARE = 3.0
_MOST_REST_SECONDS = 1.0
# A turn ends with the first step after so long.
_TURN_SECONDS = 0.002

Start = Callable[[Coroutine[Any, Any, None]], "asyncio.Task[Any]"]


class Findings:
    """Those of all documents of a workspace, by their addresses.

    `start` runs a task; `tell` is given what was found; `tell_anew` what another document
    caused; `look` is given what bound the names, to have read what nobody has looked at yet;
    `is_more_known` waits for other modules that an analysis asked for, up to a deadline; work
    is done in turns, between which requests are answered.
    """

    def __init__(
        self,
        workspace: Workspace,
        start: Start,
        tell: Callable[[str, list[Finding]], None],
        tell_anew: Callable[[str, list[Finding]], None],
        look: Callable[[Binder], None],
        is_more_known: Callable[[float], Coroutine[Any, Any, bool]],
        turn: Callable[[], AbstractAsyncContextManager[None]],
    ) -> None:
        # What findings rest on beside the texts has changed so often.
        self.generation = 0
        self._workspace = workspace
        self._start = start
        self._tell, self._tell_anew, self._look = tell, tell_anew, look
        self._is_more_known = is_more_known
        self._turn = turn
        # A document's findings are found once, however many ask for them at a time.
        self._finding: dict[str, asyncio.Lock] = {}
        self._preparing: set[str] = set()
        self._found: dict[str, tuple[tuple[SourceText, int], list[Finding]]] = {}
        # What is kept of them from one edit to the next, and how many seconds they took.
        self._verdicts: dict[str, Verdicts] = {}
        self._took: dict[str, float] = {}
        self._ended: dict[str, float] = {}
        self._noted: set[str] = set()
        self._edited: dict[str, float] = {}
        self._due: dict[str, float] = {}
        self._telling: dict[str, asyncio.Task[Any]] = {}
        self._asking_others: dict[str, asyncio.Task[Any]] = {}

    async def of(self, uri: str) -> list[Finding]:
        """The findings of a document, as far as its checkpoints have been read; none if it is
        not open any more."""
        if uri not in self._workspace.documents:
            return []
        async with self._finding.setdefault(uri, asyncio.Lock()):
            return await self._of(uri)

    async def _of(self, uri: str) -> list[Finding]:
        deadline = _now() + _PATIENCE_SECONDS
        while (opened := self._workspace.documents.get(uri)) is not None:
            state = (opened.document.source, self.generation)
            known = self._found.get(uri)
            if known is not None and known[0] == state:
                return known[1]
            async with self._turn():
                opened.document.analysis()
            if await self._is_more_known(deadline):
                continue
            found = await self._found_in_steps(uri, opened)
            if found is not None:
                self._found[uri] = (state, found)
                return found
        return []

    async def _found_in_steps(self, uri: str, opened: OpenDocument) -> list[Finding] | None:
        """What is found; None if the text went on meanwhile."""
        analysis = opened.document.analysis()
        binder = self._workspace.binder(opened, analysis)
        settings = self._workspace.settings_for(opened.path)
        steps = judged(binder, settings, self._verdicts.setdefault(uri, Verdicts()))
        took = 0.0
        found: list[Finding] | None = None
        try:
            while found is None:
                async with self._turn():
                    # What asks about an open string moves the places of an analysis, too.
                    is_open = self._workspace.documents.get(uri) is opened
                    if not is_open or opened.document.analysis() is not analysis:
                        return None
                    started = time.perf_counter()
                    found = _continued(steps, started + _TURN_SECONDS)
                    took += time.perf_counter() - started
        finally:
            steps.close()
        self._took[uri], self._ended[uri] = took, _now()
        self._look(binder)
        self._note_cut(uri, formatting.cut(analysis))
        return found

    def _note_cut(self, uri: str, text: str) -> None:
        """Say once for a document that some of its code is too much work."""
        if text and uri not in self._noted:
            logger.warning("%s: %s", uri, text)
            self._noted.add(uri)
        elif not text:
            self._noted.discard(uri)

    # What happens

    def edited(self, uri: str) -> None:
        """A document has another text; telling its findings is put off."""
        self._edited[uri] = _now()
        self._due[uri] = _now() + self._settle_seconds(uri)
        self.ask_others(uri)

    def ask_others(self, changed: str = "") -> None:
        """Has the documents looked at again in a moment that may import from one, or, without
        it, from any."""
        task = self._asking_others.pop(changed, None)
        if task is not None:
            task.cancel()
        self._asking_others[changed] = self._start(self._ask_others(changed))

    def forget(self, uri: str) -> None:
        """A document is closed."""
        known: tuple[dict[str, Any], ...]
        known = (self._found, self._verdicts, self._took, self._ended, self._edited, self._due)
        for each in (*known, self._finding):
            each.pop(uri, None)
        self._noted.discard(uri)
        for tasks in (self._telling, self._asking_others):
            task = tasks.pop(uri, None)
            if task is not None:
                task.cancel()

    def outdate(self) -> None:
        """Something that all findings rest on has changed."""
        self.generation += 1

    def understand_anew(self) -> None:
        """Modules have changed: documents are to be analysed again."""
        for opened in self._workspace.documents.values():
            opened.document.forget()
        self._found.clear()

    def prepare(self, uri: str) -> None:
        """Finds the findings of a document anew, if they were asked for before: they will be
        again, and then much of the work is done."""
        if uri in self._verdicts and uri not in self._preparing:
            self._preparing.add(uri)
            self._start(self._prepare(uri))

    async def _prepare(self, uri: str) -> None:
        try:
            await asyncio.sleep(self._rest_seconds(uri))
            await self.of(uri)
        finally:
            self._preparing.discard(uri)

    def _rest_seconds(self, uri: str) -> float:
        """How long a document is not judged again for another reason than an edit."""
        rest = min(_REST_SHARE * sum(self._took.values()), _MOST_REST_SECONDS)
        return max(self._ended.get(uri, 0.0) + rest - _now(), 0.0)

    # When they are told

    def schedule(self, uri: str, *, may_rest: bool = False) -> None:
        """Tells the findings of a document once it has been left alone for a moment, which is
        longer where it `may_rest` from being judged."""
        wait = max(self._settle_seconds(uri), self._rest_seconds(uri) if may_rest else 0.0)
        self._due.setdefault(uri, _now() + wait)
        if uri not in self._telling:
            self._telling[uri] = self._start(self._tell_when_due(uri))

    def _settle_seconds(self, uri: str) -> float:
        took = self._took.get(uri, 0.0) * _SETTLE_SHARE
        return min(max(took, _LEAST_SETTLE_SECONDS), _MOST_SETTLE_SECONDS)

    async def settled(self, uri: str) -> None:
        """Waits until a document has been left alone for a moment since its last edit."""
        while True:
            left = self._edited.get(uri, 0.0) + self._settle_seconds(uri) - _now()
            if left <= 0:
                return
            await asyncio.sleep(left)

    async def _tell_when_due(self, uri: str) -> None:
        try:
            while uri in self._due:
                left = self._due[uri] - _now()
                if left > 0:
                    await asyncio.sleep(left)
                    continue
                del self._due[uri]
                found = await self.of(uri)
                if uri in self._workspace.documents:
                    self._tell(uri, found)
        finally:
            if self._telling.get(uri) is asyncio.current_task():
                del self._telling[uri]

    async def _ask_others(self, changed: str) -> None:
        """Looks at the other documents again, which may import from one that was edited."""
        await asyncio.sleep(_IMPORTERS_SECONDS)
        for uri, opened in list(self._workspace.documents.items()):
            known = self._found.get(uri)
            if uri == changed or known is None:
                continue
            await asyncio.sleep(0)  # a keystroke may come in between
            if self._workspace.documents.get(uri) is not opened:
                continue
            if not self._workspace.imports_others(opened):
                continue
            opened.document.forget()
            self._found.pop(uri, None)
            found = await self.of(uri)
            if found != known[1] and uri in self._workspace.documents:
                self._tell_anew(uri, found)


def _continued(steps: Generator[None, None, list[Finding]], until: float) -> list[Finding] | None:
    """Takes steps until it is so late by `time.perf_counter`; what is found after the last."""
    try:
        while time.perf_counter() < until:
            next(steps)
    except StopIteration as end:
        found: list[Finding] = end.value
        return found
    return None


def _now() -> float:
    return asyncio.get_running_loop().time()
