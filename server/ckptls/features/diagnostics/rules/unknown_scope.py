"""Scopes that a checkpoint does not have."""

from __future__ import annotations

from collections.abc import Iterator

from ckptls.checkpoint.model.checkpoint import Checkpoint
from ckptls.checkpoint.model.suggestions import suggest_scopes
from ckptls.checkpoint.names.edit_distance import is_near_miss
from ckptls.features.common import formatting
from ckptls.features.common.context import Context
from ckptls.features.common.literal_edits import replacements
from ckptls.features.common.results import Finding, Severity
from ckptls.features.common.rule import Rule
from ckptls.source.semantics.sites import Evidence, Role, Site
from ckptls.source.semantics.text_matcher import matcher
from ckptls.workspace.binding import Binding


class UnknownScope(Rule):
    """A scope in an assignment map under which the checkpoint has no variable.

    ## What it does
    Checks the keys of assignment maps that end in a slash: `init_from_checkpoint` treats them as
    scopes of the checkpoint.

    ## Why is this bad?
    If the model has variables under the scope on the right, TensorFlow raises `ValueError:
    Tensor … is not found in … checkpoint`; if it has none, nothing happens at all, and the
    model keeps its random weights.

    ## Example
    ```python
    tf.train.init_from_checkpoint("ckpts/vgg_16.ckpt", {"vgg16/": "vgg_16/"})
    ```
    Use instead:
    ```python
    tf.train.init_from_checkpoint("ckpts/vgg_16.ckpt", {"vgg_16/": "vgg_16/"})
    ```

    ## When it stays silent
    For `"/"`, the root; where the checkpoint is not certain; where any checkpoint that may be
    meant has the scope. Where only the end of the path is known, only typos are reported, as
    warnings.
    """

    code = "unknown-scope"
    severity = Severity.ERROR
    roles = (Role.SCOPE,)
    needs = Evidence.PINNED

    def check(self, site: Site, binding: Binding, context: Context) -> Iterator[Finding]:
        is_sure = binding.proves(self.needs)
        if not is_sure and not binding.suggests_slips:
            return
        literal = site.text.literal
        if literal == "/" or any(_has(each, site, literal) for each in binding.checkpoints):
            return
        checkpoint = binding.checkpoints[0]
        where = formatting.in_checkpoint(checkpoint, binding)
        if literal is None:
            if not is_sure:
                return
            message = f"no scope of {where} fits `{site.text.template}`"
            found = self.finding(site, message, checkpoint)
        else:
            near = [f"{each.rstrip('/')}/" for each in suggest_scopes(checkpoint, literal)]
            if not is_sure and not any(is_near_miss(literal, each) for each in near):
                return
            hint = f"; did you mean `{near[0]}`?" if near else ""
            found = self.finding(
                site,
                f"no variable of {where} is under `{literal}`{hint}",
                checkpoint,
                suggestions=replacements(context.analysis.source, site, near),
                severity=None if is_sure else Severity.WARNING,
            )
        if found is not None:
            yield found


def _has(checkpoint: Checkpoint, site: Site, literal: str | None) -> bool:
    if literal is not None:
        return checkpoint.tree.has_scope(literal)
    begins = matcher(site.text).end
    return any(begins(name) is not None for name in checkpoint.names)
