"""Invalid regular expressions."""

from __future__ import annotations

from collections.abc import Iterator

from ckptls.features.common.context import Context
from ckptls.features.common.results import Finding, Severity
from ckptls.features.common.rule import Rule
from ckptls.features.patterns.user_patterns import problem
from ckptls.source.semantics.sites import Evidence, Role, Site
from ckptls.workspace.binding import Binding


class InvalidPattern(Rule):
    """A regular expression that does not compile.

    ## What it does
    Checks the patterns by which variables of the model are chosen: `get_variables(scope)`,
    the items of `include=` and `exclude=`, `vars_to_warm_start`, `get_collection(scope=)`; and
    those by which layers are chosen, as in Mask R-CNN's `set_trainable`.

    ## Why is this bad?
    All of these are regular expressions, even if they look like scopes. One that does not
    compile raises `re.error` when the line runs.

    ## Example
    ```python
    slim.get_variables_to_restore(exclude=["vgg_16/fc[78"])
    ```
    Use instead:
    ```python
    slim.get_variables_to_restore(exclude=["vgg_16/fc[78]"])
    ```

    ## When it stays silent
    For texts that are compared literally (`startswith`), for patterns with parts that are
    known only at run time, and for patterns of thousands of characters.
    """

    code = "invalid-pattern"
    severity = Severity.ERROR
    roles = (Role.PATTERN, Role.LAYER_PATTERN)
    needs = Evidence.CALL
    has_fix = False
    order = 22
    sees_guarded = True

    def check(self, site: Site, binding: Binding, context: Context) -> Iterator[Finding]:
        pattern = site.text.literal
        if site.match is None or pattern is None:
            return
        if not site.match.is_regex or site.is_bare:
            return
        reason = problem(pattern)
        if reason:
            message = f"`{pattern}` is not a valid regular expression: {reason}"
            found = self.finding(site, message, None)
            if found is not None:
                yield found
