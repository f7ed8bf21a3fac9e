"""One Python document: its text, kept up to date, and what its strings name."""

from __future__ import annotations

import gc
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING, TypeVar

from ckptls.source.interpreter.interpreter import Interpreter, Lasting
from ckptls.source.semantics.catalogue import Catalogue, builtin_catalogue
from ckptls.source.semantics.module import NOWHERE, Environment, Exports, Module
from ckptls.source.semantics.pattern_text import Text
from ckptls.source.semantics.run_state import CallRecord, Effects, PlaceRow
from ckptls.source.semantics.sites import LiteralPart, Place, Restore, Save, Site
from ckptls.source.semantics.values import GraphVariable, Values
from ckptls.source.syntax.chunks import ChunkPool
from ckptls.source.syntax.ir import Chunk
from ckptls.source.syntax.pragmas import Pragmas, find_pragmas
from ckptls.source.syntax.syntax_tree import Syntax
from ckptls.source.text.repair import Insertion, missing
from ckptls.source.text.source_text import SourceText, Span
from ckptls.source.text.units import CodePoint

if TYPE_CHECKING:
    from tree_sitter import Node

T = TypeVar("T")
# A larger text is data that somebody wrote as Python; parsing it would stop all else for seconds.
MAX_DOCUMENT_BYTES = 2_000_000
# A text without any of these has nothing for us, and is not even parsed.
_HINTS = (b"tensorflow", b"tf_slim", b"tf.", b"slim.", b"keras")
# All names that sites stand for are written in one of these, in broken code too.
_NAMING = frozenset({"string", "keyword_argument"})


def mentions_tensorflow(data: bytes) -> bool:
    """Whether a text may have to do with TensorFlow: a search for bytes and no more."""
    return any(hint in data for hint in _HINTS)


@contextmanager
def collector_paused() -> Iterator[None]:
    """Without garbage collection: an analysis makes many small objects, and none in circles."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


@dataclass(frozen=True)
class Analysis:
    """What reading a document tells; it is put together when it is asked for.

    sites: every string that names something, in the order it was met.
    restores: what is known of the statements that fill the model from a checkpoint.
    variables: variables of the model that the code makes.
    checked: paths that the code tests for existence.
    is_given_up: the text is so broken that none of it is read.
    """

    source: SourceText
    pragmas: Pragmas = field(default_factory=Pragmas)
    effects: tuple[Effects, ...] = ()
    chunks: list[Chunk] = field(default_factory=list)
    is_given_up: bool = False

    @cached_property
    def sites(self) -> tuple[Site, ...]:
        return tuple(chain.from_iterable([effects.sites for effects in self.effects]))

    @cached_property
    def restores(self) -> tuple[Restore, ...]:
        return tuple(restore for effects in self.effects for restore in effects.restores)

    @cached_property
    def variables(self) -> tuple[GraphVariable, ...]:
        several = (variable for effects in self.effects for variable in effects.variables)
        return tuple(dict.fromkeys(several))

    @cached_property
    def checked(self) -> tuple[Text, ...]:
        return tuple(dict.fromkeys(path for effects in self.effects for path in effects.checked))

    @cached_property
    def saves(self) -> tuple[Save, ...]:
        return tuple(save for effects in self.effects for save in effects.saves)

    @cached_property
    def path_sites(self) -> tuple[Site, ...]:
        return tuple(chain.from_iterable([effects.path_sites for effects in self.effects]))

    @cached_property
    def leaves_paths_open(self) -> bool:
        """Whether a path comes from a flag or a configuration whose value no code gives."""
        return any(effects.leaves_paths_open for effects in self.effects)

    @cached_property
    def cut_at(self) -> tuple[int, ...]:
        """Where statements and functions begin that take too much work for all of what they do
        to be followed, in order."""
        if self.is_given_up:
            return (0,)
        several = [effects.cut_at for effects in self.effects if effects.cut_at is not None]
        return tuple(sorted({chunk.start for chunk in several}))

    @cached_property
    def steps(self) -> int:
        """The work that finding all of this took (see `work`), a part of it an earlier time."""
        return sum(effects.steps for effects in self.effects)

    def sites_of(self, place: Place) -> Iterator[Site]:
        """The sites of one call."""
        for effects in self.effects:
            if place.chunk in effects.callers:
                yield from (site for site in effects.sites if site.place == place)

    def places_near(self, offset: int) -> Iterator[tuple[Chunk, list[PlaceRow]]]:
        """Where sites are written in the statement of the top level around an offset."""
        index = bisect_right(self.chunks, offset, key=lambda chunk: chunk.offset) - 1
        near: set[Chunk] = set()
        # At the end of one statement the next may begin.
        for chunk in self.chunks[max(index - 1, 0) : index + 1]:
            if chunk.may_reach(CodePoint(max(offset - chunk.offset, 0))):
                near.update(chunk.with_nested())
        for effects in self.effects if near else ():
            for places in effects.places:
                if not near.isdisjoint(places):
                    yield from ((chunk, places[chunk]) for chunk in places if chunk in near)


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place in a string that names something.

    site/part: the site there and its piece under the cursor; `typed` is the text of the
    piece before the cursor. `analysis` is of the text as it was understood: with what an
    open string lacked put in behind the cursor.
    """

    analysis: Analysis
    site: Site
    part: LiteralPart
    typed: str

    @property
    def written(self) -> str:
        """The characters of the document that `typed` is written with."""
        return self.written_up_to(len(self.typed))

    def written_up_to(self, count: int) -> str:
        """The characters of the document that the first ones of `typed` are written with."""
        start, offsets = self.part.span.start, self.part.offsets
        end = offsets[count] if offsets is not None else start + count
        return self.analysis.source.text[start:end]


