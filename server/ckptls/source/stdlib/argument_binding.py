"""From the arguments of a call to the parameters that they are for."""

from __future__ import annotations

from ckptls.source.semantics.catalogue import Effect, Entry
from ckptls.source.semantics.pattern_text import DIGITS, Text, text
from ckptls.source.semantics.sites import Role
from ckptls.source.semantics.values import (
    UNKNOWN,
    Arguments,
    FunctionValue,
    Literal,
    Mapping,
    PartialCall,
    Saver,
    Sequence,
    Tracked,
    Values,
    texts,
)

Bound = dict[str, Values]


def spread_arguments(arguments: Arguments) -> Arguments:
    """The arguments with `*list` and `**dict` put in where their items are all known."""
    if not any(key in ("*", "**") for key, _ in arguments):
        return arguments
    found: list[tuple[str | None, Values]] = []
    for key, values in arguments:
        value = values[0] if len(values) == 1 else None
        if key == "*" and isinstance(value, Sequence) and value.is_complete:
            found += [(None, item) for item in value.items]
        elif key == "**" and isinstance(value, Mapping):
            found += _named(value)
            if not value.is_complete:
                found.append((key, values))
        else:
            found.append((key, values))
    return tuple(found)


def _named(mapping: Mapping) -> list[tuple[str | None, Values]]:
    return [
        (key.literal, values)
        for keys, values in mapping.entries
        for key in keys
        if len(keys) == 1 and isinstance(key, Text) and key.literal
    ]


def bind_arguments(entry: Entry, arguments: Arguments) -> Bound:
    """Arguments by the first spelling of their parameter; a spread ends the positional ones."""
    bound: Bound = {}
    position = 0
    spellings = {name: names[0] for names in entry.parameters for name in names}
    for key, values in arguments:
        if key is None:
            if 0 <= position < len(entry.parameters):
                bound[entry.parameters[position][0]] = values
            position += 1
        elif key == "*":
            position = -1 << 30
        elif key != "**":
            bound[spellings.get(key, key)] = values
    return bound


def bind_parameters(callee: FunctionValue, arguments: Arguments) -> Bound:
    """Arguments of a call of a function of this document, by parameter."""
    parameters = callee.function.parameters
    names = [each.name for each in parameters if not each.kind]
    starred = next((p.name for p in parameters if p.kind == "*" and p.name), None)
    double = next((p.name for p in parameters if p.kind == "**"), None)
    rest: list[Values] = []
    named: list[tuple[Values, Values]] = []
    declared = {each.name for each in parameters if each.name}
    is_whole = not any(key in ("*", "**") for key, _ in arguments)
    bound: Bound = {}
    if callee.bound and names:
        bound[names.pop(0)] = callee.bound
    for key, values in arguments:
        if key is None and names:
            bound[names.pop(0)] = values
        elif key is None:
            rest.append(values)
        elif key == "*":
            names = []
        elif key != "**" and double is not None and key not in declared:
            named.append(((text(key),), values))
        elif key != "**":
            bound[key] = values
    if starred is not None:
        bound[starred] = (Sequence("tuple", tuple(rest), is_whole),)
    if double is not None:
        bound[double] = (Mapping(tuple(named), is_whole),)
    return bound


def may_be_set(flag: str | None, bound: Bound) -> bool:
    """Whether a flag of the call may be set."""
    return flag is not None and bound.get(flag, (Literal(False),)) != (Literal(False),)


def path_parameter(entry: Entry, bound: Bound, receiver: Tracked | None) -> str | None:
    """The parameter that names the checkpoint of a call; None where its receiver does."""
    parameters = entry.path_parameters
    given = next((each for each in parameters if each in bound), None)
    if given is None and parameters and receiver is None:
        return parameters[0]
    return given


def is_reshaping(entry: Entry, bound: Bound, receiver: Tracked | None) -> bool:
    """Whether another shape with as many elements is made to fit."""
    if entry.effect is Effect.RESTORE and isinstance(receiver, Saver):
        known = receiver.reshapes
        return may_be_set(entry.reshapes_when, bound) if known is None else known
    return may_be_set(entry.reshapes_when, bound)


def saved_path(entry: Entry, bound: Bound) -> Values:
    """The path that saving gives back: with the step behind it, where there is one."""
    path = next(name for name, roles in entry.roles.items() if Role.PATH in roles.itself)
    steps = bound.get("global_step", (Literal(None),))
    if entry.returns == "saved" and steps == (Literal(None),):
        return bound.get(path, UNKNOWN)
    paths = texts(bound.get(path, UNKNOWN))
    return number_paths(paths, steps if entry.returns == "saved" else UNKNOWN)


def number_paths(paths: tuple[Text, ...], numbers: Values) -> tuple[Text, ...]:
    """Paths with a number of steps or saves behind them, as checkpoints have it."""
    known = [each.value for each in numbers if isinstance(each, Literal)]
    is_known = len(known) == len(numbers) == 1 and known[0] is not None
    end = text(str(known[0])) if is_known else Text((DIGITS,))
    return tuple(each + text("-") + end for each in paths)


def bind_partial(arguments: Arguments) -> Values:
    """`functools.partial(function, …)`: called with what was given before."""
    if not arguments:
        return UNKNOWN
    (_, function), *given = arguments
    if not given:
        return function
    names = tuple(name or None for name, _ in given)
    return (PartialCall(function=function, names=names, values=tuple(v for _, v in given)),)
