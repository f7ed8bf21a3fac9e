"""Runs each regular expression of the package on texts made to be slow for it.

Run as a program it tries them all, and prints their names and which are too slow. The texts come
from the pattern itself: what it can match in each of its parts, repeated, and then something that
it cannot match. Backtracking, or starting again at each place, is quadratic on one of these. What
counts is how the time grows with the text, so that a slow or busy machine changes no answer.
"""

from __future__ import annotations

import ast
import importlib
import re
import signal
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ckptls
from ckptls.features.patterns.pattern_tree import parser

PACKAGE = Path(ckptls.__file__).parent
LENGTH = 60_000
# Processor time. A text that takes longer is only suspected: `_grows` decides, by a comparison that
# holds on a busy machine, too.
SECONDS = 0.1
# Many times what a linear pattern takes for a text; exponential patterns would never end.
_WATCHDOG_SECONDS = 2.0
# Four times the text takes a linear pattern four times as long, a quadratic one sixteen times.
_TOO_MUCH_GROWTH = 8
_TRIES = 2
# What matches of these functions and methods begins anywhere, or at the start only.
ANYWHERE = {"search", "finditer", "findall", "sub", "subn", "split"}
METHODS = ANYWHERE | {"match", "fullmatch"}
_MAX_SAMPLES = 6
_MAX_TEXTS = 60
_KILLERS = ("\0", "\n\0", "")


