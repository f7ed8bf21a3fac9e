"""Paths without a checkpoint, next to a checkpoint with almost that name."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from itertools import chain

from ckptls.checkpoint.layout.path_facts import META_SUFFIX
from ckptls.checkpoint.locate.not_found import without_extension
from ckptls.checkpoint.names.edit_distance import is_near_miss
from ckptls.features.common import formatting
from ckptls.features.common.context import Context
from ckptls.features.common.results import Finding, Severity
from ckptls.features.common.rule import Rule
from ckptls.features.paths.keras_paths import is_of_keras, may_take
from ckptls.features.paths.path_fixes import (
    READ,
    is_own,
    is_saved_before,
    path_use,
    rewritten_paths,
)
from ckptls.features.paths.path_forms import (
    DIRECTORIES,
    is_moved,
    is_tensorflow_name,
    opens,
    prefixes_inside,
    written_like,
)
from ckptls.source.semantics.sites import Evidence, PathForm, PathUse, Role, Site
from ckptls.workspace.binding import Binding
from ckptls.workspace.checkpoint_store import Entry

_MOST = 3
# They wait until there is a checkpoint.
_PATIENT = ("checkpoints_iterator", "evaluation_loop")
_STATE = "get_checkpoint_state"
# A directory that is also written may be empty at first, but what its state file names is opened.
_STRICT = {PathForm.WORKING: PathForm.DIRECTORY}


class MissingCheckpoint(Rule):
    """A path with no checkpoint, next to a checkpoint with almost the same name.

    ## What it does
    Checks the paths of checkpoints, and of their `.meta` files, that are read. It reports a path
    at which nothing exists if a checkpoint that was probably meant does exist: its name differs
    by a typo or a blank, or continues where the path ends (`-<step>`, `.ckpt-<step>`, `.h5`), or
    has an extension before the step that the path lacks, or a folder of the path is misspelled,
    missing or superfluous.

    Also checks the state file `checkpoint` of a directory: it is reported if the checkpoint that
    it names does not exist, as in a folder that was copied from another machine, while another
    checkpoint is next to the state file.

    ## Why is this bad?
    `Failed to find any matching files` is raised only when the line runs. A directory with a
    typo in its name is worse, and so is one that was moved: `tf.train.latest_checkpoint` is
    `None` then, and a training session silently starts from scratch.

    ## Example
    ```python
    saver.restore(session, "ckpts/model.ckpt")  # model.ckpt-1000 is there
    ```
    Use instead:
    ```python
    saver.restore(session, "ckpts/model.ckpt-1000")
    ```

    ## When it stays silent
    For checkpoints that are not on this machine; for a path that the program itself saves to;
    where the code first tests whether the path exists; for steps that differ; where the path is
    correct relative to another folder between the file and the root of the workspace, or above
    it; where only the name is taken from the state file and joined to the directory again.
    """

    code = "checkpoint-not-found"
    severity = Severity.WARNING
    roles = (Role.PATH,)
    needs = Evidence.CALL
    order = 12

    def check(self, site: Site, binding: Binding, context: Context) -> Iterator[Finding]:
        use = path_use(site)
        written = site.text.literal
        if use is None or not written or use.form not in READ | {PathForm.WORKING}:
            return
        found = self._check_moved(site, use, written, binding, context) or self._check_missing(
            site, use, written, binding, context
        )
        if found is not None:
            yield found

    def _check_moved(
        self, site: Site, use: PathUse, written: str, binding: Binding, context: Context
    ) -> Finding | None:
        """Check a directory whose state file names another directory than its own."""
        if use.form not in DIRECTORIES | {PathForm.ANY} or site.function.endswith(_PATIENT):
            return None
        entries = context.look(use) or ()
        if any(opens(_STRICT.get(use.form, use.form), written, entry) for entry in entries):
            return None
        entry = next((each for each in entries if is_moved(each)), None)
        if entry is None or entry.facts is None or entry.facts.state is None:
            return None
        if site.function.endswith(_STATE) and not _is_stated_path_used(use, context):
            return None
        if is_saved_before(context, site):
            return None
        stated, inside = entry.facts.state.written, prefixes_inside(entry, written)
        beside = f"`{formatting.shown_path(inside[0], binding)}` is there"
        instead = rewritten_paths(context, site, list(inside))
        is_taken = use.form is PathForm.ANY and instead
        hint = f"did you mean `{instead[0].text}`?" if is_taken else beside
        place = formatting.shown_path(written, binding)
        return self.finding(
            site,
            f"the state file in `{place}` names `{stated}`, which is not there; {hint}",
            None,
            suggestions=instead if is_taken else (),
        )

    def _check_missing(
        self, site: Site, use: PathUse, written: str, binding: Binding, context: Context
    ) -> Finding | None:
        """Check a path at which nothing exists while a similar path exists."""
        entries = context.look(use) or ()
        if use.form not in READ or not entries or not all(map(_is_nothing, entries)):
            return None
        near = [
            written_like(written, entry.path, other.path)
            for entry in entries
            for other in entry.near
            if _is_taken(site, use.form, written, other, context)
            and _is_meant(site, use.form, written, entry.path, other.path, binding.base)
        ]
        near = list(dict.fromkeys(near))[:_MOST]
        if not near or is_own(context, site.text):
            return None
        return self.finding(
            site,
            f"there is no checkpoint at `{formatting.shown_path(written, binding)}`;"
            f" did you mean `{formatting.shown_path(near[0], binding)}`?",
            None,
            suggestions=rewritten_paths(context, site, near),
        )


def _is_nothing(entry: Entry) -> bool:
    facts = entry.facts
    is_there = facts is not None and (facts.is_directory or facts.is_file or facts.is_prefix)
    return entry.is_absent and not is_there


def _is_stated_path_used(use: PathUse, context: Context) -> bool:
    """Whether the code opens the path that the state file gives, and not its name alone."""
    restored = (each for restore in context.analysis.restores for each in restore.paths)
    read = (each for site in context.analysis.sites for each in site.paths)
    return any(
        each.is_latest and not each.is_beside and each.text == use.text
        for each in chain(restored, read)
    )


def _is_taken(site: Site, form: PathForm, written: str, other: Entry, context: Context) -> bool:
    """Whether the function would open that place."""
    if is_of_keras(site):
        return may_take(site, context, other)
    if form is PathForm.FILE:
        return other.facts is not None
    return is_tensorflow_name(other.path) and opens(form, written.rstrip("/"), other)


def _is_meant(site: Site, form: PathForm, written: str, place: str, other: str, base: str) -> bool:
    """Whether one segment of a path makes the difference: a slip in it, or it is left out."""
    if form is PathForm.META:
        place, other = place.removesuffix(META_SUFFIX), other.removesuffix(META_SUFFIX)
    given, there = place.split(os.sep), other.split(os.sep)
    count = len([part for part in written.split("/") if part not in ("", ".")])
    if len(there) == len(given):
        wrong = [i for i, (one, two) in enumerate(zip(given, there, strict=True)) if one != two]
        if len(wrong) != 1 or wrong[0] < len(given) - count:
            return False
        is_last = wrong[0] == len(given) - 1
        may_go_on = is_last and (form is not PathForm.FILE or is_of_keras(site))
        return _is_slip(given[wrong[0]], there[wrong[0]], is_last, may_go_on)
    if form is PathForm.FILE or not other.startswith(os.path.join(base, "")):
        return False
    longer, shorter = (there, given) if len(there) > len(given) else (given, there)
    return len(longer) == len(shorter) + 1 and any(
        longer[:i] + longer[i + 1 :] == shorter
        for i in range(max(0, len(given) - count), len(longer) - 1)
    )


def _is_slip(written: str, there: str, is_last: bool, may_go_on: bool) -> bool:
    if "".join(written.split()) == "".join(there.split()):
        return True
    if is_last and re.fullmatch(re.escape(written) + r"-\d+", there):
        return True
    if may_go_on and there.startswith((written + ".", written + "-")):
        return True  # half a prefix
    if may_go_on and without_extension(there) == written:
        return True  # `model-100` for `model.ckpt-100`
    # `a.ckpt` and `b.ckpt` have an ending in common, and nothing else.
    stem, dot, ending = written.partition(".")
    other, _, other_ending = there.partition(".")
    if dot and ending == other_ending:
        return is_near_miss(stem, other)
    return is_near_miss(written, there)