@dataclass(frozen=True, slots=True)
class Outgoing:
    """Calls of functions of other modules; `attributes` are those of objects they are given."""

    calls: tuple[CallRecord, ...]
    attributes: Mapping[tuple[Chunk, str], Values]


def is_too_large(text: str) -> bool:
    """Whether a text has too many bytes of UTF-8 to be looked into."""
    if len(text) * 4 <= MAX_DOCUMENT_BYTES:
        return False
    return len(text.encode("utf-8", "surrogatepass")) > MAX_DOCUMENT_BYTES


class Document:
    """A document that is edited and asked; not to be shared between threads."""

    def __init__(
        self,
        text: str,
        catalogue: Catalogue | None = None,
        environment: Environment = NOWHERE,
    ) -> None:
        self._catalogue = catalogue or builtin_catalogue()
        self._environment = environment
        self._source = SourceText(text)
        self._syntax: Syntax | None = None
        self._resting: Syntax | None = None
        self._pool = ChunkPool()
        self._lasting = Lasting()
        self._analysis: Analysis | None = None
        self._told_by = b""
        self.is_busy = False

    @property
    def source(self) -> SourceText:
        return self._source

    @property
    def text(self) -> str:
        return self._source.text

    @property
    def is_too_large(self) -> bool:
        """Whether the text is not looked into."""
        return len(self._source.data) > MAX_DOCUMENT_BYTES

    @collector_paused()
    def edit(self, start: int, end: int, new: str) -> None:
        """Puts `new` in the place of the code points from `start` to `end`."""
        self._analysis = None
        if self._syntax is not None:
            self._syntax = self._syntax.edited(start, end, new)
            self._source = self._syntax.source
        else:
            self._source = self._source.edited(start, end, new)

    def replace(self, text: str) -> None:
        """Another text altogether."""
        self._analysis, self._syntax = None, None
        self._source = SourceText(text)

    @collector_paused()
    def analysis(self) -> Analysis:
        """What the document's strings name, as of its newest text."""
        if self._analysis is None:
            if not self._is_relevant(self._source):
                self._analysis = Analysis(self._source)
            else:
                if self._syntax is None or not self._syntax.is_exact:
                    self._syntax = Syntax(self._source)
                self._analysis = self._interpreted(self._syntax)
        return self._analysis

    @collector_paused()
    def exports(self, home: Module) -> Exports:
        """What the top level leaves behind, for the modules that import this one as `home`."""
        self._pool.home = home
        chunks = self._pool.chunks(self._parsed(self._source))
        return self._run(chunks, home.environment, Interpreter.exports)

    def outgoing(self) -> Outgoing:
        """The calls of functions of other modules, with what they are given."""
        return self._run(
            self._pool.chunks(self._parsed(self._source)),
            self._environment,
            lambda interpreter, chunks: Outgoing(
                tuple(call for effects in interpreter.run(chunks) for call in effects.outgoing),
                interpreter.shared.attributes,
            ),
        )

    def forget(self) -> None:
        """Forgets the last analysis, because the environment has changed."""
        self._analysis = None

    def rest(self) -> None:
        """Lets go of what most of its memory is: the tree. What follows is answered as before;
        an edit that leaves an error has all parsed again."""
        if self._syntax is not None and self._syntax is not self._resting and not self.is_busy:
            self._syntax = self._resting = self._syntax.at_rest()
            self._pool.rest()

    def use(self, catalogue: Catalogue, environment: Environment) -> None:
        """Another catalogue or other surroundings: everything is to be found out again."""
        self._catalogue, self._environment = catalogue, environment
        self._told_by = b""
        self.close()

    def close(self) -> None:
        """Drops what was found, so that its memory is free at once.

        An analysis that somebody still holds stays as it is; asked again, the document is
        analysed from the start.
        """
        self._analysis = None
        self._pool.part_with_all()
        self._pool = ChunkPool()
        self._lasting = Lasting()

    @collector_paused()
    def at(self, offset: int) -> tuple[Cursor, ...]:
        """The sites that a cursor at `offset` is in, surest first; the string may be open.

        One string may be several sites: the item of a list that a loop goes through, the
        name of a scope that is entered twice.
        """
        if not self._is_relevant(self._source):
            return ()
        syntax = self._parsed(self._source)
        insertion = _missing(syntax, offset)
        if insertion is None:
            if not syntax.is_within(offset, _NAMING):
                return ()
            analysis = self._analysis or self._interpreted(syntax)
            if syntax.is_exact:
                self._analysis = analysis
        else:
            syntax = syntax.edited(insertion.offset, insertion.offset, insertion.text)
            self._analysis = None
            analysis = self._interpreted(syntax)
        found = _cursors(analysis, offset)
        if found or not _is_in_empty_string(syntax.source.text, offset):
            return found
        # As the default of a flag, an empty text stands for none, and leads nowhere.
        self._analysis = None
        filled = self._interpreted(syntax.edited(offset, offset, _FILLING))
        return tuple(_emptied(each, syntax.source) for each in _cursors(filled, offset))

    def _is_relevant(self, source: SourceText) -> bool:
        """Whether the text can name anything: it must mention TensorFlow, and a function of the
        catalogue, or import a module of the project that does, and not be too large."""
        if self.is_too_large:
            return False
        words = (b"ckptls:", *self._catalogue.own_words)
        if any(word in source.data for word in words):
            return True
        if mentions_tensorflow(source.data):
            # The word that was found the time before is most likely still there.
            if not self._catalogue.mentions(source.data, self._told_by):
                self._told_by = self._catalogue.mentioned(source.data)
            if self._told_by:
                return True
        return self._environment.leads_to_tensorflow(source.data)

    def _parsed(self, source: SourceText) -> Syntax:
        if self._syntax is None or self._syntax.source is not source:
            self._syntax = Syntax(source)
        return self._syntax

    def _interpreted(self, syntax: Syntax) -> Analysis:
        chunks = self._pool.chunks(syntax)
        effects = self._run(chunks, self._environment, Interpreter.run)
        return Analysis(syntax.source, find_pragmas(syntax), effects, chunks, syntax.is_given_up)

    def _run(
        self,
        chunks: list[Chunk],
        environment: Environment,
        run: Callable[[Interpreter, list[Chunk]], T],
    ) -> T:
        interpreter = Interpreter(self._catalogue, self._lasting, environment, self._pool)
        self.is_busy = True
        try:
            return run(interpreter, chunks)
        finally:
            self.is_busy = False


