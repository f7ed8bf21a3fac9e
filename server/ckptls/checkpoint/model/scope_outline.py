"""The scopes of a checkpoint written down from the top: what `ckptls tree` shows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from ckptls.checkpoint.model.checkpoint import Checkpoint
from ckptls.checkpoint.model.scope_tree import Child
from ckptls.checkpoint.names.natural_order import natural_order


@dataclass(frozen=True, slots=True)
class Node:
    """One line of an outline.

    Attributes:
        name: the segment; empty for the root.
        path: the whole name up to it.
        depth: how many levels it lies below where the outline starts.
        count: how many variables lie under it, itself not counted.
        num_parameters: elements of all that lies under it, and of itself.
        num_bytes: bytes of the same; strings, whose size no shape tells, count 0.
        dtype: its own if it is a variable, else empty.
        shape: its own if it is a variable.
        is_last: whether no sibling follows.
    """

    name: str
    path: str
    depth: int
    count: int
    num_parameters: int
    num_bytes: int
    dtype: str = ""
    shape: tuple[int, ...] = ()
    is_last: bool = True


def outline(
    checkpoint: Checkpoint, scope: str = "", *, depth: int = 0, order: str = "name"
) -> list[Node]:
    """`scope` and all below it, parents before their children; `depth` levels if not 0.

    Siblings go by name, numbers in it as numbers, or with `size` and `parameters` by these,
    the largest first.
    """
    sort_key = _ORDERS[order]
    root = Child(scope.rpartition("/")[2], scope, checkpoint.tree.count(scope), scope in checkpoint)
    nodes = [_node(checkpoint, root, 0, is_last=True)]
    waiting = [_children(checkpoint, root, 1, sort_key)]
    while waiting:
        found = next(waiting[-1], None)
        if found is None:
            waiting.pop()
            continue
        child, node = found
        nodes.append(node)
        if child.is_scope and (not depth or node.depth < depth):
            waiting.append(_children(checkpoint, child, node.depth + 1, sort_key))
    return nodes


def _children(
    checkpoint: Checkpoint, parent: Child, depth: int, sort_key: Callable[[Node], object]
) -> Iterator[tuple[Child, Node]]:
    children = checkpoint.tree.children(parent.path)
    pairs = [(child, _node(checkpoint, child, depth, is_last=False)) for child in children]
    pairs.sort(key=lambda pair: sort_key(pair[1]))  # type: ignore[arg-type,return-value]
    for i, (child, node) in enumerate(pairs, start=1):
        yield (child, node) if i < len(pairs) else (child, replace(node, is_last=True))


def _node(checkpoint: Checkpoint, child: Child, depth: int, *, is_last: bool) -> Node:
    variable = checkpoint.get(child.path) if child.is_variable else None
    if variable is None:
        totals = checkpoint.tree.totals(child.path)
        sums = (totals.num_parameters, totals.num_bytes)
        return Node(child.name, child.path, depth, child.count, *sums, is_last=is_last)
    parameters, size = variable.num_parameters, variable.num_bytes or 0
    if child.is_scope:
        totals = checkpoint.tree.totals(child.path)
        parameters, size = parameters + totals.num_parameters, size + totals.num_bytes
    kind = (variable.dtype, variable.shape)
    return Node(child.name, child.path, depth, child.count, parameters, size, *kind, is_last)


_ORDERS: dict[str, Callable[[Node], object]] = {
    "name": lambda node: natural_order(node.name),
    "size": lambda node: (-node.num_bytes, node.name),
    "parameters": lambda node: (-node.num_parameters, node.name),
}
