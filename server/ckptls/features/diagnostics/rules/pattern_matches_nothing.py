"""Filters that find no variable."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ckptls.checkpoint.model.checkpoint import Checkpoint
from ckptls.checkpoint.model.scope_tree import SPELLINGS
from ckptls.features.common import formatting
from ckptls.features.common.context import Context
from ckptls.features.common.literal_edits import respell_site
from ckptls.features.common.reliance import unwrap_checkpoint
from ckptls.features.common.results import Finding, Severity
from ckptls.features.common.rule import Rule
from ckptls.features.names.known_names import (
    ModelNames,
    StoredNames,
    is_bookkeeping,
    model_names,
    stored_names,
)
from ckptls.features.patterns.pattern_spelling import corrections, name_test
from ckptls.features.patterns.user_patterns import SlowPatternError
from ckptls.source.semantics.sites import Evidence, Match, Role, Site
from ckptls.workspace.binding import Binding

_FILTERS = (Match.START, Match.OPERATION, Match.SEARCH, Match.FULL, Match.PREFIX, Match.SCOPE)
_MOST = 3
_NUMBER = re.compile(r"_\d+(?=/|$)")
# What Python makes of a backslash and a letter, and a backslash that stays.
_ESCAPES = dict(zip("\a\b\f\n\r\t\v", ("/a", "/b", "/f", "/n", "/r", "/t", "/v"), strict=True))
_BACKSLASHES = re.compile(r"(?<!\\)\\+(?=[A-Za-z0-9_])")


class PatternMatchesNothing(Rule):
    """A filter on variables that matches none, but would with a slightly different spelling.

    ## What it does
    Checks the patterns by which variables of the model are chosen (`include=`, `exclude=`,
    `get_variables(scope)`, `get_collection(scope=)`, `vars_to_warm_start`, texts that names
    are tested with by `startswith`). It reports a pattern that matches no variable of the
    checkpoint or of the model if it would match some one scope further down, or with one or two
    characters changed, or if it ends in `$` although names end in `:0`.

    ## Why is this bad?
    Such filters fail silently. They are regular expressions that must match from the beginning
    of the whole name: `exclude=["fc8"]` does not exclude `vgg_16/fc8`, which is then restored
    like everything else.

    ## Example
    ```python
    slim.get_variables_to_restore(exclude=["fc8"])
    ```
    Use instead:
    ```python
    slim.get_variables_to_restore(exclude=["vgg_16/fc8"])
    ```

    ## When it stays silent
    For scopes that resemble nothing: an excluded scope is often a new head that is not in the
    checkpoint. For names that differ in numbers only, and where the model may have variables
    that are not known.
    """

    code = "pattern-matches-nothing"
    severity = Severity.WARNING
    roles = (Role.PATTERN,)
    needs = Evidence.FILE

    def check(self, site: Site, binding: Binding, context: Context) -> Iterable[Finding]:
        pattern, match = site.text.literal, site.match
        if match not in _FILTERS or not pattern:
            return
        if site.is_bare or _is_on_checkpoint(site) or not binding.proves(self.needs):
            return
        if any(checkpoint.is_object_based for checkpoint in binding.checkpoints):
            return
        try:
            if _finds_any(pattern, match, binding, context):
                return
            right = _suggest_patterns(pattern, match, binding, context)
        except SlowPatternError:
            return
        is_ended = match is Match.START and pattern.endswith("$")
        written = respell_site(context.analysis.source, site, right)
        part = written[0].part if written else site.parts[0] if len(site.parts) == 1 else None
        if part is None or not (written or is_ended):
            return
        checkpoint = binding.checkpoints[0]
        why = ", because names end in `:0`" if is_ended else ""
        hint = f"; did you mean `{written[0].name}`?" if written else ""
        where = formatting.in_checkpoint(checkpoint, binding)
        found = self.finding(
            site,
            f"`{pattern}` matches no variable of {where}{why}{hint}",
            checkpoint,
            part=part,
            suggestions=written,
        )
        if found is not None:
            yield found


def _finds_any(pattern: str, match: Match, binding: Binding, context: Context) -> bool:
    """Whether a pattern finds, or may find, a variable of the checkpoint or of the model."""
    test = name_test(pattern, match, context.allowance)
    stored = stored_names(context, binding.checkpoints)
    # `Conv_1`, where `Conv` is known, is what TensorFlow calls a second one.
    spellings = dict.fromkeys((pattern, _NUMBER.sub("", pattern)))
    if test is None or any(stored.have(each, match) for each in spellings):
        return True
    return context.remembered(model_names).may_fit(test)


def _is_on_checkpoint(site: Site) -> bool:
    """Whether names of a checkpoint are tested, which is another rule's matter."""
    return site.function in ("startswith", "name test") and bool(site.paths)


def _suggest_patterns(pattern: str, match: Match, binding: Binding, context: Context) -> list[str]:
    stored, model = stored_names(context, binding.checkpoints), context.remembered(model_names)
    return (
        _remove_end(pattern, match, stored)
        or _replace_backslashes(pattern, match, stored)
        or _prepend_scopes(pattern, match, stored)
        or _correct_spelling(pattern, match, stored, model, binding.checkpoints)
    )


def _correct_spelling(
    pattern: str,
    match: Match,
    stored: StoredNames,
    model: ModelNames,
    checkpoints: tuple[Checkpoint, ...],
) -> list[str]:
    if is_bookkeeping(pattern):
        return []

    def found() -> tuple[str, ...]:
        names = [f"{name}:0" for name in (*stored.examples, *model.names)]
        return tuple(corrections(pattern, match, names))

    # It takes some ten milliseconds, and the pattern is judged again after each edit. Of other
    # checkpoints a hash of their names is enough, which keeps no listing that was replaced.
    others = tuple(hash(unwrap_checkpoint(each).names) for each in checkpoints[1:])
    key = SPELLINGS, pattern, match, model.names, others
    return list(unwrap_checkpoint(checkpoints[0]).tree.noted(key, found))


def _remove_end(pattern: str, match: Match, stored: StoredNames) -> list[str]:
    """A pattern for whole names, which forgets what they end in."""
    if match is not Match.START or not pattern.endswith("$"):
        return []
    both = (pattern[:-1] + ":0$", pattern[:-1])
    return [right for right in both if stored.have(right, match)][:1]


def _replace_backslashes(pattern: str, match: Match, stored: StoredNames) -> list[str]:
    """With slashes for backslashes, which Python or `re` take for escapes."""
    right = "".join(_ESCAPES.get(char, char) for char in pattern)
    right = _BACKSLASHES.sub("/", right)
    return [right] if right != pattern and stored.have(right, match) else []


def _prepend_scopes(pattern: str, match: Match, stored: StoredNames) -> list[str]:
    """The scopes in which the pattern would match, put before it."""
    if match in (Match.SEARCH, Match.FULL) or pattern.startswith(("^", ".*", "/")):
        return []
    return [scope + pattern for scope in stored.scopes_before(pattern, match, _MOST)]
