"""Tensors and operations that an imported graph does not have."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ckptls.checkpoint.graphs.meta_graph import Model
from ckptls.checkpoint.names.edit_distance import is_near_miss, nearest
from ckptls.features.common.context import Context
from ckptls.features.common.literal_edits import changes
from ckptls.features.common.results import Finding, Severity
from ckptls.features.common.rule import Rule
from ckptls.source.semantics.sites import Evidence, Output, PathForm, Role, Site
from ckptls.source.text.source_text import Span
from ckptls.workspace.binding import Binding

_NUMBER = re.compile(r":\d+$")
_NAMED = frozenset({"get_tensor_by_name", "get_operation_by_name", "as_graph_element"})
_LOADER = "tensorflow.saved_model.loader.load"


class UnknownTensor(Rule):
    """A tensor or operation that is not in the graph that was imported.

    ## What it does
    Checks the names given to `get_tensor_by_name` and `get_operation_by_name` in code that
    imports its graph from an existing `.meta` file or SavedModel: if the graph has no such
    node, but one of almost that name, that one was probably meant.

    ## Why is this bad?
    TensorFlow raises `KeyError: The name … refers to a Tensor which does not exist`, but
    only when the line runs.

    ## Example
    ```python
    tf.train.import_meta_graph("ckpts/model.meta")
    tf.get_default_graph().get_tensor_by_name("imput:0")
    ```
    Use instead:
    ```python
    tf.get_default_graph().get_tensor_by_name("input:0")
    ```

    ## When it stays silent
    For nodes that the code itself may add: any name that occurs as a string elsewhere in the
    code. Where a graph is imported from other files, or its file is not known; for names that
    differ in numbers only.
    """

    code = "unknown-tensor"
    severity = Severity.WARNING
    roles = (Role.TENSOR,)
    needs = Evidence.CALL

    def check(self, site: Site, binding: Binding, context: Context) -> Iterator[Finding]:
        asked = site.text.literal
        if site.function not in _NAMED or not asked:
            return
        if site.output is Output.REQUIRED and ":" not in asked:
            return
        number = _NUMBER.search(asked)
        ending = number[0] if number else ""
        name = asked.removesuffix(ending)
        models = _models(context)
        if not models or any(model.has_node(name) for model in models):
            return
        nodes = [node for model in models for node in model.node_names]
        near = [node for node in nearest(name, nodes) if is_near_miss(name, node)]
        part = site.parts[0] if len(site.parts) == 1 else None
        if not near or part is None or _is_made(name, context):
            return
        source = context.analysis.source
        found = self.finding(
            site,
            f"the graph of `{_shown(models[0], binding)}` has no node `{name}`;"
            f" did you mean `{near[0]}`?",
            None,
            suggestions=changes(source, part, [node + ending for node in near]),
        )
        if found is not None:
            yield found


def _models(context: Context) -> list[Model]:
    """Return the graphs that the code imports; empty unless all of them are known."""
    if "import_graph_def" in context.analysis.source.text:
        return []
    found: list[Model] = []
    for site in context.analysis.sites:
        for use in site.paths if site.role is Role.PATH else ():
            if use.form is PathForm.META or site.function == _LOADER:
                entries = context.look(use)
                model = next((e.model for e in entries or () if e.model is not None), None)
                if model is None:
                    return []
                found.append(model)
    return found


def _is_made(name: str, context: Context) -> bool:
    """Whether the name, or the last part of it, stands as a string anywhere else."""
    last = name.rpartition("/")[2]
    pattern = re.compile(rf"['\"/]{re.escape(last)}['\"]")
    asked = [
        part.literal
        for site in context.analysis.sites
        if site.role is Role.TENSOR
        for part in site.parts
    ]
    matches = pattern.finditer(context.analysis.source.text)
    return any(not _is_within(Span(*match.span()), asked) for match in matches)


def _is_within(span: Span, literals: list[Span]) -> bool:
    return any(each.start - 1 <= span.start and span.end <= each.end + 1 for each in literals)


def _shown(model: Model, binding: Binding) -> str:
    base = binding.base.rstrip("/")
    return model.path[len(base) + 1 :] if base and model.path.startswith(base + "/") else model.path
