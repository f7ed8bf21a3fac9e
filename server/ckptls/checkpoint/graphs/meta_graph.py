"""The model beside a checkpoint: the variables and nodes of a `.meta` or a `saved_model.pb`.

Both hold MetaGraphDefs. Their variables are listed by collections (TensorFlow 1), by objects
(SavedModels of TensorFlow 2), or else by the graph's own nodes. Constants, attributes of
other nodes and function libraries are passed over without being loaded.

Source: tensorflow/core/protobuf/{meta_graph,saved_model,saved_object_graph}.proto,
tensorflow/core/framework/{graph,node_def,variable}.proto.
"""

from __future__ import annotations

import os
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from ckptls.checkpoint.codecs.protobuf_window import Skimmer
from ckptls.checkpoint.codecs.protobuf_wire import LENGTH, VARINT
from ckptls.checkpoint.core.errors import (
    CheckpointDamaged,
    CheckpointError,
    CheckpointTooLarge,
    CheckpointUnsupported,
)
from ckptls.checkpoint.core.gc_pause import CollectorPaused
from ckptls.checkpoint.graphs.meta_graph_protos import (
    Definition,
    NodeKind,
    Part,
    decode_definition,
    decode_saved_object,
    decode_text,
    name_of_tensor,
)
from ckptls.checkpoint.graphs.node_scan import Scan, scan_nodes
from ckptls.checkpoint.layout.directory_files import shard_of, stem_of_part
from ckptls.checkpoint.model.checkpoint import Checkpoint
from ckptls.checkpoint.storage.filesystem import is_file, join, open_file, split

MAX_MODEL_BYTES = 512 * 1024 * 1024
_MAX_VARIABLES = 1_000_000
_MAX_META_GRAPHS = 1_000
_MAX_DEFINITION_BYTES = 1 << 20
# Collections that hold messages about variables. Any other may hold names of variables, or
# of other tensors, or messages of another kind.
_COLLECTIONS = frozenset(
    {
        "variables",
        "trainable_variables",
        "local_variables",
        "model_variables",
        "moving_average_variables",
        "metric_variables",
        "global_step",
        "eval_step",
    }
)
_TRAINABLE = "trainable_variables"
_NODE_LIST, _BYTES_LIST = 1, 2  # the fields of a CollectionDef


@dataclass(frozen=True, slots=True)
class ModelVariable:
    """One variable of a model.

    Attributes:
        name: as its node is called, without `:0`.
        dtype: TensorFlow's name of the element type.
        shape: sizes in elements, None for one that is not known; None for no known rank.
        is_trainable: whether optimizers are to change it.
        collections: the collections that it is in, in the order of the file.
        part: where it lies in the variable of which it is a partition; None if it is whole.
    """

    name: str
    dtype: str
    shape: tuple[int | None, ...] | None
    is_trainable: bool
    collections: tuple[str, ...] = ()
    part: Part | None = None

    @property
    def saved_name(self) -> str:
        """The name under which a `Saver` saves it: that of the whole if it is a partition."""
        return self.part.full_name if self.part is not None else self.name


