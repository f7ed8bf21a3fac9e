"""The number of an output behind a name, where it is too many or missing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from ckptls.features.common.context import Context
from ckptls.features.common.literal_edits import Replacement, replace_part
from ckptls.features.common.results import Finding, Severity
from ckptls.features.common.rule import Rule
from ckptls.features.restores.restore_outcome import (
    RestoreOutcome,
    is_named_without_output,
    proven_outcomes,
)
from ckptls.source.inventory.restore_request import ProgramFacts, RequestedVariable
from ckptls.source.semantics.sites import Evidence, Output, Role, Site
from ckptls.source.text.source_text import Span
from ckptls.workspace.binding import Binding

_NUMBER = re.compile(r":\d+$")
_KEYS = (Role.VARIABLE, Role.SCOPE)
_MAP = "assignment_map"
_SAVERS = ("tensorflow.train.Saver", "restore")


class TensorSuffix(Rule):
    """A `:0` after a name that must not have it, or a missing one where it is required.

    ## What it does
    Checks names of variables and tensors for the number of an output. Variables in a
    checkpoint have none, and of the functions that read them only `load_variable` and
    `Estimator.get_variable_value` remove it. `get_tensor_by_name` requires one,
    `get_operation_by_name` does not accept one.

    ## Why is this bad?
    `reader.get_tensor("w:0")` raises `NotFoundError`, an assignment map with it a misleading
    `ValueError`, `get_tensor_by_name("w")` raises `ValueError: Tensor names must be of the
    form "<op_name>:<output_index>"`. `reader.has_tensor("w:0")` is always `False`, silently.

    ## Example
    ```python
    reader.get_tensor("vgg_16/fc8/weights:0")
    ```
    Use instead:
    ```python
    reader.get_tensor("vgg_16/fc8/weights")
    ```

    ## When it stays silent
    Where the function accepts both; where a checkpoint does have a variable of that name, or a
    `Saver` may have written one; for names whose end is known only at run time.
    """

    code = "tensor-suffix"
    severity = Severity.ERROR
    roles = (Role.VARIABLE, Role.GRAPH_VARIABLE, Role.TENSOR)
    needs = Evidence.CALL
    order = 30
    sees_guarded = True

    def check(self, site: Site, binding: Binding, context: Context) -> Iterator[Finding]:
        number = _NUMBER.search(site.text.tail)
        if site.role is Role.TENSOR:
            message, suggestions = _of_tensor(site, number, context)
        elif number is not None and _is_judged(site, binding):
            message = f"variable names have no `{number[0]}` suffix here"
            suggestions = _remove_number(site, number[0], context)
        else:
            return
        # What a test asks for is never there; what it guards is another matter.
        is_test = site.role is Role.VARIABLE and site.is_guarded
        if not message or (site.is_guarded and not is_test):
            return
        if is_test and not _is_test(site):
            return
        found = self.finding(
            site,
            message,
            binding.checkpoints[0] if binding.checkpoints and site.role in _KEYS else None,
            suggestions=suggestions,
            severity=Severity.WARNING if is_test else None,
        )
        if found is not None:
            yield found

    def check_program(
        self, facts: ProgramFacts, context: Context, shown: Iterable[Finding]
    ) -> Iterator[Finding]:
        text = context.binder.analysis.source.text
        told: set[Span] = set()
        for request, outcomes in proven_outcomes(facts, context):
            if not all(map(_is_numbered, outcomes)):
                continue
            span = _find_expression([*outcomes[0].missing], text)
            if request.place.path != facts.path or span is None or span in told:
                continue
            told.add(span)
            written = text[span.start : span.end]
            right = f"{written.rpartition('.')[0]}.op.name"
            yield Finding(
                span,
                self.code,
                self.severity,
                f"`{written}` ends with `:0`, which no name in a checkpoint does; use `{right}`",
                (right,),
                outcomes[0].checkpoint.prefix,
            )


def _is_test(site: Site) -> bool:
    return site.function in ("has_tensor", "get", "variable map test")


def _is_judged(site: Site, binding: Binding) -> bool:
    """Whether a number at the end of the name is surely wrong."""
    name = site.full_text.literal
    if site.strips_output or any(name in checkpoint for checkpoint in binding.checkpoints):
        return False
    if site.role is Role.GRAPH_VARIABLE:
        return site.parameter == _MAP
    if site.role is not Role.VARIABLE:
        return False
    if site.function in _SAVERS:
        # A saver finds again whatever names it has written.
        is_bound = bool(site.paths) and binding.proves(Evidence.PINNED)
        return is_bound and name is not None and _bare_is_there(name, binding)
    return True


def _bare_is_there(name: str, binding: Binding) -> bool:
    return all(_NUMBER.sub("", name) in checkpoint for checkpoint in binding.checkpoints)


def _of_tensor(
    site: Site, number: re.Match[str] | None, context: Context
) -> tuple[str, list[Replacement]]:
    is_ended = bool(site.text.parts) and bool(site.text.tail)
    if site.output is Output.REQUIRED and number is None and is_ended and ":" not in site.text.tail:
        part = site.parts[-1] if site.parts else None
        fix = []
        if part is not None and not part.after.parts:
            fix = [replace_part(context.analysis.source, part, part.text + ":0")]
        return f"`{site.function}` expects a tensor name such as `{site.text.template}:0`", fix
    if site.output is Output.FORBIDDEN and number is not None:
        return (
            f"`{number[0]}` is an output of the operation, but the operation itself is expected",
            _remove_number(site, number[0], context),
        )
    return "", []


def _remove_number(site: Site, number: str, context: Context) -> list[Replacement]:
    part = site.parts[-1] if site.parts else None
    if part is None or part.after.parts or not part.text.endswith(number):
        return []
    return [replace_part(context.analysis.source, part, part.text[: -len(number)])]


def _find_expression(items: list[RequestedVariable], text: str) -> Span | None:
    """Where the code writes `v.name` as the key of a dictionary; None if that is not clear."""
    place = items[0].place
    inside = (place.start, place.end) if place is not None else (0, 0)
    written = list(_TENSOR_NAME.finditer(text, *inside))
    if not written:  # the dictionary stands elsewhere
        written = list(_TENSOR_NAME.finditer(text))
    return Span(*written[0].span(1)) if len(written) == 1 else None


def _is_numbered(outcome: RestoreOutcome) -> bool:
    """Whether a restore asks for names of tensors, which are there as names of variables."""
    names = [is_named_without_output(item.key, outcome.checkpoint) for item in outcome.missing]
    return bool(names) and all(names)


_TENSOR_NAME = re.compile(r"(\b\w+\.name)\s*:\s*\w+\s+for\b")
