"""Variables of graphs: `tf.get_variable` and `tf.Variable`."""

from __future__ import annotations

from collections.abc import Iterable

from ckptls.source.inventory.model_inventory import (
    Certainty,
    CodeSpan,
    ModelVariable,
    Purpose,
    Shape,
)
from ckptls.source.program.core.arguments import Arguments
from ckptls.source.program.core.library import add_constants, function
from ckptls.source.program.core.library_object import LibraryObject, Method
from ckptls.source.program.core.objects import (
    UNKNOWN,
    DictValue,
    LibraryName,
    ListValue,
    PartialText,
    Value,
)
from ckptls.source.program.core.run_protocol import Run
from ckptls.source.program.graph.graph_state import (
    HOLE,
    Graph,
    GraphState,
    current_graph,
    merge_shapes,
    name_value,
    read_name,
)
from ckptls.source.program.graph.scopes import current_scope
from ckptls.source.program.graph.tensors import Tensor
from ckptls.source.semantics.site_emitter import known_dtype

GLOBAL_VARIABLES = "variables"
LOCAL_VARIABLES = "local_variables"
TRAINABLE_VARIABLES = "trainable_variables"
MODEL_VARIABLES = "model_variables"
MOVING_AVERAGE_VARIABLES = "moving_average_variables"


class VariableObject(Tensor):
    """A variable, which is also a tensor.

    name: with all scopes, without `:0`; a template where parts are not known.
    blocks: the blocks of uncertain code that it was made in.
    parts: of a partitioned variable, the variables that it consists of.
    whole/part: for such a part, the name under which it is saved, and its offsets and sizes there.
    """

    def __init__(
        self,
        name: str,
        shape: Shape | None,
        dtype: str | None,
        *,
        is_trainable: bool | None = True,
        collections: Iterable[str] = (),
        purpose: Purpose = Purpose.WEIGHT,
        place: CodeSpan | None = None,
        name_places: tuple[CodeSpan, ...] = (),
        maker: str = "",
        of: str | None = None,
        blocks: tuple[int, ...] = (),
    ) -> None:
        super().__init__(shape, dtype)
        self.name = name
        self.is_trainable = is_trainable
        self.collections = set(collections)
        self.purpose = purpose
        self.place = place
        self.name_places = name_places
        self.maker = maker
        self.of = of
        self.blocks = blocks
        self.whole = name
        self.part: tuple[tuple[int, int], ...] | None = None
        # Whether it may not be there although the code that makes it is reached.
        self.is_conditional = False

    @property
    def is_exact(self) -> bool:
        return HOLE not in self.name

    def is_made(self, run: Run) -> bool:
        """Whether it is there whenever the code that is run now is reached."""
        return run.blocks[: len(self.blocks)] == self.blocks

    def record(self, run: Run) -> ModelVariable:
        """The variable as plain data, as seen from the code that is run now."""
        return ModelVariable(
            self.name,
            self.shape,
            self.dtype,
            self.is_trainable,
            frozenset(self.collections),
            Certainty.MUST if self.is_made(run) and not self.is_conditional else Certainty.MAY,
            self.purpose,
            self.place,
            self.name_places,
            self.maker,
            self.is_exact,
            self.of,
        )

    def get_attribute(self, run: Run, name: str) -> Value:
        if name == "name":
            return name_value(f"{self.name}:0")
        if name == "op":
            return VariableOperation(self)
        if name == "_shared_name":
            return name_value(self.name)
        if name == "trainable":
            return UNKNOWN if self.is_trainable is None else self.is_trainable
        if name in ("initialized_value", "read_value", "value"):
            return Method(self, name, lambda run, variable, _: Tensor(self.shape, self.dtype))
        if name in ("assign", "assign_add", "assign_sub"):
            return Method(self, name, lambda run, variable, _: variable)
        return super().get_attribute(run, name)

    def truth(self, run: Run) -> bool | None:
        # Comparing a variable with nothing (`if ema_var`) is done for what may be None.
        return True


class VariableOperation(LibraryObject):
    """The operation of a variable: `v.op`."""

    def __init__(self, variable: VariableObject) -> None:
        self.variable = variable

    def get_attribute(self, run: Run, name: str) -> Value:
        return name_value(self.variable.name) if name == "name" else UNKNOWN


