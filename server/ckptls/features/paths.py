"""What rules about paths share: the path of a site, and how to write another in its place."""

from __future__ import annotations

import os
from collections.abc import Iterator

from ckptls.features.literals import Replacement, changed, replacements
from ckptls.features.rule import Context
from ckptls.source.pieces import Piece, Text
from ckptls.source.sites import PathForm, PathUse, Role, Site
from ckptls.source.text_matcher import ENDING, matcher

# Forms of paths of which checkpoints are read.
READ = frozenset({PathForm.PREFIX, PathForm.DIRECTORY, PathForm.ANY, PathForm.META, PathForm.FILE})
_WRITTEN = frozenset({PathForm.OUTPUT, PathForm.WORKING})
_LEAST_KNOWN = 3  # characters of a path that must be known to recognise it


def path_use(site: Site) -> PathUse | None:
    """The path that a site is; None for names, and for paths on other machines."""
    if site.role is not Role.PATH or "://" in site.text.head:
        return None
    return next((use for use in site.paths if use.text == site.text), None)


def rewritten_paths(context: Context, site: Site, paths: list[str]) -> list[Replacement]:
    """How to write each of the paths by changing one literal."""
    return replacements(context.analysis.source, site, paths)


def with_end(context: Context, site: Site, end: str, new: str) -> list[Replacement]:
    """The last literal of a path with `new` in the place of `end`, which it ends in."""
    part = site.parts[-1] if site.parts else None
    if part is None or part.after.parts or not part.text.endswith(end):
        return []
    stem = part.text[: len(part.text) - len(end)]
    return [changed(context.analysis.source, part, stem + new)]


def is_own(context: Context, path: Text) -> bool:
    """Whether the program writes to that path itself, or asks first whether it is there."""
    return any(_covers(text, path) for text in _written(context)) or any(
        _covers(path, text) for text in context.analysis.checked
    )


def _written(context: Context) -> Iterator[Text]:
    for site in context.analysis.sites:
        if site.role is Role.PATH:
            for use in site.paths:
                if use.form in _WRITTEN:
                    yield use.text
    for save in context.analysis.saves:
        yield from save.prefixes


def _covers(written: Text, path: Text) -> bool:
    """Whether what is written to one path may be what is read at another.

    `model.ckpt` is written as `model.ckpt-100`, and for whoever wants the newest checkpoint
    of a directory, a file in it is enough.
    """
    known = sum(len(part) for part in _pieces(written))
    literal = path.literal
    if literal is None or known < _LEAST_KNOWN:
        return written == path
    if matcher(written + Text((ENDING,))).fits(literal):
        return True
    directory = os.path.join(literal, "")
    return written.head.startswith(directory)


def _pieces(text: Text) -> list[str]:
    return [part.text for part in text.parts if isinstance(part, Piece)]
