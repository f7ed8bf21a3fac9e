"""Regular expressions of users, run within limits.

A pattern in code can take longer than anybody lives: `(\\w+/*)+moving_varience$` backtracks. It
is run by `re` where its shape and the length of the names bound the work, and else by the
package `regex`, which lets other threads run and stops in time. One limit holds for all names
that a pattern is compared with; past it nothing is known of what it matches.
"""

from __future__ import annotations

import re
import time
import warnings
from functools import lru_cache
from typing import TYPE_CHECKING, Protocol

from ckptls.features.patterns.pattern_tree import PatternTooLargeError, Tree, parse

if TYPE_CHECKING:
    import regex

# Steps of `re` for all names of a pattern, by an upper bound that few patterns come near.
_MAX_STEPS = 50_000_000
# Processor seconds of `regex`: for all names of a pattern, and for all patterns together.
_MAX_SECONDS = 0.2
_MAX_SECONDS_IN_ALL = 0.4


_NO_ROOM = (PatternTooLargeError, RecursionError, MemoryError)


class SlowPatternError(Exception):
    """Matching the pattern takes too long."""


class Found(Protocol):
    """What `re` and `regex` say of a match."""

    def start(self) -> int: ...
    def end(self) -> int: ...
    def __getitem__(self, group: int, /) -> str: ...


class Expression:
    """A valid regular expression.

    is_slow: it was stopped before, and would be again.
    """

    __slots__ = ("_hard", "is_slow", "plain", "tree")

    def __init__(self, plain: re.Pattern[str], tree: Tree) -> None:
        self.plain = plain
        self.tree = tree
        self.is_slow = False
        self._hard: regex.Pattern[str] | None = None

    def hard(self) -> regex.Pattern[str]:
        """The pattern for the engine that can be stopped.

        Raises:
            SlowPatternError: it does not take the pattern.
        """
        if self._hard is None:
            import regex

            try:
                self._hard = regex.compile(self.tree.rewritten(), regex.V0)
            except (regex.error, OverflowError, *_NO_ROOM) as error:
                self.is_slow = True
                raise SlowPatternError from error
        return self._hard


class Allowance:
    """The time that the patterns of one request, or of one look at a document, may take in all."""

    __slots__ = ("_runs", "seconds")

    def __init__(self) -> None:
        self.seconds = _MAX_SECONDS_IN_ALL
        self._runs: dict[Expression, Run] = {}

    def run(self, expression: Expression) -> Run:
        """The run of a pattern: the same one whenever it is asked for."""
        found = self._runs.get(expression)
        if found is None:
            found = self._runs[expression] = Run(expression, self)
        return found


class Run:
    """Compares a pattern with names, one after the other, until their limit is reached.

    Each method raises SlowPatternError past the limit.
    """

    __slots__ = ("_allowance", "_expression", "_seconds", "_steps")

    def __init__(self, expression: Expression, allowance: Allowance | None = None) -> None:
        self._expression = expression
        self._allowance = allowance if allowance is not None else Allowance()
        self._steps: float = _MAX_STEPS
        self._seconds = _MAX_SECONDS

    def match(self, text: str) -> Found | None:
        """The pattern at the start of a text."""
        if self._is_affordable(len(text), 1):
            return self._expression.plain.match(text)
        return self._limited("match", text)

    def fullmatch(self, text: str) -> Found | None:
        """The pattern for a whole text."""
        if self._is_affordable(len(text), 1):
            return self._expression.plain.fullmatch(text)
        return self._limited("fullmatch", text)

    def search(self, text: str, start: int = 0, longest: int | None = None) -> Found | None:
        """The first place of a text, from `start` on, where the pattern matches.

        `longest` is the length of its longest line, if a match stays in one.
        """
        length = max(len(text) - start, 1)
        before = self._steps
        if not self._is_affordable(min(longest or length, length), length):
            return self._limited("search", text, start)
        found = self._expression.plain.search(text, start)
        if found is not None:  # what comes behind it was not looked at
            self._steps += (before - self._steps) * (len(text) - found.end()) / length
        return found

    def _is_affordable(self, length: int, places: int) -> bool:
        """Whether `re` may try the pattern at so many places of texts of that length."""
        work = self._expression.tree.work.at(length) * places
        if work > self._steps:
            return False
        self._steps -= work
        return True

    def _limited(self, method: str, text: str, start: int = 0) -> Found | None:
        expression = self._expression
        limit = min(self._seconds, self._allowance.seconds)
        # The two engines have other ideas of which characters beyond ASCII are letters.
        is_told_alike = expression.tree.is_ascii or text.isascii()
        if expression.is_slow or limit <= 0 or not is_told_alike:
            raise SlowPatternError
        run = getattr(expression.hard(), method)
        begun = time.thread_time()
        try:
            found: Found | None = run(text, pos=start, timeout=limit, concurrent=True)
        except (TimeoutError, *_NO_ROOM) as error:
            # One that had only what others left may do better another time.
            expression.is_slow = limit >= _MAX_SECONDS / 2
            raise SlowPatternError from error
        finally:
            spent = time.thread_time() - begun
            self._seconds -= spent
            self._allowance.seconds -= spent
        return found


@lru_cache(maxsize=1024)
def expression(pattern: str) -> Expression | None:
    """The regular expression of a pattern; None if it is invalid, or too large to be run."""
    try:
        return _compiled(pattern)
    except (re.error, OverflowError, PatternTooLargeError):
        return None


def problem(pattern: str) -> str:
    """What `re` says of a pattern that it does not take; empty if it takes it, or if it is too
    large to be known."""
    try:
        _compiled(pattern)
    except (re.error, OverflowError) as error:
        return str(error)
    except PatternTooLargeError:
        return ""
    return ""


def _compiled(pattern: str) -> Expression:
    tree = parse(pattern)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return Expression(re.compile(pattern), tree)
    except _NO_ROOM as error:
        raise PatternTooLargeError from error