@dataclass(frozen=True)
class HostileText:
    """A part of what a pattern matches, many times."""

    before: str
    unit: str
    killer: str
    bound: int

    def text(self, length: int = LENGTH) -> str:
        """The text of about `length` characters; its last `bound` ones if it is longer."""
        whole = self.before + self.unit * (length // len(self.unit)) + self.killer
        return whole[-self.bound :]


@dataclass(frozen=True)
class Use:
    """A regular expression, and the method by which a module applies it."""

    place: str
    pattern: re.Pattern[Any]
    method: str

    def run(self, text: str) -> None:
        """Apply it to a text, to the end."""
        given: Any = text.encode("latin-1") if isinstance(self.pattern.pattern, bytes) else text
        if self.method in ("sub", "subn"):
            self.pattern.sub(given[:0], given)
        elif self.method == "finditer":
            for _ in self.pattern.finditer(given):
                pass
        else:
            getattr(self.pattern, self.method)(given)


def uses() -> Iterator[Use]:
    """All regular expressions that are known before the package runs."""
    for path in sorted(PACKAGE.rglob("*.py")):
        yield from _uses_in(path)


def _uses_in(path: Path) -> Iterator[Use]:
    place = path.relative_to(PACKAGE).as_posix()
    tree = ast.parse(path.read_text("utf-8"))
    if "re" not in {
        name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names
    }:
        return
    module = importlib.import_module("ckptls." + place[:-3].replace("/", "."))
    compiled: dict[str, list[re.Pattern[Any]]] = {}
    for name, value in vars(module).items():
        values = list(value.values()) if isinstance(value, dict) else [value]
        if values and all(isinstance(each, re.Pattern) for each in values):
            compiled[name] = values
    methods: dict[str, set[str]] = {name: set() for name in compiled}
    parents = {below: node for node in ast.walk(tree) for below in ast.iter_child_nodes(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id in compiled and isinstance(node.ctx, ast.Load):
            user = parents[node]
            while isinstance(user, ast.Subscript | ast.IfExp):
                user = parents[user]
            method = user.attr if isinstance(user, ast.Attribute) else "finditer"
            if method in METHODS:
                methods[node.id].add(method)
            elif method != "pattern":
                methods[node.id].add("finditer")
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        if ast.unparse(node.func.value) != "re" or not node.args:
            continue
        first = node.args[0]
        if not isinstance(first, ast.Constant):
            continue
        method = node.func.attr
        if method == "compile":
            user = parents[node]
            if isinstance(user, ast.Assign) and user in tree.body:
                continue
            method = user.attr if isinstance(user, ast.Attribute) else "finditer"
        if method in METHODS:
            yield Use(f"{place}:{node.lineno}", re.compile(first.value, _flags(node)), method)
    for name, patterns in compiled.items():
        for pattern in patterns:
            for method in sorted(methods[name]):
                yield Use(f"{place}:{name}", pattern, method)


def _flags(call: ast.Call) -> int:
    found = 0
    for node in ast.walk(
        ast.Module([ast.Expr(a) for a in (*call.args[1:], *(k.value for k in call.keywords))], [])
    ):
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "re":
            found |= getattr(re, node.attr)
    return int(found)


def hostile_texts(pattern: re.Pattern[Any], bound: int = 2 * LENGTH) -> Iterator[HostileText]:
    """Texts made from each part of a pattern, of at most `bound` characters."""
    text = pattern.pattern
    source = text.decode("latin-1") if isinstance(text, bytes) else text
    items: Any = parser.parse(source, pattern.flags & ~re.UNICODE & ~re.LOCALE)
    texts = [each for each in dict.fromkeys(_units(list(items), [""])) if each[1]]
    # Of many, some from each part.
    for before, unit in texts[:: -(-len(texts) // _MAX_TEXTS) or 1]:
        for killer in _KILLERS:
            yield HostileText(before, unit, killer, bound)


def _units(items: list[Any], before: list[str]) -> Iterator[tuple[str, str]]:
    """(what comes before it, something to repeat), for all parts of a sequence."""
    samples = [_samples([item]) for item in items]
    for first in range(len(items)):
        for last in range(first, min(len(items), first + 8)):
            for unit in _joined(samples[first : last + 1]):
                yield "", unit
                for start in before[:2]:
                    for middle in _joined(samples[:first])[:2]:
                        yield start + middle, unit
    for index, (operation, argument) in enumerate(items):
        starts = [a + b for a in before[:2] for b in _joined(samples[:index])[:2]]
        for inner in _inner(str(operation), argument):
            yield from _units(inner, starts)


def _inner(operation: str, argument: Any) -> list[list[Any]]:
    if operation in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
        return [list(argument[2])]
    if operation == "SUBPATTERN":
        return [list(argument[3])]
    if operation == "BRANCH":
        return [list(each) for each in argument[1]]
    if operation == "ATOMIC_GROUP":
        return [list(argument)]
    return []


def _joined(samples: list[list[str]]) -> list[str]:
    """Examples of a sequence: the first example of each part, the second of each, and so on."""
    if not samples:
        return [""]
    count = min(_MAX_SAMPLES, max(len(each) for each in samples))
    return list(
        dict.fromkeys(
            "".join(each[number % len(each)] for each in samples) for number in range(count)
        )
    )


def _samples(items: list[Any]) -> list[str]:
    """A few texts that a sequence matches; what looks around is not regarded."""
    return _joined([_samples_of(str(operation), argument) for operation, argument in items])


def _samples_of(operation: str, argument: Any) -> list[str]:
    if operation == "LITERAL":
        return [chr(argument)]
    if operation == "NOT_LITERAL":
        return [each for each in 'a 1\n"#' if ord(each) != argument][:_MAX_SAMPLES]
    if operation == "ANY":
        return ["a", " ", "\\"]
    if operation == "IN":
        return _members(argument)
    if operation in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
        low, _, below = argument
        first, *others = [each * max(low, 1) for each in _samples(list(below))]
        return [first, *([""] if low == 0 else []), *others]
    if operation == "SUBPATTERN":
        return _samples(list(argument[3]))
    if operation == "ATOMIC_GROUP":
        return _samples(list(argument))
    if operation == "BRANCH":
        found = [text for each in argument[1] for text in _samples(list(each))[:2]]
        return list(dict.fromkeys(found))[:_MAX_SAMPLES] or [""]
    return [""]


def _members(argument: Any) -> list[str]:
    """Some characters of a set: its own literals, and of each kind one."""
    kinds = [(str(operation), value) for operation, value in argument]
    one = re.compile("[" + "".join(_set_text(*kind) for kind in kinds) + "]", re.S)
    own = [chr(value) for operation, value in kinds if operation == "LITERAL"]
    own += [chr(value[0]) for operation, value in kinds if operation == "RANGE"]
    candidates = [*own, *"a1_ \t\n\r-.,=#\\/'\"([{<>!%"]
    return list(dict.fromkeys(each for each in candidates if one.match(each)))[:_MAX_SAMPLES] or [
        ""
    ]


_CATEGORIES = {"DIGIT": r"\d", "SPACE": r"\s", "WORD": r"\w"}


def _set_text(operation: str, value: Any) -> str:
    if operation == "NEGATE":
        return "^"
    if operation == "LITERAL":
        return re.escape(chr(value))
    if operation == "RANGE":
        return f"{re.escape(chr(value[0]))}-{re.escape(chr(value[1]))}"
    name = str(value).removeprefix("CATEGORY_")
    return _CATEGORIES[name] if name in _CATEGORIES else _CATEGORIES[name[4:]].upper()


class _SlowError(BaseException):
    """The time is over; `re` lets signals in."""


def too_slow(run: Callable[[str], object], texts: Iterable[HostileText]) -> str:
    """The first text, shortened, whose time grows faster than its length; empty if none does."""
    for each in texts:
        if _seconds(run, each.text(), SECONDS) >= SECONDS and _grows(run, each):
            text = each.text()
            return f"{text[:40]!r}…{text[-10:]!r}"
    return ""


def _grows(run: Callable[[str], object], each: HostileText) -> bool:
    """Whether four times the text takes much more than four times as long, at best of each."""
    short, long = each.text(LENGTH // 24), each.text(LENGTH // 6)
    if _seconds(run, long, _WATCHDOG_SECONDS) >= _WATCHDOG_SECONDS:
        return True
    for _ in range(_TRIES):  # a moment of noise in one does not decide
        of_short = min(_seconds(run, short, _WATCHDOG_SECONDS) for _ in range(_TRIES))
        of_long = min(_seconds(run, long, _WATCHDOG_SECONDS) for _ in range(_TRIES))
        if of_long < _TOO_MUCH_GROWTH * of_short:
            return False
    return True


def _seconds(run: Callable[[str], object], text: str, limit: float) -> float:
    """Processor time that a text takes; `limit` if it takes longer, when it is stopped."""

    def stop(*_: object) -> None:
        raise _SlowError

    signal.signal(signal.SIGVTALRM, stop)
    begun = time.process_time()
    try:
        signal.setitimer(signal.ITIMER_VIRTUAL, limit)
        run(text)
    except _SlowError:
        return limit
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    return min(time.process_time() - begun, limit)


# Patterns whose callers pass a few characters only, and how many at most.
BOUNDED = {
    "checkpoint/locate/steps.py:_METRICS": 1024,  # a name of a file
    "checkpoint/locate/not_found.py:_STEP": 1024,  # a name of a file
    "source/semantics/catalogue.py:_WORD_BEFORE": 100,  # a window of the text
    "source/syntax/ir.py:_OPENS_BODY": 200,  # a window of the text
}


if __name__ == "__main__":
    for use in uses():
        print(use.place, use.method, flush=True)
        bound = BOUNDED.get(use.place, 2 * LENGTH)
        found = too_slow(use.run, hostile_texts(use.pattern, bound))
        if found:
            print(f"SLOW {use.place} {use.method} {found}", flush=True)
    print("END")
