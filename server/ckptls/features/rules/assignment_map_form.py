"""Entries of assignment maps whose two sides do not go together."""

from __future__ import annotations

from collections.abc import Iterator

from ckptls.features.answers import Finding, Severity
from ckptls.features.literals import Replacement, changed
from ckptls.features.rule import Context, Rule
from ckptls.source.sites import Counterpart, Evidence, LiteralPart, Role, Site, literal_parts
from ckptls.workspace.binding import Binding


class AssignmentMapForm(Rule):
    """An entry of an assignment map whose sides do not go together.

    ## What it does
    Checks the maps of `init_from_checkpoint`: a scope, with a slash at its end, goes to a
    scope with a slash, and a variable to a variable. It also tells of a key that stands
    twice in one dictionary, in any map of variables.

    ## Why is this bad?
    `{"old/": "new"}` and `{"old": "new/"}` raise a `ValueError` that speaks of other names.
    `{"old/": "new/typo"}` raises nothing: TensorFlow throws away what stands behind the last
    slash, and fills the scope `new/`. Of two equal keys Python keeps the last, so the first
    variable is never restored; a list of pairs can say both.

    ## Example
    ```python
    tf.train.init_from_checkpoint("ckpts/vgg_16.ckpt", {"vgg_16/": "encoder"})
    ```
    Use instead:
    ```python
    tf.train.init_from_checkpoint("ckpts/vgg_16.ckpt", {"vgg_16/": "encoder/"})
    ```

    ## When it stays silent
    For values that are variables instead of names, for sides of which the end is decided by
    the program, and for lists of pairs with equal keys.
    """

    code = "assignment-map-form"
    severity = Severity.ERROR
    roles = (Role.VARIABLE, Role.SCOPE)
    needs = Evidence.CALL
    order = 40

    def check(self, site: Site, binding: Binding, context: Context) -> Iterator[Finding]:
        if site.counterpart is None:
            return
        found: Finding | None = None
        if site.is_repeated:
            name = site.text.literal
            message = f"`{name}` is a key of this dictionary already, which counts no more"
            found = self.finding(site, message, None)
        elif Role.SCOPE in site.accepts and site.counterpart.is_text:
            found = self._sides(site, site.counterpart, binding, context)
        if found is not None:
            yield found

    def _sides(
        self, site: Site, counterpart: Counterpart, binding: Binding, context: Context
    ) -> Finding | None:
        key, value = site.text, counterpart.name
        if not (_is_ended(key.tail, key.literal) and _is_ended(value.tail, value.literal)):
            return None
        if key.tail.endswith("/") == value.tail.endswith("/"):
            return None
        parts = literal_parts(value)
        part = parts[-1] if parts and not parts[-1].after.parts else None
        if key.tail.endswith("/"):
            return self._scope_to_variable(site, value.template, part, context)
        if part is not None and _is_variable(site, binding):
            return self._variable_to_scope(site, value.template, part, context)
        own = site.parts[-1] if site.parts else None
        fix = [] if own is None else [changed(context.analysis.source, own, own.text + "/")]
        return self._told(
            site, f"`{value.template}` is a scope, `{key.template}` is none", own, fix
        )

    def _scope_to_variable(
        self, site: Site, value: str, part: LiteralPart | None, context: Context
    ) -> Finding | None:
        above, slash, tail = value.rpartition("/")
        message = f"`{site.text.template}` is a scope, `{value}` is none"
        if slash:
            message += f": TensorFlow ignores `{tail}` and fills `{above}/`"
        fix = []
        if part is not None:
            source = context.analysis.source
            fix.append(changed(source, part, part.text + "/"))
            if slash and part.text.endswith("/" + tail):
                fix.append(changed(source, part, part.text[: -len(tail)]))
        return self._told(site, message, part, fix)

    def _variable_to_scope(
        self, site: Site, value: str, part: LiteralPart, context: Context
    ) -> Finding | None:
        message = f"`{site.text.template}` is a variable, but `{value}` is a scope"
        bare = part.text.rstrip("/")
        fix = [changed(context.analysis.source, part, bare)] if bare else []
        return self._told(site, message, part, fix)

    def _told(
        self, site: Site, message: str, part: LiteralPart | None, fix: list[Replacement]
    ) -> Finding | None:
        hint = f"; did you mean `{fix[0].text}`?" if fix else ""
        return self.finding(site, message + hint, None, part=part, suggestions=fix)


def _is_ended(tail: str, literal: str | None) -> bool:
    """Whether it is known how the text ends."""
    return bool(tail) or literal == ""


def _is_variable(site: Site, binding: Binding) -> bool:
    name = site.text.literal
    return name is not None and any(name in checkpoint for checkpoint in binding.checkpoints)
