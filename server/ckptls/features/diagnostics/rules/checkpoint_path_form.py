"""Paths that name a checkpoint in a form that the function does not take."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

from ckptls.checkpoint.core.home_path import expanded_home
from ckptls.features.common.context import Context
from ckptls.features.common.literal_edits import Replacement, quote_text, token_span
from ckptls.features.common.results import Edit, Finding, Severity
from ckptls.features.common.rule import Rule
from ckptls.features.paths.keras_paths import is_of_keras, refusal, refusal_of_latest
from ckptls.features.paths.path_fixes import (
    find_refused_entry,
    is_asked,
    is_own,
    path_use,
    rewritten_paths,
    with_end,
)
from ckptls.features.paths.path_forms import DIRECTORIES, PREFIXES, Misfit, misfit
from ckptls.source.semantics.pattern_text import Piece
from ckptls.source.semantics.sites import Evidence, PathForm, PathUse, Role, Site
from ckptls.workspace.binding import Binding
from ckptls.workspace.checkpoint_store import Entry

_PART = re.compile(r"(?:\.index|\.meta|\.data-\d{5}-of-\d{5})$")
_JUDGED = PREFIXES | DIRECTORIES | {PathForm.META, PathForm.SAVED_MODEL}
# They wait until there is a checkpoint, or say whether there is one.
_PATIENT = ("checkpoints_iterator", "evaluation_loop")
_ASKING = ("contains_saved_model", "maybe_saved_model_directory")


class CheckpointPathForm(Rule):
    """A path to a checkpoint in a form that the function does not accept.

    ## What it does
    Checks the paths given to functions that read checkpoints: a file of a checkpoint
    (`.index`, `.meta`, `.data-00000-of-00001`, the state file `checkpoint`) where its prefix
    is expected, a directory where only a prefix works, a prefix or a file where only a directory
    works, a prefix with a slash at its end, a directory in which TensorFlow finds nothing
    because it has no state file, a part of a SavedModel where its directory is expected (or that
    directory where a prefix is expected), a name with `[`, which TensorFlow treats as a pattern,
    and a `~` that is not expanded.

    For Keras it checks the arguments of `load_weights` and `load_model`: a file of a TensorFlow
    checkpoint, a directory that is not a SavedModel, a file of weights or a checkpoint where a
    whole model is expected, and, if the code is known to run with Keras 3, a TensorFlow
    checkpoint, a SavedModel, and `by_name` with a `.keras` or `.weights.h5` file; also the newest
    checkpoint of a directory (`tf.train.latest_checkpoint`), and files with the extension of
    another format, such as a `.keras` archive called `.h5`. The page of the settings says how
    the Keras version is determined.

    ## Why is this bad?
    Most of these mistakes are silent. `tf.train.list_variables("model.ckpt.index")` is an
    empty list, `tf.train.latest_checkpoint("model.ckpt")` is `None`, and
    `tf.train.Checkpoint.restore("model.ckpt.index")` restores nothing. A directory given to
    `Saver.restore`, and the state file, fail with `DataLossError` when the line runs. A
    directory without a state file fails in `load_checkpoint`, and `latest_checkpoint` returns
    `None` for it; that is a warning. Keras 3 raises `ValueError: File format not supported`,
    and `load_model` raises `ValueError: No model config found` for a file of weights.

    ## Example
    ```python
    tf.train.load_checkpoint("ckpts/vgg_16.ckpt.index")
    ```
    Use instead:
    ```python
    tf.train.load_checkpoint("ckpts/vgg_16.ckpt")
    ```

    ## When it stays silent
    Wherever TensorFlow can open the path, from the folder of the file, of the workspace or of the
    setting `search-paths`: the disk decides what is a directory and what is a file, not the name.
    For functions of projects that correct such paths themselves; for a directory that the program
    itself saves to, from which it also restores a checkpoint by its name, or whose contents it
    tests. If the Keras version is not known, for whatever one of the versions accepts.
    """

    code = "checkpoint-path-form"
    severity = Severity.ERROR
    roles = (Role.PATH,)
    needs = Evidence.CALL
    order = 10

    def check(self, site: Site, binding: Binding, context: Context) -> Iterator[Finding]:
        use = path_use(site)
        if use is None:
            return
        if is_of_keras(site):
            found = self._check_home(site, context) or self._check_keras(site, use, context)
            if found is not None:
                yield found
            return
        if use.form not in _JUDGED or site.function.endswith(_ASKING):
            return
        found = self._check_home(site, context) or self._check_form(site, use, context)
        found = found or self._check_latest(site, use, context)
        if found is not None:
            yield found

    def _check_home(self, site: Site, context: Context) -> Finding | None:
        first = site.text.parts[0] if site.text.parts else None
        if not isinstance(first, Piece) or first.origin is None:
            return None
        if first.text != "~" and not first.text.startswith("~/"):
            return None
        source = context.analysis.source
        part = site.parts[0]
        edits = []
        if part.text == site.text.literal and re.search(r"^[ \t\f]*import os\b", source.text, re.M):
            written = source.text[part.literal.start : part.literal.end]
            wrapped = f"os.path.expanduser({quote_text(source, part.literal, written)})"
            span = token_span(source, part.literal)
            edits.append(Edit("Wrap in os.path.expanduser", span, wrapped))
        whole = site.text.literal
        who = "Keras" if is_of_keras(site) else "TensorFlow"
        return self.finding(
            site,
            f"{who} does not expand `~` and treats it as the name of a directory",
            None,
            part=part,
            suggestions=rewritten_paths(context, site, [expanded_home(whole)]) if whole else (),
            edits=edits,
        )

    def _check_keras(self, site: Site, use: PathUse, context: Context) -> Finding | None:
        found = refusal(site, use, context)
        if found is None:
            return None
        return self._report(site, found.message, found.suggestions)

    def _check_latest(self, site: Site, use: PathUse, context: Context) -> Finding | None:
        """A directory whose newest checkpoint is given to Keras, which refuses it."""
        if use.form not in DIRECTORIES:
            return None
        found = refusal_of_latest(site, use, context)
        return self._report(site, found.message, []) if found is not None else None

    def _check_form(self, site: Site, use: PathUse, context: Context) -> Finding | None:
        if use.text.literal is None:
            return self._check_part(site, use, None, context)
        entry = find_refused_entry(context, use)
        if entry is None:
            return None
        if not _is_something(entry) or use.form not in DIRECTORIES | {PathForm.SAVED_MODEL}:
            found = self._check_part(site, use, entry, context)
            if found is not None:
                return found
        wrong = misfit(use, entry)
        if wrong is None or (_may_be_made(wrong, use) and _is_provided(site, use, context)):
            return None
        is_directory = entry.facts is not None and entry.facts.is_directory
        if is_directory and is_asked(context, site.text):  # it does something else then
            return None
        if wrong.is_silent and site.function.endswith(_PATIENT):
            return None
        return self._report(
            site,
            wrong.message,
            rewritten_paths(context, site, list(wrong.instead)),
            Severity.WARNING if wrong.is_silent else None,
        )

    def _check_part(
        self, site: Site, use: PathUse, entry: Entry | None, context: Context
    ) -> Finding | None:
        """A file of a checkpoint, which its name alone tells."""
        end = _PART.search(site.text.tail)
        if end is None or use.form not in PREFIXES | {PathForm.META}:
            return None
        facts = entry.facts if entry is not None else None
        if facts is not None and facts.is_directory:
            return None
        if use.form is PathForm.META:
            if end[0] == ".meta":
                return None
            is_there = facts is None or facts.has_graph or not _is_known(entry)
            lack = "" if is_there else ", which is not there"
            return self._report(
                site,
                f"the graph is in the `.meta` file{lack}, but this is `*{end[0]}`",
                with_end(context, site, end[0], ".meta") if is_there else [],
            )
        is_there = entry is None or entry.checkpoint is not None or not _is_known(entry)
        return self._report(
            site,
            f"this is a file of the checkpoint; expected its prefix, without `{end[0]}`",
            with_end(context, site, end[0], "") if is_there else [],
        )

    def _report(
        self,
        site: Site,
        message: str,
        suggestions: list[Replacement],
        severity: Severity | None = None,
    ) -> Finding | None:
        hint = f"; did you mean `{suggestions[0].text}`?" if suggestions else ""
        return self.finding(site, message + hint, None, suggestions=suggestions, severity=severity)


def _is_something(entry: Entry) -> bool:
    facts = entry.facts
    return facts is not None and (facts.is_directory or facts.is_file or facts.is_prefix)


def _is_known(entry: Entry | None) -> bool:
    """Whether the place, or checkpoints beside it, are on this machine."""
    if entry is None:
        return False
    return _is_something(entry) or bool(getattr(entry.error, "candidates", ()))


def _may_be_made(wrong: Misfit, use: PathUse) -> bool:
    """Whether a program that saves there first would make it right."""
    return wrong.is_silent or use.form in (PathForm.ANY, PathForm.SAVED_MODEL)


def _is_provided(site: Site, use: PathUse, context: Context) -> bool:
    """Whether the program writes to the directory, or restores what is in it by its name too."""
    if is_own(context, site.text):
        return True
    within = os.path.join(os.path.normpath(use.text.literal or "."), "")
    others = (each for other in context.analysis.path_sites for each in other.paths)
    return use.form in DIRECTORIES and any(
        each.form in PREFIXES and os.path.normpath(each.text.literal or ".").startswith(within)
        for each in others
        if each.text.literal is not None and not each.is_latest
    )
