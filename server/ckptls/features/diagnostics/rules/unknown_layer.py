"""Layers of Keras models that a file of weights does not have."""

from __future__ import annotations

from collections.abc import Iterator

from ckptls.checkpoint.model.checkpoint import Checkpoint
from ckptls.checkpoint.names.edit_distance import is_near_miss, nearest
from ckptls.features.common import formatting
from ckptls.features.common.context import Context
from ckptls.features.common.literal_edits import respell_site
from ckptls.features.common.results import Finding, Severity
from ckptls.features.common.rule import Rule
from ckptls.features.patterns.pattern_spelling import corrections, name_test
from ckptls.features.patterns.user_patterns import Allowance, SlowPatternError
from ckptls.source.document import Analysis
from ckptls.source.semantics.sites import Evidence, Match, Role, Site
from ckptls.workspace.binding import Binding


class UnknownLayer(Rule):
    """A Keras layer that is not in the file of weights, which has one of almost that name.

    ## What it does
    Compares names of layers with those in a file of weights that the code loads: names given
    to `get_layer`, items of `exclude=[…]`, and, where weights are loaded with `by_name=True`,
    the names that the code gives its layers. A regular expression that chooses layers, as in
    Mask R-CNN's `set_trainable("mrcnn_.*")`, must match the whole name of one of them.

    ## Why is this bad?
    With `by_name=True`, layers that are not in the file are skipped silently and keep their
    random weights. A misspelled layer in `exclude=[…]` is not excluded, and a pattern
    that matches none trains nothing. `get_layer` raises `ValueError: No such layer`, but only
    when the line runs.

    ## Example
    ```python
    model.load_weights("weights.h5", by_name=True)
    model.get_layer("blok1_conv1")
    ```
    Use instead:
    ```python
    model.get_layer("block1_conv1")
    ```

    ## When it stays silent
    For names that resemble no layer of the file, such as a new head; for names that differ
    in numbers only; for layers that the code defines; and for weights that are loaded in the
    order of the layers, where names do not matter.
    """

    code = "unknown-layer"
    severity = Severity.WARNING
    roles = (Role.LAYER, Role.LAYER_PATTERN)
    needs = Evidence.PINNED

    def check(self, site: Site, binding: Binding, context: Context) -> Iterator[Finding]:
        name = site.text.literal
        if not name:
            return
        defined = context.remembered(_collect_defined_layers)
        if site.is_definition:
            checkpoints = _find_loaded_checkpoints(context, self.needs)
        else:
            checkpoints = binding.checkpoints if binding.proves(self.needs) else ()
            if name in defined:
                return
        is_pattern = site.role is Role.LAYER_PATTERN
        offers = [
            _find_near_patterns(checkpoint, name, defined, context.allowance)
            if is_pattern
            else _find_near_layers(checkpoint, name, defined if site.is_definition else set())
            for checkpoint in checkpoints
        ]
        if not offers or not all(offers) or (site.is_definition and len(offers[0]) > 1):
            return
        checkpoint, near = checkpoints[0], respell_site(context.analysis.source, site, offers[0])
        if not near:
            return
        what = f"layer whose whole name matches `{name}`" if is_pattern else f"layer `{name}`"
        found = self.finding(
            site,
            f"{formatting.in_checkpoint(checkpoint, binding)} has no {what};"
            f" did you mean `{near[0].name}`?",
            checkpoint,
            suggestions=near,
        )
        if found is not None:
            yield found


def _collect_defined_layers(analysis: Analysis) -> set[str | None]:
    """The names that the code gives to layers."""
    sites = (s for s in analysis.sites if s.role is Role.LAYER and s.is_definition)
    return {site.text.literal for site in sites}


def _find_loaded_checkpoints(context: Context, needs: Evidence) -> tuple[Checkpoint, ...]:
    found: list[Checkpoint] = []
    for restore, resolution in context.restores:
        if restore.by_layer:
            if not resolution.is_complete or resolution.evidence < needs:
                return ()
            found += resolution.checkpoints
    return tuple(found)


# What Mask R-CNN's `train(layers=…)` takes in the place of a pattern.
_GROUPS = frozenset({"heads", "3+", "4+", "5+", "all"})


def _find_near_patterns(
    checkpoint: Checkpoint, pattern: str, defined: set[str | None], allowance: Allowance
) -> list[str]:
    test = name_test(pattern, Match.FULL, allowance)
    layers = [layer.name for layer in checkpoint.layers]
    known = [*layers, *filter(None, defined)]
    try:
        if test is None or pattern in _GROUPS or any(map(test.run.fullmatch, known)):
            return []
        is_start = any(map(test.run.match, layers))
    except SlowPatternError:
        return []
    if is_start:
        return [f"(?:{pattern}).*" if "|" in pattern else f"{pattern}.*"]
    return corrections(pattern, Match.FULL, layers)


def _find_near_layers(checkpoint: Checkpoint, name: str, defined: set[str | None]) -> list[str]:
    layers = [layer.name for layer in checkpoint.layers]
    if name in layers:
        return []
    return [n for n in nearest(name, layers) if is_near_miss(name, n) and n not in defined]
