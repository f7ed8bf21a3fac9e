"""Variables selected by patterns, and what to say of a pattern that selects none."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ckptls.checkpoint.model.checkpoint import Checkpoint
from ckptls.checkpoint.names.glob import literal_start, matching


def selected(names: Sequence[str], patterns: Iterable[str]) -> list[str]:
    """The names that at least one of the patterns matches, in their order."""
    wanted = {name for pattern in patterns for name in matching(pattern, names)}
    return [name for name in names if name in wanted]


def without_slots(checkpoint: Checkpoint) -> Checkpoint:
    """The same checkpoint with the model's own variables alone.

    What optimizers, moving averages and savers keep is left out. Of an object-based one the
    object graph should have been read, for it tells them apart best.
    """
    from ckptls.checkpoint.graphs.variable_role import purpose_of

    own = [each for each in checkpoint.variables() if purpose_of(each.name, checkpoint).is_ordinary]
    smaller = Checkpoint(
        checkpoint.prefix,
        checkpoint.format,
        [each.name for each in own],
        [(each.dtype, each.shape) for each in own],
        stamp=checkpoint.stamp,
        problems=checkpoint.problems,
    )
    smaller.object_graph = checkpoint.object_graph
    return smaller


def why_nothing(checkpoint: Checkpoint, pattern: str) -> str:
    """A sentence on why a pattern matches no variable; empty if it matches one."""
    if matching(pattern, checkpoint.names):
        return ""
    what = f"no variable matches `{pattern}`"
    if literal_start(pattern) != pattern:
        near = f"*{pattern.strip('*')}*"
        if near != pattern and matching(near, checkpoint.names):
            return f"{what}, but `{near}` would: a pattern stands for the whole name"
        return what
    scope = pattern.removesuffix("/")
    if checkpoint.tree.has_scope(scope):
        return f"{what}; it is a scope, whose variables are `{scope}/*`"
    from ckptls.checkpoint.model.suggestions import suggest_scopes, suggest_variables

    near_names = suggest_variables(checkpoint, pattern, limit=1)
    if near_names:
        return f"{what}; did you mean `{near_names[0]}`?"
    near_scopes = suggest_scopes(checkpoint, scope, limit=1)
    if near_scopes:
        return f"{what}; did you mean `{near_scopes[0]}/*`?"
    inside = f"*{pattern}*"
    return f"{what}; `{inside}` would" if matching(inside, checkpoint.names) else what
