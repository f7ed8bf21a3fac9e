"""Lists, tuples and dictionaries: their items, their methods, what loops get from them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from itertools import islice, product
from string import ascii_lowercase, ascii_uppercase, digits

from ckptls.source.semantics.pattern_text import Text, text
from ckptls.source.semantics.values import (
    UNKNOWN,
    Arguments,
    Flag,
    Latest,
    Literal,
    Mapping,
    Member,
    ModelVariable,
    Outside,
    Qualified,
    Selection,
    Sequence,
    Tracked,
    Unknown,
    Value,
    Values,
    union,
)
from ckptls.source.syntax import ir

# Items of loops that are followed one by one; of more, all are taken together.
MAX_UNROLLED = 64
# Entries of a dictionary, items of a list that grow bit by bit.
MAX_ENTRIES = 128
# `for letter in "abc"`: other texts that are looped over are lists, by mistake or perhaps.
_LETTERS = ascii_lowercase + "," + ascii_uppercase + "," + digits
# The maps and lists of a checkpoint's names.
NAME_MAPS = frozenset({"variable-map", "variable-list"})
# Of a sequence whose items stand in an order that reading the code does not tell.
UNORDERED = "unordered"


def items_of(values: Values) -> tuple[tuple[Values, ...], bool]:
    """What a loop over the values gets, one by one, and whether that is all of it.

    Where the items are not known there is one, which is unknown.
    """
    found: list[Values] = []
    is_whole = len(values) == 1
    for value in values:
        if isinstance(value, Sequence):
            found += value.items
            is_whole = is_whole and value.is_complete
        elif isinstance(value, Mapping):
            found += [keys for keys, _ in value.entries]
            is_whole = is_whole and value.is_complete
        elif isinstance(value, Text) and value.literal and value.literal in _LETTERS:
            found += [(value.cut(at, at + 1),) for at in range(len(value.literal))]
        else:
            found.append(_unknown_item(value))
            is_whole = False
    if len(found) > MAX_UNROLLED:
        return (union(*found),), False
    return tuple(found), is_whole


def _unknown_item(value: Value) -> Values:
    if isinstance(value, Tracked) and value.kind in NAME_MAPS:
        name: Value = Tracked("checkpoint-name", value.paths, form=value.form)
        if value.kind == "variable-map":
            return (name,)
        return (Sequence("tuple", ((name,), UNKNOWN)),)
    if isinstance(value, Selection):
        return (ModelVariable(chosen=(value,)),)
    return UNKNOWN


def get_item(container: Value, index: Values) -> Values:
    """`container[index]`; every item where the index is not known."""
    if isinstance(container, Mapping):
        wanted = {value.literal for value in index if isinstance(value, Text)}
        exact = [
            values
            for keys, values in container.entries
            if wanted & {key.literal for key in keys if isinstance(key, Text)}
            or any(isinstance(key, Literal) and key in index for key in keys)
        ]
        # Of two entries with the same key the last one counts.
        return union(*(exact[-1:] or [values for _, values in container.entries]))
    if isinstance(container, Sequence):
        if container.kind == UNORDERED:
            return union(*container.items)
        if len(index) == 1 and isinstance(index[0], Literal) and isinstance(index[0].value, int):
            position = index[0].value
            if -len(container.items) <= position < len(container.items):
                return container.items[position]
            return UNKNOWN
        return union(*container.items)
    if isinstance(container, Qualified):
        return (Qualified(f"{container.name}[]"),)
    if isinstance(container, Unknown | Outside | Member | Flag) and len(index) == 1:
        literal = index[0].literal if isinstance(index[0], Text) else None
        if literal:
            return (Member(container, literal),)
    return UNKNOWN


def get_slice(container: Value, start: int | None, stop: int | None) -> Value:
    """`container[start:stop]` of a list; of a text without holes too."""
    if isinstance(container, Sequence) and container.kind == UNORDERED:
        return Sequence(UNORDERED, container.items, is_complete=False)
    if isinstance(container, Sequence) and container.is_complete:
        return Sequence(container.kind, container.items[start:stop])
    if isinstance(container, Text) and container.literal is not None:
        first, last, _ = slice(start, stop).indices(len(container.literal))
        return container.cut(first, max(first, last))
    return Unknown()


def unpack_element(value: Value, index: int) -> Values:
    """The item at `index` that unpacking gives."""
    if isinstance(value, Sequence) and value.kind == UNORDERED:
        return union(*value.items) if value.items else UNKNOWN
    if isinstance(value, Sequence) and index < len(value.items):
        return value.items[index]
    return UNKNOWN


def with_item(containers: Values, key: Values, values: Values) -> Values:
    """The dictionaries among the values, as one, after `container[key] = values`."""
    known = [each for each in containers if isinstance(each, Mapping)]
    same = _exact(key)
    entries = dict.fromkeys(
        entry
        for each in known
        for entry in each.entries
        if same is None or _exact(entry[0]) != same
    )
    entries[key, values] = None
    is_complete = len(known) == len(containers) and all(each.is_complete for each in known)
    if len(entries) > MAX_ENTRIES:
        return (Mapping(tuple(entries)[:MAX_ENTRIES], is_complete=False),)
    return (Mapping(tuple(entries), is_complete),)


def _exact(key: Values) -> str | int | float | None:
    """A key with one value, which is known."""
    if len(key) != 1:
        return None
    return key[0].literal if isinstance(key[0], Text) else getattr(key[0], "value", None)


def add_sequences(left: Value, right: Value) -> Value:
    """Two lists, one behind the other."""
    items: tuple[Values, ...] = ()
    is_complete = True
    kind = "list"
    for value in (left, right):
        if isinstance(value, Sequence):
            items += value.items
            is_complete = is_complete and value.is_complete
            kind = value.kind
        else:
            is_complete = False
    return Sequence(kind, items, is_complete)


def merge_mappings(left: Value, right: Value) -> Value:
    """`left | right` of two dictionaries."""
    if not isinstance(left, Mapping) or not isinstance(right, Mapping):
        return Unknown()
    return Mapping(left.entries + right.entries, left.is_complete and right.is_complete)


def repeat_sequence(left: Value, right: Value) -> Value:
    """A list a number of times."""
    if isinstance(right, Sequence):
        left, right = right, left
    if not isinstance(left, Sequence):
        return Unknown()
    number = right.value if isinstance(right, Literal) else None
    if type(number) is int and number * len(left.items) <= MAX_ENTRIES:
        return Sequence(left.kind, left.items * number, left.is_complete)
    return Sequence(left.kind, left.items, is_complete=False)


def mapping_method(value: Mapping, name: str, positional: tuple[Values, ...]) -> Values:
    """What a method of a dictionary gives."""
    if name in ("items", "iteritems"):
        rows = tuple((Sequence("tuple", (keys, values)),) for keys, values in value.entries)
        return (Sequence("list", rows, value.is_complete),)
    if name in ("keys", "values", "iterkeys", "itervalues"):
        side = 0 if "keys" in name else 1
        items = tuple(entry[side] or UNKNOWN for entry in value.entries)
        return (Sequence("list", items, value.is_complete),)
    if name in ("get", "pop", "setdefault") and positional:
        return union(get_item(value, positional[0]), *positional[1:2])
    if name in ("copy",):
        return (value,)
    return UNKNOWN


def names_method(value: Tracked, name: str) -> Values | None:
    """What `keys` and `items` of a checkpoint's names give; None for other methods."""
    if value.kind != "variable-map":
        return None
    key: Values = (Tracked("checkpoint-name", value.paths, form=value.form),)
    if name == "keys":
        return (Sequence("list", (key,), is_complete=False),)
    if name == "items":
        return (Sequence("list", ((Sequence("tuple", (key, UNKNOWN)),),), is_complete=False),)
    return None


