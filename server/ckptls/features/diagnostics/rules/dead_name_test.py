"""Tests on the names of a checkpoint that no name passes."""

from __future__ import annotations

from collections.abc import Iterator

from ckptls.features.common import formatting
from ckptls.features.common.context import Context
from ckptls.features.common.literal_edits import respell_site
from ckptls.features.common.results import Finding, Severity
from ckptls.features.common.rule import Rule
from ckptls.features.names.known_names import is_bookkeeping, stored_names
from ckptls.features.patterns.pattern_spelling import corrections
from ckptls.features.patterns.user_patterns import SlowPatternError
from ckptls.source.semantics.sites import Evidence, Match, Role, Site
from ckptls.workspace.binding import Binding

_TESTS = (Match.PREFIX, Match.SUFFIX, Match.CONTAINS, Match.EQUALS)
_LEAST_END = 4  # characters of the last segment of an end of names
_FUNCTIONS = ("startswith", "endswith", "name test")


class DeadNameTest(Rule):
    """A test on the names of a checkpoint that is false for every one of them.

    ## What it does
    Checks `name.startswith("x")`, `name.endswith("x")`, `"x" in name` and `name == "x"` in
    loops over the names of a known checkpoint: if no name passes the test, and some names would
    pass with one or two characters changed, the text is misspelled.

    ## Why is this bad?
    Nothing is raised. The loop skips every variable, and nothing is loaded or converted.

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
    For texts that resemble nothing in the checkpoint: code tests for the names of other models
    and of optimizers, whether they occur or not. For a suffix of names if the same code also
    tests for the correct one: it knows both spellings (`weight`, `weights`).
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
        if match is Match.SUFFIX and len(text.rpartition("/")[2]) < _LEAST_END:
            return  # `net/v` is no slip of `net/b`
        if site.function not in _FUNCTIONS:
            return
        if not binding.proves(self.needs) and not binding.suggests_slips:
            return
        stored = stored_names(context, binding.checkpoints)
        try:
            if is_bookkeeping(text) or stored.are_passed(text, match):
                return
        except SlowPatternError:
            return
        right = corrections(text, match, stored.examples)
        if match is Match.SUFFIX and not _collect_tested_texts(context).isdisjoint(right):
            return
        written = respell_site(context.analysis.source, site, right)
        if not written:
            return
        checkpoint = binding.checkpoints[0]
        found = self.finding(
            site,
            f"no name in {formatting.in_checkpoint(checkpoint, binding)} passes this test;"
            f" did you mean `{written[0].name}`?",
            checkpoint,
            suggestions=written,
        )
        if found is not None:
            yield found


def _collect_tested_texts(context: Context) -> set[str]:
    """The plain texts for which the code tests names."""
    sites = context.analysis.sites
    tests = (site for site in sites if site.role is Role.PATTERN and site.match in _TESTS)
    return {site.text.literal for site in tests if site.text.literal is not None}
