"""Runs a document, as far as reading it can tell, and notes the sites on the way.

Functions run once for each call of them in the document. A chunk whose text and whose
readings of other names are as before is not run again (see `Memo`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from typing import Any

from ckptls.source.interpreter.schedule import Plan
from ckptls.source.interpreter.statements import Executor
from ckptls.source.semantics.catalogue import Catalogue
from ckptls.source.semantics.module import NOWHERE, Environment, Exports, OutsideCall
from ckptls.source.semantics.pattern_text import UNKNOWN_TEXT, Piece
from ckptls.source.semantics.run_state import (
    ROOT_SCOPES,
    CallRecord,
    Effects,
    Frame,
    Memo,
    Places,
    Recorder,
    Scopes,
)
from ckptls.source.semantics.sites import Site
from ckptls.source.semantics.values import (
    MAX_ALTERNATIVES,
    UNKNOWN,
    ClassValue,
    FunctionKey,
    FunctionValue,
    Imported,
    Instance,
    Mapping,
    Member,
    Qualified,
    Record,
    Selection,
    Sequence,
    Tracked,
    Value,
    Values,
    union,
)
from ckptls.source.semantics.work import Budget, Work
from ckptls.source.stdlib.argument_binding import Bound
from ckptls.source.syntax import ir
from ckptls.source.syntax.chunks import ChunkPool
from ckptls.source.syntax.ir import Chunk

_MAX_CONTEXTS = 32
# Dense crowds (see `rows`) are read as other code up to so many bytes of them, and behind that
# where they mention a function of the catalogue.
_CROWDS_READ = 8_000
# Words that come with names that are bound, names that surely are not only read, and what
# a statement that does not bind its name leaves as it is.
_BINDING = frozenset({b"as", b"def", b"del", b"for", b"global", b"import"})
_BOUND = re.compile(rb"\b(\w+)[ \t]*(?=[^\w\s.(\[]{0,3}=|[,:)\]])")
# Names come from elsewhere that are not written here.
_STAR = re.compile(rb"import[ \t(]*\*")
_FIXED = (FunctionValue, Qualified, Imported)
_KEPT = (*_FIXED, ClassValue)
# Names that are looked up in modules from which everything is imported behind them.
_MAX_SHADOWING = 10_000
_GLOBAL = re.compile(rb"\bglobal[ \t]+([A-Za-z_]\w*(?:[ \t]*,[ \t]*[A-Za-z_]\w*)*)")


class Lasting:
    """What is kept of one analysis of a document for the next."""

    def __init__(self) -> None:
        self.memos: dict[FunctionKey, Memo] = {}
        self.plan = Plan()
        # Of each name of the top level: its values, and whether they matter.
        self.telling: dict[str, tuple[Values, bool]] = {}
        self._variables: dict[str, Values] = {}
        self._global_names: frozenset[str] = frozenset()
        self._words: tuple[frozenset[str], frozenset[bytes]] | None = None

    def words_with(self, names: frozenset[str], words: frozenset[bytes]) -> frozenset[bytes]:
        """The words, and the names as words; the same object for the same names."""
        if self._words is None or self._words[0] != names:
            self._words = names, words | {name.encode() for name in names}
        return self._words[1]

    def changed(self, variables: dict[str, Values], global_names: frozenset[str]) -> set[str]:
        """The top-level names that are not worth what they were the time before, or that other
        functions than before may assign."""
        before, self._variables = self._variables, variables
        known, self._global_names = self._global_names, global_names
        found = {name for name, values in variables.items() if before.get(name) is not values}
        return (
            {name for name in found if before.get(name) != variables[name]}
            | (before.keys() - variables.keys())
            | (known ^ global_names)
        )


class Interpreter(Executor):
    """One analysis of a document; what is `lasting` outlives it."""

    def __init__(
        self,
        catalogue: Catalogue,
        lasting: Lasting,
        environment: Environment = NOWHERE,
        pool: ChunkPool | None = None,
    ) -> None:
        root = Chunk(("module", False, b""), pool)
        super().__init__(Frame(None), root, catalogue, environment)
        self._lasting = lasting
        self.budget = Budget(0)
        self._crowds_left = 0
        self._shadowing_left = 0

    def run(self, chunks: list[Chunk]) -> tuple[Effects, ...]:
        """Everything that the document's code does, functions included."""
        top = self._run_top(chunks)
        changed = self._lasting.changed(self.module.variables, self.global_names)
        memos = dict(self._lasting.memos)
        self._lasting.memos.clear()
        contexts: dict[FunctionKey, list[CallRecord]] = {}
        defined: dict[FunctionKey, FunctionValue] = {}
        for effects in top:
            if effects.calls:
                _sort_calls(effects.calls, contexts)
            for function in effects.functions:
                defined[function.key] = function
        words = self._telling_words()
        functions = self._lasting.plan.of(list(defined.values()), words)
        self._add_outside_calls([f for f, is_relevant in functions if is_relevant], contexts)
        found: dict[FunctionKey, Effects] = {}
        ran: dict[FunctionKey, int] = {}

        def run(function: FunctionValue, key: FunctionKey, is_relevant: bool) -> None:
            known = contexts.get(key, ())
            if not is_relevant and not (known and self._is_told_something(known)):
                return
            ran[key] = len(known)
            effects = self._run_function(function, key, tuple(known), memos.get(key), changed)
            if key not in found and effects.calls:
                _sort_calls(effects.calls, contexts)
            found[key] = effects

        for function, is_relevant in functions:
            key = function.key
            if is_relevant or key in contexts:
                run(function, key, is_relevant)
        # A second time those whose callers came after them: circles, mostly.
        for function, is_relevant in functions if contexts else ():
            key = function.key
            if key in contexts and len(contexts[key]) != ran.get(key, 0):
                run(function, key, is_relevant)
        return (*top, *found.values())

    def _run_top(self, chunks: list[Chunk]) -> list[Effects]:
        self.budget = Budget(sum(len(chunk.key[2]) for chunk in chunks))
        self._crowds_left = _CROWDS_READ
        self._shadowing_left = _MAX_SHADOWING
        self.global_names = frozenset(
            name.decode() for chunk in chunks for name in _declared_global(chunk.key[2])
        )
        return [self._run_chunk(chunk) for chunk in chunks]

    def exports(self, chunks: list[Chunk]) -> Exports:
        """What the top level alone leaves behind, for other modules."""
        top = self._run_top(chunks)
        functions = {f.key: f for effects in top for f in effects.functions}
        words = self._telling_words()
        telling = {
            name.encode()
            for function, is_relevant in Plan().of(list(functions.values()), words)
            if is_relevant
            for name in (function.function.name, _called_name(function))
        }
        return Exports(
            self.module.variables, self.shared.attributes, self.shared.imported, frozenset(telling)
        )

    def _telling_words(self) -> frozenset[bytes]:
        """Words by which a function may come to something that matters: those of the catalogue,
        and names of the top level."""
        known = self._lasting.telling
        for name, values in self.module.variables.items():
            before = known.get(name)
            if before is None or before[0] is not values:
                known[name] = values, any(self._is_telling(value) for value in values)
        now = self.module.variables
        if len(known) > len(now):
            for name in known.keys() - now.keys():
                del known[name]
        names = frozenset(name for name, (_, is_so) in known.items() if is_so)
        return self._lasting.words_with(names, self.catalogue.words)

    def _is_telling(self, value: Value) -> bool:
        match value:
            case FunctionValue():
                return value.is_nested or value.home is not None
            case Qualified():
                return self.catalogued(value.name)
            case Sequence():
                return any(self._is_telling(e) for item in value.items[:8] for e in item)
            case Mapping():
                return any(self._is_telling(e) for _, item in value.entries[:8] for e in item)
            case Member():
                return self._is_telling(value.value)
        return isinstance(value, Tracked | Selection | Imported | Record | Instance)

    def _is_told_something(self, calls: Iterable[CallRecord]) -> bool:
        """Whether a function that looks as if it had no names is given something with some."""
        return any(
            isinstance(value, FunctionValue) or self._is_telling(value)
            for call in calls
            for name, values in call.arguments
            if name != "self"
            for value in values
        )

    def _add_outside_calls(
        self, functions: list[FunctionValue], contexts: dict[FunctionKey, list[CallRecord]]
    ) -> None:
        names = frozenset(_called_name(f) for f in functions if _takes_something(f))
        callers = self.environment.callers(names)
        for function in functions if callers else ():
            for call in callers.get(_full_name(function), ()):
                contexts.setdefault(function.key, []).append(_as_record(function, call))

    # Chunks and their memos

    def _run_chunk(self, chunk: Chunk) -> Effects:
        memo: Memo | None = chunk.memo
        around = self.module.surroundings
        given: tuple[Any, ...] = (around,)
        is_read = True
        if chunk.is_dense_crowd:
            is_read = self._crowds_left > 0 or not (
                chunk.words.isdisjoint(self.catalogue.words)
                and b"FLAGS" not in chunk.words
                and not _STAR.search(chunk.key[2])
            )
            self._crowds_left -= chunk.byte_length
            given = (around, is_read)
        starred = self.module.variables.get("*", ())
        if memo is not None and memo.given == given and self._is_valid(memo):
            if memo.leaves is not around:
                self.module.surroundings = memo.leaves
            if memo.writes:
                self.module.variables.update(memo.writes)
                if "*" in memo.writes:
                    self._shadow_names(chunk, memo.writes, starred)
            return self._replay(memo)
        self.chunk = chunk
        run: Callable[[], object]
        if not is_read:
            run = partial(self._pass_over, chunk)
        elif chunk.is_crowd:
            run = partial(self._run_crowd, chunk)
        else:
            run = partial(self.execute, chunk)
        effects, recorder = self._recorded(chunk, run)
        variables = self.module.variables
        writes = {name: variables[name] for name in recorder.written if name in variables}
        memo = chunk.memo = self._memo(given, recorder, writes, effects, ())
        if "*" in writes:
            self._shadow_names(chunk, writes, starred)
        return memo.effects

    def _shadow_names(self, chunk: Chunk, writes: dict[str, Values], starred: Values) -> None:
        """Gives names that were assigned before `from module import *` what the module has.

        It is done again for each analysis, so that the import itself need not run again when a
        name before it changes. Functions, classes and imports are left: looking a module up for
        each of them would load nearly every module.
        """
        brought = tuple(each for each in writes["*"] if each not in starred)
        variables = self.module.variables
        is_certain = isinstance(chunk.statement, ir.ImportFrom)
        for name, values in list(variables.items()) if brought else ():
            if name in writes or all(isinstance(each, _KEPT) for each in values):
                continue
            self._shadowing_left -= 1
            if self._shadowing_left < 0:
                return
            given = self._starred(brought, name)
            if given is not None:
                given = self.resolved(given)
                variables[name] = given if is_certain else union(values, given)

    def _run_crowd(self, chunk: Chunk) -> None:
        """Runs the statements of a crowd, each as a statement of the top level."""
        crowd = chunk.statement
        assert isinstance(crowd, ir.Block)
        for statement in crowd.statements:
            self.execute(statement)

    def _pass_over(self, chunk: Chunk) -> None:
        """Runs nothing of a crowd: what it may have changed is not known behind it."""
        self.work.was_cut = True
        text, words = chunk.key[2], chunk.words
        bound = words if not words.isdisjoint(_BINDING) else frozenset(_BOUND.findall(text))
        for word in sorted(words):
            name = word.decode()
            values = self.shared.read_name(name)
            is_kept = values is None or all(isinstance(each, _FIXED) for each in values)
            if word in bound or not is_kept:
                self.assign(name, UNKNOWN)

    def _recorded(self, chunk: Chunk, run: Callable[[], object]) -> tuple[Effects, Recorder]:
        """Runs a chunk or function, with nothing left of what was run before but what can be
        read from `SharedState`."""
        self.frame = self.module
        self.effects = Effects()
        self.recorded_calls = set()
        self.returned_before = {}
        self.work = Work(self.budget.limit(chunk.byte_length), chunk.byte_length)
        recorder = Recorder(len(self.shared.imported))
        self.shared.recorders.append(recorder)
        try:
            run()
        except RecursionError:  # as a last resort: what is nested is cut long before
            self._start_again()
        self.shared.recorders.pop()
        self.budget.left -= self.work.spent
        sites = _once(self.effects.sites)
        self.effects.finish(sites, _places(sites))
        self.effects.cut_at = chunk if self.work.was_cut else None
        self.effects.steps = self.work.spent
        return self.effects, recorder

    def _start_again(self) -> None:
        """Leaves whatever was being run; what it found so far stays."""
        del self.shared.recorders[1:]
        self.quiet = self.depth = self.nesting = 0
        self.entrance = None
        self._descending.clear()
        self.frame = self.module
        while self.module.journals:
            self.take_back()
        self.work.was_cut = True

    def _memo(
        self,
        given: tuple[Any, ...],
        recorder: Recorder,
        writes: dict[str, Values],
        effects: Effects,
        calls: tuple[CallRecord, ...],
    ) -> Memo:
        answers = recorder.answers
        return Memo(
            given,
            answers,
            writes,
            effects,
            frozenset((*answers.names, *writes)),
            has_others=answers.has_others,
            is_plain=not answers.has_others and not effects.attributes,
            global_names=self.global_names,
            calls=calls,
            leaves=self.module.surroundings,
            work=self.work,
        )

    def _is_valid(self, memo: Memo) -> bool:
        """Whether all that a run asked has the answers that it got, and it may do as much."""
        work = memo.work
        if not self.budget.allows(work) and not (
            work.was_cut and work.limit == self.budget.limit(work.length)
        ):
            return False
        if memo.global_names != self.global_names and not memo.names.isdisjoint(
            memo.global_names ^ self.global_names
        ):
            return False
        return self.shared.is_unchanged(memo.answers)

    def _replay(self, memo: Memo) -> Effects:
        self.budget.left -= memo.work.spent
        if memo.is_plain:
            return memo.effects
        if memo.has_others:
            for module in memo.answers.modules.values():
                self.shared.add_import(module)
        for owner, name, values in memo.effects.attributes:
            self.shared.add_attribute((owner, name), values)
        return memo.effects

    def _run_function(
        self,
        function: FunctionValue,
        key: FunctionKey,
        contexts: tuple[CallRecord, ...],
        memo: Memo | None,
        changed: set[str],
    ) -> Effects:
        is_told_same = memo is not None and memo.calls == contexts
        around = self.module.surroundings
        if (  # as nearly all of them are
            memo is not None
            and is_told_same
            and memo.is_plain
            and memo.given[0] is around
            and memo.names.isdisjoint(changed)
            and self.budget.allows(memo.work)
        ):
            self.budget.left -= memo.work.spent
            self._lasting.memos[key] = memo
            return memo.effects
        calls: tuple[CallRecord, ...] = ()
        if memo is not None and is_told_same:
            is_given_same = memo.given[0] == around
            if not is_given_same or contexts:
                calls = memo.given[1:]
        else:
            calls = tuple(dict.fromkeys(contexts))
            is_given_same = memo is not None and memo.given == (around, *calls)
        if memo is not None and is_given_same and self._is_still_valid(memo, changed):
            self._replay(memo)
        else:
            given = (around, *calls)

            def run() -> None:
                for index, (arguments, around, is_guarded) in enumerate(_situations(calls)):
                    if index and self.work.is_spent:
                        break
                    self.enter(function, arguments, around, is_guarded, is_alone=not calls)

            effects, recorder = self._recorded(function.chunk, run)
            memo = self._memo(given, recorder, {}, effects, contexts)
        self._lasting.memos[key] = memo
        return memo.effects

    def _is_still_valid(self, memo: Memo, changed: set[str]) -> bool:
        """As `_is_valid`, for a memo that was valid the time before."""
        if not memo.names.isdisjoint(changed):
            return False
        if memo.has_others or memo.work.was_cut:
            return self._is_valid(memo)
        return self.budget.allows(memo.work)


