"""Names that a checkpoint does not hold."""

from __future__ import annotations

from collections.abc import Iterator

from ckptls.checkpoint.model.checkpoint import Checkpoint
from ckptls.checkpoint.model.suggestions import suggest_variables
from ckptls.checkpoint.names.edit_distance import distance, is_near_miss, nearest, rank
from ckptls.features.common import formatting
from ckptls.features.common.context import Context
from ckptls.features.common.literal_edits import Replacement, changes, replacements
from ckptls.features.common.name_lookup import look_up
from ckptls.features.common.results import Finding, Severity
from ckptls.features.common.rule import Rule
from ckptls.features.names.known_names import model_names
from ckptls.features.names.map_semantics import loads, right_keys
from ckptls.features.paths.shared_literals import is_needed
from ckptls.source.semantics.pattern_text import Text
from ckptls.source.semantics.sites import Evidence, Role, Site
from ckptls.source.semantics.text_matcher import OWN, matcher
from ckptls.source.text.source_text import SourceText
from ckptls.workspace.binding import Binding

_SUFFIX = ":0"
_SAVER = "tensorflow.train.Saver"
_MOST = 3


class UnknownVariable(Rule):
    """A variable that the checkpoint does not contain.

    ## What it does
    Checks the names by which code reads variables of a checkpoint, or restores them:
    `load_variable`, `get_tensor`, subscripts of `get_variable_to_shape_map()` and of
    `dict(list_variables(…))`, the keys of assignment maps, of `assign_from_checkpoint` and of
    a `Saver` that restores, the values of `var_name_to_prev_var_name`, and others.

    The nearest names are suggested: by spelling, by the names of older versions of TensorFlow
    (`weights` and `kernel`), with more or fewer scopes around; those with the shape of the
    variable to be filled come first. If a file has thousands of wrong names, only the first
    ones have suggestions.

    ## Why is this bad?
    TensorFlow raises `NotFoundError: Key … not found in checkpoint` (or `KeyError`, or
    `ValueError`), but only when the line runs, often after minutes of set-up. Where missing
    variables are ignored, nothing is raised at all: training continues with weights that were
    never restored.

    ## Example
    ```python
    tf.train.load_variable("ckpts/vgg_16.ckpt", "vgg_16/fc8/weight")
    ```
    Use instead:
    ```python
    tf.train.load_variable("ckpts/vgg_16.ckpt", "vgg_16/fc8/weights")
    ```

    ## When it stays silent
    Where the code itself tests whether the name is there (`has_tensor`, `in`, a `try` that
    catches the error), where the checkpoint is not certain, and where any checkpoint that may
    be meant has the name. A name with parts that are known only at run time is reported if no
    variable matches it. Where a comment or a setting names the checkpoint for a whole file, only
    typos are reported: files contain tables of names for several models. Where the function only
    logs what is missing (`ignore_missing_vars=True`), it is a warning; so are typos where only
    the end of the path is known (`os.path.join(folder, "vgg_16.ckpt")`).
    """

    code = "unknown-variable"
    severity = Severity.ERROR
    roles = (Role.VARIABLE,)
    needs = Evidence.PINNED

    def check(self, site: Site, binding: Binding, context: Context) -> Iterator[Finding]:
        is_sure = binding.proves(self.needs)
        if not (is_sure or binding.suggests_slips) or site.text.literal == "":
            return
        if site.function == _SAVER:
            # Names of a saver that only saves are free; `restore` is a site of its own.
            return
        text = site.full_text
        name = text.without_suffix(_SUFFIX) if site.strips_output else text
        if any(_holds(checkpoint, name, site) for checkpoint in binding.checkpoints):
            return
        literal = name.literal
        checkpoint, near = _choose_nearest(binding, literal, site, context)
        if binding.is_file_wide and not _is_slip(literal, near):
            return
        if not is_sure and not any(is_near_miss(literal or "", each) for each in near):
            return
        source = context.analysis.source
        ending = _SUFFIX if name != text else ""
        fix = replacements(source, site, near, ending, is_needed(context, site))
        if literal is None:
            fix = _suggest_parts(checkpoint, site, source)
        found = self.finding(
            site,
            _message(name, checkpoint, formatting.in_checkpoint(checkpoint, binding), near, fix),
            checkpoint,
            suggestions=fix,
            severity=None if is_sure and not site.is_lenient else Severity.WARNING,
        )
        if found is not None:
            yield found


