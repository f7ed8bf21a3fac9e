"""Keywords of `tf.train.Checkpoint` that the file knows under another name."""

from __future__ import annotations

from collections.abc import Iterator

from ckptls.checkpoint.model.checkpoint import Checkpoint
from ckptls.checkpoint.names.edit_distance import is_near_miss, nearest
from ckptls.features.common import formatting
from ckptls.features.common.context import Context
from ckptls.features.common.literal_edits import changes
from ckptls.features.common.results import Finding, Severity
from ckptls.features.common.rule import Rule
from ckptls.source.semantics.sites import Evidence, Role, Site
from ckptls.workspace.binding import Binding


class UnknownObject(Rule):
    """A keyword of `tf.train.Checkpoint` that does not occur in the restored checkpoint.

    ## What it does
    Compares the keywords of a `tf.train.Checkpoint` that is restored with the objects at the
    root of the checkpoint: a keyword that is not among them, but has almost the name of one, is
    probably misspelled. Where none of the keywords is among them, nothing at all is restored, and
    the first keyword is reported.

    ## Why is this bad?
    `restore` does not complain, and even `assert_nontrivial_match()` passes, because the counter
    of saves was found. The object keeps its random weights.

    ## Example
    ```python
    tf.train.Checkpoint(modle=net).restore("ckpts/tf2-1")
    ```
    Use instead:
    ```python
    tf.train.Checkpoint(model=net).restore("ckpts/tf2-1")
    ```

    ## When it stays silent
    For keywords that resemble nothing at the root of the checkpoint, such as a new part of the
    model, as long as another keyword is there or the call also has a root object; and where the
    checkpoint is not known.
    """

    code = "unknown-object"
    severity = Severity.WARNING
    roles = (Role.OBJECT,)
    needs = Evidence.PINNED

    def check(self, site: Site, binding: Binding, context: Context) -> Iterator[Finding]:
        name = site.text.literal
        if not name or not binding.proves(self.needs):
            return
        used = {
            other.text.literal
            for other in context.analysis.sites
            if other.role is Role.OBJECT and other.place == site.place
        }
        offers = [_find_near_objects(checkpoint, name, used) for checkpoint in binding.checkpoints]
        what = "it"
        if not all(offers) and _is_first_of_all(site, context):
            offers = [_find_other_objects(checkpoint, used) for checkpoint in binding.checkpoints]
            what = "any of these objects"
        if not all(offers):
            return
        checkpoint, near = binding.checkpoints[0], offers[0]
        found = self.finding(
            site,
            f"{formatting.in_checkpoint(checkpoint, binding)} has no object `{name}` at its root,"
            " so"
            f" nothing is restored to {what}; did you mean `{near[0]}`?",
            checkpoint,
            suggestions=changes(context.analysis.source, site.parts[0], near),
        )
        if found is not None:
            yield found


def _find_near_objects(checkpoint: Checkpoint, name: str, used: set[str | None]) -> list[str]:
    graph = checkpoint.object_graph
    if graph is None or name in graph.root_children:
        return []
    near = nearest(name, graph.root_children)
    return [each for each in near if is_near_miss(name, each) and each not in used]


def _find_other_objects(checkpoint: Checkpoint, used: set[str | None]) -> list[str]:
    """The objects at the root, if none of the keywords is there."""
    graph = checkpoint.object_graph
    if graph is None or not used.isdisjoint(graph.root_children):
        return []
    return sorted(name for name in graph.root_children if name not in _OWN)


def _is_first_of_all(site: Site, context: Context) -> bool:
    """Whether a keyword is the first argument of its call, which has nothing but keywords."""
    others = [
        other.parts[0].span
        for other in context.analysis.sites
        if other.role is Role.OBJECT and other.place == site.place and other.parts
    ]
    own = site.parts[0].span
    if not others or own != min(others):
        return False
    source = context.analysis.source.text
    is_first = source[: own.start].rstrip().endswith("(")
    rest = source[own.start : max(others).end + _NEAR]
    return is_first and "**" not in rest and "root=" not in rest


# What `tf.train.Checkpoint` saves by itself.
_OWN = frozenset({"save_counter", "_CHECKPOINTABLE_OBJECT_GRAPH"})
_NEAR = 200