def to_dict(arguments: Arguments) -> Values:
    """`dict(…)`."""
    found: list[Value] = []
    positional = [values for key, values in arguments if key is None]
    named = tuple(((text(key),), v) for key, v in arguments if key not in (None, "*", "**") and key)
    for value in positional[0] if positional else ():
        if isinstance(value, Tracked) and value.kind in NAME_MAPS:
            found.append(Tracked("variable-map", value.paths, form=value.form))
        elif isinstance(value, Mapping):
            found.append(Mapping(value.entries + named, value.is_complete))
        elif isinstance(value, Sequence):
            pairs = [
                (pair.items[0], pair.items[1])
                for each in value.items
                for pair in each
                if isinstance(pair, Sequence) and len(pair.items) == 2
            ]
            if not pairs or all(map(_is_checkpoint_pair, pairs)):
                found += [_names_of(pairs)] if pairs else [Mapping(named, value.is_complete)]
            else:
                found.append(Mapping((*pairs, *named), value.is_complete))
        else:
            found.append(Unknown())
    if not positional:
        spread = [values for key, values in arguments if key == "**"]
        return (Mapping(named, not spread),)
    return union(found)


def _is_checkpoint_pair(pair: tuple[Values, Values]) -> bool:
    return all(isinstance(key, Tracked) and key.kind == "checkpoint-name" for key in pair[0])


