"""Entries of assignment maps whose two sides do not match."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ckptls.features.common.context import Context
from ckptls.features.common.literal_edits import Replacement, replace_part
from ckptls.features.common.results import Finding, Severity
from ckptls.features.common.rule import Rule
from ckptls.features.names.known_names import model_names
from ckptls.features.names.map_semantics import is_variable, loads, right_keys
from ckptls.source.semantics.pattern_text import Text
from ckptls.source.semantics.sites import (
    Counterpart,
    Evidence,
    LiteralPart,
    Role,
    Site,
    literal_parts,
)
from ckptls.workspace.binding import Binding


class AssignmentMapForm(Rule):
    """An entry of an assignment map whose two sides do not match.

    ## What it does
    Checks the maps of `init_from_checkpoint`: a scope, with a slash at its end, must be mapped
    to a scope with a slash, and a variable to a variable. It also reports a key that occurs
    twice in one dictionary, in any map of variables.

    ## Why is this bad?
    `{"old/": "new"}` and `{"old": "new/"}` raise a `ValueError` that mentions other names.
    `{"old/": "new/typo"}` raises nothing: TensorFlow ignores everything after the last slash
    and fills the scope `new/`. If `new/typo` is a variable, the error says that the variable
    `old/` is not in the checkpoint. Of two equal keys Python keeps the last, so the first
    variable is never restored; a list of pairs can hold both.

    ## Example
    ```python
    tf.train.init_from_checkpoint("ckpts/vgg_16.ckpt", {"vgg_16/": "encoder"})
    ```
    Use instead:
    ```python
    tf.train.init_from_checkpoint("ckpts/vgg_16.ckpt", {"vgg_16/": "encoder/"})
    ```

    ## When it stays silent
    For values that are variables instead of names, for sides whose end is known only at run
    time, and for lists of pairs with equal keys.
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
            message = f"`{name}` is a repeated key of this dictionary; only its last value counts"
            found = self.finding(site, message, None)
        elif Role.SCOPE in site.accepts and site.counterpart.is_text:
            found = self._check_sides(site, site.counterpart, binding, context)
        if found is not None:
            yield found

    def _check_sides(
        self, site: Site, counterpart: Counterpart, binding: Binding, context: Context
    ) -> Finding | None:
        key, value = site.text, counterpart.name
        if not (_is_ended(key.tail, key.literal) and _is_ended(value.tail, value.literal)):
            return None
        if key.tail.endswith("/") == value.tail.endswith("/"):
            return None
        entry = _Entry(site, value, binding, context)
        if key.tail.endswith("/"):
            return self._scope_to_variable(entry)
        if entry.value_part is not None and _is_variable(site, binding):
            return self._variable_to_scope(entry)
        return self._report(
            entry,
            f"`{value.template}` is a scope but `{key.template}` is not",
            entry.keys([key.template + "/"]),
        )

    def _scope_to_variable(self, entry: _Entry) -> Finding | None:
        value = entry.value.template
        above, slash, tail = value.rpartition("/")
        message = f"`{entry.site.text.template}` is a scope but `{value}` is not"
        if entry.is_variable:
            scopes = [above + "/"] if slash else []
            keys = right_keys(entry.site.text.template, value)
            message += ": it is a variable of the model and takes one variable"
            return self._report(entry, message, entry.values(scopes) or entry.keys(keys)[:1])
        if slash:
            message += f": TensorFlow ignores `{tail}` and fills `{above}/`"
        values = [value + "/", *([above + "/"] if slash else [])]
        return self._report(entry, message, entry.values(values))

    def _variable_to_scope(self, entry: _Entry) -> Finding | None:
        key, value = entry.site.text.template, entry.value.template
        bare = value.rstrip("/")
        inside = [each for each in right_keys(bare, key) if bare]
        message = f"`{key}` is a variable, but `{value}` is a scope"
        return self._report(entry, message, entry.values([bare, *inside] if bare else []))

    def _report(self, entry: _Entry, message: str, fix: list[Replacement]) -> Finding | None:
        part = fix[0].part if fix else entry.value_part if entry.marks_value else entry.key_part
        hint = f"; did you mean `{fix[0].text}`?" if fix else ""
        return self.finding(entry.site, message + hint, None, part=part, suggestions=fix)


class _Entry:
    """An entry of a map whose sides do not match."""

    def __init__(self, site: Site, value: Text, binding: Binding, context: Context) -> None:
        self.site, self.value = site, value
        self._source = context.analysis.source
        self._model = context.remembered(model_names)
        self._checkpoints = binding.checkpoints if binding.proves(Evidence.FILE) else ()
        self.key_part = _last(site.text)
        self.value_part = _last(value)
        self.marks_value = site.text.tail.endswith("/") and self.value_part is not None
        self.is_variable = value.literal is not None and is_variable(value.literal, self._model)

    def keys(self, names: Iterable[str]) -> list[Replacement]:
        """The key as each of these names with which the entry loads something."""
        return list(self._respell(self.key_part, self.site.text, names, is_key=True))

    def values(self, names: Iterable[str]) -> list[Replacement]:
        """The value as each of these names with which the entry loads something."""
        return list(self._respell(self.value_part, self.value, names, is_key=False))

    def _respell(
        self, part: LiteralPart | None, text: Text, names: Iterable[str], *, is_key: bool
    ) -> Iterator[Replacement]:
        before = text.template[: -len(part.text)] if part is not None and part.text else ""
        is_whole = self.site.text.literal is not None and self.value.literal is not None
        answers: dict[str, bool | None] = {}
        for name in names:
            pair = (name, self.value.template) if is_key else (self.site.text.template, name)
            found = loads(*pair, self._checkpoints, self._model) if is_whole else None
            if name.startswith(before) and name != text.template and found is not False:
                answers[name] = found
        for name in sorted(answers, key=lambda each: answers[each] is None):  # what is sure first
            if part is not None:
                yield replace_part(self._source, part, name[len(before) :])


def _last(text: Text) -> LiteralPart | None:
    """The written piece that a text ends in."""
    parts = literal_parts(text)
    return parts[-1] if parts and not parts[-1].after.parts else None


def _is_ended(tail: str, literal: str | None) -> bool:
    """Whether it is known how the text ends."""
    return bool(tail) or literal == ""


def _is_variable(site: Site, binding: Binding) -> bool:
    name = site.text.literal
    return name is not None and any(name in checkpoint for checkpoint in binding.checkpoints)
