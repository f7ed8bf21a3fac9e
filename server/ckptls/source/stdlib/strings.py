"""What Python's own functions do to texts and numbers: formatting, splitting, joining.

Each function takes values and returns values; what cannot be determined becomes a hole.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Iterator, Mapping

from ckptls.source.semantics.pattern_text import (
    DIGITS,
    UNKNOWN_TEXT,
    Hole,
    Piece,
    Text,
    bounded,
    text,
)
from ckptls.source.semantics.values import (
    MAX_ALTERNATIVES,
    UNKNOWN,
    Literal,
    Sequence,
    Value,
    Values,
    as_text,
    texts,
    union,
)
from ckptls.source.semantics.values import Mapping as Dictionary
from ckptls.source.stdlib import containers, os_path
from ckptls.source.text.text_limits import MAX_PIECES

Arguments = tuple[Values, ...]
_PERCENT = re.compile(
    r"%(?:\((\w{1,200})\))?[#0\- +]{0,9}(?:\*|\d{1,9})?(?:\.\d{1,9})?[hlL]?([diouxXeEfFgGcrsa%])"
)
_FIELD = re.compile(r"\{\{|\}\}|\{([^{}!:]*)(![rsa])?(:[^{}]*)?\}")
_DOLLAR = re.compile(r"\$(?:\$|([A-Za-z_]\w*)|\{([A-Za-z_]\w*)\})")
_MAX_RANGE = 64
# Texts put together in one step of formatting; of the same texts there may be many.
_MAX_TRIED = 1_024
# Parts of a text that is split.
_MAX_SPLIT = 500
# Places of a format that are filled.
_MAX_FIELDS = 64
_MAX_WIDTH = 200


def concatenate(
    left: Iterable[Text], right: Iterable[Text], limit: int = MAX_ALTERNATIVES
) -> tuple[Text, ...]:
    """Each text of `left` followed by each of `right`."""
    lefts, rights = tuple(left), tuple(right)
    if len(lefts) == len(rights) == 1:
        return (lefts[0] + rights[0],)
    found: dict[Text, None] = {}
    tried = 0
    for first in lefts:
        for second in rights:
            found[first + second] = None
            tried += 1
            if len(found) > limit or tried > _MAX_TRIED:
                return (*list(found)[: limit - 1], UNKNOWN_TEXT)
    return tuple(found)


def _same(arguments: Arguments) -> Values:
    return arguments[0] if arguments else UNKNOWN


def numbers(arguments: Arguments) -> tuple[Values, ...] | None:
    """The items of `range(…)`; None where they are not known or too many."""
    bounds: list[int] = []
    for argument in arguments:
        if len(argument) != 1 or not isinstance(argument[0], Literal):
            return None
        value = argument[0].value
        if not isinstance(value, int):
            return None
        bounds.append(value)
    if not 1 <= len(bounds) <= 3 or (len(bounds) == 3 and bounds[2] == 0):
        return None
    found = range(*bounds)
    if len(found) > _MAX_RANGE:
        return None
    return tuple((Literal(number),) for number in found)


def _range(arguments: Arguments) -> Values:
    found = numbers(arguments)
    if found is None:
        return (Sequence("range", ((DIGIT_TEXT,),), is_complete=False),)
    return (Sequence("list", found),)


def _whole(arguments: Arguments) -> Values:
    """`int(…)`."""
    values = arguments[0] if len(arguments) == 1 else ()
    is_number = all(isinstance(each, Literal) and type(each.value) is int for each in values)
    return values if values and is_number else UNKNOWN


def _next(arguments: Arguments) -> Values:
    items, _ = containers.items_of(arguments[0]) if arguments else ((UNKNOWN,), False)
    return union(*items) if items else UNKNOWN


DIGIT_TEXT = Text((DIGITS,))

FUNCTIONS: dict[str, Callable[[Arguments], Values]] = {
    **os_path.FUNCTIONS,
    **containers.FUNCTIONS,
    "builtins.str": os_path.to_text,
    "builtins.unicode": os_path.to_text,
    "builtins.range": _range,
    "builtins.xrange": _range,
    "builtins.iter": _same,
    "builtins.int": _whole,
    "builtins.next": _next,
    "six.moves.range": _range,
    "six.moves.xrange": _range,
    "six.ensure_str": _same,
    "six.ensure_text": _same,
    "copy.copy": _same,
    "copy.deepcopy": _same,
    "tensorflow.compat.as_str": _same,
    "tensorflow.compat.as_bytes": _same,
    "tensorflow.compat.as_text": _same,
    "tensorflow.compat.as_str_any": _same,
    "tensorflow.compat.path_to_str": _same,
    "tensorflow.identity": _same,
}


def format_percent(template: Text, right: Values) -> Values:
    """`template % right`."""
    alternatives: list[tuple[Values, ...]] = []
    named: dict[str, Values] = {}
    for value in right:
        if isinstance(value, Sequence) and value.kind == "tuple" and value.is_complete:
            alternatives.append(value.items)
        elif isinstance(value, Dictionary):
            for keys, values in value.entries:
                named.update({key.literal: values for key in texts(keys) if key.literal})
            alternatives.append(())
        else:
            alternatives.append(((value,),))
    return union(*(_percent(template, arguments, named) for arguments in alternatives))


def _percent(
    template: Text, arguments: tuple[Values, ...], named: Mapping[str, Values]
) -> tuple[Text, ...]:
    remaining = list(arguments)

    def fill(match: re.Match[str]) -> tuple[Text, ...]:
        kind = match[2]
        if kind == "%":
            return (text("%"),)
        if match[1] is not None and match[1] in named:
            is_plain = match[0][match[0].index(")") + 1 :] in ("s", "d", "i", "u")
            spec = "%" + match[0][match[0].index(")") + 1 :]
            return _formatted(
                named[match[1]], ".*", is_plain, lambda value: _percented(spec, value)
            )
        if match[1] is not None or not remaining:
            return (Text((Hole(r"\d+" if kind in "di" else ".*"),)),)
        values = remaining.pop(0)
        whole = match[0]
        pattern = r"-?\d+" if kind in "diu" else ".*"
        return _formatted(values, pattern, whole in _PLAIN, lambda value: _percented(whole, value))

    return _fill(template, _PERCENT, fill)


_PLAIN = frozenset({"%d", "%s", "%i", "%u"})


def _formatted(
    values: Values, pattern: str, is_plain: bool, render: Callable[[int | float], str]
) -> tuple[Text, ...]:
    if is_plain:
        return tuple(dict.fromkeys(as_text(value, pattern) for value in values))
    found: dict[Text, None] = {}
    for value in values:
        known = value.value if isinstance(value, Literal) else None
        found[_rendered(known, render) or Text((Hole(pattern),))] = None
    return tuple(found)


def _rendered(value: float | None, render: Callable[[int | float], str]) -> Text | None:
    """A number as a format writes it; None where it is no number or cannot be written so."""
    if value is None or isinstance(value, bool):
        return None
    try:
        return text(render(value)[:_MAX_WIDTH])
    except (ValueError, TypeError, OverflowError, MemoryError):
        return None


def format_values(values: Values, spec: str) -> tuple[Text, ...]:
    """`{value:spec}` of an f-string."""
    pattern = r"\d+" if spec.endswith("d") else ".*"
    return _formatted(values, pattern, not spec, lambda value: _format(value, spec))


def _format(value: float, spec: str) -> str:
    if any(len(number) > 3 for number in re.findall(r"\d+", spec)):
        raise ValueError("too wide to be a name")
    return format(value, spec)


def _percented(spec: str, value: float) -> str:
    if any(len(number) > 3 for number in re.findall(r"\d+", spec)):
        raise ValueError("too wide to be a name")
    return spec % value


def format_text(
    template: Text, positional: tuple[Values, ...], named: Mapping[str, Values]
) -> Values:
    """`template.format(…)`."""
    counter = itertools.count()

    def fill(match: re.Match[str]) -> tuple[Text, ...]:
        if match[0] in ("{{", "}}"):
            return (text(match[0][0]),)
        name = match[1]
        if not name:
            name = str(next(counter))
        pattern = r"\d+" if (match[3] or "").endswith("d") else ".*"
        if name.isdecimal() and len(name) < 10 and int(name) < len(positional):
            values = positional[int(name)]
        elif name in named:
            values = named[name]
        else:
            return (Text((Hole(pattern),)),)
        spec = (match[3] or "")[1:]
        is_plain = match[2] is None and match[3] is None
        return _formatted(values, pattern, is_plain, lambda value: _format(value, spec))

    return _fill(template, _FIELD, fill)


def substitute_template(template: Values, named: Mapping[str, Values]) -> Values:
    """`string.Template(template).substitute(…)`."""

    def fill(match: re.Match[str]) -> tuple[Text, ...]:
        name = match[1] or match[2]
        if not name:
            return (text("$"),)
        return tuple(as_text(value) for value in named.get(name, UNKNOWN))

    return union(*(_fill(each, _DOLLAR, fill) for each in texts(template)))


def _fill(
    template: Text, pattern: re.Pattern[str], fill: Callable[[re.Match[str]], tuple[Text, ...]]
) -> tuple[Text, ...]:
    found: tuple[Text, ...] = (Text(),)
    count = 0
    for part in template.parts:
        if isinstance(part, Hole):
            found = concatenate(found, (Text((part,)),))
            continue
        position = 0
        for match in pattern.finditer(part.text):
            count += 1
            if count > _MAX_FIELDS:
                return (UNKNOWN_TEXT,)
            found = concatenate(found, (_plain(part, position, match.start()),))
            found = concatenate(found, fill(match))
            position = match.end()
        found = concatenate(found, (_plain(part, position, len(part.text)),))
    return found


def _plain(part: Piece, start: int, end: int) -> Text:
    return Text((part.cut(start, end),)) if start < end else Text()


def text_method(value: Text, name: str, arguments: Arguments) -> Values:
    """What a method of a string, or of a path, returns; UNKNOWN where it does not matter."""
    found = os_path.method(value, name, arguments)
    if found is not None:
        return found
    handler = _METHODS.get(name)
    return handler(value, name, arguments) if handler is not None else UNKNOWN


def _given(arguments: Arguments, index: int) -> str | None:
    """The one known text of an argument."""
    found = texts(arguments[index]) if index < len(arguments) else ()
    return found[0].literal if len(found) == 1 else None


def _case(value: Text, name: str, arguments: Arguments) -> Values:
    literal = value.literal
    if literal is None:
        return (UNKNOWN_TEXT,)
    changed: str = getattr(literal, name)()
    # What is in that case already stays where it is written.
    return (value,) if changed == literal else (text(changed),)


def _join_items(value: Text, name: str, arguments: Arguments) -> Values:
    if value.literal is None or not arguments:
        return (UNKNOWN_TEXT,)
    return _joined(value, arguments[0])


def _split_text(value: Text, name: str, arguments: Arguments) -> Values:
    literal = value.literal
    separator = _given(arguments, 0)
    if literal is None or (arguments and not separator and not os_path.is_empty(arguments[0])):
        return UNKNOWN
    if name in ("partition", "rpartition"):
        return _partitioned(value, literal, separator or " ", name)
    limit = arguments[1][0] if len(arguments) > 1 else Literal(-1)
    number = limit.value if isinstance(limit, Literal) and type(limit.value) is int else None
    if number is None:
        return UNKNOWN
    parts = _split(value, literal, separator, number, is_last=name == "rsplit")
    if not parts and literal:
        return UNKNOWN
    return (Sequence("list", tuple((part,) for part in parts)),)


def _partitioned(value: Text, literal: str, separator: str, name: str) -> Values:
    place = literal.find(separator) if name == "partition" else literal.rfind(separator)
    if place < 0:
        rows = (value, Text(), Text()) if name == "partition" else (Text(), Text(), value)
    else:
        end = place + len(separator)
        rows = (value.cut(0, place), text(separator), value.cut(end, len(literal)))
    return (Sequence("tuple", tuple((row,) for row in rows)),)


def _replaced(value: Text, name: str, arguments: Arguments) -> Values:
    old, new = _given(arguments, 0), _given(arguments, 1)
    if not old or new is None:
        return (UNKNOWN_TEXT,)
    parts: list[Piece | Hole] = []
    for part in value.parts:
        if isinstance(part, Piece) and old in part.text:
            parts += _pieces(part, old, new)
        else:
            parts.append(part)
        if len(parts) > MAX_PIECES:
            return (UNKNOWN_TEXT,)
    literal = value.literal
    if literal is not None and literal.replace(old, new) != Text(tuple(parts)).literal:
        return (text(literal.replace(old, new)),)
    return (bounded(tuple(parts)),)


def _pieces(piece: Piece, old: str, new: str) -> Iterator[Piece]:
    """A piece with `new` in the place of `old`; the rest stays where it is written."""
    position = 0
    for match in re.finditer(re.escape(old), piece.text):
        if match.start() > position:
            yield piece.cut(position, match.start())
        if new:
            yield Piece(new)
        position = match.end()
    if position < len(piece.text):
        yield piece.cut(position, len(piece.text))


def _strip(value: Text, name: str, arguments: Arguments) -> Values:
    literal = value.literal
    chars = _given(arguments, 0) if arguments else None
    if literal is None:
        return (value,)
    start = len(literal) - len(literal.lstrip(chars)) if name != "rstrip" else 0
    end = len(literal.rstrip(chars)) if name != "lstrip" else len(literal)
    return (value.cut(start, max(start, end)),)


def _filled(value: Text, name: str, arguments: Arguments) -> Values:
    width = arguments[0][0] if arguments and len(arguments[0]) == 1 else None
    number = width.value if isinstance(width, Literal) else None
    if value.literal is None or type(number) is not int or number > _MAX_WIDTH:
        return (UNKNOWN_TEXT,)
    return (text(value.literal.zfill(number)),)


def _without(value: Text, name: str, arguments: Arguments) -> Values:
    affix, literal = _given(arguments, 0), value.literal
    if affix is None or literal is None:
        return (UNKNOWN_TEXT,)
    if name == "removesuffix":
        return (value.without_suffix(affix),)
    start = len(affix) if literal.startswith(affix) else 0
    return (value.cut(start, len(literal)),)


_METHODS: dict[str, Callable[[Text, str, Arguments], Values]] = {
    **dict.fromkeys(("encode", "decode", "format_map"), lambda value, name, arguments: (value,)),
    **dict.fromkeys(("lower", "upper", "title", "capitalize"), _case),
    **dict.fromkeys(("split", "rsplit", "partition", "rpartition"), _split_text),
    **dict.fromkeys(("strip", "lstrip", "rstrip"), _strip),
    **dict.fromkeys(("removeprefix", "removesuffix"), _without),
    "join": _join_items,
    "replace": _replaced,
    "splitlines": lambda value, name, arguments: _split_text(value, name, ((text("\n"),),)),
    "zfill": _filled,
}


def _joined(separator: Text, values: Values) -> Values:
    found: list[Value] = []
    for value in values:
        if not isinstance(value, Sequence) or not value.is_complete:
            return (UNKNOWN_TEXT,)
        joined: tuple[Text, ...] = (Text(),)
        for index, item in enumerate(value.items):
            if index:
                joined = concatenate(joined, (separator,))
            joined = concatenate(joined, texts(item) or (UNKNOWN_TEXT,))
        found += joined
    return union(found)


def _split(
    value: Text, literal: str, separator: str | None, limit: int, is_last: bool
) -> list[Text]:
    found: list[Text] = []
    position = 0
    matches = list(re.finditer(re.escape(separator) if separator else r"\s+", literal))
    if not separator:
        # Space at the ends separates nothing.
        matches = [each for each in matches if each.start() and each.end() < len(literal)]
        position = len(literal) - len(literal.lstrip())
        literal = literal.rstrip()
    if limit >= 0:
        matches = matches[len(matches) - limit :] if is_last else matches[:limit]
    if len(matches) > _MAX_SPLIT:
        return []
    for match in matches:
        found.append(value.cut(position, match.start()))
        position = match.end()
    if position < len(literal) or separator:
        found.append(value.cut(position, len(literal)))
    return [part.as_item() for part in found] if len(found) > 1 else found


path_member = os_path.member
join_paths = os_path.pure
CONSTANTS = os_path.CONSTANTS
