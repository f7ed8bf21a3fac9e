"""Keys of object-based checkpoints without their end."""

from __future__ import annotations

from collections.abc import Iterator

from ckptls.checkpoint.model.checkpoint import Checkpoint
from ckptls.features.common import formatting
from ckptls.features.common.context import Context
from ckptls.features.common.literal_edits import replace_part
from ckptls.features.common.results import Finding, Severity
from ckptls.features.common.rule import Rule
from ckptls.source.semantics.pattern_text import Text, text
from ckptls.source.semantics.sites import Evidence, Role, Site
from ckptls.source.semantics.text_matcher import matcher
from ckptls.workspace.binding import Binding

SUFFIX = "/.ATTRIBUTES/VARIABLE_VALUE"


class MissingValueSuffix(Rule):
    """A key of an object-based checkpoint without `/.ATTRIBUTES/VARIABLE_VALUE` at its end.

    ## What it does
    Checks names that are read from checkpoints which `tf.train.Checkpoint` or Keras wrote: if
    the checkpoint has the name only with that suffix, the suffix was forgotten.

    ## Why is this bad?
    `tf.train.load_variable` and `reader.get_tensor` expect the whole key, and raise
    `NotFoundError: Key net/w not found in checkpoint`.

    ## Example
    ```python
    tf.train.load_variable("ckpts/tf2", "net/w")
    ```
    Use instead:
    ```python
    tf.train.load_variable("ckpts/tf2", "net/w/.ATTRIBUTES/VARIABLE_VALUE")
    ```

    ## When it stays silent
    For checkpoints that a `Saver` wrote, where names have no such suffix, and for the names of
    a `Saver`, which may be the names of the variables in the model.
    """

    code = "missing-value-suffix"
    severity = Severity.ERROR
    roles = (Role.VARIABLE,)
    needs = Evidence.PINNED
    order = 50

    def check(self, site: Site, binding: Binding, context: Context) -> Iterator[Finding]:
        if not binding.proves(self.needs):
            return
        name = site.full_text.without_suffix(":0") if site.strips_output else site.full_text
        if not all(_lacks_suffix(checkpoint, name) for checkpoint in binding.checkpoints):
            return
        checkpoint = binding.checkpoints[0]
        part = site.parts[-1] if site.parts else None
        fix = []
        if part is not None and not part.after.parts:
            own = part.text.removesuffix(":0") if site.strips_output else part.text
            fix.append(replace_part(context.analysis.source, part, own + SUFFIX))
        found = self.finding(
            site,
            f"the key of `{name.template}` in {formatting.in_checkpoint(checkpoint, binding)}"
            f" ends in `{SUFFIX}`",
            checkpoint,
            suggestions=fix,
        )
        if found is not None:
            yield found


def _lacks_suffix(checkpoint: Checkpoint, name: Text) -> bool:
    if not checkpoint.is_object_based:
        return False
    literal = name.literal
    if literal is not None:
        return literal not in checkpoint and literal + SUFFIX in checkpoint
    bare, whole = matcher(name).fits, matcher(name + text(SUFFIX)).fits
    return not any(map(bare, checkpoint.names)) and any(map(whole, checkpoint.names))
