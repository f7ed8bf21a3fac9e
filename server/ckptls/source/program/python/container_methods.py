"""Lists, tuples, sets and dictionaries: items, operators and methods."""

from __future__ import annotations

import operator
from typing import Any

from ckptls.source.program.core.arguments import Arguments
from ckptls.source.program.core.library_object import LibraryObject
from ckptls.source.program.core.objects import (
    UNKNOWN,
    DictValue,
    LibraryName,
    ListValue,
    PartialText,
    Value,
)
from ckptls.source.program.python.program_objects import BoundMethod

_MAX_ITEMS = 10_000
_PLAIN = (bool, int, float, complex, str, bytes, type(None))


def is_key(value: Value) -> bool:
    """Whether a value is known well enough to be the key of a dictionary."""
    if isinstance(value, tuple):
        return all(map(is_key, value))
    return value is not UNKNOWN and not isinstance(value, ListValue | DictValue | PartialText)


def iterate(value: Value) -> list[Value] | None:
    """The items of a container of Python; None where they are not known."""
    if isinstance(value, tuple):
        return list(value)
    if isinstance(value, ListValue):
        return list(value.items) if value.is_exact else None
    if isinstance(value, DictValue):
        return list(value.entries) if value.is_exact else None
    if isinstance(value, range):
        return list(value[:_MAX_ITEMS]) if len(value) <= _MAX_ITEMS else None
    if isinstance(value, str):
        return list(value) if len(value) <= _MAX_ITEMS else None
    return None


def get_item(value: Value, key: Value) -> Value:
    """An item of a container of Python."""
    if isinstance(value, DictValue):
        return value.entries.get(key, UNKNOWN) if is_key(key) else UNKNOWN
    if isinstance(value, ListValue):
        if not isinstance(key, int | slice) or not value.is_exact:
            return UNKNOWN
        try:
            found = value.items[key]
        except (IndexError, TypeError):
            return UNKNOWN
        return ListValue(found) if isinstance(key, slice) else found
    if isinstance(value, tuple | str | range | bytes) and isinstance(key, int | slice):
        try:
            return value[key]
        except (IndexError, TypeError):
            return UNKNOWN
    return UNKNOWN


def operate(sign: str, left: Value, right: Value) -> Value:
    """A binary operator of which one side is a list or tuple."""
    if sign == "+" and isinstance(left, ListValue) and isinstance(right, ListValue):
        return ListValue([*left.items, *right.items], left.is_exact and right.is_exact)
    if sign == "+" and isinstance(left, tuple) and isinstance(right, tuple):
        return left + right
    if sign == "*":
        items, times = (left, right) if isinstance(right, int) else (right, left)
        if type(times) is int and isinstance(items, tuple | ListValue):
            own = items.items if isinstance(items, ListValue) else items
            if 0 <= len(own) * max(times, 0) <= _MAX_ITEMS:
                if isinstance(items, tuple):
                    return items * times
                return ListValue(items.items * times, items.is_exact)
    both = isinstance(left, ListValue) and isinstance(right, ListValue)
    if both and left.kind == right.kind == "set":
        known, other = iterate(left), iterate(right)
        if known is not None and other is not None:
            if sign == "-":
                return ListValue(
                    [e for e in known if contains(other, e, True) is False], kind="set"
                )
            if sign == "|":
                return ListValue([*known, *other], kind="set")
            if sign == "&":
                return ListValue([e for e in known if contains(other, e, True)], kind="set")
    return UNKNOWN


def is_equal(left: Value, right: Value) -> bool | None:
    """Whether two values are equal; None where that is not known."""
    if left is right and left is not UNKNOWN:
        return True
    if isinstance(left, (*_PLAIN, LibraryName)) and isinstance(right, (*_PLAIN, LibraryName)):
        return bool(left == right)
    if isinstance(left, tuple | ListValue) and isinstance(right, tuple | ListValue):
        if type(left) is not type(right):
            return False
        one, other = iterate(left), iterate(right)
        if one is None or other is None:
            return None
        if len(one) != len(other):
            return False
        found = [is_equal(a, b) for a, b in zip(one, other, strict=True)]
        return False if False in found else None if None in found else True
    plain = (*_PLAIN, tuple, ListValue, DictValue)
    if isinstance(left, plain) and isinstance(right, plain):
        return None if isinstance(left, DictValue) and isinstance(right, DictValue) else False
    if isinstance(left, BoundMethod) or isinstance(right, BoundMethod):
        return None
    is_object = isinstance(left, LibraryObject) or isinstance(right, LibraryObject)
    if left is UNKNOWN or right is UNKNOWN or isinstance(left, PartialText) or is_object:
        return None
    return None if isinstance(right, PartialText) else False


def compare(sign: str, left: Value, right: Value) -> Value:
    """A comparison of values that are not both plain."""
    if sign in ("==", "!="):
        same = is_equal(left, right)
        return UNKNOWN if same is None else same == (sign == "==")
    if isinstance(left, tuple) and isinstance(right, tuple) and sign in _ORDER:
        try:
            return bool(_ORDER[sign](left, right))
        except TypeError:
            return UNKNOWN
    return UNKNOWN


_ORDER = {"<": operator.lt, ">": operator.gt, "<=": operator.le, ">=": operator.ge}


def contains(items: list[Value] | None, item: Value, is_exact: bool) -> bool | None:
    """Whether an item is among others."""
    found = [is_equal(each, item) for each in items or []]
    if True in found:
        return True
    return False if items is not None and is_exact and None not in found else None


