"""What one branch changes, which can be taken back and merged with another branch."""

from __future__ import annotations

from dataclasses import dataclass

from ckptls.source.program.core.objects import UNKNOWN, DictValue, ListValue, Value

_MISSING = object()
_ITEMS = object()
_Key = tuple[int, Value]


@dataclass(slots=True)
class _Cell:
    """A changed entry of a table, or with `_ITEMS` for its key the items of a list."""

    container: dict[Value, Value] | ListValue
    key: Value
    before: Value


class Journal:
    """The cells that one branch has changed, each with its value before."""

    __slots__ = ("cells",)

    def __init__(self) -> None:
        self.cells: dict[_Key, _Cell] = {}

    def note_entry(self, table: dict[Value, Value], key: Value) -> None:
        """An entry is about to be changed."""
        place = (id(table), key)
        if place not in self.cells:
            self.cells[place] = _Cell(table, key, table.get(key, _MISSING))

    def note_items(self, several: ListValue) -> None:
        """The items of a list are about to be changed."""
        place = (id(several), _ITEMS)
        if place not in self.cells:
            self.cells[place] = _Cell(several, _ITEMS, (list(several.items), several.is_exact))

    def take_back(self) -> dict[_Key, Value]:
        """Sets all cells as they were before; gives what the branch had made of them."""
        after: dict[_Key, Value] = {}
        for place, cell in self.cells.items():
            after[place] = _read(cell)
            _write(cell, cell.before)
        return after

    def redo(self, after: dict[_Key, Value]) -> None:
        """Sets all cells as the branch had made them."""
        for place, cell in self.cells.items():
            _write(cell, after[place])

    def hand_over(self, outer: Journal) -> None:
        """What the branch changed is a change of the branch around it, too."""
        for place, cell in self.cells.items():
            outer.cells.setdefault(place, cell)


def merge_branches(one: Journal, first: dict[_Key, Value], other: Journal) -> Journal:
    """Merges a branch that was taken back with one that was run after it from the same state.

    Gives the journal of both together, for the branch around them.
    """
    both = Journal()
    both.cells = {**one.cells, **other.cells}
    for place, cell in both.cells.items():
        mine = first.get(place, cell.before)
        theirs = _read(cell)
        if not is_same(mine, theirs):
            _set_doubtful(cell, mine, theirs)
    return both


def _read(cell: _Cell) -> Value:
    if isinstance(cell.container, ListValue):
        return (list(cell.container.items), cell.container.is_exact)
    return cell.container.get(cell.key, _MISSING)


def _write(cell: _Cell, value: Value) -> None:
    if isinstance(cell.container, ListValue):
        cell.container.items, cell.container.is_exact = list(value[0]), value[1]
    elif value is _MISSING:
        cell.container.pop(cell.key, None)
    else:
        cell.container[cell.key] = value


def _set_doubtful(cell: _Cell, mine: Value, theirs: Value) -> None:
    if not isinstance(cell.container, ListValue):
        cell.container[cell.key] = UNKNOWN
        return
    same = [a for a, b in zip(mine[0], theirs[0], strict=False) if is_same(a, b)]
    cell.container.items, cell.container.is_exact = same, False


def is_same(one: Value, other: Value) -> bool:
    if one is other:
        return True
    if isinstance(one, ListValue | DictValue) or isinstance(other, ListValue | DictValue):
        return False
    if isinstance(one, tuple | list) and isinstance(other, tuple | list):
        return len(one) == len(other) and all(map(is_same, one, other))
    plain = (bool, int, float, str, bytes)
    if isinstance(one, plain) and type(one) is type(other):
        return bool(one == other)
    return False
