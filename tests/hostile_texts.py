"""Runs each regular expression of the package on texts made to be slow for it.

Run as a program it tries them all, and prints their names and which are too slow. The texts come
from the pattern itself: what it can match in each of its parts, repeated, and then something that
it cannot match. Backtracking, or starting again at each place, is quadratic on one of these.
"""

from __future__ import annotations

import ast
import importlib
import re
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ckptls
from ckptls.features.pattern_tree import parser

PACKAGE = Path(ckptls.__file__).parent
LENGTH = 100_000
# Processor time; linear patterns need some hundredths of it, quadratic ones ten times as much.
SECONDS = 0.5
# What matches of these functions and methods begins anywhere, or at the start only.
ANYWHERE = {"search", "finditer", "findall", "sub", "subn", "split"}
METHODS = ANYWHERE | {"match", "fullmatch"}
_MAX_SAMPLES = 6
_MAX_TEXTS = 60
_KILLERS = ("\0", "\n\0", "")


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


def hostile_texts(pattern: re.Pattern[Any]) -> Iterator[str]:
    """Texts of `LENGTH` characters: parts of what a pattern matches, many times."""
    text = pattern.pattern
    source = text.decode("latin-1") if isinstance(text, bytes) else text
    items: Any = parser.parse(source, pattern.flags & ~re.UNICODE & ~re.LOCALE)
    texts = [each for each in dict.fromkeys(_units(list(items), [""])) if each[1]]
    # Of many, some from each part.
    for before, unit in texts[:: -(-len(texts) // _MAX_TEXTS) or 1]:
        for killer in _KILLERS:
            yield before + unit * (LENGTH // len(unit)) + killer


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


def too_slow(run: Callable[[str], object], texts: Iterator[str]) -> str:
    """The first text, shortened, that takes longer than `SECONDS`; empty if all are quick."""

    def stop(*_: object) -> None:
        raise _SlowError

    signal.signal(signal.SIGVTALRM, stop)
    for text in texts:
        signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS)
        try:
            run(text)
        except _SlowError:
            return f"{text[:40]!r}…{text[-10:]!r}"
        finally:
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    return ""


# Patterns whose callers pass a few characters only, and how many at most.
BOUNDED = {
    "checkpoint/history.py:_METRICS": 1024,  # a name of a file
    "checkpoint/missing.py:_STEP": 1024,  # a name of a file
    "source/catalogue.py:_WORD_BEFORE": 100,  # a window of the text
    "source/chunks.py:_OPENS_BODY": 200,  # a window of the text
}


def _cut(texts: Iterator[str], place: str) -> Iterator[str]:
    for text in texts:
        yield text[-BOUNDED.get(place, len(text)) :]


if __name__ == "__main__":
    for use in uses():
        print(use.place, use.method, flush=True)
        found = too_slow(use.run, _cut(hostile_texts(use.pattern), use.place))
        if found:
            print(f"SLOW {use.place} {use.method} {found}", flush=True)
    print("END")
