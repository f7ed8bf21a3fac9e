"""What a restore would find: above the statement in a few words, and in full."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ckptls.checkpoint.model import Checkpoint
from ckptls.checkpoint.purpose import purpose_of
from ckptls.features import words
from ckptls.features.navigation import name_of
from ckptls.source.document import Analysis
from ckptls.source.sites import Restore, Role
from ckptls.source.text import Span
from ckptls.source.values import Text
from ckptls.workspace.binding import Binder


@dataclass(frozen=True, slots=True)
class Lens:
    """A statement that restores from a checkpoint that is here.

    found/missing: the names that reading the code tells, by whether the checkpoint has them;
    both are empty where it does not tell which are restored.
    where: the checkpoint as people name it.
    """

    span: Span
    checkpoint: Checkpoint
    where: str
    found: tuple[str, ...]
    missing: tuple[str, ...]

    @property
    def title(self) -> str:
        """The checkpoint, and how many names it has and has not."""
        if not self.found and not self.missing:
            return f"{self.where}: {words.count(len(self.checkpoint), 'variable')}"
        text = f"{self.where}: {words.count(len(self.found), 'name')} found"
        return f"{text}, {len(self.missing):,} not" if self.missing else text


def lenses(binder: Binder) -> list[Lens]:
    """One for each statement that restores, in order of place."""
    found = {}
    for restore in binder.analysis.restores:
        resolution = binder.resolve(restore.paths)
        if not resolution.checkpoints:
            continue
        checkpoint = resolution.checkpoints[0]
        names = list(dict.fromkeys(_names(restore, binder.analysis)))
        there = [name for name in names if _has(checkpoint, name)]
        missing = [name for name in names if not _has(checkpoint, name)]
        where = words.short_path(checkpoint.prefix, binder.base)
        span = restore.place.span
        found[span] = Lens(span, checkpoint, where, tuple(there), tuple(missing))
    return [found[span] for span in sorted(found)]


def report(lens: Lens) -> str:
    """A text to read: what is found and what is not, and what of the checkpoint is left over."""
    lines = [f"# {lens.title}", f"# {words.visible(lens.checkpoint.prefix)}"]
    lines += _section("not in the checkpoint", lens.missing)
    lines += _section("found", (_row(lens.checkpoint, name) for name in lens.found))
    taken = set(lens.found)
    scopes = tuple(name for name in lens.found if name.endswith("/"))
    left = [
        name
        for name in lens.checkpoint.names
        if name not in taken
        and not name.startswith(scopes)
        and purpose_of(name, lens.checkpoint).is_ordinary
    ]
    lines += _section("in the checkpoint, and not named by this code", left)
    return "\n".join([*lines, ""])


def _section(heading: str, rows: Iterable[str]) -> list[str]:
    several = list(rows)
    return ["", f"# {heading}: {len(several):,}", *map(words.visible, several)] if several else []


def _row(checkpoint: Checkpoint, name: str) -> str:
    variable = checkpoint.get(name)
    if variable is None:
        return f"{name}  {words.count(checkpoint.tree.count(name), 'variable')}"
    return f"{name}  {words.kind_of(variable)}"


def _has(checkpoint: Checkpoint, name: str) -> bool:
    return name in checkpoint or (name.endswith("/") and checkpoint.tree.has_scope(name))


def _names(restore: Restore, analysis: Analysis) -> Iterator[str]:
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
        yield from _chosen(restore, analysis)


def _chosen(restore: Restore, analysis: Analysis) -> Iterator[str]:
    for variable in analysis.variables:
        name = variable.name.literal
        if name is None:
            continue
        # Filters see the name of the tensor.
        if restore.include is not None and not _matches(restore.include, name + ":0"):
            continue
        if not _matches(restore.exclude, name + ":0"):
            yield name


def _matches(patterns: Iterable[Text], name: str) -> bool:
    for pattern in patterns:
        literal = pattern.literal
        try:
            if literal is not None and re.match(literal, name):
                return True
        except re.error:
            continue
    return False
