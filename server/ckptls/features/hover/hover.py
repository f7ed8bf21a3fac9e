"""What is known of the name under the cursor."""

from __future__ import annotations

from ckptls.checkpoint.core.types import OBJECT_GRAPH_NAME
from ckptls.checkpoint.graphs.variable_role import (
    PurposeKind,
    holds_only_slots,
    purpose_of,
    slots_of,
)
from ckptls.checkpoint.model.checkpoint import Checkpoint, Variable
from ckptls.checkpoint.model.suggestions import suggest_scopes, suggest_variables
from ckptls.checkpoint.names.edit_distance import distance, nearest
from ckptls.checkpoint.storage.filesystem import shown
from ckptls.features.common import formatting
from ckptls.features.common.formatting import checkpoint_name, code
from ckptls.features.common.name_lookup import Stored, look_up
from ckptls.features.common.results import Hover
from ckptls.features.names.known_names import names_found
from ckptls.features.names.template_names import (
    alternatives,
    common,
    describe_template,
    format_rows,
)
from ckptls.features.patterns.user_patterns import Allowance
from ckptls.source.document import Cursor
from ckptls.source.semantics.pattern_text import Text
from ckptls.source.semantics.sites import Evidence, PathForm, Role, Site
from ckptls.workspace.binding import Binding

_MAX_CHILDREN = 12
_MAX_NAMES = 6
_MAX_CALLED = 3
_MAX_CHECKPOINTS = 3
_BETWEEN = "\n\n---\n\n"
_OUTPUT = ":0"
_MODEL = frozenset({Role.GRAPH_VARIABLE, Role.GRAPH_SCOPE})
_WRITTEN = frozenset({PathForm.OUTPUT, PathForm.WORKING})
_SURE = {
    Evidence.CALL: "",
    Evidence.FLOW: "",
    Evidence.PINNED: " (named by a setting or a comment)",
    Evidence.FILE: " (the checkpoint of this file)",
    Evidence.WORKSPACE: " (found in the workspace)",
}


def hover(cursor: Cursor, binding: Binding, assigned: str = "") -> Hover | None:
    """What the string names; None when nothing is known of it.

    `assigned` describes the map's entry that the string is in; see `assigned_at`.
    """
    site = cursor.site
    if site.role is Role.PATH:
        body = _paths(site, binding)
    else:
        body = _matches(site, binding) if site.match is not None else ""
        body = body or _describe_template(cursor, binding) or _names(site, binding, bool(assigned))
        body = _BETWEEN.join(filter(None, (assigned, body)))
    return Hover(cursor.part.literal, body) if body else None


def _describe_template(cursor: Cursor, binding: Binding) -> str:
    """What a name with parts that only the program knows, or that a loop says, stands for."""
    several = [_name(cursor.site, each) for each in alternatives(cursor)]
    text = common(several) if len(several) > 1 else _name(cursor.site, cursor.site.full_text)
    if text is None or not text.has_hole:
        return ""
    literals = [each.literal for each in several]
    known = [each for each in literals if each is not None]
    if len(known) < len(literals):
        known = []
    found = (
        (checkpoint, describe_template(text, checkpoint, known))
        for checkpoint in binding.checkpoints
    )
    paragraphs = [f"{body}\n\n{_where(checkpoint, binding)}" for checkpoint, body in found if body]
    return _BETWEEN.join(paragraphs[:_MAX_CHECKPOINTS])


def _name(site: Site, text: Text) -> Text:
    """A name without the number of an output, where that belongs to it."""
    has_output = site.strips_output or site.role is Role.TENSOR
    return text.without_suffix(_OUTPUT) if has_output else text


def _names(site: Site, binding: Binding, is_assigned: bool) -> str:
    if not binding.checkpoints:
        return ""
    literal = _name(site, site.full_text).literal
    if literal is None:
        return ""
    if site.role is Role.LAYER:
        return _layers(site, literal, binding)
    if any(literal in each for each in binding.checkpoints):
        return _in_each(literal, binding)
    found = []
    for checkpoint in binding.checkpoints:
        body = about(literal, checkpoint)
        stored = look_up(site, literal, checkpoint)
        if body and stored.is_there is False:
            what = "the model uses this name for the variable" if stored.called else "it is a scope"
            body = f"{code(literal)} is not a key: {what}\n\n{body}"
        if body:
            found.append(body + "\n\n" + _where(checkpoint, binding))
    # What the model calls its own is looked up in no checkpoint where a map says what fills it.
    is_stored = not (site.role is Role.TENSOR or (is_assigned and site.role in _MODEL))
    if not found and literal and is_stored and binding.evidence >= Evidence.FILE:
        return _describe_missing(literal, binding)
    return _BETWEEN.join(found[:_MAX_CHECKPOINTS])


