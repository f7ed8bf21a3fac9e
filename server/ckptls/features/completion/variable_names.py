"""Completion inside the quotes: by segments, and by any part of a full name.

The names on the next level come first, then, where they are few enough, all that lie
deeper, so that an editor's own matching finds `fc8w`. In a large checkpoint the deeper
names are those that resemble what was typed.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice

from ckptls.checkpoint.core.types import OBJECT_GRAPH_NAME
from ckptls.checkpoint.graphs.variable_role import holds_only_slots, is_kept_aside, purpose_of
from ckptls.checkpoint.model.checkpoint import Checkpoint
from ckptls.checkpoint.model.scope_tree import Child
from ckptls.checkpoint.names.natural_order import natural_order
from ckptls.features.common import formatting, literal_edits
from ckptls.features.common.fuzzy_match import best_matches, narrowing
from ckptls.features.common.results import Completion, Item, ItemKind
from ckptls.features.completion.model_names import model_items
from ckptls.features.completion.typed_pattern import escape_pattern, read
from ckptls.features.names.template_names import find_text_before
from ckptls.features.patterns.user_patterns import Run, SlowPatternError, expression
from ckptls.source.document import Cursor
from ckptls.source.semantics.pattern_text import Piece, Text, text
from ckptls.source.semantics.sites import Match, Role, Site
from ckptls.source.semantics.text_matcher import ANYWHERE, matcher
from ckptls.workspace.binding import Binding

MAX_ITEMS = 100
# Scopes of these roles are written without a slash at their end.
_BARE_SCOPES = frozenset({Role.GRAPH_SCOPE, Role.PATTERN})
_ONLY_SCOPES = frozenset({Role.GRAPH_SCOPE})
_ALSO_SCOPES = frozenset({Role.SCOPE, Role.PATTERN})
# Of so many names the scopes are quickly found.
_FEW_NAMES = 5_000
# Roles of names that stand in maps and lists.
_LISTED = frozenset({Role.VARIABLE, Role.SCOPE, Role.PATTERN, Role.GRAPH_SCOPE})
# Of the names on deeper levels that have the wanted shape, so many come before all others.
_FIRST_FITTING = 8
_MAX_PATTERN_NAMES = 20_000


def completion(cursor: Cursor, binding: Binding) -> Completion | None:
    """What may stand at the cursor; None where the site takes no names of a checkpoint."""
    site = cursor.site
    if site.role is Role.LAYER and (not site.is_definition or _is_filled_by_name(cursor, binding)):
        return _layers(cursor, binding)
    if site.role in (Role.PATH, Role.TENSOR, Role.LAYER, Role.LAYER_PATTERN, Role.OBJECT):
        return None
    is_regex = site.match is not None and site.match.is_regex
    find = _at_end if site.match is Match.SUFFIX else _in_regex if is_regex else _in_text
    items = literal_edits.written_items(model_items(cursor, binding), cursor)
    is_incomplete = len(items) > MAX_ITEMS
    for checkpoint in binding.checkpoints:
        found, more = find(checkpoint, cursor)
        items += found
        is_incomplete = is_incomplete or more
    used = _collect_used_names(cursor)
    unique: dict[str, Item] = {}
    for item in sorted(items, key=lambda item: item.name in used) if used else items:
        if item.name != OBJECT_GRAPH_NAME:  # of no use to code that reads variables
            unique.setdefault(item.label, item)
    return Completion(
        tuple(islice(unique.values(), MAX_ITEMS)),
        cursor.part.span,
        is_incomplete or len(unique) > MAX_ITEMS or bool(binding.pending),
        binding.pending,
    )


def _layers(cursor: Cursor, binding: Binding) -> Completion | None:
    """The layers of Keras models in the files of weights, in the order of the models."""
    before, after = cursor.part.before.literal, cursor.part.after.literal
    if before or after or before is None or after is None:
        return None
    items: dict[str, Item] = {}
    for checkpoint in binding.checkpoints:
        for layer in checkpoint.layers:
            number = formatting.count(len(layer.variables), "variable")
            item = Item(layer.name, ItemKind.SCOPE, number, checkpoint.prefix, layer.name, number)
            items.setdefault(layer.name, item)
    names = list(items)
    if len(names) > MAX_ITEMS:
        names = best_matches(cursor.typed, names, 0, MAX_ITEMS)
    here = cursor.site
    used = {site.text.literal for site in cursor.analysis.sites_of(here.place)}
    if here.is_definition:
        used |= {site.text.literal for site in cursor.analysis.sites if site.is_definition}
    used.discard(here.text.literal)
    return Completion(
        tuple(
            literal_edits.written_items(
                (items[name] for name in sorted(names, key=lambda name: name in used)), cursor
            )
        ),
        cursor.part.span,
        len(items) > MAX_ITEMS or bool(binding.pending),
        binding.pending,
    )


def _is_filled_by_name(cursor: Cursor, binding: Binding) -> bool:
    """Whether the layers of the model take their weights from that file by their names."""
    return not binding.is_guess and any(each.by_layer for each in cursor.analysis.restores)


def _collect_used_names(cursor: Cursor) -> frozenset[str]:
    """The names that the same map or list has already."""
    site, span = cursor.site, cursor.part.span
    others = (
        each.full_text.literal
        for each in cursor.analysis.sites_of(site.place)
        if each.parameter == site.parameter
        and each.role in _LISTED
        and each.text != site.text
        # Of a text in pieces the others may be what a loop makes of the same string.
        and (len(each.text.parts) == 1 or all(part.span != span for part in each.parts))
    )
    return frozenset(name.rstrip("/") for name in others if name)


def _in_text(checkpoint: Checkpoint, cursor: Cursor) -> tuple[list[Item], bool]:
    """What may stand in a plain text, as it is written there."""
    outer = find_text_before(cursor)
    items, is_cut = _from_checkpoint(checkpoint, cursor.site, outer, cursor.typed)
    if cursor.site.match is Match.CONTAINS and not outer.parts:
        level = cursor.typed[: cursor.typed.rfind("/") + 1]
        partial = cursor.typed[len(level) :]
        begins = Text((ANYWHERE, *text(cursor.typed).parts))
        further, is_cut_there = _behind(checkpoint, _level_of(begins, partial), level, partial)
        items, is_cut = [*items, *further], is_cut or is_cut_there
    return literal_edits.written_items(items, cursor), is_cut


def _in_regex(checkpoint: Checkpoint, cursor: Cursor) -> tuple[list[Item], bool]:
    """What may stand in a regular expression: names that go on behind what it fits so far."""
    parts = find_text_before(cursor).parts
    fixed = "".join(part.text if isinstance(part, Piece) else part.pattern for part in parts)
    typed = read(fixed + cursor.typed, len(fixed))
    if typed is None:
        return [], False
    if typed.before is not None:
        outer = text(typed.before)
        items, is_cut = _from_checkpoint(checkpoint, cursor.site, outer, typed.partial)
    else:
        items, is_cut = _behind(checkpoint, _begins_with(typed.regex), "", typed.partial)
    is_free = cursor.site.match is Match.SEARCH and not fixed and not cursor.typed.startswith("^")
    if not items and is_free:
        begins_with = f"(?:.*?/)??{typed.regex}(?={re.escape(typed.partial)})"
        items, is_cut = _behind(checkpoint, _begins_with(begins_with), "", typed.partial)
    kept = cursor.written_up_to(typed.begin - len(fixed))
    items = [replace(item, label=escape_pattern(item.label)) for item in items]
    return literal_edits.written_items(items, cursor, kept), is_cut


def _at_end(checkpoint: Checkpoint, cursor: Cursor) -> tuple[list[Item], bool]:
    """How names end: their last segments, as many as are typed, the most frequent first."""
    typed = cursor.typed
    if cursor.part.before.parts or cursor.part.after.parts:
        return [], False
    number = typed.count("/") + (not typed.startswith("/"))
    found: dict[str, list[str]] = {}
    for name in islice(checkpoint.names, _MAX_PATTERN_NAMES):
        segments = name.split("/")
        end = "/" * typed.startswith("/") + "/".join(segments[-number:])
        if end.startswith(typed) and name != OBJECT_GRAPH_NAME and len(segments) >= number:
            found.setdefault(end, []).append(name)
    ends = sorted(found, key=lambda end: (-len(found[end]), end))
    items = [_of_several(checkpoint, end, found[end]) for end in ends[:MAX_ITEMS]]
    return literal_edits.written_items(items, cursor), len(ends) > MAX_ITEMS


def _from_checkpoint(
    checkpoint: Checkpoint, site: Site, outer: Text, typed: str
) -> tuple[list[Item], bool]:
    base = outer.literal
    if base is None:
        return _in_template(checkpoint, outer, typed)
    level, _, partial = typed.rpartition("/")
    level += "/" if "/" in typed else ""
    children = checkpoint.tree.children(base + level, MAX_ITEMS + 1, partial)
    is_cut = len(children) > MAX_ITEMS
    if not is_cut:
        children.sort(key=lambda child: natural_order(child.name))
    items = [item for child in children for item in _of_child(checkpoint, site, level, child)]
    deeper = _deeper_scopes(checkpoint, site, base, typed, MAX_ITEMS - len(items))
    room = MAX_ITEMS - len(items) - len(deeper)
    variables, is_cut_below = _complete_deeper(checkpoint, site, base, typed, room)
    return _ranked(items, deeper + variables, site, checkpoint), is_cut or is_cut_below


def _of_child(checkpoint: Checkpoint, site: Site, level: str, child: Child) -> Iterator[Item]:
    if child.is_scope:
        yield _scope_item(checkpoint, site, level + child.name, child)
    if child.is_variable and not site.accepts <= _ONLY_SCOPES:
        yield _variable_item(checkpoint, level + child.name, child.path)


def _scope_item(checkpoint: Checkpoint, site: Site, label: str, child: Child) -> Item:
    is_bare = site.role in _BARE_SCOPES and site.accepts <= _BARE_SCOPES
    detail = formatting.count(child.count, "variable")
    return Item(
        label if is_bare else label + "/",
        ItemKind.SCOPE,
        detail,
        checkpoint.prefix,
        child.path,
        detail,
        continues=not is_bare,
    )


def _variable_item(checkpoint: Checkpoint, label: str, name: str) -> Item:
    variable = checkpoint[name]
    kind, shape = formatting.kind_of(variable), formatting.shape(variable.shape)
    return Item(label, ItemKind.VARIABLE, kind, checkpoint.prefix, name, shape)


def _ranked(
    items: list[Item], deeper: list[Item], site: Site, checkpoint: Checkpoint
) -> list[Item]:
    """The shape that is wanted first, bookkeeping last, names in between as they come: those of
    the level that is typed before those that lie deeper."""
    wanted = _wanted(site)

    def rank(item: Item) -> int:
        if _comes_last(item, checkpoint):
            return 3
        if wanted is None or item.kind is ItemKind.SCOPE:
            return 1
        return 0 if _fits(checkpoint, item.name, wanted) else 2

    level = [(rank(item), item) for item in items]
    below = [(rank(item), item) for item in deeper]
    fitting = [item for number, item in below if number == 0][:_FIRST_FITTING]
    chosen = {item.name for item in fitting}
    rows = [
        *((number, 0, item) for number, item in level),
        *((0, 1, item) for item in fitting),
        *((max(number, 2), 1, item) for number, item in below if item.name not in chosen),
    ]
    return [item for _, _, item in sorted(rows, key=lambda row: row[:2])]


def _comes_last(item: Item, checkpoint: Checkpoint) -> bool:
    """Whether it is what optimizers, averages and savers keep, and seldom what is looked for."""
    if item.kind is ItemKind.SCOPE:
        return is_kept_aside(item.name) or (
            item.name in checkpoint and _is_noted("slots", item.name, checkpoint, holds_only_slots)
        )
    return _is_noted("aside", item.name, checkpoint, _is_aside)


def _is_aside(name: str, checkpoint: Checkpoint) -> bool:
    return not purpose_of(name, checkpoint).is_ordinary


def _is_noted(
    kind: str, name: str, checkpoint: Checkpoint, ask: Callable[[str, Checkpoint], bool]
) -> bool:
    """An answer that is kept: the same names are offered from one keystroke to the next."""
    return checkpoint.tree.noted((kind, name), lambda: ask(name, checkpoint))


def _wanted(site: Site) -> tuple[int | None, ...] | None:
    """The shape that the name should have: of what the code makes, or fills with it."""
    if site.shape is None and site.counterpart is not None:
        return site.counterpart.shape
    return site.shape


def _fits(checkpoint: Checkpoint, name: str, wanted: tuple[int | None, ...]) -> bool:
    variable = checkpoint.get(name)
    return (
        variable is not None
        and len(wanted) == len(variable.shape)
        and all(size in (None, there) for size, there in zip(wanted, variable.shape, strict=True))
    )


def _complete_deeper(
    checkpoint: Checkpoint, site: Site, base: str, typed: str, room: int
) -> tuple[list[Item], bool]:
    """Full names below `base`: all of them, or those like `typed`; and whether some are left."""
    are_scopes = site.accepts <= _ONLY_SCOPES
    if are_scopes:
        names: Sequence[str] = _scopes_under(checkpoint, base)
    else:
        names = checkpoint.tree.names_under(base) if base else checkpoint.names
    if room <= 0:
        return [], True
    if len(names) <= room:
        chosen: Iterable[str] = names
    else:
        chosen = _starting_with(base + typed, names, room)
        if not chosen and len(typed) > 1:
            chosen = best_matches(
                typed, names, len(base), room, narrowing(checkpoint, base, are_scopes)
            )
    make = _scope_of_name if are_scopes else _variable_of_name
    items = [make(checkpoint, name, base) for name in chosen if len(name) > len(base)]
    # What lies under the scope typed so far first.
    level = typed[: typed.rfind("/") + 1]
    if len(names) <= room:
        items.sort(key=lambda i: (not i.label.startswith(level), natural_order(i.label)))
    else:
        items.sort(key=lambda i: not i.label.startswith(level))
    return items, len(names) > room


def _deeper_scopes(
    checkpoint: Checkpoint, site: Site, base: str, typed: str, room: int
) -> list[Item]:
    """Scopes below `base`, where scopes may stand as well as variables: `fc8` finds `net/fc8`."""
    is_wanted = site.accepts & _ALSO_SCOPES and not site.accepts <= _ONLY_SCOPES
    if not is_wanted or len(checkpoint) > _FEW_NAMES:
        return []
    names = _scopes_under(checkpoint, base)
    room //= 2  # the other half is for variables
    if len(names) > room:
        names = _starting_with(base + typed, names, room)
    end = "" if site.role in _BARE_SCOPES and site.accepts <= _BARE_SCOPES else "/"
    items = (_scope_of_name(checkpoint, each, base) for each in names if len(each) > len(base))
    return [replace(each, label=each.label + end, continues=bool(end)) for each in items]


def _starting_with(prefix: str, names: Sequence[str], limit: int) -> Sequence[str]:
    """The first of the sorted names that start with `prefix`."""
    first = bisect_left(names, prefix)
    return [name for name in names[first : first + limit] if name.startswith(prefix)]


def _scopes_under(checkpoint: Checkpoint, base: str) -> Sequence[str]:
    scopes = checkpoint.tree.scopes()
    return [scope for scope in scopes if scope.startswith(base) and scope != base.rstrip("/")]


def _variable_of_name(checkpoint: Checkpoint, name: str, base: str) -> Item:
    return _variable_item(checkpoint, name[len(base) :], name)


def _scope_of_name(checkpoint: Checkpoint, name: str, base: str) -> Item:
    detail = formatting.count(checkpoint.tree.count(name), "variable")
    return Item(name[len(base) :], ItemKind.SCOPE, detail, checkpoint.prefix, name, detail)


def _in_template(checkpoint: Checkpoint, outer: Text, typed: str) -> tuple[list[Item], bool]:
    """The next segments behind a text with holes, over all names that fit it."""
    level, _, partial = typed.rpartition("/")
    level += "/" if "/" in typed else ""
    return _behind(checkpoint, matcher(outer + text(level), is_lazy=True).end, level, partial)


def _level_of(begins: Text, partial: str) -> Callable[[str], int | None]:
    """Where, in a name, `partial` stands at the end of what the text fits."""
    end = matcher(begins, is_lazy=True).end

    def behind(name: str) -> int | None:
        found = end(name)
        return found - len(partial) if found is not None else None

    return behind


def _begins_with(regex: str) -> Callable[[str], int | None] | None:
    """Where, in a name, a regular expression ends that it begins with; None if it is invalid."""
    found = expression(regex.replace(".*", ".*?").replace(".*??", ".*?"))
    if found is None:
        return None
    run = Run(found)

    def end(name: str) -> int | None:
        match = run.match(name)
        return match.end() if match is not None else None

    return end


def _behind(
    checkpoint: Checkpoint, end: Callable[[str], int | None] | None, level: str, partial: str
) -> tuple[list[Item], bool]:
    """The next segments, `level` before them, of all names; `end` says where in a name they
    begin. Those that go on most of the beginnings first."""
    if end is None:
        return [], False
    found: dict[str, list[tuple[str, str]]] = {}
    try:
        for name in islice(checkpoint.names, _MAX_PATTERN_NAMES):
            place = end(name)
            if place is None:
                continue
            segment, slash, _ = name[place:].partition("/")
            label = level + segment + slash
            if segment.startswith(partial) and (label in found or len(found) < MAX_ITEMS):
                found.setdefault(label, []).append((name[:place], name))
    except SlowPatternError:
        return [], True
    number = {label: len({begin for begin, _ in names}) for label, names in found.items()}
    labels = sorted(found, key=lambda label: (-number[label], natural_order(label)))
    items = [_of_several(checkpoint, each, [name for _, name in found[each]]) for each in labels]
    return items, len(checkpoint) > _MAX_PATTERN_NAMES


def _of_several(checkpoint: Checkpoint, label: str, names: list[str]) -> Item:
    """An item that may become any of some names, or a scope that they lie in."""
    number, prefix = formatting.count(len(names), "variable"), checkpoint.prefix
    if label.endswith("/"):
        return Item(label, ItemKind.SCOPE, number, prefix, names[0], number, continues=True)
    one = _variable_item(checkpoint, label, names[0])
    if len(names) == 1:
        return one
    is_same = len({formatting.kind_of(checkpoint[name]) for name in names}) == 1
    detail, summary = (f"{one.detail} · {number}", one.summary) if is_same else (number, number)
    return replace(one, detail=detail, summary=summary)
