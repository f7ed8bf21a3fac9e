"""What is known of the variables that code fills from checkpoints: wanted, and stored."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod

from ckptls.checkpoint.model.checkpoint import Checkpoint, Variable
from ckptls.features.common.context import Context
from ckptls.features.patterns.user_patterns import Allowance, SlowPatternError, expression
from ckptls.source.document import Analysis
from ckptls.source.semantics.pattern_text import Text
from ckptls.source.semantics.sites import Evidence, Restore, Role, Site
from ckptls.source.semantics.values import GraphVariable
from ckptls.workspace.binding import Binding

Shape = tuple["int | None", ...]


@dataclass(frozen=True, slots=True)
class Restored:
    """A variable of a checkpoint, and what the model's variable that takes it is like.

    `reshapes`: only the number of elements must be the same; `converts`: any dtype will do.
    """

    stored: Variable
    checkpoint: Checkpoint
    shape: Shape | None
    dtype: str | None
    reshapes: bool
    converts: bool

    @property
    def has_other_shape(self) -> bool:
        """Whether the stored shape is surely not the wanted one."""
        return shapes_differ(self.shape, self.stored.shape, self.reshapes)

    @property
    def has_other_dtype(self) -> bool:
        """Whether the stored dtype is surely not the wanted one."""
        return not self.converts and self.dtype not in (None, self.stored.dtype)


def shapes_differ(wanted: Shape | None, stored: tuple[int, ...], reshapes: bool = False) -> bool:
    """Whether a stored shape is surely not the wanted one.

    reshapes: a shape with as many elements is made to fit.
    """
    if wanted is None:
        return False
    if reshapes:
        sizes = [size for size in wanted if size is not None]
        return len(sizes) == len(wanted) and prod(sizes) != prod(stored)
    if len(wanted) != len(stored):
        return True
    pairs = zip(wanted, stored, strict=True)
    return any(size is not None and size != there for size, there in pairs)


def find_restored(
    site: Site, binding: Binding, context: Context, needs: Evidence
) -> tuple[Restored, ...]:
    """What a name is filled with, for each checkpoint that it may be; empty if it is not sure."""
    if site.role is Role.VARIABLE and site.counterpart is not None:
        found = _of_entry(site, binding, context, needs)
    elif site.role is Role.GRAPH_VARIABLE and (site.shape is not None or site.dtype):
        if not context.restores:
            return ()
        found = _of_variable(site, context, needs)
    else:
        return ()
    answers = tuple(found)
    return answers if all(each is not None for each in answers) else ()


def _of_entry(
    site: Site, binding: Binding, context: Context, needs: Evidence
) -> Iterator[Restored]:
    """An entry of a map or of a saver: the key is the checkpoint's side."""
    name, counterpart = site.full_text.literal, site.counterpart
    if name is None or counterpart is None or not binding.proves(needs):
        return
    defined = _find_defined(counterpart.name, context)
    shape = counterpart.shape or (defined.shape if defined is not None else None)
    dtype = counterpart.dtype or (defined.dtype if defined is not None else None)
    converts = site.function.endswith(".assign_from_checkpoint")
    for checkpoint in binding.checkpoints:
        variable = checkpoint.get(name)
        if variable is not None:
            yield Restored(variable, checkpoint, shape, dtype, site.reshapes, converts)


def _of_variable(site: Site, context: Context, needs: Evidence) -> Iterator[Restored]:
    """A variable of the model that a restore takes by its own name."""
    name = site.full_text.literal
    if name is None:
        return
    for restore, found in context.restores:
        if not restore.is_certain or not _is_taken(restore, name, context):
            continue
        if not found.is_complete or found.evidence < needs:
            continue
        for checkpoint in found.checkpoints:
            variable = checkpoint.get(name)
            if variable is not None:
                yield Restored(
                    variable, checkpoint, site.shape, site.dtype, restore.reshapes, False
                )
        return


def _find_defined(name: Text, context: Context) -> GraphVariable | None:
    """The one variable of that name that the code makes."""
    literal = name.literal
    found = context.remembered(_by_name).get(literal, []) if literal is not None else []
    kinds = {(each.shape, each.dtype) for each in found}
    return found[0] if len(kinds) == 1 else None


def _by_name(analysis: Analysis) -> dict[str, list[GraphVariable]]:
    """The variables that the code makes, by the names that are known."""
    found: dict[str, list[GraphVariable]] = {}
    for each in analysis.variables:
        if (name := each.name.literal) is not None:
            found.setdefault(name, []).append(each)
    return found


def _is_taken(restore: Restore, name: str, context: Context) -> bool:
    try:
        return takes(restore, name, context.allowance)
    except SlowPatternError:
        return False


def takes(restore: Restore, name: str, allowance: Allowance) -> bool:
    """Whether a restore surely takes the model's variable of that name.

    A pattern that is not known may leave it out, and does not take it for sure.

    Raises:
        SlowPatternError: matching a pattern takes too long.
    """
    full = name + ":0"  # filters see the name of the tensor
    include, exclude = restore.include, restore.exclude
    if include is not None and not any(_matches(each, full, allowance) for each in include):
        return False
    return all(_matches(each, full, allowance) is False for each in exclude)


def _matches(pattern: Text, name: str, allowance: Allowance) -> bool | None:
    """Whether a pattern finds a name; None if it is not known, or none."""
    literal = pattern.literal
    found = expression(literal) if literal is not None else None
    return allowance.run(found).match(name) is not None if found is not None else None