class Model:
    """The variables and node names of a model; never changes once it is made.

    Attributes:
        path: the file that was read.
        variables: all variables in the order of their names.
        is_saved_model: whether it is a `saved_model.pb`.
    """

    __slots__ = ("_by_name", "_names", "_nodes", "is_saved_model", "path", "variables")

    def __init__(
        self,
        path: str,
        variables: Iterable[ModelVariable],
        names: bytes = b"",
        *,
        is_saved_model: bool = False,
    ) -> None:
        """`names` are those of the nodes, each with a line break behind it."""
        self.path = path
        self.variables = tuple(sorted(variables, key=lambda variable: variable.name))
        self.is_saved_model = is_saved_model
        self._names = names
        self._nodes: tuple[str, ...] | None = None
        self._by_name: dict[str, ModelVariable] | None = None

    def __repr__(self) -> str:
        return f"<Model {self.path!r}, {len(self.variables)} variables>"

    def get(self, name: str) -> ModelVariable | None:
        """The variable called `name`, without `:0`; of several, the first."""
        if self._by_name is None:
            self._by_name = {each.name: each for each in reversed(self.variables)}
        return self._by_name.get(name)

    @property
    def saved_names(self) -> tuple[str, ...]:
        """The names under which a `Saver` over everything saves; each once, ascending."""
        return tuple(sorted({variable.saved_name for variable in self.variables}))

    @property
    def node_names(self) -> tuple[str, ...]:
        """The names of all nodes of the graph, ascending; made at the first use."""
        if self._nodes is None:
            text = self._names.decode("utf-8", "backslashreplace")
            self._nodes = tuple(sorted(set(text.split("\n")[:-1])))
        return self._nodes

    def has_node(self, name: str) -> bool:
        """Whether the graph has a node called `name`: what `get_operation_by_name` finds."""
        names = self.node_names
        position = bisect_left(names, name)
        return position < len(names) and names[position] == name


def find_model(checkpoint: Checkpoint | str) -> str | None:
    """The file that holds the model of a checkpoint or a prefix; None if there is none.

    That is the `.meta` beside it, or the `saved_model.pb` above `variables/variables`.
    """
    prefix = checkpoint if isinstance(checkpoint, str) else checkpoint.prefix
    directory, name = split(stem_of_part(prefix))
    shard = shard_of(name.replace("-?????-", "-00000-"))
    stem = join(directory, shard[0] if shard else name)
    if is_file(stem + ".meta"):
        return stem + ".meta"
    above, folder = split(directory)
    saved_model = join(above, "saved_model.pb")
    is_inside = name == folder == "variables"
    return saved_model if is_inside and is_file(saved_model) else None


def read_model(path: str | os.PathLike[str]) -> Model:
    """The model in a `.meta` or a `saved_model.pb`.

    Raises:
        CheckpointError: it is not there, damaged, too large, or a text graph.
    """
    given = os.fspath(path)
    if given.endswith(".pbtxt"):
        raise CheckpointUnsupported(
            "a graph in text form (.pbtxt) is not read",
            given,
            hint="save it in binary form, as .meta or saved_model.pb",
        )
    try:
        with open_file(given) as file:
            if file.size > MAX_MODEL_BYTES:
                raise CheckpointTooLarge("a model of more than 512 MiB is not read")
            with CollectorPaused():
                model = _read(Skimmer(file.read_at, file.size), given)
            file.check_unchanged()
    except CheckpointError as error:
        raise error.named(given) from None
    return model


def _read(skimmer: Skimmer, path: str) -> Model:
    """A SavedModel begins with a number, the version of its schema; a MetaGraphDef does not."""
    first = next(skimmer.fields(0, skimmer.size), None)
    if first is None:
        raise CheckpointDamaged("it is empty, no graph is in it", where=0)
    is_saved_model = first[:2] == (1, VARINT)
    names = bytearray()
    found: list[ModelVariable] = []
    for start, end in _meta_graphs(skimmer) if is_saved_model else ((0, skimmer.size),):
        graph = _MetaGraph(skimmer, start, end)
        names += graph.nodes.names
        known = {variable.name for variable in found}
        found += [variable for variable in graph.variables() if variable.name not in known]
    return Model(path, found, bytes(names), is_saved_model=is_saved_model)


def _meta_graphs(skimmer: Skimmer) -> list[tuple[int, int]]:
    """Where the MetaGraphDefs of a SavedModel lie, one for each set of tags."""
    spans = []
    for number, wire, a, b in skimmer.fields(0, skimmer.size):
        if number == 2 and wire == LENGTH:
            spans.append((a, b))
            if len(spans) > _MAX_META_GRAPHS:
                raise CheckpointTooLarge("more graphs than any model has", where=a)
    return spans


