"""Variables whose dtype in the model is not that in the checkpoint."""

from __future__ import annotations

from collections.abc import Iterator

from ckptls.features.common import formatting
from ckptls.features.common.context import Context
from ckptls.features.common.results import Finding, Severity
from ckptls.features.common.rule import Rule
from ckptls.features.names.restores import find_restored
from ckptls.source.semantics.sites import Evidence, Role, Site
from ckptls.workspace.binding import Binding


class DtypeMismatch(Rule):
    """A variable that is restored from one of another dtype.

    ## What it does
    Compares the dtype that the code passes to `get_variable` with the dtype in the checkpoint,
    for variables that are known to be restored from it: by an entry of an assignment map or
    of a `Saver`, or by a restore of every variable or of a list that includes it.

    ## Why is this bad?
    Neither a `Saver` nor `init_from_checkpoint` converts. Both raise `InvalidArgumentError`,
    the second only when the variables are initialised.

    ## Example
    ```python
    with tf.variable_scope("vgg_16/fc8"):
        tf.get_variable("biases", [1000], dtype=tf.float16)
    tf.train.Saver().restore(session, "ckpts/vgg_16.ckpt")  # float32 there
    ```

    ## When it stays silent
    Where the dtype is not given, or is known only at run time; where it is not known what is
    restored; for `assign_from_checkpoint`, which converts.
    """

    code = "dtype-mismatch"
    severity = Severity.WARNING
    roles = (Role.VARIABLE, Role.GRAPH_VARIABLE)
    needs = Evidence.PINNED
    has_fix = False
    order = 92

    def check(self, site: Site, binding: Binding, context: Context) -> Iterator[Finding]:
        found = find_restored(site, binding, context, self.needs)
        if not found or not all(each.has_other_dtype for each in found):
            return
        first = found[0]
        where = formatting.in_checkpoint(first.checkpoint, binding)
        message = (
            f"`{first.stored.name}` is {first.stored.dtype} in {where},"
            f" but {first.dtype} in the model"
        )
        finding = self.finding(site, message, first.checkpoint)
        if finding is not None:
            yield finding
