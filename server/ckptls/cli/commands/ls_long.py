"""What `ckptls ls` does when more is asked for: other orders, and `--long`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from ckptls.checkpoint.core.printable import printable
from ckptls.checkpoint.model.checkpoint import Checkpoint, Variable
from ckptls.checkpoint.model.value_reader import Placement
from ckptls.checkpoint.storage.filesystem import split
from ckptls.cli.output.console import align_columns, new_console, new_table, write_json, write_lines

Places = Mapping[str, Placement]

_COLUMNS = ("name", "dtype", "shape", "parameters", "bytes", "file", "full name")
_NUMBERS = (3, 4)


def sort_variables(variables: list[Variable], order: str, places: Places) -> None:
    """Sort in place, the largest first; what is equal stays sorted by name."""
    keys: dict[str, Callable[[Variable], tuple[object, ...]]] = {
        "size": lambda each: (-(each.num_bytes or 0),),
        "parameters": lambda each: (-each.num_parameters,),
        "shape": lambda each: (each.shape,),
        "dtype": lambda each: (each.dtype,),
        "offset": lambda each: _place(places, each),
    }
    variables.sort(key=keys[order])


def _place(places: Places, variable: Variable) -> tuple[object, ...]:
    place = places.get(variable.name)
    return (place.path, place.offset_bytes or 0) if place else ("", 0)


def _rows(
    checkpoint: Checkpoint, variables: Sequence[Variable], places: Places
) -> list[tuple[str, ...]]:
    """The cells of each variable, in the order of `_COLUMNS`."""
    return [
        (
            printable(each.name),
            each.dtype,
            str(list(each.shape)),
            f"{each.num_parameters:,}",
            _bytes_text(each, places.get(each.name)),
            printable(_file_text(places.get(each.name))),
            printable(", ".join(_full_names(checkpoint, each))),
        )
        for each in variables
    ]


def _bytes_text(variable: Variable, place: Placement | None) -> str:
    size = _num_bytes(variable, place)
    return "?" if size is None else f"{size:,}"


def _num_bytes(variable: Variable, place: Placement | None) -> int | None:
    return variable.num_bytes if place is None else place.num_bytes


def _file_text(place: Placement | None) -> str:
    if place is None:
        return ""
    name = split(place.path)[1]
    return f"{name} ({place.num_slices} slices)" if place.num_slices else name


def _full_names(checkpoint: Checkpoint, variable: Variable) -> tuple[str, ...]:
    graph = checkpoint.object_graph
    return graph.full_names(variable.name) if graph is not None else ()


def _print_text(checkpoint: Checkpoint, variables: Sequence[Variable], places: Places) -> None:
    write_lines(align_columns(_rows(checkpoint, variables, places), right=_NUMBERS))


def _print_table(checkpoint: Checkpoint, variables: Sequence[Variable], places: Places) -> None:
    from rich.text import Text

    has_names = checkpoint.object_graph is not None
    columns = _COLUMNS if has_names else _COLUMNS[:-1]
    table = new_table(*columns, right=("parameters", "bytes"))
    for row in _rows(checkpoint, variables, places):
        table.add_row(*(Text(cell) for cell in row[: len(columns)]))
    new_console().print(table)


def _print_json(checkpoint: Checkpoint, variables: Sequence[Variable], places: Places) -> None:
    write_json([_as_json(checkpoint, each, places.get(each.name)) for each in variables])


def _as_json(
    checkpoint: Checkpoint, variable: Variable, place: Placement | None
) -> dict[str, object]:
    names = _full_names(checkpoint, variable)
    return {
        "name": variable.name,
        "dtype": variable.dtype,
        "shape": list(variable.shape),
        "parameters": variable.num_parameters,
        "bytes": _num_bytes(variable, place),
        "file": None if place is None else place.path,
        "offset": None if place is None else place.offset_bytes,
        "full_name": names[0] if names else None,
    }


PRINTERS: dict[str, Callable[[Checkpoint, Sequence[Variable], Places], None]] = {
    "json": _print_json,
    "table": _print_table,
    "text": _print_text,
}
