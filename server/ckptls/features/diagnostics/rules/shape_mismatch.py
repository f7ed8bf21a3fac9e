"""Variables whose shape in the model is not that in the checkpoint."""

from __future__ import annotations

from collections.abc import Iterator

from ckptls.features.common import formatting
from ckptls.features.common.context import Context
from ckptls.features.common.results import Finding, Severity
from ckptls.features.common.rule import Rule
from ckptls.features.names.restores import find_restored
from ckptls.source.semantics.sites import Evidence, Role, Site
from ckptls.workspace.binding import Binding


class ShapeMismatch(Rule):
    """A variable that is restored from one of another shape.

    ## What it does
    Compares the shape written in `get_variable` with the shape in the checkpoint, for
    variables that are known to be restored from it: by an entry of an assignment map or of
    a `Saver`, or by a restore of every variable or of a list that includes it.

    ## Why is this bad?
    `init_from_checkpoint` raises `ValueError: Shape of variable … doesn't match`. A `Saver`
    raises too, but only when it runs; and with resource variables, the default since
    TensorFlow 2, it does not raise: it silently gives the variable the other shape.

    ## Example
    ```python
    with tf.variable_scope("vgg_16/conv1/conv1_1"):
        weights = tf.get_variable("weights", [3, 3, 1, 64])
    tf.train.Saver().restore(session, "ckpts/vgg_16.ckpt")  # [3, 3, 3, 64] there
    ```

    ## When it stays silent
    Where an exclude list leaves the variable out (a new head with another number of
    classes), where it is not known what is restored, and for sizes that are not written as
    numbers. Where the restore reshapes (`reshape_variables=True` or `reshape=True`), only a
    different number of elements is reported.
    """

    code = "shape-mismatch"
    severity = Severity.ERROR
    roles = (Role.VARIABLE, Role.GRAPH_VARIABLE)
    needs = Evidence.PINNED
    has_fix = False
    # The name is right, so nothing else is wrong with it.
    order = 90

    def check(self, site: Site, binding: Binding, context: Context) -> Iterator[Finding]:
        found = find_restored(site, binding, context, self.needs)
        if not found or not all(each.has_other_shape for each in found):
            return
        first = found[0]
        where = formatting.in_checkpoint(first.checkpoint, binding)
        message = (
            f"`{first.stored.name}` is {formatting.shape(first.stored.shape)} in {where},"
            f" but {formatting.shape(first.shape or ())} in the model"
        )
        finding = self.finding(site, message, first.checkpoint)
        if finding is not None:
            yield finding
