"""Why a restore misses variables, where that can be recognized."""

from __future__ import annotations

from collections.abc import Callable

from ckptls.checkpoint.model.checkpoint import Checkpoint
from ckptls.checkpoint.model.suggestion_ranks import usual_word
from ckptls.features.restores.restore_outcome import RestoreOutcome, is_named_without_output
from ckptls.source.inventory.model_inventory import Purpose
from ckptls.source.inventory.restore_request import RequestedVariable

_Items = tuple[RequestedVariable, ...]


def find_cause(outcome: RestoreOutcome, missing: _Items) -> str:
    """The cause of what is missing, as a clause; empty where none is recognized."""
    causes: tuple[Callable[[_Items, Checkpoint], str], ...] = (
        _tensor_names,
        _scope_in_front,
        _scope_dropped,
        _old_spelling,
        _training_state,
        _averages,
        _statistics,
        _numbered,
        _biases,
    )
    found = (cause(missing, outcome.checkpoint) for cause in causes)
    return next((clause for clause in found if clause), "")


def _tensor_names(missing: _Items, checkpoint: Checkpoint) -> str:
    if all(is_named_without_output(item.key, checkpoint) for item in missing):
        return "they are there without `:0` (use `v.op.name` in place of `v.name`)"
    return ""


def _scope_in_front(missing: _Items, checkpoint: Checkpoint) -> str:
    first = missing[0].key
    ends = [name[: -len(first)] for name in checkpoint.names if name.endswith("/" + first)]
    for scope in ends:
        if all(scope + item.key in checkpoint for item in missing):
            return f"they are all there under `{scope}`"
    return ""


def _scope_dropped(missing: _Items, checkpoint: Checkpoint) -> str:
    scope = missing[0].key.partition("/")[0] + "/"
    keys = [item.key for item in missing]
    if all(key.startswith(scope) and key[len(scope) :] in checkpoint for key in keys):
        return f"they are all there without `{scope}` in front"
    return ""


def _old_spelling(missing: _Items, checkpoint: Checkpoint) -> str:
    stored = {_usual_name(name): name for name in checkpoint.names}
    found = [stored.get(_usual_name(item.key)) for item in missing]
    if None not in found:
        return f"they are there under an older spelling (`{found[0]}`)"
    return ""


def _usual_name(name: str) -> str:
    return "/".join(map(usual_word, name.split("/")))


def _training_state(missing: _Items, checkpoint: Checkpoint) -> str:
    kinds = {item.variable.purpose for item in missing}
    if kinds <= {Purpose.SLOT, Purpose.STEP}:
        return "the state of the optimizer was not saved in it"
    return ""


def _averages(missing: _Items, checkpoint: Checkpoint) -> str:
    if all(item.variable.purpose is Purpose.AVERAGE for item in missing):
        return "moving averages were not saved in it"
    return ""


def _statistics(missing: _Items, checkpoint: Checkpoint) -> str:
    if all(item.key.endswith(("/moving_mean", "/moving_variance")) for item in missing):
        return "only trainable variables were saved in it, not the averages of batch normalization"
    return ""


def _numbered(missing: _Items, checkpoint: Checkpoint) -> str:
    plain = [_without_number(item.key) for item in missing]
    if all(
        name != item.key and name in checkpoint for name, item in zip(plain, missing, strict=True)
    ):
        return "the model was built twice in one graph, and the second names are numbered"
    return ""


def _without_number(name: str) -> str:
    parts = name.split("/")
    head, _, number = parts[0].rpartition("_")
    return "/".join([head, *parts[1:]]) if head and number.isdigit() else name


def _biases(missing: _Items, checkpoint: Checkpoint) -> str:
    keys = [item.key for item in missing]
    if all(key.endswith(("/biases", "/bias")) for key in keys):
        scopes = [key.rpartition("/")[0] for key in keys]
        norms = ("BatchNorm/beta", "batch_normalization/beta")
        if all(any(f"{scope}/{norm}" in checkpoint for norm in norms) for scope in scopes):
            return "the layers have batch normalization there, and no biases"
    if all("/BatchNorm/" in key for key in keys):
        scopes = [key.partition("/BatchNorm/")[0] for key in keys]
        if all(f"{scope}/biases" in checkpoint for scope in scopes):
            return "the layers have biases there, and no batch normalization"
    return ""