def _declared_global(text: bytes) -> Iterable[bytes]:
    """The names in `global` statements of some code."""
    for match in _GLOBAL.finditer(text) if b"global" in text else ():
        yield from (name.strip() for name in match[1].split(b","))


def _full_name(function: FunctionValue) -> str:
    name = function.function.name
    return f"{function.owner.definition.name}.{name}" if function.owner is not None else name


def _called_name(function: FunctionValue) -> str:
    """What a call of the function mentions."""
    if function.owner is not None and function.function.name == "__init__":
        return function.owner.definition.name
    return function.function.name


def _takes_something(function: FunctionValue) -> bool:
    return len(function.function.parameters) > (function.owner is not None)


def _as_record(function: FunctionValue, call: OutsideCall) -> CallRecord:
    return CallRecord(function, call.arguments, Scopes(call.scope), call.is_guarded)


def _situations(contexts: tuple[CallRecord, ...]) -> Iterable[tuple[Bound, Scopes, bool]]:
    """With what a function is run: once for each call, or once alone if no call is known."""
    if not contexts:
        return [({}, ROOT_SCOPES, False)]
    if len(contexts) <= _MAX_CONTEXTS:
        return [(dict(call.arguments), call.scopes, call.is_guarded) for call in contexts]
    merged: Bound = {}
    for call in contexts:
        for name, values in call.arguments:
            merged[name] = union(merged.get(name, ()), values)
    return [(merged, Scopes(UNKNOWN_TEXT, UNKNOWN_TEXT), any(c.is_guarded for c in contexts))]


