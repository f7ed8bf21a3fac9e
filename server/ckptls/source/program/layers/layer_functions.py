"""Layers that make their variables where they are called: `tf.layers`, slim and contrib.

Source: `convolutional.py`, `core.py` and `normalization.py` of Keras 2 (`legacy_tf_layers`), and
`layers.py` of tf_slim 1.1.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from ckptls.source.inventory.model_inventory import Purpose, Shape
from ckptls.source.program.core.arguments import Arguments
from ckptls.source.program.core.library import add_harmless, function
from ckptls.source.program.core.objects import UNKNOWN, DictValue, LibraryName, ListValue, Value
from ckptls.source.program.core.run_protocol import Run
from ckptls.source.program.graph.scopes import open_scope
from ckptls.source.program.graph.tensor_shapes import (
    first_tensor,
    last_size,
    sizes_of,
    slide,
    tensor_of,
    with_last,
)
from ckptls.source.program.graph.tensors import Tensor
from ckptls.source.program.graph.variables import (
    GLOBAL_VARIABLES,
    MODEL_VARIABLES,
    make_variable,
    read_size,
)
from ckptls.source.program.layers.arg_scopes import defaults_of, key_of

_SLIM_KEYS = (GLOBAL_VARIABLES, MODEL_VARIABLES)
Layer = Callable[[Run, Arguments], Value]


_KERNEL = "kernel_initializer bias_initializer kernel_regularizer bias_regularizer"
_REST = "activity_regularizer kernel_constraint bias_constraint trainable name reuse"
_SEPARABLE = (
    "depthwise_initializer pointwise_initializer bias_initializer depthwise_regularizer"
    " pointwise_regularizer bias_regularizer activity_regularizer depthwise_constraint"
    " pointwise_constraint bias_constraint trainable name reuse"
)
_SLIM_REST = (
    "weights_regularizer biases_initializer biases_regularizer reuse variables_collections"
    " outputs_collections trainable scope"
)
_CONV = "inputs filters kernel_size strides padding data_format"
_SLIM_CONV = "inputs num_outputs kernel_size stride padding data_format"
_NORMALIZED = "activation_fn normalizer_fn normalizer_params weights_initializer"
# The parameters of each layer in order.
_PARAMETERS = {
    "tensorflow.layers.dense": f"inputs units activation use_bias {_KERNEL} {_REST}",
    "tensorflow.layers.conv": f"{_CONV} dilation_rate activation use_bias {_KERNEL} {_REST}",
    "tensorflow.layers.transpose": f"{_CONV} activation use_bias {_KERNEL} {_REST}",
    "tensorflow.layers.separable": (
        f"{_CONV} dilation_rate depth_multiplier activation use_bias {_SEPARABLE}"
    ),
    "tensorflow.layers.batch_normalization": (
        "inputs axis momentum epsilon center scale beta_initializer gamma_initializer"
        " moving_mean_initializer moving_variance_initializer beta_regularizer gamma_regularizer"
        " beta_constraint gamma_constraint training trainable name reuse renorm"
    ),
    "tensorflow.layers.pooling": "inputs pool_size strides padding data_format name",
    "conv": f"{_SLIM_CONV} rate {_NORMALIZED} {_SLIM_REST}",
    "transpose": f"{_SLIM_CONV} {_NORMALIZED} {_SLIM_REST}",
    "separable_conv2d": (
        "inputs num_outputs kernel_size depth_multiplier stride padding data_format rate"
        f" {_NORMALIZED} pointwise_initializer {_SLIM_REST}"
    ),
    "fully_connected": f"inputs num_outputs {_NORMALIZED} {_SLIM_REST}",
    "batch_norm": (
        "inputs decay center scale epsilon activation_fn param_initializers param_regularizers"
        " updates_collections is_training reuse variables_collections outputs_collections"
        " trainable batch_weights fused data_format zero_debias_moving_mean scope renorm"
    ),
    "layer_norm": (
        "inputs center scale activation_fn reuse variables_collections outputs_collections"
        " trainable begin_norm_axis begin_params_axis scope"
    ),
    "instance_norm": (
        "inputs center scale epsilon activation_fn param_initializers reuse"
        " variables_collections outputs_collections trainable data_format scope"
    ),
    "pool": "inputs kernel_size stride padding data_format outputs_collections scope",
    "stack": "inputs layer stack_args",
}


def tf_layer(kind: str, *names: str) -> Callable[[Layer], Layer]:
    """Registers functions of `tf.layers` that take the parameters of a kind."""

    def register(made: Layer) -> Layer:
        parameters = _PARAMETERS[f"tensorflow.layers.{kind}"]

        def call(run: Run, arguments: Arguments) -> Value:
            return made(run, arguments.named(parameters))

        function(*(f"tensorflow.layers.{name}" for name in names or (kind,)))(call)
        return made

    return register


def slim(kind: str, *names: str) -> Callable[[Layer], Layer]:
    """Registers layers of slim that take the parameters of a kind, and defaults of `arg_scope`,
    under all of their names."""

    def register(made: Layer) -> Layer:
        def call(run: Run, arguments: Arguments) -> Value:
            key = key_of(LibraryName(arguments.function))
            given = arguments.named(_PARAMETERS[kind]) if kind in _PARAMETERS else arguments
            return made(run, given.with_keywords(defaults_of(run, key)))

        homes = ("tf_slim", "tf_slim.layers", "tf_slim.layers.layers")
        function(*(f"{home}.{name}" for home in homes for name in names or (kind,)))(call)
        return made

    return register


def _make(
    run: Run,
    arguments: Arguments,
    name: str,
    shape: Shape | None,
    *,
    trainable: Value = True,
    purpose: Purpose = Purpose.WEIGHT,
) -> None:
    is_slim = arguments.function.startswith("tf_slim")
    dtype = None if is_slim else first_tensor(arguments).dtype
    if dtype in _HALVES and (purpose is Purpose.STATISTIC or name in ("gamma", "beta")):
        dtype = "float32"
    make_variable(
        run,
        name,
        shape,
        dtype or "float32",
        trainable=trainable,
        collections=_SLIM_KEYS if is_slim else None,
        maker=arguments.function,
        purpose=purpose,
    )


# Of these normalizations keep their variables in single precision.
_HALVES = ("float16", "bfloat16")


def _channels_last(arguments: Arguments, before: Tensor) -> Tensor:
    """The inputs of a layer with the channels behind, wherever the layer takes them."""
    form = arguments.keywords.get("data_format")
    if form is None or form in ("NHWC", "NWC", "NDHWC", "channels_last") or before.shape is None:
        return before
    if form in ("NCHW", "NCW", "NCDHW", "channels_first") and len(before.shape) > 1:
        first, channels, *rest = before.shape
        return Tensor((first, *rest, channels), before.dtype)
    return Tensor(None, before.dtype)


def _as_given(arguments: Arguments, made: Tensor) -> Tensor:
    """The result of a layer as it was asked for; undoes `_channels_last`."""
    form = arguments.keywords.get("data_format")
    if form in ("NCHW", "NCW", "NCDHW", "channels_first") and made.shape is not None:
        first, *rest, channels = made.shape
        return Tensor((first, channels, *rest), made.dtype)
    return made


def _is_on(run: Run, value: Value, default: bool) -> bool | None:
    return default if value is None else run.truth(value)


def _norm_variables(
    run: Run, arguments: Arguments, size: int | None, center: bool | None, scale: bool | None
) -> None:
    if center is None or scale is None:
        run.note_gap("whether a normalization has an offset or a scale is not known")
    trainable = arguments.keywords.get("trainable", True)
    if scale:
        _make(run, arguments, "gamma", (size,), trainable=trainable)
    if center:
        _make(run, arguments, "beta", (size,), trainable=trainable)


def _note_renorm(run: Run, arguments: Arguments) -> None:
    if _is_on(run, arguments.keywords.get("renorm"), False) is not False:
        run.note_gap("the variables of batch renormalization are not followed", arguments.place)


def _statistics(run: Run, arguments: Arguments, size: int | None) -> None:
    for name in ("moving_mean", "moving_variance"):
        _make(run, arguments, name, (size,), trainable=False, purpose=Purpose.STATISTIC)


# tf.layers


def _layer_scope(run: Run, arguments: Arguments, default: str) -> Value:
    given = arguments.keywords
    return open_scope(
        run, given.get("name"), default, reuse=given.get("reuse"), place=arguments.place
    )


def _tf_dense(run: Run, arguments: Arguments) -> Value:
    bound = arguments.bind("inputs units activation use_bias")
    before, units = tensor_of(bound["inputs"]), read_size(run, bound["units"])
    trainable = arguments.keywords.get("trainable", True)
    scope = _layer_scope(run, arguments, "dense")
    scope.enter(run)
    _make(run, arguments, "kernel", (last_size(before), units), trainable=trainable)
    _bias(run, arguments, bound["use_bias"], units, trainable)
    scope.leave(run)
    return with_last(before, units)


def _bias(run: Run, arguments: Arguments, use: Value, size: int | None, trainable: Value) -> None:
    is_used = _is_on(run, use, True)
    if is_used is None:
        with run.uncertain():
            _make(run, arguments, "bias", (size,), trainable=trainable)
    elif is_used:
        _make(run, arguments, "bias", (size,), trainable=trainable)


def _tf_conv(run: Run, arguments: Arguments) -> Value:
    last = arguments.function.rpartition(".")[2]
    is_transposed, is_separable = "transpose" in last, "separable" in last
    rank = next(int(digit) for digit in last if digit.isdigit())
    names = "inputs filters kernel_size strides padding"
    bound = arguments.bind(names, strides=1, padding="valid")
    before = _channels_last(arguments, tensor_of(bound["inputs"]))
    filters = read_size(run, bound["filters"])
    kernel = sizes_of(run, bound["kernel_size"], rank)
    strides = sizes_of(run, bound["strides"], rank)
    trainable = arguments.keywords.get("trainable", True)
    inputs = last_size(before)
    scope = _layer_scope(run, arguments, last)
    scope.enter(run)
    if is_separable:
        depth = arguments.keywords.get("depth_multiplier", 1)
        times = read_size(run, depth)
        inner = inputs * times if inputs is not None and times is not None else None
        _make(run, arguments, "depthwise_kernel", (*kernel, inputs, times), trainable=trainable)
        ones = tuple(1 for _ in kernel)
        _make(run, arguments, "pointwise_kernel", (*ones, inner, filters), trainable=trainable)
    else:
        ends = (filters, inputs) if is_transposed else (inputs, filters)
        _make(run, arguments, "kernel", (*kernel, *ends), trainable=trainable)
    _bias(run, arguments, arguments.keywords.get("use_bias"), filters, trainable)
    scope.leave(run)
    wide = _dilated(run, kernel, arguments.keywords.get("dilation_rate"))
    made = _slid(before, filters, wide, strides, bound["padding"], is_transposed)
    return _as_given(arguments, made)


def _dilated(run: Run, kernel: list[int | None], rate: Value) -> list[int | None]:
    """The sizes that a kernel reaches over, where its elements stand `rate` apart."""
    if rate is None:
        return kernel
    pairs = zip(kernel, sizes_of(run, rate, len(kernel)), strict=False)
    return [None if size is None or by is None else (size - 1) * by + 1 for size, by in pairs]


def _slid(
    before: Tensor,
    filters: int | None,
    kernel: list[int | None],
    strides: list[int | None],
    padding: Value,
    is_transposed: bool,
) -> Tensor:
    if before.shape is None:
        return Tensor(None, before.dtype)
    spatial = before.shape[1:-1]
    if not is_transposed:
        return with_last(before, filters, slide(spatial, kernel, strides, padding))
    is_same = isinstance(padding, str) and padding.upper() == "SAME"
    found: list[int | None] = []
    for size, width, stride in zip(spatial, kernel, strides, strict=False):
        if size is None or stride is None or width is None:
            found.append(None)
        else:
            found.append(size * stride + (0 if is_same else max(width - stride, 0)))
    return with_last(before, filters, tuple(found))


def _tf_batch_norm(run: Run, arguments: Arguments) -> Value:
    bound = arguments.bind("inputs axis momentum epsilon center scale")
    before = tensor_of(bound["inputs"])
    axis = -1 if bound["axis"] is None else bound["axis"]
    size = None
    if before.shape and isinstance(axis, int) and -len(before.shape) <= axis < len(before.shape):
        size = before.shape[axis]
    scope = _layer_scope(run, arguments, "batch_normalization")
    scope.enter(run)
    center, scale = (_is_on(run, bound[name], True) for name in ("center", "scale"))
    _note_renorm(run, arguments)
    _norm_variables(run, arguments, size, center, scale)
    _statistics(run, arguments, size)
    scope.leave(run)
    return Tensor(before.shape, before.dtype)


tf_layer("dense")(_tf_dense)
tf_layer("batch_normalization")(_tf_batch_norm)
tf_layer("conv", "conv1d", "conv2d", "conv3d")(_tf_conv)
tf_layer("transpose", "conv2d_transpose", "conv3d_transpose")(_tf_conv)
tf_layer("separable", "separable_conv1d", "separable_conv2d")(_tf_conv)


def _flat(run: Run, arguments: Arguments) -> Value:
    before = first_tensor(arguments)
    if before.shape is None:
        return Tensor(None, before.dtype)
    rest = before.shape[1:]
    known = [size for size in rest if size is not None]
    size = math.prod(known) if len(known) == len(rest) else None
    return Tensor((before.shape[0], size), before.dtype)


function("tensorflow.layers.flatten", "tf_slim.flatten")(_flat)


def _pooled(run: Run, arguments: Arguments, size: Value, stride: Value, padding: Value) -> Value:
    before = _channels_last(arguments, first_tensor(arguments))
    if before.shape is None:
        return before
    spatial = before.shape[1:-1]
    sizes, strides = (sizes_of(run, each, len(spatial)) for each in (size, stride))
    found = slide(spatial, sizes, strides, padding)
    return _as_given(arguments, with_last(before, before.shape[-1], found))


@tf_layer("pooling", "max_pooling2d", "average_pooling2d", "max_pooling1d", "average_pooling1d")
def _tf_pool(run: Run, arguments: Arguments) -> Value:
    given = arguments.keywords
    padding = given.get("padding", "valid")
    return _pooled(run, arguments, given.get("pool_size"), given.get("strides"), padding)


@function("tensorflow.layers.dropout", "tf_slim.dropout", "tf_slim.softmax")
def _same(run: Run, arguments: Arguments) -> Value:
    first = first_tensor(arguments)
    return Tensor(first.shape, first.dtype)


# slim and contrib


def _slim_scope(run: Run, arguments: Arguments, default: str) -> Value:
    given = arguments.keywords
    scope, reuse = given.get("scope"), given.get("reuse")
    return open_scope(run, scope, default, reuse=reuse, place=arguments.place)


def _finish(
    run: Run, arguments: Arguments, made: Tensor, size: int | None, *, bias: bool = True
) -> Value:
    """Normalizer or biases, then the activation."""
    given = arguments.keywords
    normalizer = given.get("normalizer_fn")
    result: Value = made
    if normalizer is UNKNOWN:
        run.note_gap("the normalizer of a layer is not known", arguments.place)
    elif normalizer is not None:
        params = given.get("normalizer_params")
        keywords = params.entries if isinstance(params, DictValue) else {}
        known = {k: v for k, v in keywords.items() if isinstance(k, str)}
        result = run.call(
            normalizer, Arguments((made,), known, params is not UNKNOWN, place=arguments.place)
        )
    else:
        has_bias = "biases_initializer" not in given or given["biases_initializer"] is not None
        if given.get("biases_initializer") is UNKNOWN:
            run.note_gap("whether a layer has biases is not known", arguments.place)
        elif has_bias:
            _make(run, arguments, "biases", (size,), trainable=given.get("trainable", True))
    return result if isinstance(result, Tensor) else made


def _slim_conv(run: Run, arguments: Arguments) -> Value:
    last = arguments.function.rpartition(".")[2]
    is_transposed = "transpose" in last
    names = "inputs num_outputs kernel_size stride padding"
    bound = arguments.bind(names, stride=1, padding="SAME")
    before = _channels_last(arguments, tensor_of(bound["inputs"]))
    outputs = read_size(run, bound["num_outputs"])
    digits = [int(digit) for digit in last if digit.isdigit()]
    rank = digits[0] if digits else (len(before.shape) - 2 if before.shape else 2)
    kernel = sizes_of(run, bound["kernel_size"], rank)
    strides = sizes_of(run, bound["stride"], rank)
    inputs = last_size(before)
    scope = _slim_scope(run, arguments, "Conv2d_transpose" if is_transposed else "Conv")
    scope.enter(run)
    ends = (outputs, inputs) if is_transposed else (inputs, outputs)
    trainable = arguments.keywords.get("trainable", True)
    _make(run, arguments, "weights", (*kernel, *ends), trainable=trainable)
    wide = _dilated(run, kernel, arguments.keywords.get("rate"))
    made = _slid(before, outputs, wide, strides, bound["padding"], is_transposed)
    made = _as_given(arguments, made)
    found = _finish(run, arguments, made, outputs)
    scope.leave(run)
    return found


slim("conv", "conv1d", "conv2d", "conv3d", "convolution")(_slim_conv)
slim("conv", "convolution1d", "convolution2d", "convolution3d")(_slim_conv)
slim("transpose", "conv2d_transpose", "convolution2d_transpose", "conv3d_transpose")(_slim_conv)


@slim("separable_conv2d", "separable_conv2d", "separable_convolution2d")
def _separable(run: Run, arguments: Arguments) -> Value:
    names = "inputs num_outputs kernel_size depth_multiplier stride padding"
    bound = arguments.bind(names, stride=1, padding="SAME", depth_multiplier=1)
    before, kernel = tensor_of(bound["inputs"]), sizes_of(run, bound["kernel_size"], 2)
    times, inputs = read_size(run, bound["depth_multiplier"]), last_size(before)
    inner = inputs * times if inputs is not None and times is not None else None
    outputs = read_size(run, bound["num_outputs"])
    trainable = arguments.keywords.get("trainable", True)
    scope = _slim_scope(run, arguments, "SeparableConv2d")
    scope.enter(run)
    _make(run, arguments, "depthwise_weights", (*kernel, inputs, times), trainable=trainable)
    if bound["num_outputs"] is not None:
        _make(run, arguments, "pointwise_weights", (1, 1, inner, outputs), trainable=trainable)
    size = outputs if bound["num_outputs"] is not None else inner
    strides = sizes_of(run, bound["stride"], 2)
    found = _finish(
        run, arguments, _slid(before, size, kernel, strides, bound["padding"], False), size
    )
    scope.leave(run)
    return found


@slim("fully_connected")
def _fully_connected(run: Run, arguments: Arguments) -> Value:
    bound = arguments.bind("inputs num_outputs")
    before, outputs = tensor_of(bound["inputs"]), read_size(run, bound["num_outputs"])
    scope = _slim_scope(run, arguments, "fully_connected")
    scope.enter(run)
    trainable = arguments.keywords.get("trainable", True)
    _make(run, arguments, "weights", (last_size(before), outputs), trainable=trainable)
    found = _finish(run, arguments, with_last(before, outputs), outputs)
    scope.leave(run)
    return found


@slim("batch_norm")
def _batch_norm(run: Run, arguments: Arguments) -> Value:
    bound = arguments.bind("inputs decay center scale")
    before = tensor_of(bound["inputs"])
    size = last_size(before)
    if arguments.keywords.get("data_format") == "NCHW" and before.shape:
        size = before.shape[1]
    scope = _slim_scope(run, arguments, "BatchNorm")
    scope.enter(run)
    center, scale = _is_on(run, bound["center"], True), _is_on(run, bound["scale"], False)
    _note_renorm(run, arguments)
    _norm_variables(run, arguments, size, center, scale)
    _statistics(run, arguments, size)
    scope.leave(run)
    return Tensor(before.shape, before.dtype)


def _other_norm(default: str) -> Layer:
    def call(run: Run, arguments: Arguments) -> Value:
        bound = arguments.bind("inputs center scale")
        before = tensor_of(bound["inputs"])
        scope = _slim_scope(run, arguments, default)
        scope.enter(run)
        trainable = arguments.keywords.get("trainable", True)
        for name, switch in (("beta", "center"), ("gamma", "scale")):
            if _is_on(run, arguments.keywords.get(switch), True):
                _make(run, arguments, name, (last_size(before),), trainable=trainable)
        scope.leave(run)
        return Tensor(before.shape, before.dtype)

    return call


slim("layer_norm")(_other_norm("LayerNorm"))
slim("instance_norm")(_other_norm("InstanceNorm"))


@slim("pool", "max_pool2d", "avg_pool2d")
def _slim_pool(run: Run, arguments: Arguments) -> Value:
    given = arguments.keywords
    stride, padding = given.get("stride", 2), given.get("padding", "VALID")
    return _pooled(run, arguments, given.get("kernel_size"), stride, padding)


def _name_of(run: Run, layer: Value) -> str:
    """The `__name__` of a layer: `slim.conv2d` is the function `convolution2d`."""
    if isinstance(layer, LibraryName):
        last = layer.name.rpartition(".")[2]
        return _TRUE_NAMES.get(last, last)
    name = run.get_attribute(layer, "__name__")
    return name if isinstance(name, str) else ""


_TRUE_NAMES = {
    "conv1d": "convolution1d",
    "conv2d": "convolution2d",
    "conv3d": "convolution3d",
    "conv2d_transpose": "convolution2d_transpose",
    "conv3d_transpose": "convolution3d_transpose",
    "separable_conv2d": "separable_convolution2d",
}


@slim("repeat")
def _repeat(run: Run, arguments: Arguments) -> Value:
    padded = (*arguments.positional, UNKNOWN, UNKNOWN, UNKNOWN)
    inputs, count, layer, *rest = padded[: max(3, len(arguments.positional))]
    keywords = dict(arguments.keywords)
    scope = keywords.pop("scope", None)
    if type(count) is not int or not 0 <= count <= 1_000:
        run.note_gap("how often a layer is repeated is not known", arguments.place)
        return Tensor()
    default = _name_of(run, layer) or "repeat"
    outer = open_scope(run, scope, "Repeat", place=arguments.place)
    outer.enter(run)
    found: Value = inputs
    for number in range(count):
        own = {**keywords, "scope": f"{scope if isinstance(scope, str) else default}_{number + 1}"}
        found = run.call(layer, Arguments((found, *rest), own, place=arguments.place))
    outer.leave(run)
    return found


@slim("stack")
def _stack(run: Run, arguments: Arguments) -> Value:
    bound = arguments.bind("inputs layer stack_args")
    own_names = ("inputs", "layer", "stack_args", "scope")
    keywords = {k: v for k, v in arguments.keywords.items() if k not in own_names}
    scope = arguments.keywords.get("scope")
    rows = run.iterate(bound["stack_args"])
    if rows is None:
        run.note_gap("the arguments of a stack of layers are not known", arguments.place)
        return Tensor()
    outer = open_scope(run, scope, "Stack", place=arguments.place)
    outer.enter(run)
    layer, found = bound["layer"], bound["inputs"]
    name = _name_of(run, layer) or "stack"
    for number, row in enumerate(rows):
        given = tuple(run.iterate(row) or ()) if isinstance(row, tuple | ListValue) else (row,)
        own = {**keywords, "scope": f"{scope if isinstance(scope, str) else name}_{number + 1}"}
        found = run.call(layer, Arguments((found, *given), own, place=arguments.place))
    outer.leave(run)
    return found


@function(
    "tf_slim.variable_scope.variable_scope",
    "tf_slim.one_hot_encoding",
)
def _unknown(run: Run, arguments: Arguments) -> Value:
    return UNKNOWN


@function("tf_slim.utils.last_dimension")
def _last_dimension(run: Run, arguments: Arguments) -> Value:
    shape = arguments.bind("shape")["shape"]
    return shape[-1] if isinstance(shape, tuple) and shape else UNKNOWN


@function("tf_slim.utils.collect_named_outputs")
def _collect_named_outputs(run: Run, arguments: Arguments) -> Value:
    return arguments.bind("collections alias outputs")["outputs"]


_HARMLESS = """
l2_regularizer l1_regularizer xavier_initializer xavier_initializer_conv2d losses.
variance_scaling_initializer apply_regularization summarize_tensors utils. dataset.
dataset_data_provider. tfexample_decoder. queues. summarize_activation l1_l2_regularizer
sum_regularizer collect_named_outputs prefetch_queue. parallel_reader. data. metrics.
learning.clip_gradient_norms evaluation. initializers. regularizers. unit_norm
"""
add_harmless(f"tf_slim.{name}" for name in _HARMLESS.split())
add_harmless(["tensorflow.layers.max_pooling3d", "tensorflow.layers.average_pooling3d"])