def _holds(checkpoint: Checkpoint, name: Text, site: Site) -> bool:
    literal = name.literal
    if literal is None:
        return any(map(matcher(name).fits, checkpoint.names))
    found = look_up(site, literal, checkpoint)
    if found.variables:
        return True
    graph = checkpoint.object_graph
    return graph is not None and site.function == "restore" and not graph.is_complete


def _choose_nearest(
    binding: Binding, name: str | None, site: Site, context: Context
) -> tuple[Checkpoint, list[str]]:
    """The checkpoint that has the likeliest name, and its likely names."""
    if name is None:
        return binding.checkpoints[0], []
    several = binding.checkpoints
    if not binding.is_file_wide and not context.may_compare(name, sum(map(len, several))):
        return several[0], []
    offers = [
        (checkpoint, _find_near_names(checkpoint, name, site, context)) for checkpoint in several
    ]
    return min(offers, key=lambda offer: rank(name, offer[1][0])[0] if offer[1] else len(name))


def _find_near_names(checkpoint: Checkpoint, name: str, site: Site, context: Context) -> list[str]:
    wanted = site.counterpart.shape if site.counterpart is not None else None
    shape = None
    if wanted is not None and None not in wanted:
        shape = tuple(size for size in wanted if size is not None)
    near = suggest_variables(checkpoint, name, shape)
    graph = checkpoint.object_graph
    if graph is not None:  # the model's name for it, which is not its key
        near = [*graph.keys_of(name)[:_MOST], *near]
    if checkpoint.tree.has_scope(name) and site.counterpart is not None:
        value = site.counterpart.name.literal or ""
        near = [*(each for each in right_keys(name, value) if each in checkpoint), *near]
        if Role.SCOPE in site.accepts and site.counterpart.is_text:
            near = [name + "/", *near]
    return list(dict.fromkeys(_keep_loadable(near, checkpoint, site, context)))[:_MOST]


def _keep_loadable(
    near: list[str], checkpoint: Checkpoint, site: Site, context: Context
) -> Iterator[str]:
    """Those of the names with which an entry of an assignment map loads something."""
    other = site.counterpart
    value = other.name.literal if other is not None and other.is_text else None
    if value is None or Role.SCOPE not in site.accepts:
        return iter(near)
    model = context.remembered(model_names)
    return (each for each in near if loads(each, value, (checkpoint,), model) is not False)


def _suggest_parts(checkpoint: Checkpoint, site: Site, source: SourceText) -> list[Replacement]:
    """Of a name with holes, another text for one written part that makes variables fit."""
    for part in site.parts:
        whole = site.outer + part.before + Text((OWN,)) + part.after
        texts = dict.fromkeys(filter(None, map(matcher(whole).own, checkpoint.names)))
        depth = part.text.count("/")
        near = nearest(part.text, [each for each in texts if each.count("/") == depth])
        if near:
            return changes(source, part, near)
    return []


def _is_slip(name: str | None, near: list[str]) -> bool:
    return name is not None and any(
        is_near_miss(name, each) or distance(name, each, 1) == 1 for each in near
    )


def _message(
    name: Text, checkpoint: Checkpoint, where: str, near: list[str], fix: list[Replacement]
) -> str:
    if name.has_hole:
        hint = f"; did you mean `{fix[0].text}`?" if fix else ""
        return f"no variable of {where} fits `{name.template}`{hint}"
    hint = f"; did you mean `{near[0]}`?" if near else ""
    literal = name.literal or ""
    if not near and checkpoint.tree.has_scope(literal.rstrip("/")):
        inside = formatting.count(checkpoint.tree.count(literal.rstrip("/")), "variable")
        hint = f": it is a scope of {inside}"
    return f"`{literal}` is not in {where}{hint}"
