"""Several names in one string."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from ckptls.features.common.context import Context
from ckptls.features.common.literal_edits import Replacement, pieces, quote_text, token_span
from ckptls.features.common.results import Edit, Finding, Severity
from ckptls.features.common.rule import Rule
from ckptls.features.names.known_names import model_names, stored_names
from ckptls.features.patterns.pattern_spelling import NameTest, name_test
from ckptls.features.patterns.user_patterns import SlowPatternError
from ckptls.source.semantics.sites import Evidence, LiteralPart, Match, Role, Site
from ckptls.source.text.source_text import Span
from ckptls.workspace.binding import Binding

_QUANTIFIER = re.compile(r"\{\d*,\d*\}|\[[^\[\]]*\]|\\,")
_LEAST = 2  # letters of a piece, to be taken for a name


class JoinedNames(Rule):
    """One string in a list of names that should be several.

    ## What it does
    Finds `"a, b"` as one item of a list of scopes, and two literals without a comma between
    them (`"adam_m" "global_step"`), which Python joins into one: if each of them is a name and
    the joined one is not.

    ## Why is this bad?
    Nothing is raised. The joined name matches nothing, so nothing is excluded, included or
    skipped, and variables are restored that should not be, or reverse the order.

    ## Example
    ```python
    slim.get_variables_to_restore(exclude=["learning_rate, global_step"])
    ```
    Use instead:
    ```python
    slim.get_variables_to_restore(exclude=["learning_rate", "global_step"])
    ```

    ## When it stays silent
    For a text that is split at its commas later, for commas that belong to a regular
    expression (`{1,2}`), and for long names that are split over several literals.
    """

    code = "joined-names"
    severity = Severity.WARNING
    roles = (Role.PATTERN, Role.VARIABLE)
    needs = Evidence.FILE
    order = 60
    sees_guarded = True

    def check(self, site: Site, binding: Binding, context: Context) -> Iterator[Finding]:
        if site.is_bare:
            return
        found = self._commas(site, context) or self._neighbours(site, binding, context)
        if found is not None:
            yield found

    def _commas(self, site: Site, context: Context) -> Finding | None:
        text = site.text.literal
        parts = site.parts
        if site.role is not Role.PATTERN or text is None or len(parts) != 1:
            return None
        part = parts[0]
        if part.is_item or part.text != text or not _is_listed(site, part, context):
            return None
        if _QUANTIFIER.search(text):
            return None
        names = [each for each in pieces(text) if len(each) >= _LEAST]
        if len(names) < 2:
            return None
        source = context.analysis.source
        token = token_span(source, part.literal)
        joined = ", ".join(quote_text(source, part.literal, name) for name in names)
        # What stands between the first and the last quote of it all.
        opening, closing = part.literal.start - token.start, token.end - part.literal.end
        split = joined[opening : len(joined) - closing]
        message = f"this is one name that contains a comma; write several names as {joined}"
        return self.finding(site, message, None, suggestions=[Replacement(part, split, text)])

    def _neighbours(self, site: Site, binding: Binding, context: Context) -> Finding | None:
        parts = site.parts
        if len(parts) < 2 or len(parts) != len(site.text.parts):
            return None
        gap = _gap(parts, context)
        if gap is None:
            return None
        if not all(self._is_name(site, part.text, binding, context) for part in parts):
            return None
        whole = "".join(part.text for part in parts)
        if self._is_name(site, whole, binding, context):
            return None
        named = ", ".join(f"`{part.text}`" for part in parts)
        end = token_span(context.analysis.source, parts[0].literal).end
        return self.finding(
            site,
            f"{named} are joined into one name, `{whole}`; is a comma missing?",
            None,
            part=parts[0],
            edits=[Edit("Insert the missing comma", Span(end, end), ",")],
        )

    def _is_name(self, site: Site, text: str, binding: Binding, context: Context) -> bool:
        match = site.match or Match.EQUALS
        test = name_test(text, match, context.allowance)
        if test is None or len(text) < _LEAST:
            return False
        try:
            return self._is_known(test, site, binding, context)
        except SlowPatternError:
            return False

    def _is_known(self, test: NameTest, site: Site, binding: Binding, context: Context) -> bool:
        if site.paths or not context.analysis.variables or binding.proves(self.needs):
            known = binding.checkpoints if binding.proves(self.needs) else ()
            if stored_names(context, known).have(test.pattern, test.match):
                return True
        return any(map(test.finds, context.remembered(model_names).names))


def _is_listed(site: Site, part: LiteralPart, context: Context) -> bool:
    """Whether the literal is an item of a list, not an argument of its own."""
    text = context.analysis.source.text
    span = token_span(context.analysis.source, part.literal)
    before, after = text[: span.start].rstrip(), text[span.end :].lstrip()
    return (
        before[-1:] in ("[", "(", "{", ",")
        and after[:1] in ("]", ")", "}", ",")
        and (_bracket_before(text, span.start) in ("[", "{") or site.parameter not in _SINGLE)
    )


_SINGLE = frozenset({"scope", "suffix", "given_name", "vars_to_warm_start", "prefix"})


def _bracket_before(text: str, offset: int) -> str:
    """The bracket that is open before an offset, as far as strings without brackets tell."""
    depth = 0
    for char in reversed(text[max(offset - 4_000, 0) : offset]):
        if char in ")]}":
            depth += 1
        elif char in "([{":
            if not depth:
                return char
            depth -= 1
    return ""


def _gap(parts: tuple[LiteralPart, ...], context: Context) -> str | None:
    """What stands between the literals, if nothing does but space."""
    source = context.analysis.source
    spans = [token_span(source, part.literal) for part in parts]
    for part in parts:
        if part.span != part.literal:
            return None
    for one, other in pairwise(spans):
        if one.end > other.start or source.text[one.end : other.start].strip(" \t\r\n\\"):
            return None
    return source.text[spans[0].end : spans[1].start]
