"""Scopes and variables of the model whose names miss those of the checkpoint by a slip."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from ckptls.checkpoint.model.checkpoint import Checkpoint
from ckptls.checkpoint.model.scope_tree import NEIGHBOURS
from ckptls.checkpoint.names.edit_distance import is_near_miss
from ckptls.features.common import formatting
from ckptls.features.common.context import Context
from ckptls.features.common.literal_edits import replacements
from ckptls.features.common.reliance import unwrap_checkpoint
from ckptls.features.common.results import Finding, Severity
from ckptls.features.common.rule import Rule
from ckptls.features.names.known_names import without_numbers
from ckptls.source.document import Analysis
from ckptls.source.semantics.sites import Evidence, LiteralPart, Role, Site
from ckptls.workspace.binding import Binding

_NAMES = (Role.GRAPH_SCOPE, Role.GRAPH_VARIABLE)


class MisspelledScope(Rule):
    """A name of the model that is one typo away from a name in the checkpoint.

    ## What it does
    Checks the names given to `variable_scope`, `get_variable` and layers in code that
    restores a known checkpoint: if the full name is not in the checkpoint, and exactly one
    name in the same scope, which the code does not use otherwise, is almost the same, that one
    was probably meant.

    ## Why is this bad?
    A variable with a misspelled name is not the checkpoint's variable. Restoring everything
    fails with `Key … not found in checkpoint`; restoring what matches silently leaves it with
    random weights.

    ## Example
    ```python
    with tf.variable_scope("vgg_16/cnov1"):
    ```
    Use instead:
    ```python
    with tf.variable_scope("vgg_16/conv1"):
    ```

    ## When it stays silent
    For new names that resemble nothing in the checkpoint, such as a new head; for names
    that differ in digits only (`fc8`, `fc9`); where parts of the name are known only at
    run time; where two names are equally close.
    """

    code = "misspelled-scope"
    severity = Severity.WARNING
    roles = _NAMES
    needs = Evidence.FILE

    def check(self, site: Site, binding: Binding, context: Context) -> Iterator[Finding]:
        if not site.is_definition or not binding.proves(self.needs):
            return
        if any(checkpoint.is_object_based for checkpoint in binding.checkpoints):
            # Its names are those of objects, not of scopes.
            return
        name = site.full_text.literal
        if not name:
            return
        for each in _oldest_first(binding.checkpoints, context):
            if _slip(each, name, site, context) is None:
                context.enough = each
                return
        first = _slip(binding.checkpoints[0], name, site, context)
        assert first is not None
        part = next((p for p in site.parts if _starts_in(site, p, first)), None)
        if part is None:
            # The wrong segment is written in a scope around, which is a site of its own.
            return
        checkpoint = binding.checkpoints[0]
        found = self.finding(
            site,
            f"`{first.wrong}` is not in {formatting.in_checkpoint(checkpoint, binding)};"
            f" did you mean `{first.right}`?",
            checkpoint,
            part=part,
            suggestions=replacements(context.analysis.source, site, [first.corrected]),
        )
        if found is not None:
            yield found


def _oldest_first(checkpoints: tuple[Checkpoint, ...], context: Context) -> tuple[Checkpoint, ...]:
    """What was written long ago is likely to stay as it is."""
    if len(checkpoints) == 1:
        return checkpoints
    key = ("oldest first", *map(id, checkpoints))
    if key not in context.memory:
        context.memory[key] = tuple(sorted(checkpoints, key=_written))
    found: tuple[Checkpoint, ...] = context.memory[key]
    return found


def _written(checkpoint: Checkpoint) -> int:
    return max((modified for _, modified, *_ in unwrap_checkpoint(checkpoint).stamp), default=0)


@dataclass(frozen=True, slots=True)
class _Slip:
    """A wrong segment: the scope it stands in, itself, its right spelling, the whole name."""

    start: int
    wrong: str
    right: str
    corrected: str


# The scope is in the checkpoint.
_THERE = _Slip(0, "", "", "")


def _slip(checkpoint: Checkpoint, name: str, site: Site, context: Context) -> _Slip | None:
    scope, _, last = name.rpartition("/")
    around = _slip_of_scope(checkpoint, scope, context) if scope else _THERE
    if around is not _THERE:
        return around and replace(around, corrected=f"{around.corrected}/{last}")
    if name in checkpoint:
        return None
    wants_variable = site.role is Role.GRAPH_VARIABLE
    found = _slip_in(checkpoint, scope and scope + "/", last, wants_variable, context)
    return found if found is not _THERE else None


def _slip_of_scope(checkpoint: Checkpoint, scope: str, context: Context) -> _Slip | None:
    """The first wrong segment of a scope; many names share theirs."""

    def found() -> _Slip | None:
        outer, _, last = scope.rpartition("/")
        around = _slip_of_scope(checkpoint, outer, context) if outer else _THERE
        if around is _THERE:
            return _slip_in(checkpoint, outer and outer + "/", last, False, context)
        return around and replace(around, corrected=f"{around.corrected}/{last}")

    return context.shared((_slip_of_scope, id(checkpoint), scope), found)


def _slip_in(
    checkpoint: Checkpoint, scope: str, segment: str, wants_variable: bool, context: Context
) -> _Slip | None:
    """What is wrong with a segment in a scope that is there, slash included."""
    if not segment:
        return None
    path = scope + segment
    if checkpoint.tree.has_scope(path):
        return _THERE
    # Cheap first: most new names have no near neighbour at all.
    near = [
        each
        for each in _neighbours(checkpoint, scope, segment, wants_variable)
        if not _is_used(scope + each, context)
    ]
    if len(near) != 1:
        return None
    return _Slip(len(scope), path, scope + near[0], scope + near[0])


def _neighbours(
    checkpoint: Checkpoint, scope: str, segment: str, wants_variable: bool
) -> tuple[str, ...]:
    """The names in a scope that a segment misses by a slip; they stay the same while one types."""
    tree = checkpoint.tree
    return tree.noted(
        (NEIGHBOURS, scope, segment, wants_variable),
        lambda: tuple(
            child.name
            for child in tree.children(scope)
            if (child.is_variable if wants_variable else child.is_scope)
            and is_near_miss(segment, child.name)
        ),
    )


def _is_used(name: str, context: Context) -> bool:
    """Whether the code names that scope or variable of the model elsewhere."""
    return (name + "/") in context.remembered(_collect_used_names)


def _collect_used_names(analysis: Analysis) -> frozenset[str]:
    """Every scope and variable of the model that the code names, and all scopes above."""
    sites = (s for s in analysis.sites if s.is_definition and s.role in _NAMES)
    names = [site.full_text.literal for site in sites]
    names += [without_numbers(variable.name).literal for variable in analysis.variables]
    found: set[str] = set()
    for name in names:
        path = name + "/" if name else ""
        while path and path not in found:
            found.add(path)
            path = path[: path.rfind("/", 0, -1) + 1]
    return frozenset(found)


def _starts_in(site: Site, part: LiteralPart, slip: _Slip) -> bool:
    """Whether the first character of the wrong segment is written in this part."""
    before = (site.outer + part.before).literal
    return before is not None and len(before) <= slip.start < len(before) + len(part.text)
