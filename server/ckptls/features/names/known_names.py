"""The names that patterns are compared with: those of checkpoints and of the code's own model."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import islice

from ckptls.checkpoint.core.types import OBJECT_GRAPH_NAME
from ckptls.checkpoint.model.checkpoint import Checkpoint
from ckptls.features.common.context import Context
from ckptls.features.patterns.pattern_spelling import NameTest, examples, literal_head, name_test
from ckptls.features.patterns.user_patterns import (
    Allowance,
    Expression,
    SlowPatternError,
    expression,
)
from ckptls.source.document import Analysis
from ckptls.source.semantics.pattern_text import Hole, Piece, Text
from ckptls.source.semantics.site_emitter import SOMEWHERE
from ckptls.source.semantics.sites import Match, Role, Site

_MADE_UNIQUE = r"(_\d+)?"
_DEFINED = (Role.GRAPH_SCOPE, Role.GRAPH_VARIABLE)


@dataclass(frozen=True, slots=True)
class ModelNames:
    """Names of the model that the code makes, and texts with holes for those of which only
    parts are known."""

    names: tuple[str, ...]
    templates: tuple[Text, ...]

    def may_fit(self, test: NameTest) -> bool:
        """Whether a pattern may find one of them.

        Raises:
            SlowPatternError: deciding it takes too long.
        """
        if any(map(test.finds, self.names)):
            return True
        head = literal_head(test.pattern, test.match)
        return any(
            template.head.startswith(head) or head.startswith(template.head)
            for template in self.templates
        )


def model_names(analysis: Analysis) -> ModelNames:
    """What is known of the names of the model that a document makes."""
    texts = dict.fromkeys(variable.name for variable in analysis.variables)
    for site in analysis.sites:
        if site.is_definition and site.role in _DEFINED and not _is_elsewhere(site):
            end = "/" if site.role is Role.GRAPH_SCOPE else ""
            texts[site.full_text + Text((Piece(end),))] = None
    names: dict[str, None] = {}
    templates: dict[Text, None] = {}
    for text in texts:
        plain = without_numbers(text)
        if plain.literal is not None:
            names[plain.literal] = None
        else:
            templates[plain] = None
    return ModelNames(tuple(names), tuple(templates))


def _is_elsewhere(site: Site) -> bool:
    """Whether the name is only given here, to what makes its variables in another place."""
    return site.outer.parts[-1:] == SOMEWHERE.parts


def without_numbers(text: Text) -> Text:
    """The text without the numbers by which TensorFlow makes a name unique."""
    return Text(
        tuple(p for p in text.parts if not (isinstance(p, Hole) and p.pattern == _MADE_UNIQUE))
    )


# What optimizers and averages add to names: code asks for it whether it is there or not.
_BOOKKEEPING = re.compile(
    r"adam|momentum|rmsprop|adagrad|adadelta|ftrl|lamb|lars|_power|exponentialmovingaverage"
    r"|ema\b|global_step|learning_rate|save_counter",
    re.IGNORECASE,
)


def is_bookkeeping(text: str) -> bool:
    """Whether a text speaks of what optimizers and averages keep beside the model."""
    return _BOOKKEEPING.search(text) is not None


def checkpoint_names(checkpoints: Iterable[Checkpoint]) -> Iterator[str]:
    """The names of all variables, as a model has them."""
    for checkpoint in checkpoints:
        graph = checkpoint.object_graph
        for name in checkpoint.names:
            if name != OBJECT_GRAPH_NAME:
                yield name
                yield from graph.full_names(name) if graph is not None else ()


class StoredNames:
    """The names in some checkpoints, as lines of one text, which is searched at once.

    Methods that take patterns raise SlowPatternError where they cannot tell in time.
    """

    def __init__(self, checkpoints: Iterable[Checkpoint], allowance: Allowance) -> None:
        self.names = tuple(checkpoint_names(checkpoints))
        self.examples = tuple(examples(self.names))
        self._allowance = allowance

    @cached_property
    def _lines(self) -> str:
        return "".join(f"{name}\n" for name in self.names)

    @cached_property
    def _numbered_lines(self) -> str:
        return "".join(f"{name}:0\n" for name in self.names)

    @cached_property
    def _longest(self) -> int:
        """The length of the longest line."""
        return max(map(len, self.names), default=0) + len(":0\n")

    def have(self, pattern: str, match: Match) -> bool:
        """Whether a pattern finds any of the names."""
        line = _line_pattern(pattern, match)
        if line is not None:
            run = self._allowance.run(line)
            texts = {Match.START: (self._numbered_lines,), Match.OPERATION: (self._lines,)}
            both = (self._lines, self._numbered_lines)
            several = texts.get(match, both)
            return any(run.search(text, longest=self._longest) for text in several)
        test = name_test(pattern, match, self._allowance)
        return test is not None and any(map(test.finds, self.names))

    def are_passed(self, text: str, match: Match) -> bool:
        """Whether any name passes a test for a plain text."""
        line = _line_pattern(text, match)
        if line is None:
            return False
        return self._allowance.run(line).search(self._lines, longest=self._longest) is not None

    def scopes_before(self, pattern: str, match: Match, limit: int) -> list[str]:
        """The scopes, with a slash, behind which a pattern finds names."""
        found: dict[str, None] = {}
        for text, place in islice(self._inside(pattern, match), _MAX_HITS):
            line = text.rfind("\n", 0, place) + 1
            found[text[line:place]] = None
            if len(found) == limit:
                break
        return list(found)

    def _inside(self, pattern: str, match: Match) -> Iterator[tuple[str, int]]:
        """Where a pattern matches behind a slash: a text, and a place in it."""
        inside = _bounded_pattern(pattern, match, start="(?<=/)")
        if inside is None:
            return
        run = self._allowance.run(inside)
        names = (f"{name}:0" for name in self.names)
        for text in (self._numbered_lines,) if inside.tree.stays_in_line else names:
            place = 0
            while place <= len(text):
                hit = run.search(text, place, self._longest)
                if hit is None:
                    break
                yield text, hit.start()
                place = max(hit.end(), hit.start() + 1)


_MAX_HITS = 5_000


def stored_names(context: Context, checkpoints: tuple[Checkpoint, ...]) -> StoredNames:
    """The names in checkpoints; put together once for all sites of a document."""
    key = ("names", *map(id, checkpoints))
    return context.shared(key, lambda: StoredNames(checkpoints, context.allowance))


def _line_pattern(pattern: str, match: Match) -> Expression | None:
    """A pattern for lines of names; None where it cannot be had."""
    found = _bounded_pattern(pattern, match)
    return found if found is not None and found.tree.stays_in_line else None


def _bounded_pattern(pattern: str, match: Match, start: str = "^") -> Expression | None:
    """A pattern that begins and ends in a line where the function says so."""
    body = pattern if match.is_regex else re.escape(pattern)
    if match is Match.SCOPE:
        body = re.escape(pattern.rstrip("/") + "/")
    if body.startswith("(?"):
        return None
    begins = start if match not in (Match.SEARCH, Match.CONTAINS, Match.SUFFIX) else ""
    ends = "$" if match in (Match.FULL, Match.EQUALS, Match.SUFFIX) else ""
    return expression(f"(?m:{begins}(?:{body}){ends})")


def names_found(
    pattern: str, match: Match, checkpoint: Checkpoint, allowance: Allowance
) -> list[str] | None:
    """The variables of a checkpoint that a pattern finds; None where it cannot be compared."""
    test = name_test(pattern, match, allowance)
    if test is None:
        return None
    names = (name for name in checkpoint.names if name != OBJECT_GRAPH_NAME)
    try:
        return [name for name in names if test.finds(name)]
    except SlowPatternError:
        return None
