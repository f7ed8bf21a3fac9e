"""The names that patterns are compared with: those of checkpoints and of the code's own model."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import islice

from ckptls.checkpoint.model import OBJECT_GRAPH_NAME, Checkpoint
from ckptls.features.rule import Context
from ckptls.features.spelling import compiled, examples, fits, literal_head
from ckptls.source.document import Analysis
from ckptls.source.emit import SOMEWHERE
from ckptls.source.pieces import Hole, Piece, Text
from ckptls.source.sites import Match, Role, Site

_MADE_UNIQUE = r"(_\d+)?"
_DEFINED = (Role.GRAPH_SCOPE, Role.GRAPH_VARIABLE)


@dataclass(frozen=True, slots=True)
class ModelNames:
    """Names of the model that the code makes, and texts with holes for those of which only
    parts are known."""

    names: tuple[str, ...]
    templates: tuple[Text, ...]

    def may_fit(self, expression: re.Pattern[str], pattern: str, match: Match) -> bool:
        """Whether a pattern may find one of them."""
        if any(finds(expression, match, name) for name in self.names):
            return True
        head = literal_head(pattern, match)
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
    """The names in some checkpoints, as lines of one text, which is searched at once."""

    def __init__(self, checkpoints: Iterable[Checkpoint]) -> None:
        self.names = tuple(checkpoint_names(checkpoints))
        self.examples = tuple(examples(self.names))

    @cached_property
    def _lines(self) -> str:
        return "".join(f"{name}\n" for name in self.names)

    @cached_property
    def _numbered_lines(self) -> str:
        return "".join(f"{name}:0\n" for name in self.names)

    def have(self, pattern: str, match: Match) -> bool:
        """Whether a pattern finds any of the names."""
        line = _line_pattern(pattern, match)
        if line is not None:
            texts = {Match.START: (self._numbered_lines,), Match.OPERATION: (self._lines,)}
            both = (self._lines, self._numbered_lines)
            return any(line.search(text) for text in texts.get(match, both))
        expression = compiled(pattern, match)
        return expression is not None and any(finds(expression, match, n) for n in self.names)

    def are_passed(self, text: str, match: Match) -> bool:
        """Whether any name passes a test for a plain text."""
        line = _line_pattern(text, match)
        return line is not None and line.search(self._lines) is not None

    def scopes_before(self, pattern: str, match: Match, limit: int) -> list[str]:
        """The scopes, with a slash, behind which a pattern finds names."""
        inside = _line_pattern(pattern, match, start="(?<=/)")
        found: dict[str, None] = {}
        for hit in islice(inside.finditer(self._numbered_lines), _MAX_HITS) if inside else ():
            line = self._numbered_lines.rfind("\n", 0, hit.start()) + 1
            found[self._numbered_lines[line : hit.start()]] = None
            if len(found) == limit:
                break
        return list(found)


_MAX_HITS = 5_000


def stored_names(context: Context, checkpoints: tuple[Checkpoint, ...]) -> StoredNames:
    """The names in checkpoints; put together once for all sites of a document."""
    key = ("names", *map(id, checkpoints))
    if key not in context.memory:
        context.memory[key] = StoredNames(checkpoints)
    found: StoredNames = context.memory[key]
    return found


def _line_pattern(pattern: str, match: Match, start: str = "^") -> re.Pattern[str] | None:
    """A pattern for lines of names; None where it cannot be had."""
    body = pattern if match.is_regex else re.escape(pattern)
    if match is Match.SCOPE:
        body = re.escape(pattern.rstrip("/") + "/")
    if body.startswith("(?"):
        return None
    begins = start if match not in (Match.SEARCH, Match.CONTAINS, Match.SUFFIX) else ""
    ends = "$" if match in (Match.FULL, Match.EQUALS, Match.SUFFIX) else ""
    return compiled(f"(?m:{begins}(?:{body}){ends})", Match.SEARCH)


def finds(expression: re.Pattern[str], match: Match, name: str) -> bool:
    """Whether the pattern finds a variable by that of its names which it is compared with."""
    if match is Match.START:
        return fits(expression, match, name + ":0")
    if match is Match.OPERATION:
        return fits(expression, match, name)
    return fits(expression, match, name + ":0") or fits(expression, match, name)


def names_found(pattern: str, match: Match, checkpoint: Checkpoint) -> list[str] | None:
    """The variables of a checkpoint that a pattern finds; None where it cannot be compared."""
    expression = compiled(pattern, match)
    if expression is None:
        return None
    names = (name for name in checkpoint.names if name != OBJECT_GRAPH_NAME)
    return [name for name in names if finds(expression, match, name)]
