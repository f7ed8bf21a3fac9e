"""How variables and layers lie in an HDF5 file: the three layouts that `keras` describes.

Source: keras/src/legacy/saving/legacy_h5_format.py, keras/src/saving/saving_lib.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from ckptls.checkpoint.core.problem import Problem, make_note
from ckptls.checkpoint.core.types import Format
from ckptls.checkpoint.formats.hdf5 import hdf5_file
from ckptls.checkpoint.formats.hdf5.hdf5_file import child, data_sets, texts
from ckptls.checkpoint.names.natural_order import natural_order

if TYPE_CHECKING:
    import h5py

    from ckptls.checkpoint.core.types import Kind

# Groups of a file of weights that hold a model's layers, and those beside them that hold no layers.
_CONTAINERS = ("layers", "_layer_checkpoint_dependencies")
_NO_LAYERS = frozenset({"vars", "optimizer", "metrics", "seed_generator"})
_LOOSE_WEIGHTS = "top_level_model_weights"
_OPTIMIZER = "optimizer_weights"
_VARIABLES = "vars"


_Legacy = tuple[dict[str, str], "tuple[Group, ...]", tuple[str, ...]]
Group = tuple[str, str, tuple[str, ...]]  # a layer's name or "", its path, its variables


@dataclass(frozen=True, slots=True)
class Listing:
    """The variables of one HDF5 file.

    Attributes:
        kinds: name -> (dtype, shape).
        layers: in Keras's order.
        problems: what is wrong, and what is odd but not a fault.
    """

    kinds: dict[str, Kind]
    layers: tuple[Group, ...]
    format: Format
    problems: tuple[Problem, ...]


def listing_of(root: h5py.Group) -> Listing:
    """What the file under a root group holds, whichever layout it has."""
    legacy = _legacy(root)
    if legacy is not None:
        paths, layers, absent = legacy
        found = ((name, child(root, path)) for name, path in paths.items())
        listing = _listing(found, Format.KERAS, layers)
        lost = [name for name in paths if name not in listing.kinds]
        problems = [*listing.problems, *_lost(root, paths, lost)]
        if absent:
            what = f"it names the layer `{absent[0]}`{_others(absent)}, but does not hold it"
            problems.append(Problem("not-in-file", what))
        try:
            problems += _beside(root, frozenset(paths.values()))
        except hdf5_file.RAISED as error:
            what = f"what no layer names cannot be listed: {hdf5_file.damaged(error).what}"
            problems.append(Problem("not-listed", what))
        return replace(listing, problems=tuple(problems))
    links: dict[str, list[str]] = {}
    groups: dict[str, str] = {}

    def note(path: str, group: h5py.Group) -> None:
        # Opening them a second time for that would take as long as all of the listing.
        groups[path] = hdf5_file.text(group, "name") if path.endswith(_VARIABLES) else ""

    reachable = data_sets(
        root, lambda path, what: links.setdefault(what, []).append(path), on_group=note
    )
    plain = _listing(reachable, Format.HDF5, ())
    aliases = links.pop(hdf5_file.LISTED, [])
    problems = [
        Problem("not-listed", f"`{paths[0]}`{_others(paths)} is not listed: a link that {what}")
        for what, paths in links.items()
    ]
    if aliases:
        what = "links to what is listed under another name are not listed"
        problems.append(make_note("not-listed", f"{what}: `{aliases[0]}`{_others(aliases)}"))
    plain = replace(plain, problems=(*plain.problems, *problems))
    if not _is_weights_file(root, list(plain.kinds)):
        return plain
    in_order = sorted(plain.kinds, key=natural_order)
    layers = tuple(_numbered_layers(root, in_order, groups))
    return replace(plain, layers=layers, format=Format.KERAS)


def holds_model(root: h5py.Group) -> bool:
    """Whether a file has the configuration of a model beside its weights.

    Source: keras/src/legacy/saving/legacy_h5_format.py (`load_model_from_hdf5`).
    """
    return "model_config" in root.attrs


def data_set_of(root: h5py.Group, name: str) -> Any:
    """The data set of a variable, None if there is no such variable."""
    legacy = _legacy(root)
    path = name if legacy is None else legacy[0].get(name)
    found = child(root, path) if path else None
    return found if _is_data_set(found) or legacy is not None else None


def weight_paths(root: h5py.Group) -> dict[str, str] | None:
    """name -> path of each weight that the layers name; None where names are paths themselves."""
    legacy = _legacy(root)
    return None if legacy is None else legacy[0]


def _listing(found: Iterable[tuple[str, Any]], form: Format, layers: tuple[Group, ...]) -> Listing:
    kinds: dict[str, Kind] = {}
    elsewhere: list[str] = []
    for name, data_set in found:
        if not _is_data_set(data_set):
            continue
        kinds[name] = hdf5_file.kind_of(data_set, name)
        if hdf5_file.lies_elsewhere(data_set):
            elsewhere.append(name)
    problems = []
    if elsewhere:
        others = _others(elsewhere)
        what = f"the elements of `{elsewhere[0]}`{others} lie in another place; not read"
        problems.append(Problem("external-elements", what))
    return Listing(kinds, layers, form, tuple(problems))


def _beside(root: h5py.Group, paths: frozenset[str]) -> tuple[Problem, ...]:
    """Return a note about data sets that no layer names; Keras does not load them."""
    links: list[str] = []
    found = list(data_sets(root, lambda path, _: links.append(path), known=paths))
    targets = [child(root, path) for path in links if found and path in paths]
    found = [(path, data_set) for path, data_set in found if data_set not in targets]
    if not found:
        return ()
    what = f"data sets that no layer names are not listed: `{found[0][0]}`{_others(found)}"
    return (make_note("not-listed", what),)


def _lost(root: h5py.Group, paths: dict[str, str], lost: list[str]) -> list[Problem]:
    """Return a problem about weights that are named but not in the file, or an empty list."""
    if not lost:
        return []
    why = hdf5_file.link_problem(root, paths[lost[0]])
    reason = f": its link {why}" if why else ""
    what = f"it names `{lost[0]}`{_others(lost)}, but does not hold it{reason}"
    return [Problem("not-in-file", what)]


def _others(names: Sequence[object]) -> str:
    return f" and {len(names) - 1:,} more" if len(names) > 1 else ""


def _is_data_set(found: Any) -> bool:
    import h5py

    return isinstance(found, h5py.Dataset)


@lru_cache(maxsize=1)  # for many questions about one file
def _legacy(root: h5py.Group) -> _Legacy | None:
    """The paths of all weights by name, the layers, and those of them that are not in the file;
    None if the file is of another layout.
    """
    for place in ("model_weights", ""):
        group = child(root, place) if place else root
        names = texts(group, "layer_names") if hasattr(group, "attrs") else None
        if names is not None:
            found = _weights(root, place, names)
            is_other = not found[0] and next(data_sets(root), None) is not None
            return None if is_other else found
    return None


def _weights(root: h5py.Group, place: str, layer_names: list[str]) -> _Legacy:
    """The weights by the names that the layers list; where two are equal, by their paths."""
    absent: list[str] = []
    known = frozenset(layer_names)
    weights: list[tuple[str, str, str]] = []  # (group, name of the weight, path of its data set)
    prefix = f"{place}/" if place else ""
    groups = [(name, f"{prefix}{name}") for name in (*layer_names, _LOOSE_WEIGHTS)]
    groups.append((_OPTIMIZER, _OPTIMIZER))
    for group_name, path in groups:
        group = child(root, path)
        if group is None and group_name in known:
            absent.append(group_name)
        names = texts(group, "weight_names") if hasattr(group, "attrs") else None
        weights += ((group_name, name, f"{path}/{name}") for name in names or ())
    counts: dict[str, int] = {}
    for _, name, _ in weights:
        counts[name] = counts.get(name, 0) + 1
    paths: dict[str, str] = {}
    by_group: dict[str, list[str]] = {}
    for group_name, name, path in weights:
        key = name if counts[name] == 1 else f"{group_name}/{name}"
        paths[key] = path
        by_group.setdefault(group_name, []).append(key)
    layers = tuple(
        (name, f"{prefix}{name}", tuple(by_group.get(name, ())))
        for name in dict.fromkeys(layer_names)
    )
    return paths, layers, tuple(dict.fromkeys(absent))


def _is_weights_file(root: h5py.Group, paths: list[str]) -> bool:
    """Whether all data sets are numbered variables of some object."""
    return all(
        len(parts := path.split("/")) > 1 and parts[-2] == _VARIABLES and parts[-1].isdigit()
        for path in paths
    ) and bool(paths or _VARIABLES in root)


def _numbered_layers(root: h5py.Group, paths: list[str], groups: dict[str, str]) -> Iterator[Group]:
    """The layers of a model: right under `layers`, or anywhere below the root in a subclass.

    `groups` are the groups behind hard links, and what stands as `name` beside variables.
    """
    top = next((t for t in _CONTAINERS if child(root, t) is not None), "")
    rest = sorted(child(root, top) if top else root, key=natural_order, reverse=True)
    if not top:
        rest = [name for name in rest if name not in _NO_LAYERS]
    inside = _below(paths)
    while rest:
        name = rest.pop()
        path = f"{top}/{name}" if top else name
        given = groups.get(f"{path}/{_VARIABLES}")
        if given is None:
            variables = child(root, f"{path}/{_VARIABLES}")
            group = child(root, path)
            if not top and variables is None and hasattr(group, "keys"):
                names = sorted(group, key=natural_order, reverse=True)
                rest += (f"{name}/{below}" for below in names)
                continue
            given = hdf5_file.text(variables, "name") if hasattr(variables, "attrs") else ""
        yield given, path, tuple(inside.get(path, ()))


def _below(paths: list[str]) -> dict[str, list[str]]:
    """group -> the paths anywhere below it, in their order."""
    found: dict[str, list[str]] = {}
    for path in paths:
        end = path.find("/")
        while end >= 0:
            found.setdefault(path[:end], []).append(path)
            end = path.find("/", end + 1)
    return found
