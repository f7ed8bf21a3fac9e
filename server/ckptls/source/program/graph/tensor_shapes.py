"""Operations on tensors: the shapes of their results, as far as layers need them.

Source: the shape functions of the operations in TensorFlow 2.21.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from ckptls.source.inventory.model_inventory import Shape
from ckptls.source.program.core.arguments import Arguments
from ckptls.source.program.core.library import add_harmless, function
from ckptls.source.program.core.library_object import LibraryObject
from ckptls.source.program.core.objects import UNKNOWN, ListValue, Value
from ckptls.source.program.core.run_protocol import Run
from ckptls.source.program.graph.tensors import Tensor, broadcast_shapes
from ckptls.source.program.graph.variables import read_dtype, read_shape, read_size

_LIKE_FIRST = """
nn.relu nn.relu6 nn.elu nn.selu nn.leaky_relu nn.sigmoid nn.tanh nn.softmax nn.softplus nn.swish
nn.log_softmax nn.dropout nn.l2_normalize nn.local_response_normalization nn.lrn nn.bias_add
nn.silu nn.gelu nn.batch_normalization identity stop_gradient sigmoid tanh exp log sqrt
rsqrt square abs negative sign clip_by_value check_numerics Print zeros_like ones_like math.tanh
math.sigmoid math.exp floor reverse sort cumsum random_shuffle convert_to_tensor
"""
_HARMLESS = """
nn. math. image. data. summary. logging. gfile. io. random. linalg. strings. losses.
initializers. estimator.export. debugging. errors. python_io. signal. test.
train.start_queue_runners train.Coordinator train.exponential_decay train.batch
train.shuffle_batch train.polynomial_decay train.string_input_producer
train.slice_input_producer train.cosine_decay train.write_graph train.piecewise_constant
train.natural_exp_decay train.SessionRunHook train.NewCheckpointReader train.load_checkpoint
train.list_variables train.load_variable config. distribute. compat. version. sysconfig.
app. flags. dtypes.
"""
add_harmless(f"tensorflow.{name}" for name in _HARMLESS.split())


def tensor_of(value: Value) -> Tensor:
    """A value as a tensor: itself, or one of which nothing is known."""
    return value if isinstance(value, Tensor) else Tensor()


def first_tensor(arguments: Arguments) -> Tensor:
    """The tensor that a call is about: its first argument."""
    given = [*arguments.positional, *arguments.keywords.values()]
    return next((each for each in given if isinstance(each, Tensor)), Tensor())


def last_size(tensor: Tensor) -> int | None:
    """The number of channels, or of units."""
    return tensor.shape[-1] if tensor.shape else None


def with_last(tensor: Tensor, size: int | None, spatial: Shape | None = None) -> Tensor:
    """A tensor of the same kind with another number of channels."""
    if tensor.shape is None:
        return Tensor(None, tensor.dtype)
    middle = tensor.shape[1:-1] if spatial is None else spatial
    return Tensor((tensor.shape[0], *middle, size), tensor.dtype)


def sizes_of(run: Run, value: Value, count: int) -> list[int | None]:
    """The sizes of a kernel or of strides in each dimension: one number, or several."""
    if isinstance(value, int) and not isinstance(value, bool):
        return [value] * count
    items = run.iterate(value)
    if items is None:
        return [None] * count
    sizes = [read_size(run, item) for item in items]
    return sizes * count if len(sizes) == 1 else sizes


def slide(
    spatial: Shape, kernel: list[int | None], strides: list[int | None], padding: Value
) -> Shape:
    """The spatial sizes behind a convolution or pooling."""
    found: list[int | None] = []
    is_same = isinstance(padding, str) and padding.upper() == "SAME"
    for size, width, stride in zip(spatial, kernel, strides, strict=False):
        if size is None or stride is None or (width is None and not is_same):
            found.append(None)
        elif is_same:
            found.append(math.ceil(size / stride))
        elif isinstance(padding, str) and width is not None:
            found.append(max(math.ceil((size - width + 1) / stride), 0))
        else:
            found.append(None)
    return tuple(found) if len(found) == len(spatial) else tuple(None for _ in spatial)


def _tensorflow(*names: str) -> Callable[[Callable[[Run, Arguments], Value]], None]:
    def register(made: Callable[[Run, Arguments], Value]) -> None:
        function(*(f"tensorflow.{name}" for name in names))(made)

    return register


@_tensorflow(*_LIKE_FIRST.split())
def _like_first(run: Run, arguments: Arguments) -> Value:
    first = first_tensor(arguments)
    return Tensor(first.shape, first.dtype)


@_tensorflow(
    *("maximum", "minimum", "add", "subtract", "multiply", "divide", "pow"),
    *("math.maximum", "math.minimum", "math.add", "math.subtract", "math.multiply"),
)
def _broadcast(run: Run, arguments: Arguments) -> Value:
    bound = arguments.bind("x y")
    one, other = tensor_of(bound["x"]), tensor_of(bound["y"])
    for value in (bound["x"], bound["y"]):
        if type(value) in (int, float):
            return Tensor((other if value is bound["x"] else one).shape, one.dtype or other.dtype)
    return Tensor(broadcast_shapes(one.shape, other.shape), one.dtype)


@_tensorflow("placeholder", "placeholder_with_default")
def _placeholder(run: Run, arguments: Arguments) -> Value:
    if arguments.function.endswith("default"):
        bound = arguments.bind("input shape")
        return Tensor(read_shape(run, bound["shape"]), tensor_of(bound["input"]).dtype)
    bound = arguments.bind("dtype shape")
    return Tensor(read_shape(run, bound["shape"]), read_dtype(bound["dtype"]))


@_tensorflow(
    *("zeros", "ones", "random_normal", "random_uniform", "truncated_normal", "fill"),
    *("random.normal", "random.uniform", "random.truncated_normal"),
)
def _filled(run: Run, arguments: Arguments) -> Value:
    bound = arguments.bind("shape|dims")
    is_plain = arguments.function.endswith((".zeros", ".ones"))
    given = bound.get(
        "dtype", arguments.positional[1] if is_plain and len(arguments.positional) > 1 else None
    )
    dtype = read_dtype(given) if given is not None else "float32"
    return Tensor(read_shape(run, bound["shape"]), dtype)


@_tensorflow("constant")
def _constant(run: Run, arguments: Arguments) -> Value:
    bound = arguments.bind("value dtype shape")
    shape = read_shape(run, bound["shape"]) if bound["shape"] is not None else None
    value, dtype = bound["value"], read_dtype(bound["dtype"])
    if bound["shape"] is None:
        shape = _shape_of_value(value)
    if dtype is None and bound["dtype"] is None:
        flat = value
        while isinstance(flat, ListValue) and flat.items:
            flat = flat.items[0]
        kinds = {float: "float32", int: "int32", bool: "bool", str: "string"}
        dtype = kinds.get(type(flat))
    return Tensor(shape, dtype)


def _shape_of_value(value: Value) -> Shape | None:
    if isinstance(value, bool | int | float | str):
        return ()
    items = value.items if isinstance(value, ListValue) and value.is_exact else None
    if isinstance(value, tuple):
        items = list(value)
    if not items:
        return None
    inner = _shape_of_value(items[0])
    return None if inner is None else (len(items), *inner)


@_tensorflow("cast", "to_float", "to_int32", "to_int64", "saturate_cast")
def _cast(run: Run, arguments: Arguments) -> Value:
    last = arguments.function.rpartition("to_")[2]
    given = arguments.bind("x dtype")["dtype"]
    dtype = (
        {"float": "float32"}.get(last, last) if "to_" in arguments.function else read_dtype(given)
    )
    return Tensor(first_tensor(arguments).shape, dtype)


@_tensorflow("reshape")
def _reshape(run: Run, arguments: Arguments) -> Value:
    bound = arguments.bind("tensor shape")
    before = tensor_of(bound["tensor"])
    items = run.iterate(bound["shape"])
    if items is None:
        return Tensor(None, before.dtype)
    sizes = [-1 if item == -1 else read_size(run, item) for item in items]
    if sizes.count(-1) == 1 and None not in sizes and before.shape is not None:
        known = [each for each in before.shape if each is not None]
        rest = math.prod(each for each in sizes if each is not None and each > 0)
        if len(known) == len(before.shape) and rest:
            sizes[sizes.index(-1)] = math.prod(known) // rest
    return Tensor(tuple(None if size == -1 else size for size in sizes), before.dtype)


@_tensorflow("concat")
def _concat(run: Run, arguments: Arguments) -> Value:
    bound = arguments.bind("values axis|concat_dim")
    values, axis = bound["values"], bound["axis"]
    if isinstance(values, int):  # before TensorFlow 1.0 the axis came first
        values, axis = axis, values
    items = run.iterate(values)
    shapes = [tensor_of(item).shape for item in items or ()]
    if not shapes or not isinstance(axis, int) or any(shape is None for shape in shapes):
        return Tensor(None, first_tensor(arguments).dtype)
    first = list(shapes[0] or ())
    if not -len(first) <= axis < len(first) or any(len(s or ()) != len(first) for s in shapes):
        return Tensor()
    along = [(shape or ())[axis] for shape in shapes]
    first[axis] = None if None in along else sum(each for each in along if each is not None)
    return Tensor(tuple(first), tensor_of((items or [None])[0]).dtype)


@_tensorflow("expand_dims")
def _expand(run: Run, arguments: Arguments) -> Value:
    bound = arguments.bind("input axis|dim")
    before, axis = tensor_of(bound["input"]), bound["axis"]
    if isinstance(axis, ListValue) and axis.is_exact and len(axis.items) == 1:
        axis = axis.items[0]
    if before.shape is None or not isinstance(axis, int):
        return Tensor(None, before.dtype)
    sizes = list(before.shape)
    sizes.insert(axis if axis >= 0 else len(sizes) + 1 + axis, 1)
    return Tensor(tuple(sizes), before.dtype)


@_tensorflow("squeeze")
def _squeeze(run: Run, arguments: Arguments) -> Value:
    bound = arguments.bind("input axis|squeeze_dims")
    before = tensor_of(bound["input"])
    axes = run.iterate(bound["axis"]) if bound["axis"] is not None else None
    if before.shape is None or axes is None or not all(isinstance(axis, int) for axis in axes):
        return Tensor(None, before.dtype)
    gone = {axis % len(before.shape) for axis in axes}
    return Tensor(tuple(s for i, s in enumerate(before.shape) if i not in gone), before.dtype)


@_tensorflow("transpose")
def _transpose(run: Run, arguments: Arguments) -> Value:
    bound = arguments.bind("a perm")
    before = tensor_of(bound["a"])
    order = run.iterate(bound["perm"])
    if (
        before.shape is None
        or order is None
        or sorted(map(str, order)) != sorted(map(str, range(len(before.shape))))
    ):
        return Tensor(None, before.dtype)
    return Tensor(tuple(before.shape[axis] for axis in order), before.dtype)


@_tensorflow("matmul", "linalg.matmul")
def _matmul(run: Run, arguments: Arguments) -> Value:
    bound = arguments.bind("a b transpose_a transpose_b")
    one, other = tensor_of(bound["a"]), tensor_of(bound["b"])
    if one.shape is None or other.shape is None or bound["transpose_a"] or len(other.shape) < 2:
        return Tensor(None, one.dtype)
    return Tensor((*one.shape[:-1], other.shape[-2 if bound["transpose_b"] else -1]), one.dtype)


@_tensorflow("nn.embedding_lookup", "gather")
def _lookup(run: Run, arguments: Arguments) -> Value:
    bound = arguments.bind("params ids|indices")
    table, ids = tensor_of(bound["params"]), tensor_of(bound["ids"])
    if table.shape is None or ids.shape is None:
        return Tensor(None, table.dtype)
    return Tensor((*ids.shape, *table.shape[1:]), table.dtype)


@_tensorflow("nn.conv2d", "nn.conv1d", "nn.conv3d", "nn.atrous_conv2d", "nn.convolution")
def _conv(run: Run, arguments: Arguments) -> Value:
    bound = arguments.bind("input|value filter|filters strides|rate|stride padding")
    before, kernel = tensor_of(bound["input"]), tensor_of(bound["filter"])
    if before.shape is None or not kernel.shape:
        return Tensor(None, before.dtype)
    spatial = before.shape[1:-1]
    strides = sizes_of(run, bound["strides"], len(spatial))
    if len(strides) == len(spatial) + 2:
        strides = strides[1:-1]
    if arguments.function.endswith(("atrous_conv2d", "convolution")):
        strides = [1] * len(spatial)
    found = slide(spatial, list(kernel.shape[:-2]), strides, bound["padding"])
    return with_last(before, kernel.shape[-1], found)


@_tensorflow("nn.max_pool", "nn.avg_pool", "nn.max_pool2d", "nn.avg_pool2d")
def _pool(run: Run, arguments: Arguments) -> Value:
    bound = arguments.bind("value|input ksize strides padding")
    before = tensor_of(bound["value"])
    if before.shape is None:
        return before
    spatial = before.shape[1:-1]
    both = [sizes_of(run, bound[name], len(spatial)) for name in ("ksize", "strides")]
    kernel, strides = (e[1:-1] if len(e) == len(spatial) + 2 else e for e in both)
    found = slide(spatial, kernel, strides, bound["padding"])
    return Tensor((before.shape[0], *found, before.shape[-1]), before.dtype)


@_tensorflow("reduce_mean", "reduce_sum", "reduce_max", "reduce_min", "math.reduce_mean")
def _reduce(run: Run, arguments: Arguments) -> Value:
    bound = arguments.bind("input_tensor axis keepdims|keep_dims", keepdims=False)
    before = tensor_of(bound["input_tensor"])
    axis = bound.get("reduction_indices", bound["axis"])
    if axis is None:
        return Tensor((), before.dtype)
    axes = [axis] if isinstance(axis, int) else run.iterate(axis)
    keep = run.truth(bound.get("keep_dims", bound["keepdims"]) or False)
    if before.shape is None or axes is None or keep is None:
        return Tensor(None, before.dtype)
    if not all(isinstance(each, int) for each in axes):
        return Tensor(None, before.dtype)
    gone = {each % len(before.shape) for each in axes} if before.shape else set()
    sizes = [1 if i in gone else s for i, s in enumerate(before.shape) if keep or i not in gone]
    return Tensor(tuple(sizes), before.dtype)


@_tensorflow("pad")
def _pad(run: Run, arguments: Arguments) -> Value:
    bound = arguments.bind("tensor paddings")
    before, rows = tensor_of(bound["tensor"]), run.iterate(bound["paddings"])
    if before.shape is None or rows is None or len(rows) != len(before.shape):
        return Tensor(None, before.dtype)
    sizes = (_padded(run, size, row) for size, row in zip(before.shape, rows, strict=True))
    return Tensor(tuple(sizes), before.dtype)


def _padded(run: Run, size: int | None, row: Value) -> int | None:
    both = [read_size(run, each) for each in run.iterate(row) or ()]
    if size is None or len(both) != 2 or None in both:
        return None
    return size + sum(each for each in both if each is not None)


@_tensorflow("image.resize_bilinear", "image.resize_nearest_neighbor", "image.resize_images")
def _resize(run: Run, arguments: Arguments) -> Value:
    before = first_tensor(arguments)
    if before.shape is None or len(before.shape) != 4:
        return Tensor(None, before.dtype)
    return Tensor((before.shape[0], None, None, before.shape[-1]), before.dtype)


@_tensorflow("stack", "unstack", "split")
def _several(run: Run, arguments: Arguments) -> Value:
    return UNKNOWN


@_tensorflow("cond")
def _cond(run: Run, arguments: Arguments) -> Value:
    bound = arguments.bind("pred true_fn|fn1 false_fn|fn2")
    truth = run.truth(bound["pred"])
    ways = [bound["true_fn"], bound["false_fn"]]
    if truth is not None:
        return run.call(ways[0 if truth else 1], Arguments())
    # Both functions are called when the graph is built.
    found = [run.call(way, Arguments()) for way in ways]
    return found[0] if isinstance(found[0], Tensor) else UNKNOWN


class Opaque(LibraryObject):
    """An object that is there, and of which nothing else matters: an initializer, a regularizer."""

    def truth(self, run: Run) -> bool | None:
        return True

    def call(self, run: Run, arguments: Arguments) -> Value:
        return Tensor(read_shape(run, arguments.positional[0] if arguments.positional else None))


_OPAQUE = """
zeros ones constant random_normal truncated_normal random_uniform uniform_unit_scaling
variance_scaling orthogonal glorot_uniform glorot_normal he_normal he_uniform
"""
_OPAQUE_SLIM = """
xavier_initializer xavier_initializer_conv2d variance_scaling_initializer l2_regularizer
l1_regularizer l1_l2_regularizer sum_regularizer
"""


def _make_opaque(run: Run, arguments: Arguments) -> Value:
    return Opaque()


for _name in _OPAQUE.split():
    function(f"tensorflow.{_name}_initializer", f"tensorflow.initializers.{_name}")(_make_opaque)
for _name in _OPAQUE_SLIM.split():
    function(f"tf_slim.{_name}", f"tf_slim.initializers.{_name}")(_make_opaque)
