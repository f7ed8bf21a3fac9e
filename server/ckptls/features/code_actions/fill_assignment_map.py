"""Filling an assignment map: the entries that it lacks, written as the others are."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ckptls.checkpoint.model.checkpoint import Checkpoint
from ckptls.features.common import formatting
from ckptls.features.common.literal_edits import in_quotes
from ckptls.features.names.known_names import without_numbers
from ckptls.features.names.name_pairing import Pair, Shape, by_scopes, pairs
from ckptls.source.document import Analysis
from ckptls.source.semantics.pattern_text import Text
from ckptls.source.semantics.sites import AssignedMap, Evidence, Restore, Role
from ckptls.source.semantics.values import GraphVariable, ScopeValue, Value, Values
from ckptls.source.text.source_text import SourceText, Span
from ckptls.workspace.binding import Binder

_MAX_ENTRIES = 500
_MAX_WIDTH = 88
# What may stand between the last entry and the brace: a comma and comments.
_TAIL = re.compile(
    r"(?P<head>\s*(?!\s)(?:\)+(?!\))[^\S\r\n]*(?![^\S\r\n]))?)(?P<comma>,?)"
    r"(?P<rest>(?:\s|#[^\n]*(?:\n|\Z))*)"
)
_ASSIGNED = re.compile(r"[ \t]*([A-Za-z_]\w*)[ \t]*=[ \t]*")
_OPENS = re.compile(r"([ \t]*)(?:async[ \t]+)?(def|class)\b")


@dataclass(frozen=True, slots=True)
class Filling:
    """Changes of the text that put the missing entries into a map."""

    title: str
    edits: tuple[tuple[Span, str], ...]


def fillings(binder: Binder, span: Span) -> list[Filling]:
    """The ways to fill the maps that `span` touches; the one like the map's entries first."""
    found: dict[str, Filling] = {}
    for restore in binder.analysis.restores:
        assigned = restore.assigned
        if assigned is None or not _touches(span, assigned.braces.span, restore.place.span):
            continue
        checkpoint = _checkpoint(restore, binder)
        if checkpoint is not None:
            for each in _fillings(restore, assigned, checkpoint, binder.analysis):
                found.setdefault(each.title, each)
    return list(found.values())


def _touches(span: Span, *places: Span) -> bool:
    return any(place.start <= span.end and span.start <= place.end for place in places)


def _checkpoint(restore: Restore, binder: Binder) -> Checkpoint | None:
    """The one that is restored from: as the code or a pin says."""
    checkpoints = binder.resolve(restore.paths).checkpoints
    for site in binder.analysis.sites if not checkpoints else ():
        if site.place == restore.place:
            binding = binder.bind(site)
            checkpoints = binding.checkpoints if binding.evidence >= Evidence.FILE else ()
            break
    return checkpoints[0] if checkpoints else None


@dataclass(frozen=True, slots=True)
class _Model:
    """The variables that the code makes; `vague` are beginnings of names not wholly known."""

    shapes: Mapping[str, Shape | None]
    vague: tuple[str, ...]


def _model(analysis: Analysis) -> _Model:
    shapes: dict[str, Shape | None] = {}
    vague: dict[str, None] = {}
    for variable in analysis.variables:
        name = without_numbers(variable.name)
        literal = name.literal
        if literal is None:
            vague[name.head] = None
        elif shapes.setdefault(literal, variable.shape) != variable.shape:
            shapes[literal] = None
    return _Model(shapes, tuple(vague))


