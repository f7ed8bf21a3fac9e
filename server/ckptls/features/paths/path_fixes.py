"""What rules about paths share: the path of a site, and how to write another in its place."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

from ckptls.features.common import formatting
from ckptls.features.common.context import Context
from ckptls.features.common.literal_edits import Replacement, replace_part, replacements
from ckptls.features.paths.path_forms import PREFIXES, opens
from ckptls.features.paths.shared_literals import is_needed
from ckptls.source.semantics.pattern_text import Piece, Text
from ckptls.source.semantics.sites import PathForm, PathUse, Role, Site
from ckptls.source.semantics.text_matcher import ENDING, matcher
from ckptls.workspace.binding import Binding
from ckptls.workspace.checkpoint_store import Entry

# Forms of paths of which checkpoints are read.
READ = PREFIXES | {PathForm.DIRECTORY, PathForm.META, PathForm.FILE}
_WRITTEN = frozenset({PathForm.OUTPUT, PathForm.WORKING})
_LEAST_KNOWN = 3  # characters of a path that must be known to recognise it


def path_use(site: Site) -> PathUse | None:
    """The path that a site is; None for names, and for paths on other machines."""
    if site.role is not Role.PATH or "://" in site.text.head:
        return None
    return next((use for use in site.paths if use.text == site.text), None)


def find_refused_entry(context: Context, use: PathUse) -> Entry | None:
    """The place that a path most likely means, if it is opened at none of its places.

    None too as long as nobody has looked, or if the path is not known.
    """
    entries = context.look(use) or ()
    written = use.text.literal or ""
    if not entries or any(opens(use.form, written, entry) for entry in entries):
        return None
    return likeliest(entries)


def likeliest(entries: tuple[Entry, ...]) -> Entry | None:
    """Of the places that a path may mean the first with a checkpoint, or else with anything."""
    there = [entry for entry in entries if entry.checkpoint is not None]
    there += [entry for entry in entries if not entry.is_absent or _is_something(entry)]
    return next(iter(there or entries), None)


def _is_something(entry: Entry) -> bool:
    return entry.facts is not None and (entry.facts.is_directory or entry.facts.is_file)


def relative(message: str, use: PathUse, entry: Entry, binding: Binding) -> str:
    """A message about a place with its paths as the code writes them, or below the base."""
    written = (use.text.literal or "").rstrip("/")
    if written and len(entry.path) > len(written):
        message = re.sub(re.escape(entry.path) + r"(?![\w-])", lambda _: written, message)
    return formatting.below(message, binding.base)


def rewritten_paths(context: Context, site: Site, paths: list[str]) -> list[Replacement]:
    """How to write each of the paths by changing one literal that no right string is made of."""
    needed = is_needed(context, site)
    return replacements(context.analysis.source, site, paths, is_needed=needed)


def with_end(context: Context, site: Site, end: str, new: str) -> list[Replacement]:
    """The last literal of a path with `new` in the place of `end`, which it ends in."""
    part = site.parts[-1] if site.parts else None
    if part is None or part.after.parts or not part.text.endswith(end):
        return []
    stem = part.text[: len(part.text) - len(end)]
    return [replace_part(context.analysis.source, part, stem + new)]


def is_own(context: Context, path: Text) -> bool:
    """Whether the program writes to that path itself, or asks first whether it is there."""
    return is_asked(context, path) or any(_covers(text, path) for text, _ in _written(context))


def is_asked(context: Context, path: Text) -> bool:
    """Whether the program asks whether something is at that path, or at one that begins so."""
    return any(_covers(path, text) for text in context.analysis.checked)


def is_saved_before(context: Context, site: Site) -> bool:
    """Whether code further up writes a checkpoint to the path of a site."""
    here = site.place.span.start
    return any(
        start < here and _covers(text, site.text)
        for text, start in _written(context, frozenset({PathForm.OUTPUT}))
    )


def _written(context: Context, forms: frozenset[PathForm] = _WRITTEN) -> Iterator[tuple[Text, int]]:
    """What the program writes to, and where the code that does so stands."""
    for site in context.analysis.sites:
        if site.role is Role.PATH:
            for use in site.paths:
                if use.form in forms:
                    yield use.text, site.place.span.start
    for save in context.analysis.saves:
        for prefix in save.prefixes:
            yield prefix, save.place.span.start


def _covers(written: Text, path: Text) -> bool:
    """Whether what is written to one path may be what is read at another.

    `model.ckpt` is written as `model.ckpt-100`, and for those who want the newest checkpoint
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