def _layers(site: Site, name: str, binding: Binding) -> str:
    """A layer of a Keras model, in each file that has it, or that no file has it."""
    several = [(each, look_up(site, name, each)) for each in binding.checkpoints]
    found = [f"{_layer(s, c)}\n\n{_where(c, binding)}" for c, s in several if s.layer is not None]
    if found or not several or binding.evidence < Evidence.FILE:
        return _BETWEEN.join(found[:_MAX_CHECKPOINTS])
    if any(stored.is_there is not False for _, stored in several):
        return ""  # such a file does not name its layers, or not all of them
    checkpoint = several[0][0]
    text = f"no layer {code(name)} {_where(checkpoint, binding)}"
    near = nearest(name, [layer.name for layer in checkpoint.layers])
    return text + ("\n\nnearest: " + ", ".join(map(code, near)) if near else "")


def _layer(stored: Stored, checkpoint: Checkpoint) -> str:
    """Markdown about a layer and its variables."""
    layer = stored.layer
    assert layer is not None
    total = sum(each.num_parameters for each in stored.variables)
    figures = (
        formatting.count(len(stored.variables), "variable"),
        formatting.count(total, "parameter"),
    )
    lines = [
        f"- {code(each.name)} {formatting.kind_of(each)}"
        for each in stored.variables[:_MAX_CHILDREN]
    ]
    lines += ["- …"] * (len(stored.variables) > _MAX_CHILDREN)
    heading = f"layer **{code(layer.name)}**"
    return "\n\n".join(filter(None, (heading, " · ".join(figures), "\n".join(lines))))


def _in_each(name: str, binding: Binding) -> str:
    """A variable in the first checkpoint that has it, and what the others have under its name
    where that is something else."""
    having = [each for each in binding.checkpoints if name in each]
    first = having[0]
    kind = formatting.kind_of(first[name])
    same = [each for each in having if formatting.kind_of(each[name]) == kind]
    lines = [about(name, first), _where_all(same, binding)]
    others = [each for each in having if each not in same][:_MAX_CHECKPOINTS]
    lines += [f"{code(formatting.kind_of(o[name]))} {_where(o, binding)}" for o in others]
    return "\n\n".join(lines)


def _where_all(several: list[Checkpoint], binding: Binding) -> str:
    names = [code(checkpoint_name(each, binding)) for each in several]
    shown = ", ".join(names[:_MAX_CHECKPOINTS]) + (", …" if len(names) > _MAX_CHECKPOINTS else "")
    return f"in {shown}{_SURE[binding.evidence]}"


def _matches(site: Site, binding: Binding) -> str:
    """How many variables a pattern or a filter finds, and which."""
    pattern, match = site.full_text.literal, site.match
    if not pattern or match is None:
        return ""
    found, allowance = [], Allowance()
    for checkpoint in binding.checkpoints[:_MAX_CHECKPOINTS]:
        names = names_found(pattern, match, checkpoint, allowance)
        if names is None:
            return ""
        heading = f"**{code(pattern)}** matches {formatting.count(len(names), 'variable')}"
        heading += f" of {len(checkpoint):,}"
        lines = "\n".join(format_rows(names, checkpoint))
        found.append("\n\n".join(filter(None, (heading, lines, _where(checkpoint, binding)))))
    return _BETWEEN.join(found)


def _where(checkpoint: Checkpoint, binding: Binding) -> str:
    return f"in {code(checkpoint_name(checkpoint, binding))}{_SURE[binding.evidence]}"


def about(name: str, checkpoint: Checkpoint) -> str:
    """Markdown about one name of a checkpoint; empty if it has no such name."""
    parts = [_variable(variable, checkpoint) for variable in _find_variables(name, checkpoint)]
    scope = name.rstrip("/")
    is_scope = checkpoint.tree.has_scope(scope) and (scope or name == "/")
    if is_scope and not (parts and holds_only_slots(scope, checkpoint)):
        parts.append(_scope(scope, checkpoint))
    return "\n\n".join(parts)


def _find_variables(name: str, checkpoint: Checkpoint) -> list[Variable]:
    """The variable under a key; or those that a model called so which was saved by objects."""
    variable = checkpoint.get(name)
    if variable is not None:
        return [variable]
    graph = checkpoint.object_graph
    keys = graph.keys_of(name)[:_MAX_CALLED] if graph is not None else ()
    return [variable for key in keys if (variable := checkpoint.get(key)) is not None]


def _variable(variable: Variable, checkpoint: Checkpoint) -> str:
    figures = [formatting.count(variable.num_parameters, "parameter")]
    if variable.num_bytes is not None:
        figures.append(formatting.size(variable.num_bytes))
    lines = [
        f"**{code(variable.name)}**",
        f"{code(formatting.kind_of(variable))} · {' · '.join(figures)}",
        *_kinship(variable.name, checkpoint),
    ]
    return "\n\n".join(lines)


