"""What an entry of an assignment map assigns to what, for people to read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ckptls.checkpoint.model.checkpoint import Checkpoint
from ckptls.features.common import formatting
from ckptls.features.names.known_names import without_numbers
from ckptls.source.document import Analysis, Cursor
from ckptls.source.semantics.sites import Role, Site
from ckptls.workspace.binding import Binding

Shape = tuple["int | None", ...]
_MAX_ROWS = 6
_MODEL = frozenset({Role.GRAPH_VARIABLE, Role.GRAPH_SCOPE})


@dataclass(frozen=True, slots=True)
class _Entry:
    """An entry: the site of its key, and its sides; scopes end with a slash."""

    key: Site
    stored: str
    model: str
    shape: Shape | None
    dtype: str | None


def assigned_at(cursor: Cursor, bind: Callable[[Site], Binding]) -> str:
    """Markdown about the entry that a cursor is in; empty if it is in none that is known."""
    entry = _entry_of(cursor.site, cursor.analysis)
    if entry is None:
        return ""
    several = bind(entry.key).checkpoints
    return next((_assignment(entry, each, cursor.analysis) for each in several), "")


def _entry_of(site: Site, analysis: Analysis) -> _Entry | None:
    """The entry that a site is the key or the value of, if both sides are known."""
    key = site if site.counterpart is not None else _key_of(site, analysis)
    other = key.counterpart if key is not None else None
    if key is None or other is None:
        return None
    stored, model = key.text, without_numbers(other.name)
    if key.role in _MODEL:
        stored, model = model, key.text
    if not stored.literal or not model.literal:
        return None
    name, scope = model.literal, stored.literal
    if scope.endswith("/") and not name.endswith("/") and not other.is_text:
        name += "/"  # the object of a scope
    shape, dtype = other.shape, other.dtype
    if key.role in _MODEL or shape is None:
        shape, dtype = _collect_model_variables(analysis).get(name, (shape, dtype))
    return _Entry(key, scope, name, shape, dtype)


def _key_of(site: Site, analysis: Analysis) -> Site | None:
    for each in analysis.sites:
        other = each.counterpart
        is_it = other is not None and other.is_text and other.name == site.text
        if is_it and each.place == site.place:
            return each
    return None


def _collect_model_variables(analysis: Analysis) -> dict[str, tuple[Shape | None, str | None]]:
    """The variables that the code makes; nothing is said of two that share a name."""
    found: dict[str, tuple[Shape | None, str | None]] = {}
    for variable in analysis.variables:
        name = without_numbers(variable.name).literal
        if name is not None:
            kind = variable.shape, variable.dtype
            found[name] = kind if found.get(name, kind) == kind else (None, None)
    return found


def _assignment(entry: _Entry, checkpoint: Checkpoint, analysis: Analysis) -> str:
    """Markdown: which variable or scope goes where, with the shapes on both sides."""
    if not entry.stored.endswith("/"):
        wanted = _kind(entry.shape, entry.dtype)
        return _arrow(entry.stored, checkpoint, entry.model, wanted)
    if not entry.model.endswith("/"):
        return ""  # TensorFlow refuses it
    rows = _rows(entry, checkpoint, analysis)
    shown = [f"- {row}" for row in rows[:_MAX_ROWS]] + ["- …"] * (len(rows) > _MAX_ROWS)
    heading = f"{formatting.code(entry.stored)} → {formatting.code(entry.model)}"
    return "\n\n".join(filter(None, (heading, "\n".join(shown))))


def _rows(entry: _Entry, checkpoint: Checkpoint, analysis: Analysis) -> list[str]:
    """A row for each variable that the code makes under the scope, else for each stored one."""
    stored, model = entry.stored.lstrip("/"), entry.model.lstrip("/")
    made = {
        name: kind
        for name, kind in _collect_model_variables(analysis).items()
        if name.startswith(model)
    }
    if not made:
        names = checkpoint.tree.names_under(stored) if stored else checkpoint.names
        made = {model + name[len(stored) :]: (None, None) for name in names[: _MAX_ROWS + 1]}
    return [
        _arrow(stored + name[len(model) :], checkpoint, name, _kind(*kind))
        for name, kind in made.items()
    ]


def _arrow(stored: str, checkpoint: Checkpoint, model: str, wanted: str) -> str:
    variable = checkpoint.get(stored)
    kind = formatting.code(formatting.kind_of(variable)) if variable is not None else "(not there)"
    target = (
        f"{formatting.code(model)} {formatting.code(wanted)}" if wanted else formatting.code(model)
    )
    return f"{formatting.code(stored)} {kind} → {target}"


def _kind(shape: Shape | None, dtype: str | None) -> str:
    return " ".join(filter(None, (dtype, formatting.shape(shape) if shape is not None else None)))
