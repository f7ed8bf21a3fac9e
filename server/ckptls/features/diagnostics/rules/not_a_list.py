"""A string where a list of strings is wanted."""

from __future__ import annotations

from collections.abc import Iterator

from ckptls.features.common.context import Context
from ckptls.features.common.literal_edits import pieces, quote_text, token_span
from ckptls.features.common.results import Edit, Finding, Severity
from ckptls.features.common.rule import Rule
from ckptls.source.semantics.sites import Evidence, Role, Site
from ckptls.workspace.binding import Binding


class NotAList(Rule):
    """A plain string where a list of scopes is expected.

    ## What it does
    Checks `include=` and `exclude=` of `get_variables_to_restore` and of similar functions.

    ## Why is this bad?
    `get_variables_to_restore` raises `TypeError: exclude is provided but is not a list or a
    tuple.` Functions that do not check iterate over the string, and treat each character as
    a scope.

    ## Example
    ```python
    slim.get_variables_to_restore(exclude="vgg_16/fc8")
    ```
    Use instead:
    ```python
    slim.get_variables_to_restore(exclude=["vgg_16/fc8"])
    ```

    ## When it stays silent
    For functions that accept one scope as well as a list of them, and for values that may be a
    list.
    """

    code = "not-a-list"
    severity = Severity.ERROR
    roles = (Role.PATTERN,)
    needs = Evidence.CALL
    order = 20

    def check(self, site: Site, binding: Binding, context: Context) -> Iterator[Finding]:
        if not site.is_bare:
            return
        found = self.finding(
            site,
            f"`{site.parameter}` is a string, but a list of strings is expected",
            None,
            edits=_wrap_in_list(site, context),
        )
        if found is not None:
            yield found


def _wrap_in_list(site: Site, context: Context) -> list[Edit]:
    """A list in the place of the string, if it is written in the call itself."""
    source = context.analysis.source
    parts = site.parts
    if len(parts) != 1 or parts[0].text != site.text.literal:
        return []
    literal = parts[0].literal
    call = site.place.span
    if not call.start <= literal.start <= call.end:
        return []
    written = source.text[literal.start : literal.end]
    items = ", ".join(quote_text(source, literal, each) for each in pieces(written) or [written])
    return [Edit("Convert to a list", token_span(source, literal), f"[{items}]")]
