"""Completion of the model's own names, where code speaks of variables that it has made."""

from __future__ import annotations

from ckptls.features.common import formatting
from ckptls.features.common.results import Item, ItemKind
from ckptls.features.names.known_names import without_numbers
from ckptls.features.names.name_pairing import common_end
from ckptls.source.document import Cursor
from ckptls.source.semantics.sites import Role, Site
from ckptls.workspace.binding import Binding

_GRAPH = frozenset({Role.GRAPH_VARIABLE, Role.GRAPH_SCOPE})
_HERE = "defined by this code"
Shape = tuple["int | None", ...]


def model_items(cursor: Cursor, binding: Binding) -> list[Item]:
    """The names that the document makes: those that fit what they are assigned to first, then
    those beside what stands around, and last those that the same map has already."""
    site = cursor.site
    before = cursor.part.before.literal
    if site.role not in _GRAPH or site.is_definition or before is None:
        return []
    known = _known(cursor, site)
    used = _others(cursor)
    stored = _stored(cursor)
    shapes = [
        variable.shape
        for checkpoint in binding.checkpoints
        if stored is not None and (variable := checkpoint.get(stored)) is not None
    ]
    nearest = used[0].split("/") if used else []
    taken = {name.rstrip("/") for name in used}

    def rank(name: str) -> tuple[bool, bool, bool, int, int]:
        segments = name.rstrip("/").split("/")
        fit = 0 if stored is None else common_end(stored.rstrip("/").split("/"), segments)
        shape = known[name]
        is_other = bool(shapes) and shape is not None and not any(_fits(shape, s) for s in shapes)
        beside = _common_start(nearest, segments)
        # TensorFlow assigns scopes to scopes alone.
        is_no_scope = stored is not None and stored.endswith("/") and not name.endswith("/")
        return (name.rstrip("/") in taken, is_no_scope, is_other, -fit, -beside)

    names = [name for name in known if name.startswith(before) and name != before]
    return [_item(name, before, known[name], site) for name in sorted(names, key=rank)]


def _known(cursor: Cursor, site: Site) -> dict[str, Shape | None]:
    """The names that may stand there, with shapes; scopes end with a slash."""
    found: dict[str, Shape | None] = {}
    for variable in cursor.analysis.variables:
        name = without_numbers(variable.name).literal
        if name is None:
            continue
        if Role.GRAPH_SCOPE in site.accepts:
            for end, char in enumerate(name):
                if char == "/":
                    found.setdefault(name[: end + 1])
        if Role.GRAPH_VARIABLE in site.accepts:
            found[name] = found.get(name) or variable.shape
    return found


def _others(cursor: Cursor) -> list[str]:
    """What the same map has on the same side, the entries near the cursor first."""
    site, here = cursor.site, cursor.part.span.start
    found = [
        (abs(each.parts[-1].span.start - here), literal)
        for each in cursor.analysis.sites
        if each.place == site.place
        and each.parameter == site.parameter
        and each.role in _GRAPH
        and each.text != site.text
        and each.parts
        and (literal := each.text.literal)
    ]
    return [literal for _, literal in sorted(found)]


def _stored(cursor: Cursor) -> str | None:
    """The checkpoint's side of the entry that the cursor is in."""
    site = cursor.site
    for each in cursor.analysis.sites:
        if each.place != site.place:
            continue
        if each.counterpart is not None and each.counterpart.name == site.text:
            return each.text.literal
        if each is site and site.counterpart is not None and site.counterpart.is_text:
            return site.counterpart.name.literal
    return None


def _fits(wanted: Shape, shape: Shape) -> bool:
    return len(wanted) == len(shape) and all(
        size in (None, there) for size, there in zip(wanted, shape, strict=True)
    )


def _common_start(one: list[str], other: list[str]) -> int:
    count = 0
    for left, right in zip(one, other, strict=False):
        if left != right:
            break
        count += 1
    return count


def _item(name: str, before: str, shape: Shape | None, site: Site) -> Item:
    label = name[len(before) :]
    if name.endswith("/"):
        is_bare = site.accepts <= {Role.GRAPH_SCOPE}
        label = label.rstrip("/") if is_bare else label
        return Item(label, ItemKind.SCOPE, f"scope {_HERE}", "", "", continues=not is_bare)
    summary = formatting.shape(shape) if shape is not None else ""
    return Item(label, ItemKind.VARIABLE, f"{summary} {_HERE}".lstrip(), "", "", summary)
