"""The findings of open documents: found in steps, reported once a document is left alone."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine, Generator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any

from ckptls.features.common import formatting
from ckptls.features.common.results import Finding
from ckptls.features.diagnostics.diagnostics import find_in_steps
from ckptls.features.diagnostics.silent_sites import SilentSiteCache
from ckptls.lsp.session.revision import SURROUNDINGS, Revision
from ckptls.source.text.source_text import SourceText
from ckptls.workspace.binding import Binder
from ckptls.workspace.workspace import OpenDocument, Workspace

logger = logging.getLogger(__name__)

# How long a document is left alone before its findings are reported: until what is already under
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
# The text that findings are of, and the revision of what else they rest on.
_State = tuple[SourceText, int]


@dataclass(slots=True)
class DocumentDiagnostics:
    """What is known of the findings of one document; belongs to the event loop.

    Attributes:
        lock: held while they are found, which happens once for all who ask at a time.
        found: the findings, and the state that they are of; None where none are known.
        silent: what is kept from one edit to the next; None if they were never found.
        took: how many seconds finding them took the last time.
        ended: when that was, by the clock of the event loop.
        edited: when the text was edited last.
        due: when they are to be reported; None if they are not.
        reporting: the task that reports them.
        asking_others: the task that looks at the documents that may import from this one.
        is_preparing: whether a task finds them that nobody has asked for yet.
        has_noted: whether it was logged that some code is too much work.
    """

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    found: tuple[_State, list[Finding]] | None = None
    silent: SilentSiteCache | None = None
    took: float = 0.0
    ended: float = 0.0
    edited: float = 0.0
    due: float | None = None
    reporting: asyncio.Task[Any] | None = None
    asking_others: asyncio.Task[Any] | None = None
    is_preparing: bool = False
    has_noted: bool = False


class Findings:
    """The findings of all documents of a workspace, by their URIs.

    `start` runs a task; `report` gets what was found; `report_again` what a change elsewhere
    caused; `look` gets what bound the names, to have read what was not looked at yet;
    `is_more_known` waits for other modules that an analysis asked for, up to a deadline; work
    is done in turns, between which requests are answered.
    """

    def __init__(
        self,
        workspace: Workspace,
        revision: Revision,
        start: Start,
        report: Callable[[str, list[Finding]], None],
        report_again: Callable[[str, list[Finding]], None],
        look: Callable[[Binder], None],
        is_more_known: Callable[[float], Coroutine[Any, Any, bool]],
        turn: Callable[[], AbstractAsyncContextManager[None]],
    ) -> None:
        self._workspace, self._revision = workspace, revision
        self._start = start
        self._report, self._report_again, self._look = report, report_again, look
        self._is_more_known = is_more_known
        self._turn = turn
        self._documents: dict[str, DocumentDiagnostics] = {}
        # As `asking_others`, for changes that belong to no document.
        self._asking_all: asyncio.Task[Any] | None = None

    def _document(self, uri: str) -> DocumentDiagnostics:
        known = self._documents.get(uri)
        if known is None:
            known = self._documents[uri] = DocumentDiagnostics()
        return known

    async def find(self, uri: str) -> list[Finding]:
        """Returns the findings of a document, as far as its checkpoints have been read; none if
        it is not open any more."""
        if uri not in self._workspace.documents:
            return []
        document = self._document(uri)
        async with document.lock:
            return await self._find(uri, document)

    async def _find(self, uri: str, document: DocumentDiagnostics) -> list[Finding]:
        deadline = _now() + _PATIENCE_SECONDS
        while (opened := self._workspace.documents.get(uri)) is not None:
            state = (opened.document.source, self._revision.number(*SURROUNDINGS))
            known = document.found
            if known is not None and known[0] == state:
                return known[1]
            async with self._turn():
                opened.document.analysis()
            if await self._is_more_known(deadline):
                continue
            found = await self._find_in_steps(uri, document, opened)
            if found is not None:
                document.found = (state, found)
                return found
            # More keys will come: what is found between two of them is found in vain.
            await self.wait_until_settled(uri)
        return []

    async def _find_in_steps(
        self, uri: str, document: DocumentDiagnostics, opened: OpenDocument
    ) -> list[Finding] | None:
        """Returns what is found; None if the text was edited meanwhile."""
        analysis = opened.document.analysis()
        binder = self._workspace.binder(opened, analysis)
        settings = self._workspace.settings_for(opened.path)
        if document.silent is None:
            document.silent = SilentSiteCache()
        steps = find_in_steps(binder, settings, document.silent)
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
                    found = _continue(steps, started + _TURN_SECONDS)
                    took += time.perf_counter() - started
        finally:
            steps.close()
        document.took, document.ended = took, _now()
        self._look(binder)
        _note_cut(uri, document, formatting.cut(analysis))
        return found

    # Changes

    def note_edit(self, uri: str) -> None:
        """A document has another text: puts off reporting its findings."""
        document = self._document(uri)
        document.edited = _now()
        document.due = _now() + _settle_seconds(document)
        _cancel(document.asking_others)
        document.asking_others = self._start(self._find_others(uri))

    def ask_others(self) -> None:
        """Has all documents looked at again in a moment that may import from another file."""
        _cancel(self._asking_all)
        self._asking_all = self._start(self._find_others(""))

    def forget(self, uri: str) -> None:
        """A document is closed: drops all that is known of it, and ends its tasks."""
        document = self._documents.pop(uri, None)
        if document is not None:
            _cancel(document.reporting)
            _cancel(document.asking_others)

    def invalidate(self, uri: str) -> None:
        """What a document does as a program is known now, or other than it was."""
        document = self._documents.get(uri)
        if document is not None:
            document.found = None

    def reanalyze_all(self) -> None:
        """Modules have changed: all documents are analyzed again."""
        for opened in self._workspace.documents.values():
            opened.document.forget()
        for document in self._documents.values():
            document.found = None

    def prepare(self, uri: str) -> None:
        """Finds the findings of a document again, if they were asked for before: they will be
        again, and then much of the work is done."""
        document = self._documents.get(uri)
        if document is None or document.silent is None or document.is_preparing:
            return
        document.is_preparing = True
        self._start(self._prepare(uri, document))

    async def _prepare(self, uri: str, document: DocumentDiagnostics) -> None:
        try:
            await asyncio.sleep(self._rest_seconds(document))
            await self.find(uri)
        finally:
            document.is_preparing = False

    def _rest_seconds(self, document: DocumentDiagnostics) -> float:
        """How long a document is not judged again for another reason than an edit."""
        all_took = sum(each.took for each in self._documents.values())
        rest = min(_REST_SHARE * all_took, _MOST_REST_SECONDS)
        return max(document.ended + rest - _now(), 0.0)

    # Reports

    def schedule(self, uri: str, *, may_rest: bool = False) -> None:
        """Reports the findings of a document once it has been left alone for a moment, which is
        longer where it `may_rest` from being judged."""
        document = self._document(uri)
        rest = self._rest_seconds(document) if may_rest else 0.0
        if document.due is None:
            document.due = _now() + max(_settle_seconds(document), rest)
        if document.reporting is None:
            document.reporting = self._start(self._report_when_due(uri, document))

    async def wait_until_settled(self, uri: str) -> None:
        """Waits until a document has been left alone for a moment since its last edit."""
        while (document := self._documents.get(uri)) is not None:
            left = document.edited + _settle_seconds(document) - _now()
            if left <= 0:
                return
            await asyncio.sleep(left)

    async def _report_when_due(self, uri: str, document: DocumentDiagnostics) -> None:
        try:
            while document.due is not None:
                left = document.due - _now()
                if left > 0:
                    await asyncio.sleep(left)
                    continue
                document.due = None
                found = await self.find(uri)
                if uri in self._workspace.documents:
                    self._report(uri, found)
        finally:
            document.reporting = None

    async def _find_others(self, changed: str) -> None:
        """Looks again at the other documents, which may import from one that was edited."""
        await asyncio.sleep(_IMPORTERS_SECONDS)
        for uri, opened in list(self._workspace.documents.items()):
            document = self._documents.get(uri)
            known = document.found if document is not None else None
            if uri == changed or document is None or known is None:
                continue
            await asyncio.sleep(0)  # a keystroke may come in between
            if self._workspace.documents.get(uri) is not opened:
                continue
            if not self._workspace.imports_others(opened):
                continue
            opened.document.forget()
            document.found = None
            found = await self.find(uri)
            if found != known[1] and uri in self._workspace.documents:
                self._report_again(uri, found)


def _note_cut(uri: str, document: DocumentDiagnostics, text: str) -> None:
    """Logs once for a document that some of its code is too much work."""
    if text and not document.has_noted:
        logger.warning("%s: %s", uri, text)
    document.has_noted = bool(text)


def _settle_seconds(document: DocumentDiagnostics) -> float:
    share = document.took * _SETTLE_SHARE
    return min(max(share, _LEAST_SETTLE_SECONDS), _MOST_SETTLE_SECONDS)


def _cancel(task: asyncio.Task[Any] | None) -> None:
    if task is not None:
        task.cancel()


def _continue(steps: Generator[None, None, list[Finding]], until: float) -> list[Finding] | None:
    """Takes steps until that time of `time.perf_counter`; returns what the last one found."""
    try:
        while time.perf_counter() < until:
            next(steps)
    except StopIteration as end:
        found: list[Finding] = end.value
        return found
    return None


def _now() -> float:
    return asyncio.get_running_loop().time()
