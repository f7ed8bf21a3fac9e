"""What a checkpoint holds: an immutable listing in columns.

A hundred thousand `Variable` objects would cost more than reading the file, so a
`Checkpoint` keeps sorted names and, parallel to them, (dtype, shape) pairs that the
variables share; a `Variable` is made when one is looked up.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from operator import itemgetter

from ckptls.checkpoint.core.dtypes import item_bytes
from ckptls.checkpoint.core.errors import CheckpointUnsupported
from ckptls.checkpoint.core.gc_pause import CollectorPaused
from ckptls.checkpoint.core.problem import Problem
from ckptls.checkpoint.core.types import OBJECT_GRAPH_NAME, FileStamp, Format, Kind, Layer
from ckptls.checkpoint.model.changes import NOTHING, Changes

TYPE_CHECKING = False  # as typing's, without importing typing
if TYPE_CHECKING:
    from typing import Any

    from numpy import ndarray

    from ckptls.checkpoint.model.changes import Changes
    from ckptls.checkpoint.model.scope_tree import ScopeTree
    from ckptls.checkpoint.model.value_reader import Values
    from ckptls.checkpoint.objects.object_graph import ObjectGraph

_OWN = frozenset(("_changes", "_mark", "_tree", "_values"))  # what a copy does not take along
# Of so many checkpoints that were in a place one after the other the changes are known.
_MAX_SUCCEEDED = 8


@dataclass(frozen=True, slots=True)
class Variable:
    """One variable of a checkpoint; `shape` is in elements, `()` for a scalar."""

    name: str
    dtype: str
    shape: tuple[int, ...]

    @property
    def num_parameters(self) -> int:
        """How many elements it has: the product of its shape."""
        return prod(self.shape)

    @property
    def num_bytes(self) -> int | None:
        """Bytes of its value in the data file; None where the shape does not tell (strings)."""
        return num_bytes_of((self.dtype, self.shape))


def num_bytes_of(kind: Kind) -> int | None:
    """Bytes of a value of that (dtype, shape) in the data file; None as `Variable.num_bytes`."""
    dtype, shape = kind
    size = item_bytes(dtype)
    return prod(shape) * size if size else None


class Checkpoint(Mapping[str, Variable]):
    """The variables of one checkpoint: a read-only mapping of names to `Variable`, by name.

    The listing never changes. The first value that is read opens the files, which stay open for
    the next one until `close`, the end of a `with` statement, or the end of the object. Like
    other objects, and unlike dictionaries, two checkpoints are equal if they are the same one.

    Attributes:
        prefix: the path that names it, as `tf.train.load_checkpoint` would take it.
        format: how it is stored.
        files: the metadata files that were read; a state file that led here comes last.
        stamp: for each of `files` what it was at the time: (path, mtime_ns, size, inode).
        problems: what is wrong though readable, such as missing shards, and notes about what is
            odd but not a fault.
        names: the names of all variables, ascending by code point.
        kinds: the (dtype, shape) of each variable, in the order of `names`.
        object_graph: what an object-based checkpoint says about its keys; None for others, and
            where the reader was not asked for it (`read_checkpoint(..., with_objects=True)`).
        layers: the layers of a Keras model in its order; empty if the file does not name them.
        holds_model: whether a Keras file has the model beside its weights; None where that is not
            looked for.
        is_object_based: `tf.train.Checkpoint` or Keras wrote it, with names of objects' attributes.
    """

    __slots__ = (
        "_changes",
        "_mark",
        "_open_values",
        "_tree",
        "_values",
        "files",
        "format",
        "holds_model",
        "is_object_based",
        "kinds",
        "layers",
        "names",
        "object_graph",
        "prefix",
        "problems",
        "stamp",
    )

    def __init__(
        self,
        prefix: str,
        format: Format,
        names: Sequence[str],
        kinds: Sequence[Kind],
        *,
        stamp: tuple[FileStamp, ...] = (),
        problems: tuple[Problem, ...] = (),
        layers: tuple[Layer, ...] = (),
        holds_model: bool | None = None,
        open_values: Callable[[Checkpoint], Values] | None = None,
    ) -> None:
        self.prefix = prefix
        self.format = format
        self.names = tuple(names)
        self.stamp = stamp
        self.files = tuple(path for path, *_ in stamp)
        self.problems = problems
        self.layers = layers
        self.holds_model = holds_model
        self.kinds = tuple(kinds)
        # What has changed since the checkpoints that were in its place before, by their marks.
        self._mark = object()
        self._changes: tuple[tuple[object, Changes], ...] = ()
        self._tree: ScopeTree | None = None
        self._values: Values | None = None
        self._open_values = open_values
        self.object_graph: ObjectGraph | None = None
        self.is_object_based = OBJECT_GRAPH_NAME in self

    def __repr__(self) -> str:
        return f"<Checkpoint {self.prefix!r} {self.format.value}, {len(self)} variables>"

    __eq__ = object.__eq__
    __hash__ = object.__hash__

    def __getstate__(self) -> dict[str, Any]:
        """What a copy has, in this process or another: the listing, and no open files.

        Nor has it the scopes, which it can make itself, or a past.
        """
        return {name: getattr(self, name) for name in self.__slots__ if name not in _OWN}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self._mark, self._changes = object(), ()
        self._tree = self._values = None
        for name, value in state.items():
            setattr(self, name, value)

    def __len__(self) -> int:
        return len(self.names)

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self._position(name) is not None

    def __getitem__(self, name: str) -> Variable:
        """The variable called `name`.

        Raises:
            KeyError: there is none.
        """
        position = self._position(name)
        if position is None:
            raise KeyError(name)
        return Variable(name, *self.kinds[position])

    def variables(self) -> Iterator[Variable]:
        """All variables in the order of their names."""
        for name, (dtype, shape) in zip(self.names, self.kinds, strict=True):
            yield Variable(name, dtype, shape)

    def shapes(self) -> list[tuple[str, list[int]]]:
        """(name, shape) of each variable, in the form of `tf.train.list_variables`."""
        with CollectorPaused():
            shapes = map(itemgetter(1), self.kinds)
            return list(zip(self.names, map(list, shapes), strict=True))

    def succeed(self, old: Checkpoint) -> None:
        """Takes note that it takes the place of another one, to know later what is different.

        To be called before others have it; what was found out about names that are the same is
        taken over.
        """
        changes = changes_between(old, self)
        if changes is None:
            return
        older = ((mark, changes | before) for mark, before in old._changes)
        self._changes = ((old._mark, changes), *older)[:_MAX_SUCCEEDED]
        if old._tree is not None:
            self.tree.inherit(old._tree, changes)

    def changes_since(self, old: Checkpoint) -> Changes | None:
        """What is different from a checkpoint that was in its place before; None if that is not
        known."""
        if old is self:
            return NOTHING
        return next((changes for mark, changes in self._changes if mark is old._mark), None)

    def read(self, name: str) -> ndarray:
        """The value of the variable called `name`, in its shape; () for a scalar.

        The element type is the one `tf.train.load_variable` returns: bfloat16 and the like are
        types of ml_dtypes, strings are objects of type `bytes`. A value with a checksum is
        compared with it. The array is a copy: it does not change with the file, nor the file
        with it.

        Raises:
            VariableNotFound: there is no variable of that name; `candidates` are names near it.
            CheckpointUnsupported: NumPy is not installed, or it is a type without values.
            CheckpointError: a file is missing, too short or damaged, or was replaced since the
                checkpoint was listed.
        """
        values = self._values
        return (self.open_values() if values is None else values).read(name)

    def open_values(self) -> Values:
        """The open files that `read` uses; made at the first use.

        Raises:
            CheckpointUnsupported: this listing was made without a reader of values.
        """
        values = self._values
        if values is None:
            if self._open_values is None:
                raise CheckpointUnsupported("it is a listing without values", self.prefix)
            values = self._values = self._open_values(self)
        return values

    def close(self) -> None:
        """Close the files that reading values has opened; the next value opens them again."""
        if self._values is not None:
            self._values.close()

    def __enter__(self) -> Checkpoint:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def tree(self) -> ScopeTree:
        """The scopes of its names; made at the first use."""
        if self._tree is None:
            from ckptls.checkpoint.model.scope_tree import ScopeTree

            self._tree = ScopeTree(self.names, self.kinds)
        return self._tree

    def _position(self, name: str) -> int | None:
        position = bisect_left(self.names, name)
        is_there = position < len(self.names) and self.names[position] == name
        return position if is_there else None


# With more changed names, asking everything again costs less than asking what they touch.
_MAX_CHANGED = 1_000


def changes_between(old: Checkpoint, new: Checkpoint) -> Changes | None:
    """The changes from one listing to another; None if they are not worth comparing.

    That is: many names changed, or more than names, dtypes and shapes may have: another format,
    other layers, a graph of objects.
    """
    if (old.format, old.layers, old.holds_model) != (new.format, new.layers, new.holds_model):
        return None
    if old.object_graph is not None or new.object_graph is not None:
        return None
    if old.names == new.names:
        kinds = zip(new.names, old.kinds, new.kinds, strict=True)
        changed = frozenset(name for name, one, other in kinds if one != other)
        return Changes(changed) if len(changed) <= _MAX_CHANGED else None
    before = dict(zip(old.names, old.kinds, strict=True))
    after = dict(zip(new.names, new.kinds, strict=True))
    added = frozenset(after.keys() - before.keys())
    removed = frozenset(before.keys() - after.keys())
    if len(added) + len(removed) > _MAX_CHANGED:
        return None
    other = frozenset(name for name, kind in after.items() if before.get(name, kind) != kind)
    names = other | added | removed
    if len(names) > _MAX_CHANGED:
        return None
    scopes = frozenset(_scopes_around(added | removed))
    lone = frozenset(s for s in scopes if old.tree.has_scope(s) != new.tree.has_scope(s))
    return Changes(names, added, removed, scopes, lone)


def _scopes_around(names: Iterable[str]) -> set[str]:
    found = {""}
    for name in names:
        scope = name[: name.rfind("/") + 1]
        while scope not in found:
            found.add(scope)
            scope = scope[: scope.rfind("/", 0, -1) + 1]
    return found