def _fillings(
    restore: Restore, assigned: AssignedMap, checkpoint: Checkpoint, analysis: Analysis
) -> Iterator[Filling]:
    there = _there(assigned)
    if there is None:
        return
    model = _model(analysis)
    scopes = tuple(pair.model.lstrip("/") for pair in there if pair.model.endswith("/"))
    assigned_names = {pair.model for pair in there}
    free = {
        name: shape
        for name, shape in model.shapes.items()
        if name not in assigned_names and not name.startswith(scopes)
    }
    taken = {pair.stored for pair in there}
    known = {_moved(pair) for pair in there}
    found = pairs(free, checkpoint, taken, known)
    written = dict.fromkeys(free)
    if not assigned.takes_names:
        identifiers = _identifiers(analysis, assigned)
        found = [pair for pair in found if pair.model in identifiers]
        written = {name: identifiers.get(name) for name in free}
    if not found:
        return
    ways = [found] if len(found) <= _MAX_ENTRIES else []
    if assigned.takes_scopes:
        scoped = by_scopes(found, model.shapes, model.vague)
        if scoped != found:
            has_names = any(not pair.model.endswith("/") for pair in there)
            ways.insert(len(ways) if has_names else 0, scoped)
    for way in ways:
        edits = _edits(way, written, restore, assigned, analysis.source)
        if edits:
            yield Filling(_title(way, len(found)), edits)


def _title(way: list[Pair], count: int) -> str:
    scopes = sum(pair.model.endswith("/") for pair in way)
    singles = len(way) - scopes
    what = [formatting.count(scopes, "scope")] if scopes else []
    what += [formatting.count(singles, "variable")] if singles else []
    behind = f" ({formatting.count(count, 'variable')})" if scopes else ""
    return f"Fill the assignment map with {' and '.join(what)}{behind}"


def _moved(pair: Pair) -> tuple[str, str]:
    if pair.model.endswith("/"):
        return pair.stored.lstrip("/"), pair.model.lstrip("/")
    return pair.scopes


def _there(assigned: AssignedMap) -> list[Pair] | None:
    """The entries that the map has; None if one of them is not known."""
    found = []
    for keys, values in assigned.entries:
        stored, model = (values, keys) if assigned.by_model else (keys, values)
        left, right = _only_name(stored), _only_name(model)
        if left is None or right is None:
            return None
        found.append(Pair(left, right))
    return found


def _only_name(values: Values) -> str | None:
    return _name(values[0]) if len(values) == 1 else None


def _name(value: Value) -> str | None:
    if isinstance(value, Text):
        return value.literal
    if isinstance(value, GraphVariable):
        return without_numbers(value.name).literal
    if isinstance(value, ScopeValue):
        scope = value.name.literal
        return f"{scope}/" if scope is not None else None
    return None


# Variables by the names that Python has for them


def _identifiers(analysis: Analysis, assigned: AssignedMap) -> dict[str, str]:
    """For names of the model's variables, what the code around the map calls them."""
    source = analysis.source
    here = assigned.braces.span.start
    around = _blocks(source, here)
    by_identifier: dict[str, set[str]] = {}
    for site in analysis.sites:
        start = site.place.span.start
        if not (site.is_definition and site.role is Role.GRAPH_VARIABLE and start < here):
            continue
        line = source.line_span(source.line_of(start)).start
        match = _ASSIGNED.fullmatch(source.text, line, start)
        name = without_numbers(site.full_text).literal
        blocks = _blocks(source, start)
        if match is None or name is None or blocks != around[: len(blocks)]:
            continue
        if blocks and blocks[-1][0] == "class" and blocks != around:
            continue
        by_identifier.setdefault(match[1], set()).add(name)
    return {
        names.pop(): identifier
        for identifier, names in by_identifier.items()
        if len(names) == 1 and _is_assigned_once(identifier, source.text)
    }


def _is_assigned_once(identifier: str, text: str) -> bool:
    return len(re.findall(rf"(?m)^[ \t]*{identifier}[ \t]*=(?!=)", text)) == 1


def _blocks(source: SourceText, offset: int) -> tuple[tuple[str, int], ...]:
    """The functions and classes around an offset, outermost first: what, and on which line."""
    line = source.line_of(offset)
    start, end = source.line_span(line)
    text = source.text[start:end]
    indent = len(text) - len(text.lstrip())
    found: list[tuple[str, int]] = []
    for above in range(line - 1, -1, -1):
        if indent == 0:
            break
        match = _OPENS.match(source.text, *source.line_span(above))
        if match is not None and len(match[1]) < indent:
            indent = len(match[1])
            found.append((match[2], above))
    return tuple(reversed(found))


