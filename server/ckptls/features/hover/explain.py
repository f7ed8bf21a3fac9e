"""Why something, or nothing, is known of the string at a place."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ckptls.checkpoint.core.printable import printable
from ckptls.checkpoint.model.checkpoint import Checkpoint
from ckptls.checkpoint.storage.filesystem import shown
from ckptls.features.common import formatting
from ckptls.features.common.name_lookup import look_up
from ckptls.features.common.site_names import name_of
from ckptls.features.paths.keras_paths import is_of_keras
from ckptls.source.document import Analysis, Document
from ckptls.source.semantics.catalogue import builtin_catalogue
from ckptls.source.semantics.sites import Evidence, PathUse, Role, Site
from ckptls.source.syntax.syntax_tree import Syntax
from ckptls.workspace.binding import Binder, Binding
from ckptls.workspace.checkpoint_store import Entry

if TYPE_CHECKING:
    from tree_sitter import Node

_EVIDENCE = {
    Evidence.CALL: "the same call names the checkpoint",
    Evidence.FLOW: "the code leads from the checkpoint to the name",
    Evidence.PINNED: "a comment or a setting names the checkpoint",
    Evidence.FILE: "another place in this file names the checkpoint",
    Evidence.WORKSPACE: "a guess: the checkpoint is in the workspace",
}
_MAX_CHECKPOINTS = 5
_OF_MODEL = (Role.GRAPH_VARIABLE, Role.GRAPH_SCOPE)
_MAP = "assignment_map"
_MAX_SHOWN = 60


@dataclass(frozen=True, slots=True)
class Naming:
    """One thing that the string names.

    text: the whole name, `{}` where the program composes it.
    evidence: how the checkpoint is known; empty if none is.
    checkpoints: each with whether it has the name (None for paths and composed names).
    notes: what is missing, and what keeps findings silent, in sentences.
    """

    role: str
    text: str
    function: str
    parameter: str
    evidence: str
    checkpoints: tuple[tuple[str, bool | None], ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """What the string at a place names; where it names nothing, `reason` says why."""

    namings: tuple[Naming, ...] = ()
    reason: str = ""

    @property
    def text(self) -> str:
        """All of it in lines to read."""
        if not self.namings:
            return f"Nothing is known here: {self.reason}.\n"
        return "\n".join("\n".join(_lines(naming)) + "\n" for naming in self.namings)


def explain(
    document: Document, offset: int, binder_of: Callable[[Analysis], Binder]
) -> Explanation:
    """What is known of the string at an offset, and what is missing."""
    cursors = document.at(offset)
    if not cursors:
        return Explanation(reason=_reason(document, offset))
    binder = binder_of(cursors[0].analysis)
    unique = dict.fromkeys(cursor.site for cursor in cursors)
    return Explanation(tuple(_naming(site, binder) for site in unique))


def _lines(naming: Naming) -> Iterator[str]:
    yield f"{naming.role}  {printable(naming.text)}"
    yield f"  passed to    {naming.function}({naming.parameter}=…)"
    for index, (checkpoint, has_it) in enumerate(naming.checkpoints):
        mark = {None: "", True: "  (it is there)", False: "  (it is not there)"}[has_it]
        yield f"  {'' if index else 'checkpoint':<11}  {checkpoint}{mark}"
    if naming.evidence:
        yield f"  because      {naming.evidence}"
    for note in naming.notes:
        yield f"  note         {note}"


def _naming(site: Site, binder: Binder) -> Naming:
    binding = binder.bind(site)
    several = tuple(
        (formatting.checkpoint_name(checkpoint, binding), _has(site, checkpoint))
        for checkpoint in binding.checkpoints[:_MAX_CHECKPOINTS]
    )
    return Naming(
        site.role.value,
        site.full_text.template,
        site.function,
        site.parameter,
        _EVIDENCE[binding.evidence] if several else "",
        several,
        tuple(_notes(site, binding, binder)),
    )


def _has(site: Site, checkpoint: Checkpoint) -> bool | None:
    name = site.text if site.role is Role.LAYER else name_of(site)
    if name is None or name.literal is None or site.match is not None:
        return None
    if site.role in _OF_MODEL and site.parameter == _MAP:
        return None  # the map says what of the checkpoint goes there
    return look_up(site, name.literal, checkpoint).is_there


def _notes(site: Site, binding: Binding, binder: Binder) -> Iterator[str]:
    for use in site.paths:
        yield from _about_path(use, binder)
    for path in binding.forbidden:
        yield f"{shown(path)} is on another machine, which the setting `remote` does not allow"
    if not site.paths and binding.evidence < Evidence.PINNED:
        yield "this call names no checkpoint, and no checkpoint is known to be restored in the file"
    if not binding.checkpoints:
        yield (
            "no checkpoint is known: name one with `# ckptls: checkpoint=PATH`"
            " or the setting `bindings`"
        )
    elif not binding.proves(Evidence.FILE):
        yield "no findings: it is not certain which checkpoint is meant"
    if is_of_keras(site):
        keras = binder.keras(site.library)
        version = f"Keras {keras.major}" if keras.major else "the Keras version is not known"
        yield f"{version}: {keras.reason}"
    if not site.is_certain:
        yield "no findings: it is not certain that this text reaches the call"
    if site.is_guarded:
        yield "no findings: the code itself tests for names here"
    if binder.analysis.cut_at:
        yield f"names may be missing: {formatting.cut(binder.analysis)}"
    yield from _silenced(site, binder.analysis)


def _about_path(use: PathUse, binder: Binder) -> Iterator[str]:
    """What stands at the places that a path may mean, where no checkpoint does for sure."""
    resolution = binder.resolve((use,))
    for _, loss in resolution.losses:
        yield formatting.in_part(loss)
    if resolution.checkpoints:
        if not resolution.is_telling:
            yield (
                "TensorFlow would not open a checkpoint from this path: of a directory it reads"
                " what the state file `checkpoint` names"
            )
        return
    literal = use.text.literal
    if use.flag is not None:
        yield f"the path is the value of the flag or key `{use.flag}`, which no script here sets"
    elif literal is None:
        yield f"the path is computed at run time: {use.text.template}"
    else:
        for place in binder.roots.candidates(literal):
            entry = binder.lookup(place)
            where = formatting.short_path(shown(place), binder.base)
            if entry is None:
                yield f"{where} has not been read yet"
            elif entry.is_absent and not _is_something(entry):
                yield f"nothing is at {where}"
            else:
                yield formatting.below(str(entry.error), binder.base)


def _is_something(entry: Entry) -> bool:
    return entry.facts is not None and (entry.facts.is_directory or entry.facts.is_file)


def _silenced(site: Site, analysis: Analysis) -> Iterator[str]:
    if analysis.pragmas.is_ignored:
        yield "the comment `# ckptls: ignore-file` silences the file"
        return
    lines = {analysis.source.line_of(part.literal.start) for part in site.parts}
    for line, codes in analysis.pragmas.ignored_lines:
        if line in lines:
            which = ", ".join(sorted(codes)) or "every rule"
            yield f"a comment on the line silences {which}"


# Nothing is there: why?


def _reason(document: Document, offset: int) -> str:
    if document.is_too_large:
        return "the file is larger than 2 MB and is not analyzed"
    string = _string_at(Syntax(document.source), offset)
    if string is None:
        return "there is no string at this position"
    if string.type == "comment":
        return "this is a comment"
    if not document.analysis().sites:
        return (
            "nothing in this file is known to name checkpoints or their variables: it has no"
            " such call, or neither it nor its imports mention TensorFlow"
        )
    call = _call_of(string)
    if call is None:
        return "the string is not an argument of a call and reaches no call that takes names"
    function = _text(call.child_by_field_name("function"))
    if function.rpartition(".")[2].encode() in builtin_catalogue().words:
        return (
            f"`{function}` is not a TensorFlow function according to the imports of the file,"
            " or takes no name at this argument"
        )
    return (
        f"`{function}` is not known to take names or paths; declare your own functions with"
        " the setting `functions`"
    )


def _string_at(syntax: Syntax, offset: int) -> Node | None:
    node: Node | None = syntax.node_at(offset)
    while node is not None and node.type not in ("string", "comment"):
        node = node.parent
    return node


def _call_of(node: Node) -> Node | None:
    """The innermost call that the node is an argument of; a statement ends the search."""
    inner: Node | None = node
    while inner is not None and not inner.type.endswith("_statement"):
        parent = inner.parent
        if parent is not None and parent.type == "call" and inner.type == "argument_list":
            return parent
        inner = parent
    return None


def _text(node: Node | None) -> str:
    written = (node.text or b"").decode("utf-8", "replace") if node is not None else ""
    flat = " ".join(written.split())
    return flat if len(flat) <= _MAX_SHOWN else flat[: _MAX_SHOWN - 1] + "…"