def _once(sites: list[Site]) -> list[Site]:
    """The sites, each once: loops and repeated calls meet the same string several times.

    Where it is about another checkpoint each time, it may be about any of them.
    """
    found: dict[tuple[object, ...], Site] = {}
    for site in sites:
        key = (site.text, site.place, site.role, site.parameter, site.outer, site.shape)
        known = found.get(key)
        if known is None:
            found[key] = site
        elif known != site:
            found[key] = replace(
                known,
                paths=tuple(dict.fromkeys(known.paths + site.paths))[:MAX_ALTERNATIVES],
                is_certain=known.is_certain and site.is_certain,
                is_guarded=known.is_guarded or site.is_guarded,
                is_lenient=known.is_lenient or site.is_lenient,
                counterpart=known.counterpart or site.counterpart,
            )
    return list(found.values())


def _places(sites: list[Site]) -> Places:
    found: Places = {}
    for site in sites:
        for index, part in enumerate(site.text.parts):
            origin = part.origin if isinstance(part, Piece) else None
            if origin is not None:
                row = (origin.start, origin.end, site, index)
                found.setdefault(origin.chunk, []).append(row)
    return found


def _sort_calls(calls: list[CallRecord], contexts: dict[FunctionKey, list[CallRecord]]) -> None:
    for call in calls:
        contexts.setdefault(call.function.key, []).append(call)