# Writing


def _edits(
    way: list[Pair],
    written: Mapping[str, str | None],
    restore: Restore,
    assigned: AssignedMap,
    source: SourceText,
) -> tuple[tuple[Span, str], ...]:
    quote = _quote(assigned, restore, source.text)

    def entry(pair: Pair) -> str:
        stored = _quote_name(pair.stored, quote)
        model = written.get(pair.model) or _quote_name(pair.model, quote)
        return f"{model}: {stored}" if assigned.by_model else f"{stored}: {model}"

    return _Writer(source, assigned).put([entry(pair) for pair in way])


def _quote(assigned: AssignedMap, restore: Restore, text: str) -> str:
    """The quote that the map has, else the one that stands first in the call."""
    for span in (assigned.braces.span, restore.place.span):
        match = re.search(r"['\"]", text[span.start : span.end])
        if match is not None:
            return match[0]
    return '"'


def _quote_name(name: str, quote: str) -> str:
    return f"{quote}{in_quotes(name, quote)}{quote}"


class _Writer:
    """Puts entries behind those of a dictionary's literal, laid out like them."""

    def __init__(self, source: SourceText, assigned: AssignedMap) -> None:
        self._source = source
        self._text = source.text
        self._outer = assigned.braces.span
        self._inner = assigned.braces.entries_span
        self._newline = "\r\n" if "\r\n" in self._text else "\n"
        line = source.line_span(source.line_of(self._outer.start))
        self._line = self._text[line.start : line.end]
        self._margin = self._line[: len(self._line) - len(self._line.lstrip())]

    def put(self, entries: list[str]) -> tuple[tuple[Span, str], ...]:
        """The changes; none where the text between the braces is not as expected."""
        start, end = self._outer
        inner = self._inner
        if self._text[start : start + 1] != "{" or self._text[end - 1 : end] != "}":
            return ()
        if inner is None:
            if self._text[start + 1 : end - 1].strip():
                return ()
            line = ", ".join(entries)
            fits = self._fits(len(line) - (end - start - 2)) and len(entries) <= 2
            new = line if fits else self._lines(entries, self._step())
            return ((Span(start + 1, end - 1), new),)
        tail = _TAIL.fullmatch(self._text, inner.end, end - 1)
        if tail is None:
            return ()
        before, comma, rest = tail["head"].rstrip(), tail["comma"], tail["rest"].rstrip()
        edge = Span(inner.end, end - 1)
        if not re.search(r"[\r\n]", self._text[start:end]):
            line = before + "".join(f", {entry}" for entry in entries) + comma
            if self._fits(len(line) - (edge.end - edge.start)):
                return ((edge, line),)
            step = self._step()
            opening = Span(start + 1, inner.start)
            return (
                (opening, f"{self._newline}{step}"),
                (edge, f"{before},{self._lines(entries, step)}"),
            )
        step = self._indent(inner.start)
        added = ",".join(f"{self._newline}{step}{entry}" for entry in entries)
        edge = Span(inner.end, tail.start("rest") + len(rest))
        return ((edge, f"{before},{rest}{added}{comma}"),)

    def _fits(self, more: int) -> bool:
        return len(self._line) + more <= _MAX_WIDTH

    def _step(self) -> str:
        return self._margin + ("\t" if "\t" in self._margin else "    ")

    def _indent(self, first: int) -> str:
        """What stands before the first entry, or as many blanks."""
        start = self._source.line_span(self._source.line_of(first)).start
        before = self._text[start:first]
        return before if not before.strip() else " " * len(before)

    def _lines(self, entries: list[str], step: str) -> str:
        rows = "".join(f"{self._newline}{step}{entry}," for entry in entries)
        return f"{rows}{self._newline}{self._margin}"
