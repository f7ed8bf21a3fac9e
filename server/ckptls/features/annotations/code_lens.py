"""What a restore would find: above the statement in a few words, and in full."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ckptls.checkpoint.core.printable import printable
from ckptls.checkpoint.graphs.variable_role import purpose_of
from ckptls.checkpoint.model.checkpoint import Checkpoint
from ckptls.features.common import formatting
from ckptls.features.common.site_names import name_of
from ckptls.features.names.restores import takes
from ckptls.features.patterns.user_patterns import Allowance, SlowPatternError
from ckptls.features.restores.restore_outcome import judge
from ckptls.source.document import Analysis
from ckptls.source.inventory.restore_request import RestoreKind
from ckptls.source.semantics.sites import Restore, Role
from ckptls.source.text.source_text import Span
from ckptls.workspace.binding import Binder

_MODEL = re.compile(r"\b(?:Sequential|Model)\s*\(")


@dataclass(frozen=True, slots=True)
class Lens:
    """A statement that restores from a checkpoint that is here.

    found/missing: the names that reading the code tells, by whether the checkpoint has them;
    both are empty where it does not tell which are restored.
    where: the checkpoint as people name it.
    of_layers: the names are those of layers, which take their weights by them.
    """

    span: Span
    checkpoint: Checkpoint
    where: str
    found: tuple[str, ...]
    missing: tuple[str, ...]
    of_layers: bool = False

    @property
    def title(self) -> str:
        """The checkpoint, and how many names it has and has not."""
        if not self.found and not self.missing:
            layers = len(self.checkpoint.layers)
            behind = f" in {formatting.count(layers, 'layer')}" if layers else ""
            return f"{self.where}: {formatting.count(len(self.checkpoint), 'variable')}{behind}"
        noun = "layer" if self.of_layers else "name"
        text = f"{self.where}: {formatting.count(len(self.found), noun)} found"
        return f"{text}, {len(self.missing):,} not" if self.missing else text


def lenses(binder: Binder) -> list[Lens]:
    """One for each statement that restores, in order of place."""
    found, allowance = {}, Allowance()
    # Which model has a layer is not followed: where there are several, none is counted.
    is_only_model = len(_MODEL.findall(binder.analysis.source.text)) <= 1
    for restore in binder.analysis.restores:
        resolution = binder.resolve(restore.paths)
        if not resolution.checkpoints:
            continue
        checkpoint = resolution.checkpoints[0]
        of_layers = restore.by_layer and bool(checkpoint.layers) and is_only_model
        known = _followed(binder, restore, checkpoint)
        if known is not None:
            where = formatting.short_path(checkpoint.prefix, binder.base)
            loaded, missing = known
            span = restore.place.span
            found[span] = Lens(span, checkpoint, where, loaded, missing)
            continue
        if of_layers:
            told, has = _layers(restore, binder.analysis), _has_layer
        else:
            told, has = _names(restore, binder.analysis, allowance), _has
        names = list(dict.fromkeys(told))
        there = tuple(name for name in names if has(checkpoint, name))
        missing = tuple(name for name in names if not has(checkpoint, name))
        where = formatting.short_path(checkpoint.prefix, binder.base)
        span = restore.place.span
        found[span] = Lens(span, checkpoint, where, there, missing, of_layers)
    return [found[span] for span in sorted(found)]


def _followed(
    binder: Binder, restore: Restore, checkpoint: Checkpoint
) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
    """The names that are found and missed where the program was followed to a restore, and all
    that it asks for is known; else None."""
    span = restore.place.span
    for request in binder.facts.restores if binder.facts is not None else ():
        if request.place.offsets != span:
            continue
        outcome = judge(request, checkpoint)
        if request.kind is not RestoreKind.NAMES or request.gaps or outcome.unknown:
            return None
        taken = (*outcome.loaded, *(each.item for each in outcome.conflicts))
        loaded = tuple(dict.fromkeys(item.key for item in taken))
        missing = tuple(dict.fromkeys(item.key for item in outcome.missing))
        return (loaded, missing) if loaded or missing else None
    return None


def report(lens: Lens) -> str:
    """A text to read: what is found and what is not, and what of the checkpoint is left over."""
    lines = [f"# {lens.title}", f"# {printable(lens.checkpoint.prefix)}"]
    lines += _section("not in the checkpoint", lens.missing)
    row = _layer_row if lens.of_layers else _row
    lines += _section("found", (row(lens.checkpoint, name) for name in lens.found))
    lines += _section("in the checkpoint, and not named by this code", _left(lens))
    return "\n".join([*lines, ""])


def _left(lens: Lens) -> list[str]:
    """What of the checkpoint the code does not name."""
    taken = set(lens.found)
    if lens.of_layers:
        layers = lens.checkpoint.layers
        return [each.name for each in layers if each.variables and each.name not in taken]
    scopes = tuple(name for name in lens.found if name.endswith("/"))
    return [
        name
        for name in lens.checkpoint.names
        if name not in taken
        and not name.startswith(scopes)
        and purpose_of(name, lens.checkpoint).is_ordinary
    ]


def _section(heading: str, rows: Iterable[str]) -> list[str]:
    several = list(rows)
    return ["", f"# {heading}: {len(several):,}", *map(printable, several)] if several else []


def _row(checkpoint: Checkpoint, name: str) -> str:
    variable = checkpoint.get(name)
    if variable is None:
        return f"{name}  {formatting.count(checkpoint.tree.count(name), 'variable')}"
    return f"{name}  {formatting.kind_of(variable)}"


def _layer_row(checkpoint: Checkpoint, name: str) -> str:
    variables = next(each.variables for each in checkpoint.layers if each.name == name)
    return f"{name}  {formatting.count(len(variables), 'variable')}"


def _has_layer(checkpoint: Checkpoint, name: str) -> bool:
    return any(each.name == name for each in checkpoint.layers)


def _has(checkpoint: Checkpoint, name: str) -> bool:
    return name in checkpoint or (name.endswith("/") and checkpoint.tree.has_scope(name))


def _names(restore: Restore, analysis: Analysis, allowance: Allowance) -> Iterator[str]:
    """The names that are looked up: those of a map, else of the variables that are chosen."""
    keys = [
        site
        for site in analysis.sites
        if site.place == restore.place and site.role in (Role.VARIABLE, Role.SCOPE)
    ]
    for site in keys:
        name = name_of(site)
        if name is not None and name.literal is not None:
            yield name.literal + ("/" if site.role is Role.SCOPE else "")
    if not keys and restore.is_certain:
        try:
            yield from _select_names(restore, analysis, allowance)
        except SlowPatternError:  # which of them it takes cannot be told
            return


def _layers(restore: Restore, analysis: Analysis) -> Iterator[str]:
    """The layers that the code names, without those that the call leaves out."""
    sites = [site for site in analysis.sites if site.role is Role.LAYER]
    left_out = {site.text.literal for site in sites if site.place == restore.place}
    for site in sites:
        name = site.text.literal
        if site.is_definition and name and name not in left_out:
            yield name


def _select_names(restore: Restore, analysis: Analysis, allowance: Allowance) -> list[str]:
    names = (variable.name.literal for variable in analysis.variables)
    return [name for name in names if name is not None and takes(restore, name, allowance)]