def _missing(syntax: Syntax, offset: int) -> Insertion | None:
    """What the string at a cursor lacks; nothing if the parser finds it whole."""
    start = syntax.start_before(offset)
    if not syntax.is_quickly_sound:
        # An open string is recognised by its text alone.
        insertion = missing(syntax.source, offset, start)
        is_telling = insertion is None or insertion.is_string_open
        return insertion if is_telling or _lacks_something(syntax, offset) else None
    return missing(syntax.source, offset, start) if _lacks_something(syntax, offset) else None


def _lacks_something(syntax: Syntax, offset: int) -> bool:
    """Whether the syntax around the cursor is broken, or no string is seen there."""
    node = syntax.node_at(max(offset - 1, 0))
    is_string = False
    while node is not None:
        if node.type == "ERROR":
            return True
        if node.type == "string":
            is_string = _is_whole(node)
        if node.parent is None:
            break
        node = node.parent
    return not is_string


def _is_whole(node: Node) -> bool:
    """Whether a string ends where its quotes say; recovery from errors also runs over lines."""
    written = node.text or b""
    return b"\n" not in written or b'"""' in written or b"'''" in written


_FILLING = "x"


def _is_in_empty_string(text: str, offset: int) -> bool:
    """Whether a cursor stands between the quotes of a string that holds nothing."""
    quote = text[offset : offset + 1]
    if quote not in ("'", '"'):
        return False
    before, after = text[max(offset - 3, 0) : offset], text[offset : offset + 3]
    counts = len(before) - len(before.rstrip(quote)), len(after) - len(after.lstrip(quote))
    return counts in ((1, 1), (3, 3))


def _emptied(cursor: Cursor, source: SourceText) -> Cursor:
    """A cursor in a string that was filled, in the text without the filling."""
    site, part = cursor.site, cursor.part
    empty = Text((*part.before.parts, *part.after.parts))
    paths = tuple(replace(use, text=empty) if use.text == site.text else use for use in site.paths)
    return Cursor(
        replace(cursor.analysis, source=source),
        replace(site, text=empty, paths=paths),
        replace(
            part,
            text="",
            span=Span(part.span.start, part.span.start),
            literal=Span(part.literal.start, part.literal.start),
            offsets=None,
        ),
        "",
    )


def _cursors(analysis: Analysis, offset: int) -> tuple[Cursor, ...]:
    found = []
    for chunk, rows in analysis.places_near(offset):
        place = offset - chunk.start
        if chunk.may_reach(CodePoint(place)):
            found += [
                _cursor(analysis, site, site.part(index), offset)
                for start, end, site, index in rows
                if start <= place <= end
            ]
    return tuple(sorted(found, key=lambda each: (not each.site.is_certain, not each.site.paths)))


def _cursor(analysis: Analysis, site: Site, part: LiteralPart, offset: int) -> Cursor:
    return Cursor(analysis, site, part, part.text[: part.text_offset(offset)])