class TrueGetter(LibraryObject):
    """What a `custom_getter` is given to make the variable with."""

    def __init__(self, maker: str, collections: Value, purpose: Purpose) -> None:
        self.maker = maker
        self.collections = collections
        self.purpose = purpose

    def call(self, run: Run, arguments: Arguments) -> Value:
        given = arguments.bind(_GETTER_PARAMETERS, trainable=None)
        return _get_in_store(
            run,
            read_name(given["name"]),
            read_shape(run, given["shape"]),
            read_dtype(given["dtype"]),
            trainable=True if given["trainable"] is None else given["trainable"],
            collections=self.collections if given["collections"] is None else given["collections"],
            initializer=given["initializer"],
            maker=self.maker,
            purpose=self.purpose,
        )


_GETTER_PARAMETERS = "name shape dtype initializer regularizer reuse trainable collections"


def read_shape(run: Run, value: Value) -> Shape | None:
    """The shape that a value stands for; None where not even its length is known."""
    if isinstance(value, bool) or value is None or value is UNKNOWN:
        return None
    if isinstance(value, int):
        return (value,)
    items = run.iterate(value)
    if items is None:
        return None
    return tuple(read_size(run, item) for item in items)


def read_size(run: Run, value: Value) -> int | None:
    """The size that a value stands for, also a dimension of a shape; None if it is not known."""
    if isinstance(value, float) and value == int(value):
        return int(value)
    if isinstance(value, LibraryObject):
        value = run.get_attribute(value, "value")
    is_size = isinstance(value, int) and not isinstance(value, bool) and value >= 0
    return value if is_size else None


def read_dtype(value: Value) -> str | None:
    """The dtype that a value stands for, as checkpoints call it; None if it is not known."""
    if isinstance(value, LibraryName):
        value = value.name.rsplit(".", 1)[-1]
    if not isinstance(value, str):
        return None
    name = value.removesuffix("_ref")
    return "int32" if name == "int" else known_dtype(name)


def read_keys(run: Run, value: Value) -> list[str] | None:
    """Names of collections; None where they are not known."""
    items = [value] if isinstance(value, str) else run.iterate(value)
    if items is None or not all(isinstance(item, str) for item in items):
        return None
    return items


def make_variable(
    run: Run,
    name: Value,
    shape: Shape | None = None,
    dtype: str | None = None,
    *,
    trainable: Value = True,
    collections: Value = None,
    initializer: Value = None,
    maker: str = "",
    purpose: Purpose = Purpose.WEIGHT,
    of: str | None = None,
    custom_getter: Value = None,
    reuse: Value = None,
) -> Value:
    """What `tf.get_variable` gives in the variable scope that is open.

    name: without the scopes. dtype: None for the scope's, which is float32 if it has none.
    collections: names as a value of the program; None for `GLOBAL_VARIABLES`.
    """
    scope = current_scope(run)
    full = f"{scope.name}/{read_name(name)}" if scope.name else read_name(name)
    getter = scope.settings.get("custom_getter") if custom_getter is None else custom_getter
    if dtype is None:
        dtype = read_dtype(scope.settings.get("dtype")) or "float32"
    if getter is not None and getter is not UNKNOWN:
        return run.call(
            getter,
            Arguments(
                (TrueGetter(maker, collections, purpose), name_value(full)),
                {
                    "shape": _shape_value(shape),
                    "dtype": dtype,
                    "initializer": initializer,
                    "trainable": trainable,
                    "collections": collections,
                },
                place=run.place(),
            ),
        )
    if getter is UNKNOWN:
        run.note_gap("a getter of variables is not known")
    return _get_in_store(
        run,
        full,
        shape,
        dtype,
        trainable=trainable,
        collections=collections,
        initializer=initializer,
        maker=maker,
        purpose=purpose,
        of=of,
        reuse=reuse,
    )


def _shape_value(shape: Shape | None) -> Value:
    if shape is None:
        return UNKNOWN
    return ListValue([UNKNOWN if size is None else size for size in shape])


