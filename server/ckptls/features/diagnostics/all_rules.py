"""All rules, each found in a module of its own."""

from __future__ import annotations

import pkgutil
from abc import ABCMeta
from functools import cache
from importlib import import_module

from ckptls.features.common.rule import Rule


@cache
def all_rules() -> tuple[Rule, ...]:
    """Every rule, in the order in which they have precedence on one string."""
    from ckptls.features.diagnostics import rules

    found: list[Rule] = []
    for module in pkgutil.iter_modules(rules.__path__):
        members = vars(import_module(f"{rules.__name__}.{module.name}")).values()
        found += [
            member()
            for member in members
            if isinstance(member, ABCMeta) and issubclass(member, Rule) and member is not Rule
        ]
    return tuple(sorted(found, key=lambda rule: (rule.order, rule.code)))


def rule_of(code: str) -> Rule | None:
    """The rule of that code."""
    return next((rule for rule in all_rules() if rule.code == code), None)
