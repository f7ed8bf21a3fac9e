"""Comments that users write for ckptls, written for them: `# ckptls: ignore`, `checkpoint=`."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ckptls.checkpoint.storage.filesystem import is_remote
from ckptls.features.common import formatting
from ckptls.features.common.name_lookup import look_up
from ckptls.features.common.results import Finding, Fix
from ckptls.source.document import Analysis
from ckptls.source.semantics.sites import Evidence, Role, Site
from ckptls.source.text.source_text import SourceText, Span
from ckptls.workspace.binding import Binder

_PRAGMAS = re.compile(r"#[^#\r\n]*?\bckptls:([^#\r\n]*)")
_IGNORE = re.compile(r"\bignore\[([^\[\]\r\n]*)\]")
# What must stay in the first two lines of a file.
_FIRST = re.compile(r"#!|#.*coding[:=]")
_MAX_OFFERED = 3
_MAX_LINE_CHARS = 10_000


@dataclass(frozen=True, slots=True)
class Remark:
    """A change of the text that adds a comment; `finding` is what it silences, if it does."""

    title: str
    span: Span
    new_text: str
    finding: Finding | None = None


def _ignored(line: str) -> re.Match[str] | None:
    """The codes that a comment of a line names already."""
    for pragma in _PRAGMAS.finditer(line):
        found = _IGNORE.search(line, *pragma.span(1))
        if found is not None:
            return found
    return None


def ignoring(source: SourceText, found: Iterable[Finding]) -> Iterator[Remark]:
    """For each finding the comment that silences its rule on the line."""
    for finding in found:
        line = source.line_span(source.line_of(finding.span.start))
        text = source.text[line.start : line.end]
        # Behind these the end of the line is no place for a comment.
        if finding.span.end > line.end or text.endswith("\\") or len(text) > _MAX_LINE_CHARS:
            continue
        title = f"Ignore {finding.code} on this line"
        known = _ignored(text)
        if known is not None:
            end = line.start + known.end(1)
            codes = ", " if known[1].strip() else ""
            yield Remark(title, Span(end, end), codes + finding.code, finding)
        else:
            comment = f"  # ckptls: ignore[{finding.code}]"
            end = line.start + len(text.rstrip())
            yield Remark(title, Span(end, line.end), comment, finding)


def binding_remarks(binder: Binder, span: Span) -> list[Remark]:
    """The comments that would bind the file, where a name in `span` is bound by a guess: first
    to what has the name."""
    guessed = list(_find_guessed_sites(binder, span))
    if not guessed:
        return []
    place = _top(binder.analysis)
    directory = binder.roots.directories[0] if binder.roots.directories else ""
    prefixes = [prefix for prefix in binder.nearest_known() if not is_remote(prefix)]
    prefixes.sort(key=lambda prefix: not any(_has(binder, prefix, site) for site in guessed))
    return [
        Remark(
            f"Bind this file to {formatting.short_path(prefix, binder.base)}",
            Span(place, place),
            f"# ckptls: checkpoint={_spell_prefix(prefix, directory)}\n",
        )
        for prefix in prefixes[:_MAX_OFFERED]
    ]


def fix_all(fixes: Iterable[Fix]) -> list[Fix]:
    """The preferred fixes that can be made together: none where another one already changes."""
    chosen: list[Fix] = []
    end = -1
    for fix in sorted((fix for fix in fixes if fix.is_preferred), key=lambda fix: fix.span):
        if fix.span.start > end:
            chosen.append(fix)
            end = fix.span.end
    return chosen


def _has(binder: Binder, prefix: str, site: Site) -> bool:
    """Whether the checkpoint of a prefix, if it was read, has what a site names."""
    entry, name = binder.lookup(prefix), site.full_text.literal
    checkpoint = entry.checkpoint if entry is not None else None
    if checkpoint is None or not name:
        return False
    return look_up(site, name, checkpoint).is_there is True


def _find_guessed_sites(binder: Binder, span: Span) -> Iterator[Site]:
    for site in binder.analysis.sites:
        if site.role is Role.PATH:
            continue
        is_here = any(
            part.literal.start <= span.end and span.start <= part.literal.end for part in site.parts
        )
        if is_here and binder.bind(site).evidence < Evidence.PINNED:
            yield site


def _top(analysis: Analysis) -> int:
    """Where the first line of one's own begins."""
    source = analysis.source
    for line in range(min(2, len(source.line_starts))):
        start, end = source.line_span(line)
        if not _FIRST.match(source.text[start:end]):
            return start
    return source.line_starts[2] if len(source.line_starts) > 2 else len(source.text)


def _spell_prefix(prefix: str, directory: str) -> str:
    """A prefix relative to the file's directory, in quotes where it needs them."""
    try:
        path = os.path.relpath(prefix, directory) if directory else prefix
    except ValueError:  # another drive
        path = prefix
    path = path.replace(os.sep, "/")
    return f'"{path}"' if any(char.isspace() or char in "\"'" for char in path) else path