def _kinship(name: str, checkpoint: Checkpoint) -> list[str]:
    """What the model called a variable, what it is kept for, and what is kept for it."""
    lines = []
    graph = checkpoint.object_graph
    called = graph.full_names(name) if graph is not None else ()
    if called:
        shown = ", ".join(map(code, called[:_MAX_CALLED]))
        lines.append(f"called {shown} in the model")
    purpose = purpose_of(name, checkpoint)
    if purpose.kind is PurposeKind.SLOT:
        lines.append(f"slot {code(purpose.slot)} of an optimizer, for {code(purpose.owner)}")
    elif purpose.kind is PurposeKind.MOVING_AVERAGE:
        lines.append(f"moving average of {code(purpose.owner)}")
    elif purpose.kind is PurposeKind.BOOKKEEPING:
        lines.append("bookkeeping of the training, not a weight of the model")
    else:
        slots = [purpose_of(slot, checkpoint).slot for slot in slots_of(name, checkpoint)]
        if slots:
            lines.append("kept for it: " + ", ".join(map(code, slots[:_MAX_NAMES])))
    return lines


def _scope(scope: str, checkpoint: Checkpoint) -> str:
    tree = checkpoint.tree
    total = (
        f"{formatting.count(tree.count(scope), 'variable')} ·"
        f" {formatting.count(tree.num_parameters(scope), 'parameter')}"
        f" · {formatting.size(tree.num_bytes(scope))}"
    )
    children = tree.children(scope, _MAX_CHILDREN + 1)
    lines = []
    for child in children[:_MAX_CHILDREN]:
        if child.is_scope:
            parameters = tree.num_parameters(child.path)
            about = f"{formatting.count(child.count, 'variable')}, {parameters:,} parameters"
            lines.append(f"- {code(child.name + '/')} {about}")
        if child.is_variable:
            lines.append(f"- {code(child.name)} {formatting.kind_of(checkpoint[child.path])}")
    if len(children) > _MAX_CHILDREN:
        lines.append("- …")
    return f"**{code(scope + '/')}**\n\n{total}\n\n" + "\n".join(lines)


def _describe_missing(name: str, binding: Binding) -> str:
    checkpoint = binding.checkpoints[0]
    suggest = suggest_scopes if name.endswith("/") else suggest_variables
    near = suggest(checkpoint, name)
    text = f"{code(name)} is not {_where(checkpoint, binding)}"
    if near:
        text += "\n\nnearest: " + ", ".join(code(each) for each in near)
    return text


def _paths(site: Site, binding: Binding) -> str:
    paragraphs = []
    path = site.text.literal
    is_elsewhere = binding.is_guess and path is not None
    for checkpoint in () if is_elsewhere else binding.checkpoints[:_MAX_CHECKPOINTS]:
        children = checkpoint.tree.children("", _MAX_NAMES + 2)
        children = [child for child in children if child.name != OBJECT_GRAPH_NAME]
        top = ", ".join(
            code(child.name + ("/" if child.is_scope else "")) for child in children[:_MAX_NAMES]
        )
        more = ", …" if len(children) > _MAX_NAMES else ""
        when = "".join(
            f"\n\n{part}" for part in (" · ".join(formatting.history(checkpoint)),) if part
        )
        paragraphs.append(
            f"**{code(checkpoint_name(checkpoint, binding))}**\n\n"
            f"{checkpoint.format.value} checkpoint · "
            f"{formatting.count(len(checkpoint), 'variable')} ·"
            f" {formatting.size(checkpoint.tree.num_bytes(''))}{when}\n\n{top}{more}"
            + _lost(checkpoint, binding)
        )
    if is_elsewhere and path and not binding.unreadable and not binding.forbidden:
        paragraphs += _nothing_at(path, site, binding)
    paragraphs += [
        formatting.below(str(entry.error), binding.base) for entry in binding.unreadable[:1]
    ]
    paragraphs += [_forbidden(path) for path in binding.forbidden[:1]]
    return _BETWEEN.join(paragraphs)


def _lost(checkpoint: Checkpoint, binding: Binding) -> str:
    """That values of a checkpoint are not here, though its index lists them."""
    loss = binding.loss_of(checkpoint)
    return f"\n\n{formatting.in_part(loss)}" if loss is not None else ""


def _nothing_at(path: str, site: Site, binding: Binding) -> list[str]:
    """That a path which is to be read leads nowhere, and what the workspace has instead."""
    if binding.pending or all(use.form in _WRITTEN for use in site.paths):
        return []
    sentence = f"no checkpoint is at {code(path)}"
    names = [checkpoint_name(each, binding) for each in binding.checkpoints]
    if names:
        names.sort(key=lambda name: distance(path, name))
        more = ", …" if len(names) > _MAX_CHECKPOINTS else ""
        sentence += f"\n\nin the workspace: {', '.join(map(code, names[:_MAX_CHECKPOINTS]))}{more}"
    return [sentence]


def _forbidden(path: str) -> str:
    return (
        f"{code(shown(path))} is not read: checkpoints on other machines are disabled.\n\n"
        "To allow them, use the editor setting `ckptls.remote` or `ckptls check --remote`."
    )
