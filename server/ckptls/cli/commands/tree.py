"""`ckptls tree`: the scopes of a checkpoint, with what lies under each."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable

from ckptls.checkpoint.core.errors import CheckpointError
from ckptls.checkpoint.core.printable import printable
from ckptls.checkpoint.model.checkpoint import Checkpoint
from ckptls.checkpoint.model.scope_outline import Node, outline
from ckptls.checkpoint.reader import read_checkpoint
from ckptls.cli.output.console import (
    add_checkpoint,
    add_format,
    add_no_slots,
    align_columns,
    chosen_format,
    format_count,
    new_console,
    new_table,
    note_problems,
    own_variables,
    size_text,
    write_lines,
)

HELP = "Show the scopes of a checkpoint as a tree: variables, parameters and bytes of each."

_DEPTH = 2
_UNICODE_LINES = ("├── ", "└── ", "│   ", "    ")
_ASCII_LINES = ("|-- ", "`-- ", "|   ", "    ")


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this command."""
    add_checkpoint(parser)
    parser.add_argument("scope", metavar="SCOPE", nargs="?", default="", help="only this scope")
    parser.add_argument(
        "--depth",
        type=_depth,
        metavar="N",
        help=f"how many levels below to show, or `all` (default: {_DEPTH}; all for json)",
    )
    add_no_slots(parser)
    add_format(parser)
    parser.add_argument(
        "--sort",
        choices=("name", "size", "parameters"),
        default="name",
        help="order of the siblings; sizes: largest first (default: name, numbers as numbers)",
    )


def _depth(text: str) -> int:
    """The value of `--depth`; 0 for all levels."""
    if text == "all":
        return 0
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"`{text}` is neither a positive number nor `all`")
    return int(text)


def run(args: argparse.Namespace) -> int:
    """Print the tree; 2 if there is no such scope."""
    checkpoint = read_checkpoint(args.checkpoint, with_objects=args.no_slots)
    if args.no_slots:
        checkpoint = own_variables(checkpoint)
    note_problems(checkpoint)
    scope = args.scope.rstrip("/") or args.scope[:1]
    if scope and scope not in checkpoint and not checkpoint.tree.has_scope(scope):
        raise _no_scope(checkpoint, scope)
    shown = chosen_format(args.format)
    depth = args.depth if args.depth is not None else 0 if shown == "json" else _DEPTH
    _PRINTERS[shown](checkpoint, outline(checkpoint, scope, depth=depth, order=args.sort))
    return 0


def _no_scope(checkpoint: Checkpoint, scope: str) -> CheckpointError:
    from ckptls.checkpoint.model.suggestions import suggest_scopes

    near = suggest_scopes(checkpoint, scope, limit=1)
    hint = f"did you mean `{near[0]}`?" if near else ""
    return CheckpointError(f"there is no scope `{scope}`", checkpoint.prefix, None, hint)


def _rows(checkpoint: Checkpoint, nodes: list[Node], lines: tuple[str, ...]) -> list[list[str]]:
    """Cells of each node: the drawn name, dtype and shape or how many variables, sums."""
    branch, last, straight, nothing = lines
    rows: list[list[str]] = []
    above: list[str] = []  # what is drawn before the names of each depth
    for node in nodes:
        del above[max(node.depth - 1, 0) :]
        drawn = "".join(above) + ((last if node.is_last else branch) if node.depth else "")
        if node.depth:
            above.append(nothing if node.is_last else straight)
        rows.append([drawn + _label(checkpoint, node), *_cells(node)])
    return rows


def _label(checkpoint: Checkpoint, node: Node) -> str:
    if not node.depth:
        return printable(node.path or checkpoint.prefix)
    return printable(node.name) + ("/" if node.count and not node.dtype else "")


def _cells(node: Node) -> list[str]:
    what = f"{node.dtype} {list(node.shape)}" if node.dtype else ""
    if node.count:
        what = (
            f"{what} + {format_count(node.count, 'variable')}"
            if what
            else format_count(node.count, "variable")
        )
    return [what, f"{node.num_parameters:,}", size_text(node.num_bytes)]


def _print_text(checkpoint: Checkpoint, nodes: list[Node]) -> None:
    rows = _rows(checkpoint, nodes, _lines())
    write_lines(align_columns(rows, right=(2, 3)))


def _lines() -> tuple[str, ...]:
    """Lines to draw with, as far as the encoding of standard output has them."""
    try:
        "".join(_UNICODE_LINES).encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return _ASCII_LINES
    return _UNICODE_LINES


def _print_table(checkpoint: Checkpoint, nodes: list[Node]) -> None:
    from rich.text import Text

    table = new_table("name", "variables", "parameters", "size", right=("parameters", "size"))
    for node, row in zip(nodes, _rows(checkpoint, nodes, _lines()), strict=True):
        name, *cells = row
        label = Text(name, no_wrap=True, overflow="ellipsis")
        start = len(name) - len(_label(checkpoint, node))
        label.stylize("dim", 0, start)
        label.stylize("green" if node.dtype else "bold blue", start)
        table.add_row(label, *map(Text, cells))
    new_console().print(table)


def _print_json(checkpoint: Checkpoint, nodes: list[Node]) -> None:
    """Nested objects, written without recursion: a name may have a thousand scopes."""
    from json import dumps

    pieces: list[str] = []
    open_nodes = 0
    for i, node in enumerate(nodes):
        while open_nodes > node.depth:
            pieces.append("]}")
            open_nodes -= 1
        if i and node.depth <= nodes[i - 1].depth:
            pieces.append(",\n" + " " * node.depth)
        elif i:
            pieces.append("\n" + " " * node.depth)
        pieces.append(dumps(_as_json(node))[:-1] + ', "children": [')
        open_nodes += 1
    pieces.append("]}" * open_nodes + "\n")
    write_lines(pieces)


def _as_json(node: Node) -> dict[str, object]:
    value: dict[str, object] = {
        "name": node.name,
        "path": node.path,
        "variables": node.count,
        "parameters": node.num_parameters,
        "bytes": node.num_bytes,
    }
    if node.dtype:
        value |= {"dtype": node.dtype, "shape": list(node.shape)}
    return value


_PRINTERS: dict[str, Callable[[Checkpoint, list[Node]], None]] = {
    "json": _print_json,
    "table": _print_table,
    "text": _print_text,
}
