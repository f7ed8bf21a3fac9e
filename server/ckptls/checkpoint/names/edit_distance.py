"""Names that look like another name: what a person may have meant.

Two questions are answered here, for single segments, scopes and whole variable names:
whether a name is so near another that it must be a slip (`is_near_miss`), and which of
many names are nearest (`nearest`). What a checkpoint offers is in `model/suggestions`.

The distance is Damerau and Levenshtein's: insertions, deletions, substitutions and swaps
of neighbours. It comes from rapidfuzz, loaded at the first question.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from itertools import islice

from ckptls.checkpoint.names.name_pool import Pool, pool_of

MAX_DISTANCE = 2  # of a near miss; and it is at most a third of the shorter name
_ACRONYM = 3
_SHORTLIST = 64
_MOST_TWINS = 1_000
_MOST_SEGMENTS = 32
_DIGITS = re.compile(r"\d+")
_ENDING_NUMBER = re.compile(r"(?:_[vV]?|[vV])\d+(?=[/:]|$)")
_OPPOSITE = re.compile(r"(?<![a-z])(?:de|en|un|up)(?=[a-z]{3})")
_LOOK_ALIKES = str.maketrans("1I|0O", "llloo")

# (edits, edits that are more than confusing characters which look alike, name)
Rank = tuple[int, int, str]


def is_near_miss(written: str, known: str) -> bool:
    """Whether `written` is so near `known` that it was most likely meant.

    That is: at most two edits and at most a third of the (shorter) name; or equal but for
    case; or the same with one whole scope added, dropped or moved. Names that differ in
    digits only or are made opposites by a syllable (`encoder`, `decoder`; `conv`, `deconv`)
    are different names, and so are three letters of which one is another (`cnn`, `rnn`; `gru`,
    `sru`), and names with as many numbers, but others (`2a_2b`, `5a_2a`).
    A name is no miss of itself.
    """
    if written == known or differ_in_digits_only(written, known):
        return False
    if _are_acronyms(written, known) and sorted(written.lower()) != sorted(known.lower()):
        return False
    if _OPPOSITE.sub("", written) == _OPPOSITE.sub("", known):
        return False
    if written.lower() == known.lower() or differs_by_a_scope(written, known):
        return True
    limit = min(MAX_DISTANCE, min(len(written), len(known)) // 3)
    return not _have_other_numbers(written, known) and distance(written, known, limit) <= limit


def _have_other_numbers(one: str, other: str) -> bool:
    numbers, others = _DIGITS.findall(one), _DIGITS.findall(other)
    return len(numbers) == len(others) and numbers != others


def _are_acronyms(one: str, other: str) -> bool:
    return len(one) == len(other) == _ACRONYM and one.isalpha() and other.isalpha()


def nearest(name: str, candidates: Iterable[str], limit: int = 3) -> list[str]:
    """At most `limit` of the candidates, those most like `name` first.

    Case and a scope added, dropped or moved count as one edit. Of equally near names those
    go first that only confuse characters which look alike (`l` and `1`, `O` and `0`), then
    by name. What has less than half in common with `name` is left out, as is `name` itself.
    """
    near = ranks(name, pool_of(candidates))
    return [candidate for _, _, candidate in sorted(near)[:limit]]


def ranks(name: str, pool: Pool) -> list[Rank]:
    """The candidates that have something in common with `name`, with their ranks."""
    found = {*_closest(name, pool), *pool.same_but_for_case(name), *scope_twins(name, pool)}
    found.discard(name)
    return [rank(name, candidate) for candidate in found]


def rank(name: str, candidate: str) -> Rank:
    """How near `candidate` is to `name`; sorts the nearest first."""
    edits = apart = distance(name, candidate)
    if name.lower() == candidate.lower() or differs_by_a_scope(name, candidate):
        edits = min(edits, 1)
    plain = name.translate(_LOOK_ALIKES), candidate.translate(_LOOK_ALIKES)
    if plain != (name, candidate):
        apart = distance(*plain)
    return edits, min(apart, edits), candidate


def distance(one: str, other: str, limit: int | None = None) -> int:
    """Damerau-Levenshtein distance; beyond `limit` any greater number will do."""
    return _scorer()(one, other, score_cutoff=limit)


@cache
def _scorer() -> Callable[..., int]:
    from rapidfuzz.distance import DamerauLevenshtein

    return DamerauLevenshtein.distance


def differ_in_digits_only(one: str, other: str) -> bool:
    """Whether two names are equal but for their numbers (`fc8`, `fc9`; `layer_1`, `layer`),
    or for a number or version behind a segment (`Conv`, `Conv_1`; `Net`, `NetV2`).

    A number that stands elsewhere (`vgg16_`, `vgg_16`) is a slip like any other.
    """
    if one == other:
        return False
    if _ENDING_NUMBER.sub("", one) == _ENDING_NUMBER.sub("", other):
        return True
    if _DIGITS.sub("", one) != _DIGITS.sub("", other):
        return False
    first, second = _number_places(one), _number_places(other)
    return first <= second or second <= first


def _number_places(name: str) -> set[int]:
    """Behind how many other characters each number of a name stands."""
    places = set()
    taken_out = 0
    for match in _DIGITS.finditer(name):
        places.add(match.start() - taken_out)
        taken_out += match.end() - match.start()
    return places


def differs_by_a_scope(one: str, other: str) -> bool:
    """Whether two names are the same but for one whole scope added, dropped or moved.

    The last segment is the variable's own: it is in both.
    """
    first, second = one.split("/"), other.split("/")
    if len(first) == len(second):
        return one != other and _is_moved(first, second)
    if abs(len(first) - len(second)) != 1:
        return False
    shorter, longer = sorted((first, second), key=len)
    # What stands before the first difference is in both, so one place for the scope is enough.
    at = next((i for i, each in enumerate(shorter) if each != longer[i]), len(shorter))
    if at == len(shorter):  # the last one is the variable's own, unless it stands there twice
        return longer[-1] == longer[-2]
    return longer[at + 1 :] == shorter[at:]


def _is_moved(first: list[str], second: list[str]) -> bool:
    """Whether taking one segment out and putting it elsewhere makes `second` of `first`."""
    if sorted(first) != sorted(second):
        return False
    for i, segment in enumerate(first):
        rest = first[:i] + first[i + 1 :]
        for j, other in enumerate(second):
            if segment == other and rest == second[:j] + second[j + 1 :]:
                return True
    return False


def scope_twins(name: str, pool: Pool) -> list[str]:
    """Candidates that differ from `name` by one whole scope; the first thousand of each kind.

    Those with a scope less, or with one moved, can be written down and looked up; for those
    with one more, what stands before it or behind it is searched for.
    """
    segments = name.split("/")
    found = [each for each in _dropped_or_moved(segments) if each in pool]
    for i in range(len(segments)):
        head, tail = "/".join(segments[:i]), "/" + "/".join(segments[i:])
        found += islice(_with_one_more(head + "/" if i else "", tail, pool), _MOST_TWINS)
    return [each for each in dict.fromkeys(found) if each != name]


def _dropped_or_moved(segments: list[str]) -> Iterator[str]:
    """The segments as names with one left out, not the last, or put elsewhere."""
    if len(segments) > _MOST_SEGMENTS:
        return
    for i, segment in enumerate(segments):
        rest = segments[:i] + segments[i + 1 :]
        if i < len(rest):
            yield "/".join(rest)
        for j in range(len(segments)):
            yield "/".join([*rest[:j], segment, *rest[j:]])


def _with_one_more(head: str, tail: str, pool: Pool) -> Iterator[str]:
    """The names that are `head`, one segment, and `tail`."""
    is_by_head = len(head) > len(tail)
    candidates = pool.under(head) if is_by_head else pool.ending(tail)
    for candidate in candidates:
        if candidate.startswith(head) and candidate.endswith(tail):
            between = len(candidate) - len(head) - len(tail)
            if between >= 0 and "/" not in candidate[len(head) : len(head) + between]:
                yield candidate


def _closest(name: str, pool: Pool) -> list[str]:
    """A shortlist of the nearest; by a distance that is quick and never less than ours."""
    from rapidfuzz import process
    from rapidfuzz.distance import OSA

    most = max(MAX_DISTANCE, len(name) // 2)
    # Each character more or less is an edit.
    names = pool.of_length(len(name) - most, len(name) + most)
    close = process.extract(name, names, scorer=OSA.distance, score_cutoff=most, limit=_SHORTLIST)
    # Of two letters one may be too many: `aa` is `a`, and `b` is not.
    return [
        candidate
        for candidate, edits, _ in close
        if edits < len(candidate) or edits == 1 == len(name) - len(candidate)
    ]
