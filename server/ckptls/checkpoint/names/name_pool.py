"""Many names, laid out so that a question about all of them is one search in one text.

A loop over 100,000 names costs ten milliseconds and more whatever it does with each. Joined
to one text, the names that end in a given way, or that are the same but for case, are found
by a few searches of a millisecond; those that begin in a given way, by bisection.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, groupby

_AFTER_SLASH = chr(ord("/") + 1)


class Pool:
    """Names, ascending and each once, with what makes searching them quick.

    Attributes:
        names: the names, in order.
    """

    __slots__ = ("_by_length", "_has_breaks", "_lowered", "_text", "names")

    def __init__(self, names: Sequence[str]) -> None:
        """`names` ascending and each once; `pool_of` makes a pool of any others."""
        self.names = names
        self._text: str | None = None
        self._lowered: str | None = None
        self._by_length: dict[int, list[str]] | None = None
        self._has_breaks = False

    def __len__(self) -> int:
        return len(self.names)

    def __contains__(self, name: object) -> bool:
        if not isinstance(name, str):
            return False
        position = bisect_left(self.names, name)
        return position < len(self.names) and self.names[position] == name

    def under(self, scope: str) -> Sequence[str]:
        """The names that begin with `scope`, which ends in a slash."""
        first = bisect_left(self.names, scope)
        return self.names[first : bisect_left(self.names, scope[:-1] + _AFTER_SLASH, first)]

    def ending(self, ending: str) -> Iterator[str]:
        """The names that end with `ending`, which is not empty, in order."""
        text = self._joined(ending)
        if text is None:
            return (name for name in self.names if name.endswith(ending))
        return _lines(text, ending + "\n", text)

    def holding(self, part: str) -> Iterator[str]:
        """The names that have `part`, which is not empty, in them, in order and each once."""
        text = self._joined(part)
        if text is None:
            return (name for name in self.names if part in name)
        return (name for name, _ in groupby(_lines(text, part, text)))

    def of_length(self, least: int, most: int) -> Sequence[str]:
        """Names of `least` to `most` characters, in order; perhaps others too, where nearly all
        are of such a length."""
        by_length = self._by_length
        if by_length is None:
            by_length = {}
            for name in self.names:
                by_length.setdefault(len(name), []).append(name)
            self._by_length = by_length
        chosen = [names for length, names in by_length.items() if least <= length <= most]
        if 4 * sum(map(len, chosen)) > len(self.names):
            return self.names
        return sorted(chain.from_iterable(chosen))

    def same_but_for_case(self, name: str) -> Iterator[str]:
        """The names that are `name` when all letters are small, itself included, in order."""
        text = self._joined(name)
        lowered = name.lower()
        if text is None or not (text.isascii() and name.isascii()):
            # Elsewhere than in ASCII, a letter may become two.
            return (each for each in self.names if each.lower() == lowered)
        if self._lowered is None:
            lowered_text = text.lower()
            # Most have no capitals, and need no second text.
            self._lowered = text if lowered_text == text else lowered_text
        return _lines(self._lowered, f"\n{lowered}\n", text)

    def _joined(self, wanted: str) -> str | None:
        """All names, a line break before and after each; None if line breaks are in names."""
        if self._text is None:
            text = "\n".join(["", *self.names, ""])
            self._has_breaks = text.count("\n") > len(self.names) + 1
            self._text = text  # last: another thread takes it for the sign that all is there
        return None if self._has_breaks or "\n" in wanted else self._text


def _lines(searched: str, wanted: str, text: str) -> Iterator[str]:
    """The lines of `text` at the places where `wanted` is in `searched`."""
    place = searched.find(wanted)
    while place >= 0:
        start = text.rfind("\n", 0, place + (wanted[0] == "\n")) + 1
        yield text[start : text.find("\n", max(start, place + 1))]
        place = searched.find(wanted, place + 1)


def pool_of(candidates: Iterable[str]) -> Pool:
    """A pool of any names, sorted here."""
    return Pool(sorted(set(candidates)))
