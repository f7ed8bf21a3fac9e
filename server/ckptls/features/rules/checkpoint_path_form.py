"""Paths that name a checkpoint in a form that the function does not take."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

from ckptls.checkpoint.errors import CheckpointNotFound
from ckptls.features.answers import Edit, Finding, Severity
from ckptls.features.keras_paths import is_of_keras, refusal
from ckptls.features.literals import Replacement, quoted, token_span
from ckptls.features.paths import path_use, rewritten_paths, with_end
from ckptls.features.rule import Context, Rule
from ckptls.source.pieces import Piece
from ckptls.source.sites import Evidence, PathForm, PathUse, Role, Site
from ckptls.workspace.binding import Binding
from ckptls.workspace.store import Entry

_PART = re.compile(r"(?:\.index|\.meta|\.data-\d{5}-of-\d{5})$")
_PREFIXES = (PathForm.PREFIX, PathForm.ANY)
_JUDGED = (*_PREFIXES, PathForm.DIRECTORY, PathForm.META, PathForm.WORKING, PathForm.SAVED_MODEL)
_STATE = "checkpoint"
_STATE_FILE = "this is the state file, which only tells the names of checkpoints"


class CheckpointPathForm(Rule):
    """A path that names a checkpoint in a form which the function does not take.

    ## What it does
    Checks the paths given to functions that read checkpoints: a file of a checkpoint
    (`.index`, `.meta`, `.data-00000-of-00001`, the state file `checkpoint`) where its prefix
    is wanted, a directory where only a prefix works, a prefix where only a directory works,
    and a `~` that nobody expands.

    Of Keras it checks what `load_weights` and `load_model` are given: a file of a TensorFlow
    checkpoint, a directory that is not a SavedModel, a file of weights or a checkpoint where a
    whole model is wanted, and, where it is known that Keras 3 runs, a TensorFlow checkpoint, a
    SavedModel, and `by_name` with a `.keras` or `.weights.h5` file. The page of the settings
    says how it is known which Keras runs.

    ## Why is this bad?
    Most of these mistakes are silent. `tf.train.list_variables("model.ckpt.index")` is an
    empty list, `tf.train.latest_checkpoint("model.ckpt")` is `None`, and
    `tf.train.Checkpoint.restore("model.ckpt.index")` restores nothing. A directory given to
    `Saver.restore`, and the state file, fail with `DataLossError` when the line runs. Keras 3
    raises `ValueError: File format not supported`, `load_model` of mere weights
    `ValueError: No model config found`.

    ## Example
    ```python
    tf.train.load_checkpoint("ckpts/vgg_16.ckpt.index")
    ```
    Use instead:
    ```python
    tf.train.load_checkpoint("ckpts/vgg_16.ckpt")
    ```

    ## When it stays silent
    Where files are asked for by their names, as `import_meta_graph` does; for functions of
    projects that mend such paths themselves; for a checkpoint that is really called
    `checkpoint`. Whether a path is a directory is judged only where it lies on this machine.
    Where it is not known which Keras runs, for what one of them takes.
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
            found = self._home(site, context) or self._of_keras(site, use, context)
            if found is not None:
                yield found
            return
        if use.form not in _JUDGED:
            return
        found = (
            self._home(site, context)
            or self._part(site, use, context)
            or self._on_disk(site, use, context)
        )
        if found is not None:
            yield found

    def _home(self, site: Site, context: Context) -> Finding | None:
        first = site.text.parts[0] if site.text.parts else None
        if not isinstance(first, Piece) or first.origin is None:
            return None
        if first.text != "~" and not first.text.startswith("~/"):
            return None
        source = context.analysis.source
        part = site.parts[0]
        edits = []
        if part.text == site.text.literal and re.search(r"^\s*import os\b", source.text, re.M):
            written = source.text[part.literal.start : part.literal.end]
            wrapped = f"os.path.expanduser({quoted(source, part.literal, written)})"
            span = token_span(source, part.literal)
            edits.append(Edit("Wrap in os.path.expanduser", span, wrapped))
        whole = site.text.literal
        who = "Keras" if is_of_keras(site) else "TensorFlow"
        return self.finding(
            site,
            f"{who} does not expand `~`: this is a directory of that name",
            None,
            part=part,
            suggestions=rewritten_paths(context, site, [os.path.expanduser(whole)])
            if whole
            else (),
            edits=edits,
        )

    def _of_keras(self, site: Site, use: PathUse, context: Context) -> Finding | None:
        found = refusal(site, use, context)
        return self._told(site, found.message, found.suggestions) if found is not None else None

    def _part(self, site: Site, use: PathUse, context: Context) -> Finding | None:
        end = _PART.search(site.text.tail)
        if end is None or use.form not in (*_PREFIXES, PathForm.META):
            return None
        if use.form is PathForm.META:
            if end[0] == ".meta":
                return None
            return self._told(
                site,
                f"the graph is in the `.meta` file, and this is `*{end[0]}`",
                with_end(context, site, end[0], ".meta"),
            )
        return self._told(
            site,
            f"this is a file of the checkpoint; its prefix, without `{end[0]}`, is wanted",
            with_end(context, site, end[0], ""),
        )

    def _on_disk(self, site: Site, use: PathUse, context: Context) -> Finding | None:
        written = use.text.literal
        entries = context.look(use) or ()
        checkpoint = entries[-1].checkpoint if entries else None
        if checkpoint is None and any(map(_is_dangling_state, entries)):
            return self._told(site, _STATE_FILE, [])
        if checkpoint is None or not written:
            return None
        place, prefix = entries[-1].path, checkpoint.prefix
        if use.form in (PathForm.DIRECTORY, PathForm.WORKING) and prefix == place:
            directory = os.path.dirname(written.rstrip("/")) or "."
            return self._told(
                site,
                "this is the prefix of a checkpoint; the directory that it lies in is wanted",
                rewritten_paths(context, site, [directory]),
            )
        if use.form is PathForm.META and prefix == place:
            return self._told(
                site,
                "this is the prefix of a checkpoint; the graph is in its `.meta` file",
                with_end(context, site, "", ".meta"),
            )
        if os.path.basename(place) == _STATE and prefix != place:
            return self._state_file(site, use, written, place, prefix, context)
        inside = prefix[len(place) :]
        if use.form is PathForm.PREFIX and prefix.startswith(os.path.join(place, "")):
            if inside.endswith(os.path.join("variables", "variables")):
                return None
            right = written.rstrip("/") + inside.replace(os.sep, "/")
            return self._told(
                site,
                "this is a directory; the prefix of one checkpoint is wanted",
                rewritten_paths(context, site, [right]),
            )
        return None

    def _state_file(
        self, site: Site, use: PathUse, written: str, place: str, prefix: str, context: Context
    ) -> Finding | None:
        directory = os.path.dirname(place)
        if not prefix.startswith(os.path.join(directory, "")):
            return None
        above = written[: -len(_STATE)]
        right = above + prefix[len(directory) + 1 :].replace(os.sep, "/")
        if use.form not in _PREFIXES:
            right = above.rstrip("/") or "."
        return self._told(
            site,
            _STATE_FILE,
            rewritten_paths(context, site, [right]),
        )

    def _told(self, site: Site, message: str, suggestions: list[Replacement]) -> Finding | None:
        hint = f"; did you mean `{suggestions[0].text}`?" if suggestions else ""
        return self.finding(site, message + hint, None, suggestions=suggestions)


def _is_dangling_state(entry: Entry) -> bool:
    """Whether a path is that of a state file which names what is not there."""
    error = entry.error
    directory, name = os.path.split(entry.path)
    return name == _STATE and isinstance(error, CheckpointNotFound) and error.path == directory
