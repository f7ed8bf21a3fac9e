"""What a rule is, and all of them.

A rule's docstring is its documentation page; its class attributes are its only
registration. Whether a finding is told at all (settings, pragmas, one finding a string) is
decided by `diagnostics`.
"""

from __future__ import annotations

import inspect
import pkgutil
from abc import ABC, ABCMeta, abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import cache
from importlib import import_module
from typing import Any, ClassVar, TypeVar

from ckptls.checkpoint.model import Checkpoint
from ckptls.features.answers import Edit, Finding, Severity
from ckptls.features.expressions import Allowance
from ckptls.features.literals import Replacement, replacements
from ckptls.features.reliance import Noting, Reliance
from ckptls.source.document import Analysis
from ckptls.source.sites import Evidence, LiteralPart, PathUse, Restore, Role, Site
from ckptls.source.text import Span
from ckptls.workspace.binding import Binder, Binding
from ckptls.workspace.keras import KerasVersion
from ckptls.workspace.resolve import Resolution
from ckptls.workspace.store import Entry

# Of wrong names and those that may be meant: several seconds of comparing.
_MAX_PAIRS = 10_000_000
T = TypeVar("T")
Restores = tuple[tuple[Restore, Resolution], ...]


class Context:
    """What a rule may ask beside its site: the whole document, and what others are bound to.

    `memory` is for what is found out once for all sites; `allowance` is the time that patterns
    of the document may take. `was_asked` says whether a rule
    asked anything since it was last set to False, but for `restores`, which has a word of its
    own: what a rule says without asking stays true as long as site and binding are the same.
    `enough` is for a rule that says nothing because of one checkpoint, whatever else the binding
    holds as long as that is in it. `noting` notes what rules ask checkpoints.
    """

    __slots__ = (
        *("_analysis", "_binder", "_restores"),
        *("_compared", "_pairs_left"),
        *("allowance", "asked_restores", "enough", "memory", "noting", "was_asked"),
    )

    def __init__(self, binder: Binder) -> None:
        self._analysis = binder.analysis
        self._binder = binder
        self._restores: tuple[Restores, Restores] | None = None
        self.memory: dict[object, Any] = {}
        self.allowance = Allowance()
        self.was_asked = self.asked_restores = False
        self.enough: Checkpoint | None = None
        self.noting = Noting()
        self._compared: set[str] = set()
        self._pairs_left = _MAX_PAIRS

    def begin(self) -> None:
        """The next rule is asked."""
        self.enough = None

    def may_compare(self, name: str, count: int) -> bool:
        """Whether to look for what is like a name among `count` others.

        The first names of a document are compared, with 10 million others in all. Only for a
        finding that is told anyway: the answer depends on the findings before it.
        """
        if name not in self._compared and self._pairs_left > 0:
            self._compared.add(name)
            self._pairs_left -= count
        return name in self._compared

    @property
    def analysis(self) -> Analysis:
        self.was_asked = True
        return self._analysis

    @property
    def restores(self) -> Restores:
        """The statements that fill the model, each with what its paths mean."""
        self.asked_restores = True
        return self._both_restores()[1]

    @property
    def bound_restores(self) -> Restores:
        """The same with the checkpoints themselves, which note nothing."""
        return self._both_restores()[0]

    def _both_restores(self) -> tuple[Restores, Restores]:
        if self._restores is None:
            several = self._analysis.restores
            found = tuple((each, self._binder.restored(each)) for each in several)
            noting = tuple((each, self._noting(resolution)) for each, resolution in found)
            self._restores = found, noting
        return self._restores

    def _noting(self, resolution: Resolution) -> Resolution:
        checkpoints: Any = tuple(map(self.noting.checkpoint, resolution.checkpoints))
        return replace(resolution, checkpoints=checkpoints)

    def shared(self, key: object, make: Callable[[], T]) -> T:
        """What `make` tells, which is asked once for all sites; whoever is told that relies on
        all that it asked."""
        known = self.memory.get(key)
        if known is None:
            before = self.noting.reliance, self.was_asked
            own = self.noting.reliance = Reliance()
            self.was_asked = False
            try:
                known = self.memory[key] = make(), own, self.was_asked
            finally:
                self.noting.reliance, self.was_asked = before
        told: T
        told, own, was_asked = known
        self.noting.reliance.add(own)
        self.was_asked |= was_asked
        return told

    def look(self, use: PathUse) -> tuple[Entry, ...] | None:
        """What stands at each of the places that a path may mean.

        None as long as nobody has looked.
        """
        self.was_asked = True
        return self._binder.look(use)

    def bind(self, site: Site) -> Binding:
        """The checkpoints that another site is about; what they are asked is not noted."""
        self.was_asked = True
        return self._binder.bind(site)

    def keras(self, library: str) -> KerasVersion:
        """Which Keras the functions are of that a module offers."""
        self.was_asked = True
        return self._binder.keras(library)

    def remembered(self, make: Callable[[Analysis], T]) -> T:
        """What `make` tells of the document; it is asked once."""
        self.was_asked = True
        if make not in self.memory:
            self.memory[make] = make(self._analysis)
        found: T = self.memory[make]
        return found


class Rule(ABC):
    """One thing that may be wrong with a site."""

    code: ClassVar[str]
    severity: ClassVar[Severity]
    # What the strings name that the rule looks at.
    roles: ClassVar[tuple[Role, ...]]
    # The least evidence that a finding of this rule is based on.
    needs: ClassVar[Evidence]
    # Of several findings about one string the one with the lowest number is told.
    order: ClassVar[int] = 70
    # Whether it also looks at names for which the code itself tests.
    sees_guarded: ClassVar[bool] = False
    # Whether there is something to offer in place of what is wrong.
    has_fix: ClassVar[bool] = True

    @abstractmethod
    def check(self, site: Site, binding: Binding, context: Context) -> Iterable[Finding]:
        """The findings about a site; guards and doubtful sites are settled by the caller."""

    def finding(
        self,
        site: Site,
        message: str,
        checkpoint: Checkpoint | None,
        *,
        part: LiteralPart | None = None,
        suggestions: Iterable[Replacement] = (),
        severity: Severity | None = None,
        edits: Iterable[Edit] = (),
    ) -> Finding | None:
        """A finding at one literal of a site; None if none is written in this document."""
        fitting = list(suggestions)
        if part is None and fitting:
            part = fitting[0].part
        if part is None:
            part = max(site.parts, key=lambda each: len(each.text), default=None)
        if part is None:
            return None
        span = marked_span(part)
        texts = tuple(dict.fromkeys(each.text for each in fitting if each.part == part))
        spans = (use.span for use in site.paths)
        evidence = next((each for each in spans if each not in (None, span)), None)
        return Finding(
            span,
            self.code,
            severity or self.severity,
            message,
            texts,
            checkpoint.prefix if checkpoint is not None else None,
            evidence,
            tuple(edits),
        )

    @classmethod
    def documentation(cls) -> str:
        """The rule's page, in Markdown."""
        return inspect.cleandoc(cls.__doc__ or "")

    @classmethod
    def summary(cls) -> str:
        """The first line of the documentation."""
        return cls.documentation().partition("\n")[0]


def marked_span(part: LiteralPart) -> Span:
    """What is underlined: everything between the quotes, or the item of a list in them."""
    return part.span if part.is_item else part.literal


@cache
def all_rules() -> tuple[Rule, ...]:
    """Every rule, in the order in which they have precedence on one string."""
    from ckptls.features import rules

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


__all__ = ["Context", "Rule", "all_rules", "marked_span", "replacements", "rule_of"]
