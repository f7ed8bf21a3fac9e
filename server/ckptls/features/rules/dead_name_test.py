"""Tests on the names of a checkpoint that no name passes."""

from __future__ import annotations

from collections.abc import Iterator

from ckptls.features import words
from ckptls.features.answers import Finding, Severity
from ckptls.features.expressions import SlowPatternError
from ckptls.features.known_names import is_bookkeeping, stored_names
from ckptls.features.literals import respelled
from ckptls.features.rule import Context, Rule
from ckptls.features.spelling import corrections
from ckptls.source.sites import Evidence, Match, Role, Site
from ckptls.workspace.binding import Binding

_TESTS = (Match.PREFIX, Match.CONTAINS, Match.EQUALS)


class DeadNameTest(Rule):
    """A test on the names of a checkpoint that is false for every one of them.

    ## What it does
    Looks at `name.startswith("x")`, `"x" in name` and `name == "x"` in loops over the names
    of a known checkpoint: if no name passes, and one or two characters of the text make some
    pass, the text is misspelt.

    ## Why is this bad?
    Nothing is raised. The loop skips every variable, and what it was to load or to convert
    is left as it was.

    ## Example
    ```python
    for name, shape in tf.train.list_variables("ckpts/vgg_16.ckpt"):
        if name.startswith("vgg16/conv"):
            ...
    ```
    Use instead:
    ```python
        if name.startswith("vgg_16/conv"):
    ```

    ## When it stays silent
    For texts that resemble nothing in the checkpoint: code asks for the names of other
    models and of optimizers, whether they occur or not.
    """

    code = "dead-name-test"
    severity = Severity.WARNING
    roles = (Role.PATTERN,)
    needs = Evidence.PINNED
    sees_guarded = True

    def check(self, site: Site, binding: Binding, context: Context) -> Iterator[Finding]:
        text, match = site.text.literal, site.match
        if match not in _TESTS or not text or not site.paths:
            return
        if site.function not in ("startswith", "name test") or not binding.proves(self.needs):
            return
        stored = stored_names(context, binding.checkpoints)
        try:
            if is_bookkeeping(text) or stored.are_passed(text, match):
                return
        except SlowPatternError:
            return
        right = corrections(text, match, stored.examples)
        written = respelled(context.analysis.source, site, right)
        if not written:
            return
        checkpoint = binding.checkpoints[0]
        found = self.finding(
            site,
            f"no name in {words.in_checkpoint(checkpoint, binding)} passes this test;"
            f" did you mean `{written[0].name}`?",
            checkpoint,
            suggestions=written,
        )
        if found is not None:
            yield found
