"""Findings in settings files: unknown names and invalid values."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from ckptls.features.common.results import Finding, Severity
from ckptls.features.diagnostics.all_rules import all_rules
from ckptls.source.text.source_text import Span
from ckptls.workspace.settings import (
    REMOTE_HAS_NO_EFFECT,
    SETTING_NAMES,
    parse_settings,
    read_table,
)

_LINE = re.compile(r"line (\d+)")


def configuration_findings(text: str, keys: tuple[str, ...] = ()) -> list[Finding]:
    """The findings of a TOML file whose settings stand in the table `keys`."""
    if text.startswith("\ufeff"):  # a byte order mark takes a place, and is not part of a key
        text = " " + text[1:]
    table, problem = read_table(text, keys)
    if problem:
        return [_finding(_broken(text, problem), "invalid-settings", problem)]
    found: list[Finding] = []
    for key, value in (table or {}).items():
        span = _place(text, keys, key)
        if key not in SETTING_NAMES:
            found.append(_unknown(span, "setting", key, list(SETTING_NAMES)))
            continue
        _, problems = parse_settings({key: value})
        if key == "remote" and value is True:
            problems += (REMOTE_HAS_NO_EFFECT,)
        found += [_finding(span, "wrong-setting", each) for each in problems]
        found += _codes(text, span, key, value)
    return sorted(found, key=lambda each: each.span)


def _codes(text: str, span: Span, key: str, value: Any) -> Iterator[Finding]:
    """Codes that no rule has."""
    if key not in ("select", "ignore", "severity") or not isinstance(value, list | Mapping | str):
        return
    known = [rule.code for rule in all_rules()]
    for code in [value] if isinstance(value, str) else value:
        if isinstance(code, str) and code not in known:
            place = re.compile(rf"(?<![\w-]){re.escape(code)}(?![\w-])").search(text, span.start)
            yield _unknown(Span(*place.span()) if place else span, "rule", code, known)


def _unknown(span: Span, kind: str, name: str, known: list[str]) -> Finding:
    near = tuple(get_close_matches(name.lower().replace("_", "-"), known, 1, 0.6))
    end = f"did you mean `{near[0]}`?" if near else f"expected one of {', '.join(sorted(known))}"
    return _finding(span, f"unknown-{kind}", f"unknown {kind} `{name}`; {end}", near)


def _finding(span: Span, code: str, message: str, near: tuple[str, ...] = ()) -> Finding:
    return Finding(span, code, Severity.WARNING, message, near)


def _place(text: str, keys: tuple[str, ...], key: str) -> Span:
    """Where a key is written: before `=` or in the head of a table of its own."""
    name = rf"""["']?({re.escape(key)})["']?"""
    above = r"\s*\.\s*".join(map(re.escape, keys))
    within = above + r"\s*\.\s*" if above else ""
    head = rf"^[ \t]*\[+\s*{within}{name}"
    table = re.search(rf"^[ \t]*\[[ \t]*{above}[ \t]*\]", text, re.M) if above else None
    line = re.compile(rf"^[ \t]*{name}[ \t]*[=.]", re.M)
    found = line.search(text, table.end() if table else 0) if table or not above else None
    found = found or re.search(head, text, re.M) or re.search(name, text)
    return Span(*found.span(1)) if found else Span(0, 0)


def _broken(text: str, problem: str) -> Span:
    """The line that a message of the parser names."""
    line = _LINE.search(problem)
    lines = text.split("\n")
    number = min(int(line[1]) - 1 if line else 0, len(lines) - 1)
    start = sum(len(each) + 1 for each in lines[:number])
    return Span(start, start + len(lines[number].rstrip("\r")))
