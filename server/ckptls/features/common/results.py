"""What features answer with: plain data, offsets in code points."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, IntEnum

from ckptls.source.inventory.model_inventory import CodeSpan
from ckptls.source.text.source_text import Span


class Severity(IntEnum):
    """Severities with the numbers of the protocol; a smaller number is worse."""

    ERROR = 1
    WARNING = 2
    INFORMATION = 3
    HINT = 4

    @property
    def label(self) -> str:
        return self.name.lower()


class ItemKind(str, Enum):
    """What a completion item inserts."""

    SCOPE = "scope"
    VARIABLE = "variable"
    CHECKPOINT = "checkpoint"


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that may stand between the quotes.

    label: what the part of the literal is to become, and what is shown.
    detail: dtype and shape of a variable, the number of variables under a scope.
    summary: what of it fits behind the label: the shape, or the same number.
    checkpoint: prefix of the checkpoint it is from.
    continues: more is to be typed behind it, so the list should open again.
    """

    label: str
    kind: ItemKind
    detail: str
    checkpoint: str
    name: str
    summary: str = ""
    continues: bool = False


@dataclass(frozen=True, slots=True)
class Completion:
    """Items in their order, for the text of `replaced`; `is_incomplete` if typing on may
    bring others. `pending` are checkpoints that were not read yet."""

    items: tuple[Item, ...]
    replaced: Span
    is_incomplete: bool
    pending: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Hover:
    """Markdown about the text of `span`."""

    span: Span
    markdown: str


@dataclass(frozen=True, slots=True)
class Edit:
    """A change of the code around a finding, where no text between the quotes fixes it."""

    title: str
    span: Span
    new_text: str


@dataclass(frozen=True, slots=True)
class Related:
    """A place that has to do with a finding, and what is there.

    is_own: it is in the document that the finding is in.
    """

    place: CodeSpan
    message: str
    is_own: bool


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong; each suggestion is a text for the whole of `span`.

    `edits` change more than the characters between the quotes; they go before suggestions.
    `related` are places, of other files too, that have to do with it.
    """

    span: Span
    code: str
    severity: Severity
    message: str
    suggestions: tuple[str, ...] = ()
    checkpoint: str | None = None
    evidence: Span | None = None
    edits: tuple[Edit, ...] = ()
    related: tuple[Related, ...] = ()


@dataclass(frozen=True, slots=True)
class Fix:
    """A change that fixes a finding."""

    title: str
    span: Span
    new_text: str
    finding: Finding
    is_preferred: bool
