"""Whether a checkpoint has what a string names: one answer for hover, findings and all others."""

from __future__ import annotations

from dataclasses import dataclass

from ckptls.checkpoint.core.types import Layer
from ckptls.checkpoint.model.checkpoint import Checkpoint, Variable
from ckptls.source.semantics.sites import Role, Site

_LAYERS = frozenset({Role.LAYER, Role.LAYER_PATTERN})
_KEYS = frozenset({Role.VARIABLE, Role.SCOPE})
# A saver also finds variables by the names that they had in the model.
_BY_NAME_IN_MODEL = "restore"


@dataclass(frozen=True, slots=True)
class Stored:
    """What a checkpoint has under a name.

    Attributes:
        is_there: whether what takes the name finds it; None where the checkpoint does not tell.
        variables: what is found: the variable of that key, or those that the model called so.
        called: what the model called so, where only keys are looked up.
        scope: the scope of that name, without its slash; None if there is none.
        layer: the layer of that name.
    """

    is_there: bool | None
    variables: tuple[Variable, ...] = ()
    scope: str | None = None
    layer: Layer | None = None
    called: tuple[Variable, ...] = ()


def look_up(site: Site, name: str, checkpoint: Checkpoint) -> Stored:
    """What a checkpoint has of what a site names; `name` has the scopes around it."""
    if site.role in _LAYERS:
        return _layer(name, checkpoint)
    scope = name.rstrip("/")
    own = scope if checkpoint.tree.has_scope(scope) and (scope or name == "/") else None
    variable = checkpoint.get(name)
    if variable is not None:
        return Stored(True, (variable,), own)
    graph = checkpoint.object_graph
    keys = graph.keys_of(name) if graph is not None else ()
    called = tuple(found for key in keys if (found := checkpoint.get(key)) is not None)
    is_found = own is not None and site.role is not Role.VARIABLE  # a scope is no variable
    if site.role in _KEYS and site.function != _BY_NAME_IN_MODEL:
        return Stored(is_found, (), own, called=called)
    return Stored(is_found or bool(called), called, own)


def _layer(name: str, checkpoint: Checkpoint) -> Stored:
    layer = next((each for each in checkpoint.layers if each.name == name), None)
    if layer is not None:
        variables = (checkpoint.get(each) for each in layer.variables)
        return Stored(True, tuple(each for each in variables if each is not None), None, layer)
    if not checkpoint.layers or _may_be_nested(name, checkpoint):
        return Stored(None)
    return Stored(False)


def _may_be_nested(name: str, checkpoint: Checkpoint) -> bool:
    """Whether the layer may be one of a model that is itself a layer, of which less is noted."""
    names = [variable for layer in checkpoint.layers for variable in layer.variables]
    return any("/layers/" in each or f"/{name}/" in f"/{each}" for each in names)