def _names_of(pairs: list[tuple[Values, Values]]) -> Value:
    paths = union(*(k.paths for keys, _ in pairs for k in keys if isinstance(k, Tracked)))
    return Tracked("variable-map", paths)


def _column(values: Values) -> tuple[tuple[Values, ...], bool]:
    """Like `items_of`, but a set is incomplete: its items have no positions."""
    items, is_whole = items_of(values)
    is_mixed = any(isinstance(each, Sequence) and each.kind == UNORDERED for each in values)
    return items, is_whole and not is_mixed


def zip_columns(positional: tuple[Values, ...]) -> Values:
    """`zip(…)`."""
    columns = [_column(values) for values in positional]
    if not columns:
        return UNKNOWN
    # Known columns are kept beside unknown ones.
    known = [len(items) for (items, is_whole) in columns if is_whole]
    if not known:
        return UNKNOWN
    length = min(known)
    filled = [items if whole else (union(*items),) * length for items, whole in columns]
    rows = zip(*filled, strict=False)
    return (Sequence("list", tuple((Sequence("tuple", row),) for row in rows)),)


def enumerated(positional: tuple[Values, ...]) -> Values:
    """`enumerate(…)`."""
    if not positional:
        return UNKNOWN
    items, is_whole = _column(positional[0])
    start = 0
    if len(positional) > 1:
        first = positional[1][0]
        start = first.value if isinstance(first, Literal) and type(first.value) is int else 0
    if not is_whole:
        rows = tuple((Sequence("tuple", (UNKNOWN, each)),) for each in items)
        return (Sequence("list", rows, is_complete=False),)
    numbered = enumerate(items, start)
    return (Sequence("list", tuple((Sequence("tuple", ((Literal(i),), v)),) for i, v in numbered)),)


def multiplied(positional: tuple[Values, ...]) -> Values:
    """`itertools.product(…)`."""
    columns = [items_of(values) for values in positional]
    is_whole = all(whole for _, whole in columns)
    rows = list(islice(product(*(items for items, _ in columns)), MAX_UNROLLED + 1))
    is_cut = len(rows) > MAX_UNROLLED
    kept = tuple((Sequence("tuple", tuple(row)),) for row in rows[:MAX_UNROLLED])
    return (Sequence("list", kept, is_whole and not is_cut),)


def reordered(positional: tuple[Values, ...]) -> Values:
    """`list`, `tuple`, `set`: the same items."""
    if not positional:
        return (Sequence("list", ()),)
    found: list[Value] = []
    for value in positional[0]:
        if isinstance(value, Sequence):
            kind = UNORDERED if value.kind == UNORDERED else "list"
            found.append(Sequence(kind, value.items, value.is_complete))
        elif isinstance(value, Mapping | Selection):
            items, is_whole = items_of((value,))
            whole: Value = Sequence("list", items, is_whole)
            found.append(value if isinstance(value, Selection) else whole)
        else:
            found.append(value)
    return tuple(found)


def backwards(positional: tuple[Values, ...]) -> Values:
    """`reversed(…)`."""
    return tuple(
        replace(value, items=value.items[::-1]) if isinstance(value, Sequence) else value
        for value in reordered(positional)
    )


