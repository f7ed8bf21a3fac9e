"""What a rule is.

A rule's docstring is its documentation page; its class attributes are its only
registration. Whether a finding is shown at all (settings, pragmas, one finding a string) is
decided by `diagnostics`.
"""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import ClassVar

from ckptls.checkpoint.model.checkpoint import Checkpoint
from ckptls.features.common.context import Context
from ckptls.features.common.literal_edits import Replacement, find_marked_span
from ckptls.features.common.results import Edit, Finding, Severity
from ckptls.source.inventory.restore_request import ProgramFacts
from ckptls.source.semantics.sites import Evidence, LiteralPart, Role, Site
from ckptls.workspace.binding import Binding


class Rule(ABC):
    """One thing that may be wrong with a site."""

    code: ClassVar[str]
    severity: ClassVar[Severity]
    # What the strings name that the rule looks at.
    roles: ClassVar[tuple[Role, ...]]
    # The least evidence that a finding of this rule is based on.
    needs: ClassVar[Evidence]
    # Of several findings about one string the one with the lowest number is shown.
    order: ClassVar[int] = 70
    # Whether it also looks at names for which the code itself tests.
    sees_guarded: ClassVar[bool] = False
    # Whether there is something to offer in place of what is wrong.
    has_fix: ClassVar[bool] = True

    @abstractmethod
    def check(self, site: Site, binding: Binding, context: Context) -> Iterable[Finding]:
        """The findings about a site; guards and doubtful sites are settled by the caller."""

    def check_program(
        self, facts: ProgramFacts, context: Context, shown: Iterable[Finding]
    ) -> Iterable[Finding]:
        """The findings about a program as a whole, beside those that are shown of its sites."""
        return ()

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
        span = find_marked_span(part)
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