def call(run: Any, receiver: Value, name: str, arguments: Arguments) -> Value:
    """A method of a container of Python; `run` is the evaluator."""
    given = arguments.positional
    first = given[0] if given else None
    if isinstance(receiver, ListValue):
        return _list_method(run, receiver, name, given, arguments)
    if isinstance(receiver, DictValue):
        return _dict_method(run, receiver, name, given, arguments)
    if isinstance(receiver, tuple) and name in ("index", "count"):
        return _find(name, list(receiver), first)
    if isinstance(receiver, tuple) and name == "as_list":  # the shape of a tensor
        return ListValue(list(receiver))
    if isinstance(receiver, bytes) and name == "decode":
        return receiver.decode("utf-8", "replace")
    return UNKNOWN


def _find(name: str, items: list[Value], wanted: Value) -> Value:
    """What `index` or `count` gives, where all comparisons are known."""
    found = [is_equal(each, wanted) for each in items]
    if None in found:
        return UNKNOWN
    if name == "count":
        return found.count(True)
    return found.index(True) if True in found else UNKNOWN


def _list_method(
    run: Any, several: ListValue, name: str, given: tuple[Value, ...], arguments: Arguments
) -> Value:
    first = given[0] if given else None
    if name in ("append", "add"):
        if name == "add" and contains(several.items, first, several.is_exact):
            return None
        run.change_items(several).append(first)
    elif name in ("extend", "update"):
        for each in given:
            items = run.iterate(each)
            run.change_items(several).extend(items or [])
            several.is_exact = several.is_exact and items is not None
    elif name == "insert" and len(given) == 2 and isinstance(first, int):
        run.change_items(several).insert(first, given[1])
    elif name == "pop":
        items = run.change_items(several)
        index = first if isinstance(first, int) else -1
        if (
            several.is_exact
            and -len(items) <= index < len(items)
            and not (given and type(first) is not int)
        ):
            return items.pop(index)
        several.is_exact = False
        return UNKNOWN
    elif name in ("remove", "discard"):
        items = run.change_items(several)
        found = [is_equal(each, first) for each in items]
        if True in found and None not in found[: found.index(True)]:
            del items[found.index(True)]
        elif None in found:
            several.is_exact = False
    elif name == "reverse":
        run.change_items(several).reverse()
    elif name == "clear":
        run.change_items(several).clear()
    elif name == "sort":
        items = run.change_items(several)
        ordered = sort(run, list(items), arguments)
        if ordered is None:
            several.is_exact = False
        else:
            items[:] = ordered
    elif name == "copy":
        return ListValue(list(several.items), several.is_exact, several.kind)
    elif name in ("index", "count"):
        return _find(name, several.items, first) if several.is_exact else UNKNOWN
    elif name in ("union", "difference", "intersection"):
        sign = {"union": "|", "difference": "-", "intersection": "&"}[name]
        other = run.iterate(first)
        return (
            operate(sign, several, ListValue(other, kind="set")) if other is not None else UNKNOWN
        )
    else:
        return UNKNOWN
    return None


def sort(run: Any, items: list[Value], arguments: Arguments) -> list[Value] | None:
    """Items in order, by `key` and `reverse` of a call; None where the order is not known."""
    key = arguments.keywords.get("key")
    keys = [run.call(key, Arguments((each,))) for each in items] if key is not None else items
    reverse = run.truth(arguments.keywords.get("reverse", False))
    plain = all(_is_plain_deep(each) for each in keys)
    if reverse is None or not plain:
        return None
    try:
        order = sorted(range(len(items)), key=keys.__getitem__, reverse=reverse)
    except TypeError:
        return None
    return [items[index] for index in order]


def _is_plain_deep(value: Value) -> bool:
    if isinstance(value, tuple):
        return all(map(_is_plain_deep, value))
    return isinstance(value, _PLAIN)


def _dict_method(
    run: Any, table: DictValue, name: str, given: tuple[Value, ...], arguments: Arguments
) -> Value:
    first = given[0] if given else None
    default = given[1] if len(given) > 1 else arguments.keywords.get("default")
    if name in ("keys", "iterkeys", "viewkeys"):
        return ListValue(list(table.entries), table.is_exact)
    if name in ("values", "itervalues", "viewvalues"):
        return ListValue(list(table.entries.values()), table.is_exact)
    if name in ("items", "iteritems", "viewitems"):
        return ListValue(list(table.entries.items()), table.is_exact)
    if name in ("get", "pop", "setdefault"):
        if not is_key(first):
            return UNKNOWN
        found = table.entries.get(first, default if table.is_exact else UNKNOWN)
        if name == "pop":
            run.drop_entry(table.entries, first)
        elif name == "setdefault" and first not in table.entries:
            run.set_entry(table.entries, first, found)
        return found
    if name == "has_key":
        return (
            (first in table.entries or (False if table.is_exact else UNKNOWN))
            if is_key(first)
            else UNKNOWN
        )
    if name == "update":
        for each in given:
            if isinstance(each, DictValue):
                for key, value in each.entries.items():
                    run.set_entry(table.entries, key, value)
                table.is_exact = table.is_exact and each.is_exact
            else:
                pairs = run.iterate(each)
                if pairs is None or not all(
                    isinstance(p, tuple) and len(p) == 2 and is_key(p[0]) for p in pairs
                ):
                    table.is_exact = False
                else:
                    for key, value in pairs:
                        run.set_entry(table.entries, key, value)
        for key, value in arguments.keywords.items():
            run.set_entry(table.entries, key, value)
        return None
    if name == "copy":
        return DictValue(dict(table.entries), table.is_exact)
    if name == "clear":
        for key in list(table.entries):
            run.drop_entry(table.entries, key)
        return None
    return UNKNOWN