def _get_in_store(
    run: Run,
    full: str,
    shape: Shape | None,
    dtype: str | None,
    *,
    trainable: Value,
    collections: Value,
    initializer: Value,
    maker: str,
    purpose: Purpose,
    of: str | None = None,
    reuse: Value = None,
) -> Value:
    graph = current_graph(run)
    scope = current_scope(run)
    how = scope.reuse if reuse is None else reuse
    if shape is None:
        shape, dtype = _of_initial(run, initializer, dtype)
    found = graph.store.get(full) if HOLE not in full else None
    if found is not None:
        if how is False or how is None:
            _make_again(run, found, shape)
        return found
    if how is True and not graph.gaps(run) and HOLE not in full:
        run.note_gap(f"`{full}` is reused and was not made, which is an error")
    name = full if HOLE in full else graph.take_name(run, full)
    made = add_variable(
        run,
        graph,
        name,
        shape,
        dtype,
        trainable=trainable,
        collections=collections,
        maker=maker,
        purpose=purpose,
        of=of,
    )
    if HOLE not in full:
        graph.store[full] = made
    return made


def _make_again(run: Run, found: VariableObject, shape: Shape | None) -> None:
    """A variable is made that is there already: TensorFlow raises, unless it was made in a branch
    that excludes this one."""
    if found.is_made(run):
        run.note_gap(f"`{found.name}` is made twice, which is an error")
        return
    if found.shape != shape:
        found.shape = merge_shapes(found.shape, shape)
    shared = 0
    for mine, its in zip(run.blocks, found.blocks, strict=False):
        if mine != its:
            break
        shared += 1
    if shared == len(run.blocks):
        found.blocks = run.blocks


def add_variable(
    run: Run,
    graph: Graph,
    name: str,
    shape: Shape | None,
    dtype: str | None,
    *,
    trainable: Value = True,
    collections: Value = None,
    maker: str = "",
    purpose: Purpose = Purpose.WEIGHT,
    of: str | None = None,
) -> VariableObject:
    """Adds a variable of a full name to a graph and its collections."""
    keys = [GLOBAL_VARIABLES] if collections is None else read_keys(run, collections)
    is_trainable = None if trainable is UNKNOWN else run.truth(trainable)
    if keys is None:
        run.note_gap("the collections of a variable are not known")
        keys = [GLOBAL_VARIABLES]
    elif not keys:
        keys = [GLOBAL_VARIABLES]
    keys = list(dict.fromkeys(keys))
    if is_trainable and TRAINABLE_VARIABLES not in keys:
        keys.append(TRAINABLE_VARIABLES)
    place = run.place()
    scope = current_scope(run)
    made = VariableObject(
        name,
        shape,
        dtype,
        is_trainable=is_trainable,
        collections=keys,
        purpose=purpose,
        place=place,
        name_places=(*scope.places, *((place,) if place is not None else ())),
        maker=maker,
        of=of,
        blocks=run.blocks,
    )
    graph.variables.append(made)
    for key in keys:
        graph.collection(key).items.append(made)
    if is_trainable is None:
        graph.collection(TRAINABLE_VARIABLES).is_exact = False
    return made


def _of_initial(run: Run, initial: Value, dtype: str | None) -> tuple[Shape | None, str | None]:
    """Shape and dtype of an initial value that a program gives."""
    if isinstance(initial, Tensor):
        return initial.shape, initial.dtype if initial.dtype is not None else dtype
    if isinstance(initial, bool):
        return (), "bool"
    if isinstance(initial, int):
        return (), "int32"
    if isinstance(initial, float):
        return (), "float32"
    if isinstance(initial, str):
        return (), "string"
    if isinstance(initial, ListValue | tuple):
        items = list(initial) if isinstance(initial, tuple) else initial.items
        is_exact = isinstance(initial, tuple) or initial.is_exact
        if not items:
            return ((0,) if is_exact else None), dtype
        inner, kind = _of_initial(run, items[0], dtype)
        if inner is None:
            return None, kind
        return (len(items) if is_exact else None, *inner), kind
    return None, dtype


