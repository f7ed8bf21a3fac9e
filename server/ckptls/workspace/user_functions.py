"""The setting `functions`: catalogue entries of the user's own, and what is wrong in them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Any

from ckptls.source.semantics.catalogue import Effect, Entry, parse_entries
from ckptls.source.semantics.sites import Match, Output, PathForm, Role

_PLACES = ("itself", "items", "keys", "values")
_TEXTS = ("returns", "effect", "of", "lenient-when", "reshapes-when")
_FLAGS = ("lenient", "strips-output")
_KNOWN = frozenset(
    {"names", "parameters", "roles", "path-form", "match", "output", *_TEXTS, *_FLAGS}
)


def parse_functions(tables: list[Any]) -> tuple[list[Entry], list[str]]:
    """The entries that can be used, and a sentence for each that cannot."""
    entries: list[Entry] = []
    problems: list[str] = []
    for number, table in enumerate(tables, 1):
        wrong = next(_faults(table), "")
        if wrong:
            problems.append(f"entry {number} of `functions` is ignored: {wrong}")
        else:
            entries += parse_entries({"function": [table]})
    return entries, problems


def _faults(table: Any) -> Iterator[str]:
    """Sentences on what is wrong in one entry."""
    if not isinstance(table, Mapping):
        yield "it must be a table"
        return
    yield from (f"`{key}` is not a valid key of an entry" for key in table if key not in _KNOWN)
    if not table.get("names") or not _is_texts(table["names"]):
        yield "`names` must be a list of full names, as they are imported"
    parameters = table.get("parameters", [])
    if not _is_texts(parameters):
        yield "`parameters` must be a list of strings"
        return
    yield from _parameter_faults(parameters)
    yield from _role_faults(table.get("roles", {}))
    yield from _form_faults(table.get("path-form", PathForm.ANY.value))
    yield from _choice_faults("match", table.get("match", Match.START.value), Match)
    yield from _choice_faults("output", table.get("output", Output.FORBIDDEN.value), Output)
    if "effect" in table:
        yield from _choice_faults("effect", table["effect"], Effect)
    yield from (
        f"`{key}` must be a string" for key in _TEXTS if not isinstance(table.get(key, ""), str)
    )
    yield from (
        f"`{key}` must be true or false"
        for key in _FLAGS
        if not isinstance(table.get(key, False), bool)
    )


def _parameter_faults(parameters: list[str]) -> Iterator[str]:
    counts = Counter(spelling for each in parameters for spelling in each.split("|"))
    for spelling, count in counts.items():
        if count > 1:
            yield f"the parameter `{spelling}` occurs twice"
            return


def _role_faults(roles: Any) -> Iterator[str]:
    if not isinstance(roles, Mapping):
        yield "`roles` must be a table of parameter = role"
        return
    for parameter, value in roles.items():
        given = value if isinstance(value, Mapping) else {"itself": value}
        for place, several in given.items():
            if place not in _PLACES:
                wanted = ", ".join(f"`{each}`" for each in _PLACES)
                yield f"the role of `{parameter}` has `{place}`, which is not one of {wanted}"
            for role in several if isinstance(several, list) else [several]:
                yield from _choice_faults(f"the role of `{parameter}`", role, Role)
        if isinstance(value, Mapping):
            yield from (
                f"`{place}` of `{parameter}` must be a list of roles"
                for place, several in given.items()
                if not isinstance(several, list)
            )


def _form_faults(form: Any) -> Iterator[str]:
    for each in form.values() if isinstance(form, Mapping) else [form]:
        yield from _choice_faults("path-form", each, PathForm)


def _choice_faults(what: str, value: Any, choices: type[Enum]) -> Iterator[str]:
    known = [each.value for each in choices]
    if value not in known:
        subject = what if " " in what else f"`{what}`"
        shown = f"`{value}`" if isinstance(value, str) else "not a string"
        yield f"{subject} is {shown}; expected one of {', '.join(f'`{each}`' for each in known)}"


def _is_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)
