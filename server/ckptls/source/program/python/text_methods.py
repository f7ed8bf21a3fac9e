"""Methods and formats of strings, of which parts may not be known."""

from __future__ import annotations

import re
import string
from typing import Any

from ckptls.source.program.core.arguments import Arguments
from ckptls.source.program.core.objects import (
    UNKNOWN,
    DictValue,
    ListValue,
    PartialText,
    Value,
    join_texts,
)
from ckptls.source.program.core.run_protocol import Run

_PLAIN = (bool, int, float, str)
_CONVERSION = re.compile(r"%(?:\((\w+)\))?([-#0 +]*\d*(?:\.\d+)?)[hlL]?([diouxXeEfFgGcrsa%])")
_MAX_TEXT = 20_000
# Methods that give a text or another plain value for plain arguments.
_SAFE_METHODS = """
    lower upper strip lstrip rstrip title capitalize replace split rsplit partition
    rpartition startswith endswith find rfind index count isdigit isalpha isalnum isupper
    islower zfill splitlines swapcase center ljust rjust expandtabs removeprefix
    removesuffix encode decode casefold
"""
_SAFE = frozenset(_SAFE_METHODS.split())


def format_value(value: Value, spec: str) -> Value:
    """A value as a format writes it."""
    if value is None or isinstance(value, _PLAIN):
        try:
            return format(value, spec) if value is not None else "None"
        except (ValueError, TypeError):
            return UNKNOWN
    return value if isinstance(value, PartialText) and not spec else UNKNOWN


def format_percent(template: Value, given: Value) -> Value:
    """`template % given`."""
    if not isinstance(template, str):
        return join_texts(template, UNKNOWN)
    values = list(given) if isinstance(given, tuple) else [given]
    parts: list[Value] = []
    position = 0
    for match in _CONVERSION.finditer(template):
        parts.append(template[position : match.start()])
        position = match.end()
        if match[3] == "%":
            parts.append("%")
            continue
        if match[1] is not None:
            value = (
                given.entries.get(match[1], UNKNOWN) if isinstance(given, DictValue) else UNKNOWN
            )
        else:
            value = values.pop(0) if values else UNKNOWN
        parts.append(_convert(match[2], match[3], value))
    parts.append(template[position:])
    return join_texts(*parts)


def _convert(flags: str, kind: str, value: Value) -> Value:
    if isinstance(value, PartialText) and kind == "s" and not flags:
        return value
    if value is not None and not isinstance(value, _PLAIN):
        return UNKNOWN
    try:
        return f"%{flags}{kind}" % (value,)
    except (TypeError, ValueError):
        return UNKNOWN


def _format(run: Run, template: str, arguments: Arguments) -> Value:
    parts: list[Value] = []
    number = 0
    try:
        fields = list(string.Formatter().parse(template))
    except ValueError:
        return UNKNOWN
    for literal, name, spec, conversion in fields:
        parts.append(literal)
        if name is None:
            continue
        first, *rest = re.split(r"[.\[]", name, maxsplit=1)
        if first == "":
            value, number = _at(arguments.positional, number), number + 1
        elif first.isdigit():
            value = _at(arguments.positional, int(first))
        else:
            value = arguments.keywords.get(first, UNKNOWN)
        if rest and "." in name:
            value = run.get_attribute(value, rest[0])
        elif rest:
            value = UNKNOWN
        is_plain = not conversion and "{" not in (spec or "")
        parts.append(format_value(value, spec or "") if is_plain else UNKNOWN)
    return join_texts(*parts)


def _at(values: tuple[Value, ...], index: int) -> Value:
    return values[index] if index < len(values) else UNKNOWN


def call(run: Run, receiver: str | PartialText, name: str, arguments: Arguments) -> Value:
    """A method of a string."""
    if name == "format":
        return _format(run, receiver, arguments) if isinstance(receiver, str) else UNKNOWN
    if name == "join" and isinstance(receiver, str):
        items = run.iterate(arguments.positional[0]) if arguments.positional else None
        return _join(receiver, items)
    if isinstance(receiver, PartialText):
        return _partial(receiver, name, arguments)
    if name not in _SAFE or arguments.keywords:
        return UNKNOWN
    plain = [
        each if isinstance(each, _PLAIN) or each is None else None for each in arguments.positional
    ]
    if any(
        a is not b and not isinstance(b, tuple)
        for a, b in zip(plain, arguments.positional, strict=True)
    ):
        return UNKNOWN
    if any(
        isinstance(e, tuple) and not all(isinstance(t, str) for t in e)
        for e in arguments.positional
    ):
        return UNKNOWN
    try:
        found: Any = getattr(receiver, name)(*arguments.positional)
    except (TypeError, ValueError, AttributeError, UnicodeError, OverflowError, MemoryError):
        return UNKNOWN
    if isinstance(found, list):
        return ListValue(list(found))
    return UNKNOWN if isinstance(found, str) and len(found) > _MAX_TEXT else found


def _partial(receiver: PartialText, name: str, arguments: Arguments) -> Value:
    given = arguments.positional[0] if arguments.positional else None
    if isinstance(given, str):
        if name == "startswith" and receiver.parts[0] is not None:
            head = receiver.parts[0]
            if head.startswith(given):
                return True
            return UNKNOWN if given.startswith(head) else False
        if name == "endswith" and receiver.parts[-1] is not None:
            tail = receiver.parts[-1]
            if tail.endswith(given):
                return True
            return UNKNOWN if given.endswith(tail) else False
    return UNKNOWN


def _join(separator: str, items: list[Value] | None) -> Value:
    if items is None:
        return UNKNOWN
    parts: list[Value] = []
    for number, item in enumerate(items):
        parts += [separator, item] if number else [item]
    return join_texts(*parts)