def make_plain_variable(
    run: Run,
    name: Value = None,
    shape: Shape | None = None,
    dtype: str | None = None,
    *,
    initial_value: Value = None,
    trainable: Value = True,
    collections: Value = None,
    maker: str = "tensorflow.Variable",
    purpose: Purpose = Purpose.WEIGHT,
    of: str | None = None,
) -> VariableObject:
    """What `tf.Variable` gives: its name is inside the name scope, and numbered.

    name: None for TensorFlow's default. shape and dtype: None for the initial value's.
    """
    graph = current_graph(run)
    kind: str | None = None
    if shape is None or dtype is None:
        initial_shape, kind = _of_initial(run, initial_value, None)
        shape = initial_shape if shape is None else shape
    is_default = name is None
    full = graph.take_scoped_name(run, "Variable" if is_default else read_name(name), is_default)
    return add_variable(
        run,
        graph,
        full,
        shape,
        dtype or kind,
        trainable=trainable,
        collections=collections,
        maker=maker,
        purpose=purpose,
        of=of,
    )


_GET_VARIABLE = (
    "name shape dtype initializer regularizer trainable collections caching_device partitioner"
    " validate_shape use_resource custom_getter constraint"
)


@function(
    "tensorflow.get_variable",
    "tensorflow.get_local_variable",
    "tf_slim.variable",
    "tf_slim.model_variable",
    "tf_slim.local_variable",
    "tensorflow.contrib.framework.variable",
    "tensorflow.contrib.framework.model_variable",
    "tensorflow.contrib.framework.local_variable",
)
def get_variable(run: Run, arguments: Arguments) -> Value:
    given = arguments.bind(_GET_VARIABLE, trainable=None)
    collections = given["collections"]
    trainable = True if given["trainable"] is None else given["trainable"]
    if arguments.function.endswith("model_variable"):
        collections = _with_keys(run, collections, GLOBAL_VARIABLES, MODEL_VARIABLES)
    elif arguments.function.endswith("local_variable"):
        collections, trainable = (LOCAL_VARIABLES,), False
    elif arguments.function != "tensorflow.get_variable":
        collections = _with_keys(run, collections, GLOBAL_VARIABLES)
    if given["use_resource"] is True:
        run.state(GraphState).has_resource_variables = True
    return make_variable(
        run,
        given["name"],
        read_shape(run, given["shape"]),
        read_dtype(given["dtype"]),
        trainable=trainable,
        collections=collections,
        initializer=given["initializer"],
        maker=arguments.function or "tensorflow.get_variable",
        custom_getter=given["custom_getter"],
    )


def _with_keys(run: Run, collections: Value, *keys: str) -> Value:
    own = [] if collections is None else read_keys(run, collections)
    return UNKNOWN if own is None else tuple(dict.fromkeys((*own, *keys)))


@function("tensorflow.Variable")
def make_tensorflow_variable(run: Run, arguments: Arguments) -> Value:
    given = arguments.bind(
        "initial_value trainable collections validate_shape caching_device name variable_def dtype"
        " expected_shape import_scope constraint use_resource synchronization aggregation shape",
        trainable=True,
    )
    initial = given["initial_value"]
    if is_callable(initial):
        initial = run.call(initial, Arguments())
    return make_plain_variable(
        run,
        given["name"],
        read_shape(run, given["shape"]),
        read_dtype(given["dtype"]),
        initial_value=initial,
        trainable=True if given["trainable"] is None else given["trainable"],
        collections=given["collections"],
    )


def is_callable(value: Value) -> bool:
    """Whether a value is a function of the program, as far as its kind tells."""
    known = (LibraryObject, LibraryName, ListValue, DictValue, PartialText)
    plain = (bool, int, float, complex, str, bytes, tuple, range)
    return value is not UNKNOWN and value is not None and not isinstance(value, known + plain)


add_constants(
    {
        f"tensorflow.GraphKeys.{name.upper()}": value
        for name, value in {
            "global_variables": GLOBAL_VARIABLES,
            "variables": GLOBAL_VARIABLES,
            "local_variables": LOCAL_VARIABLES,
            "trainable_variables": TRAINABLE_VARIABLES,
            "model_variables": MODEL_VARIABLES,
            "moving_average_variables": MOVING_AVERAGE_VARIABLES,
            "global_step": "global_step",
            "update_ops": "update_ops",
            "losses": "losses",
            "regularization_losses": "regularization_losses",
            "summaries": "summaries",
            "weights": "weights",
            "biases": "biases",
            "saveable_objects": "saveable_objects",
            "init_op": "init_op",
        }.items()
    }
)
