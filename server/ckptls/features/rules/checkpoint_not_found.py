"""Paths at which no checkpoint is, while one nearly of that name stands beside."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

from ckptls.checkpoint.errors import CheckpointNotFound
from ckptls.checkpoint.nearest import is_near_miss
from ckptls.features.answers import Finding, Severity
from ckptls.features.paths import READ, is_own, path_use, rewritten_paths
from ckptls.features.rule import Context, Rule
from ckptls.source.sites import Evidence, PathForm, Role, Site
from ckptls.workspace.binding import Binding
from ckptls.workspace.store import Entry

_MOST = 3


class MissingCheckpoint(Rule):
    """A path at which no checkpoint is, although one of nearly that name is there.

    ## What it does
    Checks the paths of checkpoints that are read: if nothing is at the path, and the same
    directory holds a checkpoint whose name differs by a slip or by the missing `-<step>`, or
    a directory of the path is nearly called so, that one was probably meant.

    ## Why is this bad?
    `Failed to find any matching files` comes only when the line runs. A directory with a
    slip in its name is worse: `tf.train.latest_checkpoint` is `None` then, and a training
    session starts from scratch without a word.

    ## Example
    ```python
    saver.restore(session, "ckpts/model.ckpt")  # model.ckpt-1000 is there
    ```
    Use instead:
    ```python
    saver.restore(session, "ckpts/model.ckpt-1000")
    ```

    ## When it stays silent
    For checkpoints that simply are not on this machine; for a path that the program itself
    saves to; where the code asks first whether the path is there; for steps that differ.
    """

    code = "checkpoint-not-found"
    severity = Severity.WARNING
    roles = (Role.PATH,)
    needs = Evidence.CALL
    order = 12

    def check(self, site: Site, binding: Binding, context: Context) -> Iterator[Finding]:
        use = path_use(site)
        written = site.text.literal
        if use is None or not written or use.form not in READ:
            return
        entries = context.look(use) or ()
        if not entries or not all(entry.is_absent for entry in entries):
            return
        takes_directory = use.form in (PathForm.DIRECTORY, PathForm.ANY)
        near = [path for entry in entries for path in _near(entry, written, takes_directory)]
        near = list(dict.fromkeys(near))[:_MOST]
        if not near or is_own(context, site.text):
            return
        found = self.finding(
            site,
            f"there is no checkpoint at `{written}`; did you mean `{near[0]}`?",
            None,
            suggestions=rewritten_paths(context, site, near),
        )
        if found is not None:
            yield found


def _near(entry: Entry, written: str, takes_directory: bool) -> Iterator[str]:
    """The path as it is written, with the one segment changed that makes it lead somewhere."""
    if not isinstance(entry.error, CheckpointNotFound):
        return
    given = entry.path.split(os.sep)
    segments = written.rstrip("/").split("/")
    for candidate in entry.error.candidates:
        there = os.path.normpath(candidate).split(os.sep)
        is_directory = candidate.endswith(("/", os.sep))
        if len(there) != len(given) or (is_directory and not takes_directory):
            continue
        other = [i for i, (one, two) in enumerate(zip(given, there, strict=True)) if one != two]
        place = other[0] - len(given) if len(other) == 1 else 0
        if not place or -place > len(segments):
            continue
        if _is_slip(segments[place], there[place], is_last=place == -1):
            yield "/".join(
                (*segments[:place], there[place], *segments[len(segments) + place + 1 :])
            )


def _is_slip(written: str, there: str, is_last: bool) -> bool:
    if is_last and re.fullmatch(re.escape(written) + r"-\d+", there):
        return True
    # `a.ckpt` and `b.ckpt` have an ending in common, and nothing else.
    stem, dot, ending = written.partition(".")
    other, _, other_ending = there.partition(".")
    if dot and ending == other_ending:
        return is_near_miss(stem, other)
    return is_near_miss(written, there)
