"""HDF5 files through h5py: the data sets behind hard links, and nothing outside of the file.

The library under h5py is large and written in C; a damaged file can send it into a loop or
end its process. So this module works in a process of its own, see `worker_client`.

Soft links are followed where a file names what it holds, and external links never: both are named
if they lead out of the file or to nothing. A data set whose elements lie in another file, or are
put together from other data sets, is listed and never read.

Source: the HDF5 file format specification, and the documentation of h5py.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from functools import lru_cache
from io import RawIOBase
from math import prod
from types import TracebackType
from typing import TYPE_CHECKING, Any

from ckptls.checkpoint.arrays import foreign_dtypes
from ckptls.checkpoint.core.dtypes import STRING
from ckptls.checkpoint.core.errors import (
    CheckpointDamaged,
    CheckpointError,
    CheckpointTooLarge,
    CheckpointUnsupported,
)
from ckptls.checkpoint.core.limits import FREE_BYTES, MAX_NAME_BYTES, check_growth, checked_shape

if TYPE_CHECKING:
    import h5py

    from ckptls.checkpoint.core.types import Kind

MAX_OBJECTS = 1_000_000
MAX_LINKS = 16  # soft links that lead to one another
LISTED = "leads to what is listed"
TWIN = "has the same name as another one, as far as names are shown"
MAX_ATTRIBUTE_BYTES = 64 << 20
PIECE_BYTES = 4 << 20
_MAX_PARTS = 10_000
# What h5py was seen to raise for damaged files.
RAISED = (
    OSError,
    LookupError,
    ValueError,
    TypeError,
    AttributeError,
    RuntimeError,
    OverflowError,
    MemoryError,
    SystemError,
)


# Called at each object that is opened: shows the process that waits that this one is alive.
on_object: Callable[[], None] = lambda: None  # noqa: E731


class Opened:
    """The HDF5 file at a path, in a file-like object or in bytes; use it in a `with` statement.

    Whatever h5py makes of damaged bytes inside of the statement becomes `CheckpointDamaged`.

    Attributes:
        root: its root group.
    """

    def __init__(self, source: RawIOBase | str | bytes) -> None:
        from ckptls.checkpoint.core.optional_imports import require

        library = require("h5py", "hdf5")
        try:
            if isinstance(source, bytes):
                source = library.h5f.open_file_image(source)  # read-only, as the flags are 0
            self._file = library.File(source, "r")
            self.root: h5py.Group = self._file["/"]
        except RAISED as error:
            raise damaged(error) from None

    def __enter__(self) -> Opened:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self._file.close()
        except RAISED as late:
            error = error or late
        if isinstance(error, RAISED) and not isinstance(error, CheckpointError):
            raise damaged(error) from None


def damaged(error: BaseException) -> CheckpointError:
    """What h5py raised, as an error of ours."""
    text = " ".join(str(error).split())[:200]
    return CheckpointDamaged(f"no sound HDF5 file: {text}")


def data_sets(
    group: h5py.Group,
    on_link: Callable[[str, str], None] = lambda path, what: None,
    known: Collection[str] = (),
    on_group: Callable[[str, h5py.Group], None] = lambda path, group: None,
) -> Iterator[tuple[str, h5py.Dataset]]:
    """(path below `group`, data set) of each data set under it, each object once.

    Args:
        on_link: called with the path of a link that is not followed, and why: it leads to nothing
            in this file, to what is listed under another name (`LISTED`), or is a `TWIN`.
        known: paths of data sets that are passed by.
        on_group: called with each group below `group` and its path, before what is in it.

    Raises:
        CheckpointUnsupported: more objects than are listed.
    """
    import h5py

    rest = [("", group)]
    visited = {h5py.h5o.get_info(group.id).addr}
    while rest:
        path, above = rest.pop()
        escaped = set()
        for raw, kind, place in _links(above):
            name = raw.decode("utf-8", "backslashreplace")
            inner = f"{path}/{name}" if path else name
            if "\\x" in name:
                if name in escaped:
                    on_link(inner, TWIN)
                    continue
                escaped.add(name)
            if kind != h5py.h5l.TYPE_HARD:
                on_link(inner, _lost_behind(above, raw) or LISTED)
                continue
            if inner in known:
                on_object()
                visited.add(place)
                continue
            if place in visited:
                on_link(inner, LISTED)
                continue
            below = _opened(above, raw)
            if below is None:
                continue
            visited.add(place)
            if len(visited) > MAX_OBJECTS or len(inner) > MAX_NAME_BYTES:
                raise CheckpointTooLarge("more groups and data sets than are listed")
            if isinstance(below, h5py.Dataset):
                yield inner, below
            else:
                on_group(inner, below)
                rest.append((inner, below))


class _Way:
    """The groups on the way to what was looked up last: its neighbours often come next."""

    root: Any = None
    names: Sequence[str] = ()
    groups: Sequence[Any] = ()  # that of each name


def child(group: h5py.Group, path: str, links: int = MAX_LINKS) -> Any:
    """The group or data set at a path below `group`, None if there is none in this file.

    Soft links are followed, as many as `links` one after the other; external ones are not.
    """
    above, _, last = path.rpartition("/")
    holder = _above(group, above, links) if last else None
    return None if holder is None else _behind(holder, _raw_name(holder, last), links)


def plain_value(group: h5py.Group, path: str) -> foreign_dtypes.Array | None:
    """The elements of a small data set of numbers in one piece of the file; None for any other.

    Most are of this kind, and h5py's lower level reads them without an object for each.
    """
    import numpy

    h5 = _h5py()
    above, _, last = path.rpartition("/")
    holder = _above(group, above, MAX_LINKS) if last else None
    if holder is None:
        return None
    key = _raw_name(holder, last)
    try:
        if holder.id.links.get_info(key).type != h5.h5l.TYPE_HARD:
            return None
        found = h5.h5o.open(holder.id, key)
        if not isinstance(found, h5.h5d.DatasetID):
            return None
        kind, shape = found.dtype, found.shape
        if kind.kind not in "fiu" or found.get_offset() is None:
            return None
    except RAISED:
        return None
    if prod(shape) * kind.itemsize > PIECE_BYTES:
        return None
    value = numpy.empty(shape, kind)
    found.read(h5.h5s.ALL, h5.h5s.ALL, value)
    return value


def type_name(kind: Any) -> str:
    """TensorFlow's name of one of NumPy's types of numbers."""
    return _name_of(kind)


def _above(group: h5py.Group, path: str, links: int) -> Any:
    """The group at a path, None if there is none; those that the last way passed are kept."""
    if not path:
        return group
    names = path.split("/")
    groups: list[Any] = []
    if _Way.root is group:
        for name, before, known in zip(names, _Way.names, _Way.groups, strict=False):
            if name != before:
                break
            groups.append(known)
        if len(groups) == len(names):
            return groups[-1]
    below = groups[-1] if groups else group
    kind = _h5py().Group
    for name in names[len(groups) :]:
        below = _behind(below, _raw_name(below, name), links)
        if not isinstance(below, kind):
            return None
        groups.append(below)
    _Way.root, _Way.names, _Way.groups = group, names, groups
    return below


def link_problem(group: h5py.Group, path: str) -> str:
    """Why there is nothing in this file at a path below `group`: an external link, or none."""
    import h5py

    above, _, name = path.rpartition("/")
    holder = child(group, above) if above else group
    if not isinstance(holder, h5py.Group):
        return ""
    raw = _raw_name(holder, name)
    return _lost_behind(holder, raw) if holder.id.links.exists(raw) else ""


def texts(group: h5py.Group, name: str) -> list[str] | None:
    """An attribute that is a list of texts, put together if it is in parts; None if there is none.

    Keras cuts what exceeds 64 KB into `name0`, `name1` and so on.
    """
    if name in group.attrs:
        return _texts(group, name)
    if f"{name}0" not in group.attrs:
        return None
    found: list[str] = []
    for part in range(_MAX_PARTS):
        if f"{name}{part}" not in group.attrs:
            break
        found += _texts(group, f"{name}{part}")
    return found


def text(group: h5py.Group, name: str) -> str:
    """An attribute that is one text; empty if there is none."""
    if name not in group.attrs or group.attrs.get_id(name).shape != ():
        return ""
    return _text(group.attrs[name])


def kind_of(data_set: h5py.Dataset, name: str) -> Kind:
    """(dtype, shape) of a data set; bfloat16 as Keras marks it."""
    shape = data_set.id.shape
    if not shape and data_set.shape is None:
        return foreign_dtypes.unknown("empty"), ()
    return _dtype_name(data_set), checked_shape(shape, name)


def lies_elsewhere(data_set: h5py.Dataset) -> bool:
    """Whether its elements are in other files or other data sets."""
    from h5py import h5d

    if data_set.id.get_offset() is not None:
        return False  # in one piece, in this file
    creation = data_set.id.get_create_plist()
    return bool(creation.get_layout() == h5d.VIRTUAL or creation.get_external_count() > 0)


def check_readable(data_set: h5py.Dataset, name: str, num_bytes: int) -> Kind:
    """(dtype, shape) of a data set whose elements can be read; `num_bytes` as `stated_bytes`.

    Raises:
        CheckpointUnsupported: they lie elsewhere, are of no type that is read, or would grow
            beyond the limits of decompression.
    """
    dtype, shape = kind_of(data_set, name)
    if dtype.startswith("unknown"):
        raise CheckpointUnsupported(f"values of type {dtype} are listed, not read")
    _check_stored(data_set, name, num_bytes)
    return dtype, shape


def _check_stored(data_set: h5py.Dataset, name: str, num_bytes: int) -> None:
    if lies_elsewhere(data_set):
        raise CheckpointUnsupported(f"the elements of `{name}` lie in another place: not read")
    if num_bytes > FREE_BYTES:
        check_growth(num_bytes, data_set.id.get_storage_size(), name)


def stated_bytes(data_set: h5py.Dataset) -> int:
    """How many bytes the elements of a data set take by its shape and type; 0 if it has none."""
    shape = data_set.id.shape  # None of an empty one, which is less than one without elements
    return 0 if shape is None else int(prod(shape) * data_set.id.get_type().get_size())


def texts_of(data_set: h5py.Dataset) -> list[Any]:
    """The texts of a data set in C order, as `bytes` or `str`."""
    import numpy

    texts: list[Any] = numpy.asarray(data_set[()]).ravel().tolist()
    return texts


def pieces(data_set: h5py.Dataset) -> Iterator[foreign_dtypes.Array]:
    """The elements of a data set, some rows at a time: whole rows of chunks, where it has them."""
    import numpy

    shape, kind = data_set.id.shape, data_set.id.dtype
    num_bytes = prod(shape) * kind.itemsize
    if num_bytes <= PIECE_BYTES or not shape:
        if kind.kind in "fiu" and num_bytes:
            from h5py import h5s

            whole = numpy.empty(shape, kind)
            data_set.id.read(h5s.ALL, h5s.ALL, whole)
            yield whole
        else:
            yield numpy.asarray(data_set[()])
        return
    axis = next(place for place, size in enumerate(shape) if size != 1)
    row_bytes = num_bytes // shape[axis]
    step = data_set.chunks[axis] if data_set.chunks else 1
    rows = max(PIECE_BYTES // row_bytes // step, 1) * step
    for start in range(0, shape[axis], rows):
        yield numpy.asarray(data_set[(0,) * axis + (slice(start, start + rows),)])


def verify(data_set: h5py.Dataset, name: str) -> int:
    """Read all elements of a data set, piece by piece; how many bytes they take.

    Raises:
        CheckpointUnsupported: they lie elsewhere, or would grow beyond the limits.
    """
    if data_set.shape is None:
        return 0
    _check_stored(data_set, name, stated_bytes(data_set))
    return sum(piece.nbytes for piece in pieces(data_set))


def _raw_name(group: h5py.Group, name: str) -> bytes:
    """The bytes of a name; one that is not UTF-8 is listed with escapes."""
    if "\\x" in name:
        raw = _escaped_names(group).get(name)
        if raw is not None:
            return raw
    return name.encode("utf-8", "surrogateescape")


@lru_cache(maxsize=16)
def _escaped_names(group: h5py.Group) -> dict[str, bytes]:
    """The names in a group that are listed with escapes, or look so, as `data_sets` has them."""
    found: dict[str, bytes] = {}
    for raw in list(group.id):
        name = raw.decode("utf-8", "backslashreplace")
        if "\\x" in name:
            found.setdefault(name, bytes(raw))
    return found


def _links(group: h5py.Group) -> list[tuple[bytes, int, int]]:
    """(name, kind, address) of each link of a group; the address is that of a hard link."""
    found: list[tuple[bytes, int, int]] = []

    def note(key: bytes, link: Any) -> None:
        found.append((key, link.type, link.u))

    group.id.links.iterate(note, info=True)
    return found


def _behind(group: h5py.Group, name: bytes, links: int = 0) -> Any:
    """The group or data set behind a link, None if there is none in this file."""
    h5 = _h5py()
    if not name:
        return None
    try:
        kind = group.id.links.get_info(name).type
    except RAISED:
        if not group.id.links.exists(name):
            return None
        raise
    if kind == h5.h5l.TYPE_SOFT and links > 0:
        target = group.id.links.get_val(name).decode("utf-8", "surrogateescape")
        start = h5.Group(h5.h5o.open(group.id, b"/")) if target.startswith("/") else group
        return child(start, target.strip("/"), links - 1)
    return _opened(group, name) if kind == h5.h5l.TYPE_HARD else None


def _opened(group: h5py.Group, name: bytes) -> Any:
    """The group or data set of that name; None for what is neither.

    This is h5py's own lower level: what `group[name]` does takes several times as long.
    """
    on_object()
    h5 = _h5py()
    opened = h5.h5o.open(group.id, name)
    if isinstance(opened, h5.h5d.DatasetID):
        return h5.Dataset(opened)
    return h5.Group(opened) if isinstance(opened, h5.h5g.GroupID) else None


@lru_cache(maxsize=1)
def _h5py() -> Any:
    """The library, without what a statement to import it takes each time."""
    import h5py

    return h5py


def _lost_behind(group: h5py.Group, name: bytes) -> str:
    """Why nothing of this file is behind a link; empty if there is something."""
    from h5py import h5l

    if group.id.links.get_info(name).type == h5l.TYPE_EXTERNAL:
        return "leads to another file"
    return "" if _behind(group, name, MAX_LINKS) is not None else "leads to nothing"


def _texts(group: h5py.Group, name: str) -> list[str]:
    attribute = group.attrs.get_id(name)
    if prod(attribute.shape or ()) * attribute.dtype.itemsize > MAX_ATTRIBUTE_BYTES:
        raise CheckpointTooLarge(f"the attribute `{name}` is too large")
    value = group.attrs[name]
    return [_text(item) for item in value.tolist()] if getattr(value, "shape", ()) else []


def _text(value: Any) -> str:
    return value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else str(value)


def _dtype_name(data_set: h5py.Dataset) -> str:
    try:
        kind = data_set.id.dtype
    except TypeError as error:
        return foreign_dtypes.unknown(str(error))
    return _name_of(kind) if kind.kind in "fiub" else _other_name(kind)


@lru_cache(maxsize=64)
def _name_of(kind: Any) -> str:
    return foreign_dtypes.of_type_string(kind.str)


def _other_name(kind: Any) -> str:
    import h5py

    if h5py.check_string_dtype(kind) is not None:
        return STRING
    if kind.kind == "V" and kind.itemsize == 2 and kind.names is None:
        return "bfloat16"
    if kind.kind in "VO" or kind.subdtype is not None:
        return foreign_dtypes.unknown("structured")
    return foreign_dtypes.of_type_string(kind.str)
