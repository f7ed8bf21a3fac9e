"""What a text or a regular expression that fits no name was meant to be.

Only its literal characters may be wrong: each edit puts in, takes out, replaces or swaps
some. At most two edits, and at most a third of the literal characters, make a slip.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice

from ckptls.checkpoint.nearest import MAX_DISTANCE, differ_in_digits_only, rank
from ckptls.source.sites import Match

_MAX_NAMES = 20_000
_MAX_TRIED = 2_000
_MAX_ALIKE = 12  # names that differ in numbers only
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


def corrections(pattern: str, match: Match, names: Iterable[str], limit: int = 3) -> list[str]:
    """Spellings of `pattern`, which fits no name, that fit some; the likeliest first."""
    shape = _shape(pattern, match)
    if shape is None:
        return []
    literals = sum(1 for atom in shape.atoms if atom.accepts is None)
    most = min(MAX_DISTANCE, literals // 3)
    best: dict[str, int] = {}
    for name in examples(names) if most else ():
        for edits, spelling in _fits(shape, name, most):
            if edits < most:
                most = edits
                best.clear()
            if spelling and not differ_in_digits_only(pattern, spelling):
                best[spelling] = edits
    if not best and not any(atom.accepts for atom in shape.atoms):
        best = dict.fromkeys(_other_case(pattern, shape, names), 1)
    if not match.is_regex and len(best) > 1:
        best = {each: best[each] for each in _whole(best, examples(names))} or best
    return sorted(best, key=lambda each: rank(pattern, each)[1:])[:limit]


def _whole(spellings: Iterable[str], names: Iterable[str]) -> list[str]:
    """Those that end with a word of a name: of `outp`, `outpu` and `output` the last."""
    several = list(names)
    ends = {each: re.compile(re.escape(each) + r"(?![^\W\d_])") for each in spellings}
    return [each for each, end in ends.items() if any(map(end.search, several))]


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


def compiled(pattern: str, match: Match) -> re.Pattern[str] | None:
    """The regular expression of a pattern; None if it is none."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return re.compile(pattern if match.is_regex else re.escape(pattern))
    except (re.error, RecursionError, OverflowError):
        return None


def fits(expression: re.Pattern[str], match: Match, name: str) -> bool:
    """Whether a function that matches in this way finds the pattern in a name."""
    if match in (Match.FULL, Match.EQUALS):
        return expression.fullmatch(name) is not None
    if match in (Match.SEARCH, Match.CONTAINS):
        return expression.search(name) is not None
    if match is Match.SUFFIX:
        return re.search(expression.pattern + r"\Z", name) is not None
    if match is Match.SCOPE:
        return re.match(expression.pattern.rstrip("/") + "/", name) is not None
    return expression.match(name) is not None


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
            accepts = compiled(found[0], Match.START)
            if accepts is None:
                return None
            atoms.append(Atom(source, "", accepts, repeat[1] if repeat else ""))
    return tuple(atoms)


def _fits(shape: Shape, name: str, most: int) -> list[tuple[int, str]]:
    """How the pattern can be made to fit a name: (edits, spelling), the fewest edits."""
    starts = range(1) if shape.at_start else range(len(name) + 1)
    states: list[_States] = [dict.fromkeys(starts, (0, ""))]
    states += [{} for _ in shape.atoms]
    for index, atom in enumerate(shape.atoms):
        _insert(shape, name, states[index], most)
        if atom.accepts is not None:
            _through_class(atom, name, states[index], states[index + 1])
        else:
            following = shape.atoms[index + 1] if index + 1 < len(shape.atoms) else None
            _through_literal(shape, atom, following, name, states, index, most)
        if not states[index + 1] and (index + 2 > len(shape.atoms) or not states[index + 2 :][:1]):
            return []
    last = states[-1]
    if shape.at_end:
        _insert(shape, name, last, most)
        last = {at: state for at, state in last.items() if at == len(name)}
    if not last:
        return []
    fewest = min(edits for edits, _ in last.values())
    return [state for state in last.values() if state[0] == fewest]


def _through_class(atom: Atom, name: str, before: _States, after: _States) -> None:
    accepts = atom.accepts
    for at, (edits, spelling) in before.items():
        state = (edits, spelling + atom.source)
        if atom.repeat in ("*", "?"):
            _reach(after, at, state)
        place = at
        while accepts is not None and place < len(name) and accepts.match(name[place]):
            place += 1
            _reach(after, place, state)
            if atom.repeat not in ("*", "+"):
                break


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
