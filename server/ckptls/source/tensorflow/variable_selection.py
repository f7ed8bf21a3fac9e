"""Which variables of the model a statement is about: filters, lists, maps."""

from __future__ import annotations

import re

from ckptls.source.semantics.catalogue import Effect, Entry, Roles
from ckptls.source.semantics.pattern_text import Hole, Text, text
from ckptls.source.semantics.sites import AssignedMap, Role
from ckptls.source.semantics.values import (
    UNKNOWN,
    GraphVariable,
    Literal,
    Mapping,
    Selection,
    Sequence,
    Values,
)
from ckptls.source.stdlib.argument_binding import Bound


def select_variables(entry: Entry, bound: Bound) -> Selection:
    """The variables that a filter of the catalogue chooses."""
    if entry.effect is Effect.SELECT_SOME:
        return Selection(is_certain=False)
    if "include" in entry.roles:
        include = _patterns(bound.get("include", (Literal(None),)))
        exclude = _patterns(bound.get("exclude", (Literal(None),)))
        is_certain = include is not _UNSURE and exclude is not _UNSURE
        return Selection(include, exclude or (), is_certain)
    scope = bound.get("scope", (Literal(None),))
    # A suffix or a collection narrows the choice down in ways that the names do not tell.
    is_certain = "suffix" not in bound and "collection" not in bound
    if scope == (Literal(None),):
        return Selection(None, (), is_certain)
    return Selection((scope,), (), is_certain)


_UNSURE: tuple[Values, ...] = (UNKNOWN,)


def _patterns(values: Values) -> tuple[Values, ...] | None:
    if values == (Literal(None),):
        return None
    if len(values) == 1 and isinstance(values[0], Sequence) and values[0].is_complete:
        return values[0].items
    return _UNSURE


def restored_names(
    variables: Values,
) -> tuple[tuple[Text, ...] | None, tuple[Text, ...], bool]:
    """Which variables of the model a restore takes: include, exclude, and whether that is sure."""
    if len(variables) != 1:
        return None, (), False
    value = variables[0]
    if isinstance(value, Literal) and value.value is None:
        return None, (), True
    if isinstance(value, Selection):
        include = None if value.include is None else _single_texts(value.include)
        exclude = _single_texts(value.exclude)
        is_certain = value.is_certain and not any(
            each.has_hole for each in (*(include or ()), *exclude)
        )
        return include, exclude, is_certain
    if isinstance(value, Sequence):
        made = [each for item in value.items for each in item if len(item) == 1]
        names = [each.name for each in made if isinstance(each, GraphVariable)]
        return tuple(_exactly(name) for name in names if not name.has_hole), (), True
    if isinstance(value, Mapping):
        return tuple(_same_scopes(value)), (), True
    return None, (), False


def written_map(values: Values, roles: Roles | None) -> AssignedMap | None:
    """The map that an argument surely is, with all entries written in it; None if uncertain."""
    if roles is None or len(values) != 1:
        return None
    value = values[0]
    if not isinstance(value, Mapping) or value.braces is None or not value.is_complete:
        return None
    return AssignedMap(
        value.braces,
        value.entries,
        by_model=Role.GRAPH_VARIABLE in roles.keys,
        # TensorFlow's savers and slim take variables and no names of them.
        takes_names=Role.GRAPH_SCOPE in roles.values or Role.VARIABLE in roles.values,
        takes_scopes=Role.SCOPE in roles.keys,
    )


def saved_names(variables: Values) -> tuple[tuple[Text, ...] | None, bool]:
    """What a saver calls the variables that it writes, if that is known; whether it takes all."""
    value = variables[0] if len(variables) == 1 else None
    if isinstance(value, Literal) and value.value is None:
        return (), True
    found: list[Values] = []
    if isinstance(value, Mapping) and value.is_complete:
        found = [keys for keys, _ in value.entries]
    elif isinstance(value, Sequence) and value.is_complete:
        found = list(value.items)
    names = [each.name if isinstance(each, GraphVariable) else each for v in found for each in v]
    texts = tuple(each for each in names if isinstance(each, Text))
    return (texts if found and len(texts) == len(names) else None), False


def _exactly(name: Text) -> Text:
    return text(re.escape(name.literal or "") + ":")


def _same_scopes(value: Mapping) -> list[Text]:
    """The scopes that a map assigns to themselves."""
    found = []
    for keys, values in value.entries:
        if len(keys) == 1 and len(values) == 1:
            key, scope = keys[0], values[0]
            if isinstance(key, Text) and isinstance(scope, Text):
                literal = key.literal
                if literal is not None and literal == scope.literal and literal.endswith("/"):
                    found.append(text(literal.lstrip("/")))
    return found


def _single_texts(several: tuple[Values, ...]) -> tuple[Text, ...]:
    return tuple(
        value if isinstance(value, Text) else Text((Hole(),))
        for values in several
        for value in values
    )