class _MetaGraph:
    """One MetaGraphDef, scanned."""

    def __init__(self, skimmer: Skimmer, start: int, end: int) -> None:
        self.nodes = Scan()
        self._skimmer = skimmer
        self._collections: dict[str, list[Definition]] = {}
        self._other_collections: dict[str, list[Definition]] = {}
        self._objects: list[ModelVariable] = []
        for number, wire, a, b in skimmer.fields(start, end):
            if wire != LENGTH:
                continue
            if number == 2:
                scan_nodes(skimmer, a, b, self.nodes)
            elif number == 4:
                self._add_collection(a, b)
            elif number == 7:
                self._add_objects(a, b)

    def variables(self) -> list[ModelVariable]:
        """By collections if there are any, else by objects, else by nodes."""
        kinds = self.nodes.variables
        if any(self._collections.values()):
            return _collected(self._collections | self._other_collections, kinds)
        if self._objects:
            return self._objects
        return [ModelVariable(name, kind.dtype, kind.shape, False) for name, kind in kinds.items()]

    def _add_collection(self, start: int, end: int) -> None:
        """One entry of the map `collection_def`: a key, and what it holds."""
        key, span = "", (start, start)
        for number, wire, a, b in self._skimmer.fields(start, end):
            if number == 1 and wire == LENGTH:
                key = decode_text(self._skimmer.read(a, min(b, a + 256)))
            elif number == 2 and wire == LENGTH:
                span = (a, b)
        is_ours = key in _COLLECTIONS
        found = self._collections if is_ours else self._other_collections
        held = found.setdefault(key, [])
        for is_message, value in self._held(*span):
            if is_ours or not is_message:
                held.append(decode_definition(value) if is_message else name_of_tensor(value))
                self._check_count(len(held), start)

    def _held(self, start: int, end: int) -> Iterator[tuple[bool, bytes]]:
        """What a CollectionDef holds: names of nodes, or (True, message)."""
        for kind, wire, a, b in self._skimmer.fields(start, end):
            if wire != LENGTH or kind not in (_NODE_LIST, _BYTES_LIST):
                continue
            for number, value_wire, c, d in self._skimmer.fields(a, b):
                if number == 1 and value_wire == LENGTH and d - c < _MAX_DEFINITION_BYTES:
                    yield kind == _BYTES_LIST, self._skimmer.read(c, d)

    def _check_count(self, count: int, where: int) -> None:
        if count > _MAX_VARIABLES:
            raise CheckpointTooLarge("more variables than any model has", where=where)

    def _add_objects(self, start: int, end: int) -> None:
        """The variables among the objects of a SavedModel of TensorFlow 2."""
        for number, wire, a, b in self._skimmer.fields(start, end):
            if number == 1 and wire == LENGTH and b - a < _MAX_DEFINITION_BYTES:
                found = decode_saved_object(self._skimmer.read(a, b))
                if found is not None and found.name:
                    self._objects.append(
                        ModelVariable(found.name, found.dtype, found.shape, found.is_trainable)
                    )
                    self._check_count(len(self._objects), start)


def _collected(
    collections: Mapping[str, list[Definition]], kinds: Mapping[str, NodeKind]
) -> list[ModelVariable]:
    found: dict[str, ModelVariable] = {}
    for key, definitions in collections.items():
        for definition in definitions:
            known = found.get(definition.name) or _defined(definition, kinds)
            if known is None:
                continue
            found[known.name] = replace(
                known,
                is_trainable=known.is_trainable or key == _TRAINABLE,
                collections=tuple(dict.fromkeys((*known.collections, key))),
                part=known.part or definition.part,
            )
    return list(found.values())


def _defined(definition: Definition, kinds: Mapping[str, NodeKind]) -> ModelVariable | None:
    """The variable of a definition, with what its node says; None for what is no variable."""
    kind = kinds.get(definition.name)
    if not definition.name or (kind is None and definition.is_bare):
        return None
    return ModelVariable(
        definition.name,
        kind.dtype if kind is not None else "",
        kind.shape if kind is not None else None,
        definition.is_trainable,
        part=definition.part,
    )