def in_order(arguments: Arguments) -> Values:
    """`sorted(…)`."""
    given = tuple(values for key, values in arguments if key is None)
    is_plain = len(arguments) == len(given) == 1
    return tuple(
        _in_order(value, is_plain) if isinstance(value, Sequence) else value
        for value in reordered(given)
    )


def _in_order(value: Sequence, is_plain: bool) -> Sequence:
    known = _plain_items(value.items)
    if not is_plain or not value.is_complete or known is None:
        return replace(value, kind=UNORDERED) if len(value.items) > 1 else value
    return replace(value, items=tuple((known[key],) for key in sorted(known)))


def _plain_items(items: tuple[Values, ...]) -> dict[str, Value] | None:
    """The items by their texts, if each is one text and no other is the same."""
    texts = [each[0] for each in items if len(each) == 1 and isinstance(each[0], Text)]
    known: dict[str, Value] = {each.literal: each for each in texts if each.literal is not None}
    return known if len(known) == len(items) else None


def extreme(arguments: Arguments, chosen: Callable[[Iterable[str]], str]) -> Values:
    """`max(…)` or `min(…)`: of several where reading the code does not tell which."""
    positional = [values for key, values in arguments if key is None]
    items, is_whole = items_of(positional[0]) if len(positional) == 1 else (positional, True)
    if not items or not all(isinstance(v, Text | Flag | Latest) for each in items for v in each):
        return UNKNOWN
    known = _plain_items(tuple(items))
    if known is not None and is_whole and len(positional) == len(arguments):
        return (known[chosen(known)],)
    return union(*items, *(() if is_whole else (UNKNOWN,)))


def counted(positional: tuple[Values, ...]) -> Values:
    """`len(…)`."""
    value = positional[0][0] if positional and len(positional[0]) == 1 else None
    if isinstance(value, Sequence) and value.is_complete:
        return (Literal(len(value.items)),)
    if isinstance(value, Mapping) and value.is_complete:
        return (Literal(len(value.entries)),)
    if isinstance(value, Text) and value.literal is not None:
        return (Literal(len(value.literal)),)
    return UNKNOWN


def chained(positional: tuple[Values, ...]) -> Values:
    """`itertools.chain(…)`."""
    items: list[Values] = []
    is_complete = True
    for values in positional:
        more, is_whole = items_of(values)
        items += more
        is_complete = is_complete and is_whole
    return (Sequence("list", tuple(items), is_complete),)


FUNCTIONS: dict[str, Callable[[tuple[Values, ...]], Values]] = {
    "builtins.zip": zip_columns,
    "itertools.izip": zip_columns,
    "itertools.zip_longest": zip_columns,
    "builtins.enumerate": enumerated,
    "builtins.reversed": backwards,
    "builtins.len": counted,
    "builtins.list": reordered,
    "builtins.tuple": reordered,
    "builtins.set": reordered,
    "builtins.frozenset": reordered,
    "itertools.product": multiplied,
    "itertools.chain": chained,
    "tqdm.tqdm": lambda positional: positional[0] if positional else UNKNOWN,
    "six.iteritems": lambda positional: _each_item("items", positional),
    "six.iterkeys": lambda positional: _each_item("keys", positional),
    "six.itervalues": lambda positional: _each_item("values", positional),
}


def _each_item(method: str, positional: tuple[Values, ...]) -> Values:
    found: list[Values] = []
    for value in positional[0] if positional else ():
        if isinstance(value, Mapping):
            found.append(mapping_method(value, method, ()))
        elif isinstance(value, Tracked):
            found.append(names_method(value, method) or UNKNOWN)
    return union(*found)


def repeated_keys(node: ir.Dict, entries: list[tuple[Values, Values]]) -> tuple[Text, ...]:
    """The keys of a dictionary, written as literals, that say the same as an earlier one."""
    if len(entries) != len(node.entries):
        return ()
    seen: set[str] = set()
    found: list[Text] = []
    for (key, _), (values, _) in zip(node.entries, entries, strict=True):
        literal = values[0].literal if values and isinstance(values[0], Text) else None
        if isinstance(key, ir.Str) and literal is not None and isinstance(values[0], Text):
            if literal in seen:
                found.append(values[0])
            seen.add(literal)
    return tuple(found)
