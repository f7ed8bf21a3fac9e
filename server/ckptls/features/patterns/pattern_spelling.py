"""What a text or a regular expression that fits no name was meant to be.

Only its literal characters may be wrong: each edit puts in, takes out, replaces or swaps
some. At most two edits, and at most a third of the literal characters, make a slip.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import islice

from ckptls.checkpoint.names.edit_distance import MAX_DISTANCE, differ_in_digits_only, rank
from ckptls.features.patterns.user_patterns import Allowance, Run, expression
from ckptls.source.semantics.sites import Match

_MAX_NAMES = 20_000
_MAX_TRIED = 2_000
_MAX_ALIKE = 12  # names that differ in numbers only
_MAX_STEPS = 500_000  # states of the search that are gone through for one pattern
_ANY = ".*"
_DIGITS = re.compile(r"\d+")
_SPECIAL = frozenset("\\.^$*+?{}[]|()")


@dataclass(frozen=True, slots=True)
class Atom:
    """One element of a pattern as it is written; `accepts` is None for a literal character."""

    source: str
    char: str
    accepts: re.Pattern[str] | None = None
    repeat: str = ""


@dataclass(frozen=True, slots=True)
class Shape:
    """A pattern in elements, and whether it must begin and end where the name does."""

    atoms: tuple[Atom, ...]
    at_start: bool
    at_end: bool
    is_regex: bool


# Where in a name one may be, with how many edits and by which spelling of the pattern.
_States = dict[int, tuple[int, str]]


class _StepLimitError(Exception):
    """The search has taken as many steps as it may."""


def corrections(pattern: str, match: Match, names: Iterable[str], limit: int = 3) -> list[str]:
    """Spellings of `pattern`, which fits no name, that fit some; the likeliest first.

    The search ends early where it takes long, with those found so far: for patterns with many
    classes and names of many characters.
    """
    if match.is_regex and pattern.endswith(_ANY) and not pattern.endswith("\\" + _ANY):
        # It asks for no more than the rest, which must end where a name does.
        start = Match.START if match is Match.FULL else match
        rest = corrections(pattern.removesuffix(_ANY), start, names, limit)
        return [each + _ANY for each in rest]
    shape = _shape(pattern, match)
    if shape is None:
        return []
    literals = sum(1 for atom in shape.atoms if atom.accepts is None)
    most = min(MAX_DISTANCE, literals // 3)
    best: dict[str, int] = {}
    ends: dict[str, int] = {}
    steps = _MAX_STEPS
    pieces = _pieces(shape)
    for name in examples(names) if most else ():
        if _lacks_too_much(pieces, name, most):
            continue
        try:
            found, taken = _fits(shape, name, most, steps)
        except _StepLimitError:
            break
        steps -= taken
        for edits, spelling, at in found:
            if edits < most:
                most = edits
                best.clear()
            if spelling and not differ_in_digits_only(pattern, spelling):
                best[spelling] = edits
                ends[spelling] = min(ends.get(spelling, _IN_WORD), _ending(name, at))
    if not best and not any(atom.accepts for atom in shape.atoms):
        best = dict.fromkeys(_other_case(pattern, shape, names), 1)
    kept = _whole(best, ends, pattern) if not shape.at_end else list(best)
    return sorted(kept, key=lambda each: rank(pattern, each)[1:])[:limit]


def _pieces(shape: Shape) -> list[tuple[str, int | None]]:
    """Pairs of neighbouring literal characters, with their places in the names that fit; None
    where anything may stand before them."""
    pieces: list[tuple[str, int | None]] = []
    is_placed = shape.at_start
    place = 0
    while place < len(shape.atoms):
        pair = shape.atoms[place : place + 2]
        if len(pair) == 2 and all(atom.accepts is None for atom in pair):
            pieces.append((pair[0].char + pair[1].char, place if is_placed else None))
            place += 2
            continue
        is_placed = is_placed and pair[0].accepts is None
        place += 1
    return pieces


def _lacks_too_much(pieces: list[tuple[str, int | None]], name: str, most: int) -> bool:
    """Whether a name surely needs more edits: one edit breaks two of the pieces at most, and
    moves those behind it by one character at most."""
    lacking = 0
    for piece, place in pieces:
        if place is None:
            is_there = piece in name
        else:
            is_there = name.find(piece, max(place - most, 0), place + most + 2) >= 0
        if not is_there:
            lacking += 1
            if lacking > 2 * most:
                return True
    return False


# Where in a name a spelling ends: with a name or a segment, before a number, inside of a word.
_AT_END, _BEFORE_NUMBER, _IN_WORD = range(3)


def _ending(name: str, at: int) -> int:
    following = name[at : at + 1]
    if not following.isalnum():
        return _AT_END
    return _BEFORE_NUMBER if following.isdigit() else _IN_WORD


def _whole(spellings: Iterable[str], ends: Mapping[str, int], pattern: str) -> list[str]:
    """Those that end where a name or a segment of one does: of `outp` and `output` the last.

    Without any, those that end before a number; else all that do more than cut the pattern off.
    """
    several = list(spellings)
    if pattern.endswith("/"):  # `net/logit/` is `net/logits/`, and not `net/logits`
        several = [each for each in several if each.endswith("/")] or several
    for end in (_AT_END, _BEFORE_NUMBER):
        found = [each for each in several if ends.get(each) == end]
        if found:
            return found
    return [each for each in several if not pattern.startswith(each)]


def examples(names: Iterable[str]) -> list[str]:
    """Of names that differ in numbers only, a few."""
    alike: dict[str, list[str]] = {}
    for name in islice(names, _MAX_NAMES):
        group = alike.setdefault(_DIGITS.sub("0", name), [])
        if len(group) < _MAX_ALIKE:
            group.append(name)
    return [name for group in alike.values() for name in group][:_MAX_TRIED]


def literal_head(pattern: str, match: Match) -> str:
    """The characters with which every name that fits must begin."""
    shape = _shape(pattern, match)
    head = ""
    for atom in shape.atoms if shape is not None and shape.at_start else ():
        if atom.accepts is not None:
            break
        head += atom.char
    return head


@dataclass(frozen=True, slots=True)
class NameTest:
    """A pattern, and how it is compared with names, in a run of its expression.

    Its methods raise SlowPatternError where they cannot tell in time.
    """

    pattern: str
    match: Match
    run: Run

    def fits(self, name: str) -> bool:
        """Whether a function that matches in this way finds the pattern in a name."""
        match self.match:
            case Match.FULL | Match.EQUALS:
                return self.run.fullmatch(name) is not None
            case Match.SEARCH | Match.CONTAINS:
                return self.run.search(name) is not None
            case Match.SUFFIX:
                return name.endswith(self.pattern)
            case Match.SCOPE:
                return name.startswith(self.pattern.rstrip("/") + "/")
            case _:
                return self.run.match(name) is not None

    def finds(self, name: str) -> bool:
        """Whether the pattern finds a variable by that of its names which it is compared with."""
        if self.match is Match.START:
            return self.fits(name + ":0")
        if self.match is Match.OPERATION:
            return self.fits(name)
        return self.fits(name + ":0") or self.fits(name)


def name_test(pattern: str, match: Match, allowance: Allowance) -> NameTest | None:
    """The test for a pattern; None if it is no regular expression, or too large for one."""
    found = expression(pattern if match.is_regex else re.escape(pattern))
    return NameTest(pattern, match, allowance.run(found)) if found is not None else None


def _shape(pattern: str, match: Match) -> Shape | None:
    at_start = match not in (Match.SEARCH, Match.CONTAINS, Match.SUFFIX)
    at_end = match in (Match.FULL, Match.EQUALS, Match.SUFFIX)
    if not match.is_regex:
        return Shape(tuple(Atom(c, c) for c in pattern), at_start, at_end, is_regex=False)
    body = pattern
    if body.startswith("^"):
        body, at_start = body[1:], True
    if body.endswith("$") and not body.endswith("\\$"):
        body, at_end = body[:-1], True
    atoms = _atoms(body)
    return Shape(atoms, at_start, at_end, is_regex=True) if atoms is not None else None


_ATOM = re.compile(
    r"(?P<class>\\[dwsDWS]|\.|\[\^?\]?(?:\\.|[^\]\\])*\])|\\(?P<escaped>[^a-zA-Z0-9])|(?P<char>[^\\.^$*+?{}\[\]|()])"
)


def _atoms(body: str) -> tuple[Atom, ...] | None:
    """The elements of a regular expression; None if it has groups or anything like them."""
    atoms: list[Atom] = []
    position = 0
    while position < len(body):
        found = _ATOM.match(body, position)
        if found is None:
            return None
        repeat = re.match(r"([*+?])\??", body[found.end() :])
        source = found[0] + (repeat[0] if repeat else "")
        position += len(source)
        char = found["char"] or found["escaped"] or ""
        if char and not repeat:
            atoms.append(Atom(source, char))
        else:
            accepts = expression(found[0])
            if accepts is None:
                return None
            atoms.append(Atom(source, "", accepts.plain, repeat[1] if repeat else ""))
    return tuple(atoms)


def _fits(shape: Shape, name: str, most: int, limit: int) -> tuple[list[tuple[int, str, int]], int]:
    """How the pattern can be made to fit a name: (edits, spelling), the fewest edits; and the
    number of steps that it took to find out.

    Raises:
        _StepLimitError: these would be more than `limit`.
    """
    taken = 0
    starts = range(1) if shape.at_start else range(len(name) + 1)
    states: list[_States] = [dict.fromkeys(starts, (0, ""))]
    states += [{} for _ in shape.atoms]
    for index, atom in enumerate(shape.atoms):
        taken += 1 + len(states[index])
        if taken > limit:
            raise _StepLimitError
        _insert(shape, name, states[index], most)
        if atom.accepts is not None:
            _through_class(atom, name, states[index], states[index + 1])
        else:
            following = shape.atoms[index + 1] if index + 1 < len(shape.atoms) else None
            _through_literal(shape, atom, following, name, states, index, most)
        if not states[index + 1] and (index + 2 > len(shape.atoms) or not states[index + 2 :][:1]):
            return [], taken
    last = states[-1]
    if shape.at_end:
        _insert(shape, name, last, most)
        last = {at: state for at, state in last.items() if at == len(name)}
    if not last:
        return [], taken
    fewest = min(edits for edits, _ in last.values())
    found = ((*state, at) for at, state in last.items() if state[0] == fewest)
    return list(found), taken


def _through_class(atom: Atom, name: str, before: _States, after: _States) -> None:
    accepts = atom.accepts
    goes_on = atom.repeat in ("*", "+")
    # The best of those who came to a place and may go on over the next character.
    best: tuple[int, str] | None = None
    for at in range(min(before, default=len(name)), len(name) + 1):
        own = before.get(at)
        if own is not None:
            state = (own[0], own[1] + atom.source)
            if atom.repeat in ("*", "?"):
                _reach(after, at, state)
            best = state if best is None else min(best, state)
        if best is None or at == len(name):
            continue
        if accepts is None or not accepts.match(name[at]):
            best = None
            continue
        _reach(after, at + 1, best)
        best = best if goes_on else None


def _through_literal(
    shape: Shape,
    atom: Atom,
    following: Atom | None,
    name: str,
    states: list[_States],
    index: int,
    most: int,
) -> None:
    after = states[index + 1]
    for at, (edits, spelling) in states[index].items():
        here = name[at] if at < len(name) else ""
        if here == atom.char:
            _reach(after, at + 1, (edits, spelling + atom.source))
        if edits == most:
            continue
        _reach(after, at, (edits + 1, spelling))
        if here and here != atom.char:
            _reach(after, at + 1, (edits + 1, spelling + _written(here, shape)))
        if (
            following is not None
            and following.accepts is None
            and name[at : at + 2] == following.char + atom.char
        ):
            swapped = spelling + following.source + atom.source
            _reach(states[index + 2], at + 2, (edits + 1, swapped))


def _insert(shape: Shape, name: str, states: _States, most: int) -> None:
    """Characters of the name that the pattern lacks."""
    for at in sorted(states):
        edits, spelling = states[at]
        for place in range(at, min(at + most - edits, len(name))):
            edits, spelling = edits + 1, spelling + _written(name[place], shape)
            _reach(states, place + 1, (edits, spelling))


def _reach(states: _States, at: int, state: tuple[int, str]) -> None:
    known = states.get(at)
    if known is None or state < known:
        states[at] = state


def _written(char: str, shape: Shape) -> str:
    return "\\" + char if shape.is_regex and char in _SPECIAL else char


def _other_case(pattern: str, shape: Shape, names: Iterable[str]) -> list[str]:
    """Spellings that differ from a pattern without special characters in case alone."""
    text = "".join(atom.char for atom in shape.atoms).lower()
    found: dict[str, None] = {}
    for name in islice(names, _MAX_NAMES):
        at = name.lower().find(text)
        is_there = at == 0 if shape.at_start else at >= 0
        if is_there and (not shape.at_end or len(name) == at + len(text)):
            spelled = "".join(_written(char, shape) for char in name[at : at + len(text)])
            if spelled != pattern:
                found[spelled] = None
    return list(found)
