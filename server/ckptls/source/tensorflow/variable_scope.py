"""Scopes of the model's names, and the variables that layers make in them.

Source: `variable_scope.py` of TensorFlow 1.15, `layers.py` of tf_slim 1.1, and the base
layer of `tf.layers`; what they do is compared in `tests/oracle/test_scopes.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ckptls.source.semantics.catalogue import canonical
from ckptls.source.semantics.pattern_text import UNKNOWN_TEXT, Hole, Piece, Text, text
from ckptls.source.semantics.run_state import Scopes
from ckptls.source.semantics.values import (
    UNKNOWN,
    Defaults,
    FunctionValue,
    GraphVariable,
    Literal,
    Mapping,
    Qualified,
    ScopeValue,
    Sequence,
    Value,
    Values,
    texts,
    union,
)
from ckptls.source.semantics.work import STEPS_A_SITE

if TYPE_CHECKING:
    from ckptls.source.semantics.catalogue import Entry
    from ckptls.source.semantics.interpreter_protocol import InterpreterProtocol
    from ckptls.source.semantics.values import Arguments
    from ckptls.source.stdlib.argument_binding import Bound
    from ckptls.source.syntax import ir

# What may follow a name that TensorFlow makes unique.
NUMBERED = Text((Hole(r"(_\d+)?"),))
# What `tf.Variable` calls a variable without a name.
VARIABLE = text("Variable")
_MAX_REPEATED = 64
# Arguments that `arg_scope` gives to functions; of more, the innermost count.
_MAX_ROWS = 512


@dataclass(frozen=True, slots=True)
class Layer:
    """What a layer calls its scope and its variables, where nothing else is said.

    bias: the variable that a normalizer takes the place of; `switches` are arguments by
    which a variable is left out or put in, with whether it is there by default.
    """

    scope: str
    variables: tuple[str, ...]
    bias: str | None = None
    switches: tuple[tuple[str, str, bool], ...] = ()


_SLIM_NORM = ("beta", "moving_mean", "moving_variance")
_BATCH = Layer(
    "BatchNorm",
    ("moving_mean", "moving_variance"),
    switches=(("beta", "center", True), ("gamma", "scale", False)),
)
_NORM_SWITCHES = (("beta", "center", True), ("gamma", "scale", True))
_SLIM = {
    "conv2d": Layer("Conv", ("weights",), "biases"),
    "convolution": Layer("Conv", ("weights",), "biases"),
    "convolution1d": Layer("Conv", ("weights",), "biases"),
    "convolution2d": Layer("Conv", ("weights",), "biases"),
    "convolution3d": Layer("Conv", ("weights",), "biases"),
    "conv3d": Layer("Conv", ("weights",), "biases"),
    "conv1d": Layer("Conv", ("weights",), "biases"),
    "conv2d_in_plane": Layer("ConvInPlane", ("weights",), "biases"),
    "convolution2d_in_plane": Layer("ConvInPlane", ("weights",), "biases"),
    "conv2d_transpose": Layer("Conv2d_transpose", ("weights",), "biases"),
    "convolution2d_transpose": Layer("Conv2d_transpose", ("weights",), "biases"),
    "separable_conv2d": Layer(
        "SeparableConv2d", ("depthwise_weights", "pointwise_weights"), "biases"
    ),
    "separable_convolution2d": Layer(
        "SeparableConv2d", ("depthwise_weights", "pointwise_weights"), "biases"
    ),
    "fully_connected": Layer("fully_connected", ("weights",), "biases"),
    "linear": Layer("fully_connected", ("weights",), "biases"),
    "relu": Layer("fully_connected", ("weights",), "biases"),
    "bias_add": Layer("BiasAdd", ("biases",)),
    "batch_norm": _BATCH,
    "layer_norm": Layer("LayerNorm", (), switches=_NORM_SWITCHES),
    "instance_norm": Layer("InstanceNorm", (), switches=_NORM_SWITCHES),
    "group_norm": Layer("GroupNorm", (), switches=_NORM_SWITCHES),
}
_USE_BIAS = (("bias", "use_bias", True),)
LAYERS = {
    **{
        name: Layer(name, ("kernel",), switches=_USE_BIAS)
        for name in ("dense", "conv1d", "conv2d", "conv3d", "conv2d_transpose", "conv3d_transpose")
    },
    "separable_conv2d": Layer(
        "separable_conv2d", ("depthwise_kernel", "pointwise_kernel"), switches=_USE_BIAS
    ),
    "separable_conv1d": Layer(
        "separable_conv1d", ("depthwise_kernel", "pointwise_kernel"), switches=_USE_BIAS
    ),
    "batch_normalization": Layer(
        "batch_normalization",
        ("moving_mean", "moving_variance"),
        switches=_NORM_SWITCHES,
    ),
}
_ARG_SCOPES = ("tf_slim.arg_scope", "tensorflow.contrib.framework.arg_scope")


def open_scope(caller: InterpreterProtocol, bound: Bound) -> Values:
    """What `tf.variable_scope(…)` opens, by the names that it may have."""
    outer = caller.frame.scopes.names
    found: list[Value] = []
    for value in bound.get("name_or_scope", UNKNOWN):
        if isinstance(value, ScopeValue):
            found.append(replace(value, written=None))
        elif isinstance(value, Text):
            found.append(ScopeValue(outer + value, value))
        elif isinstance(value, Literal) and value.value is None:
            for name in texts(bound.get("default_name", UNKNOWN)):
                numbered = name + NUMBERED
                found.append(ScopeValue(outer + numbered, numbered))
        else:
            found.append(ScopeValue(outer + UNKNOWN_TEXT, UNKNOWN_TEXT))
    return union(found)


def open_name_scope(caller: InterpreterProtocol, bound: Bound) -> Values:
    """What `tf.name_scope(…)` opens."""
    outer = caller.frame.scopes.operations
    found: list[Value] = []
    for value in bound.get("name", UNKNOWN):
        name = value
        if isinstance(value, Literal) and value.value is None:
            names = texts(bound.get("default_name", UNKNOWN))
            name = names[0] if names else UNKNOWN_TEXT
        written = name if isinstance(name, Text) else UNKNOWN_TEXT
        if written.tail.endswith("/"):
            # A name with a slash at its end is taken as the whole of it.
            found.append(ScopeValue(written.without_suffix("/"), None, is_name_scope=True))
        elif written.literal == "":
            found.append(ScopeValue(Text(), None, is_name_scope=True))
        else:
            whole = outer + written + NUMBERED
            found.append(ScopeValue(whole, None, is_name_scope=True))
    return union(found)


def enter_scopes(scopes: Scopes, values: Values) -> tuple[Scopes, Values]:
    """The scopes inside a `with` over these values, and what it binds behind `as`."""
    opened = [value for value in values if isinstance(value, ScopeValue)]
    defaults = [value for value in values if isinstance(value, Defaults)]
    if defaults and len(values) == 1:
        return replace(scopes, defaults=defaults[0]), values
    if not opened:
        return scopes, values
    is_sure = len(opened) == 1 == len(values)
    if all(value.is_name_scope for value in opened):
        name = opened[0].name if is_sure else UNKNOWN_TEXT
        inside = name + text("/") if name.parts else name
        return replace(scopes, operations=inside), values
    if not is_sure:
        written = scopes.operations + UNKNOWN_TEXT + text("/")
        inside = _inside(UNKNOWN_TEXT, scopes.names)
        return Scopes(inside, written, scopes.defaults), (ScopeValue(UNKNOWN_TEXT),)
    scope = opened[0]
    operations, own = scopes.operations, _operation_name(scope)
    if own.literal != "":
        operations = operations + own + NUMBERED + text("/")
    inside = _inside(scope.name, scopes.names)
    return Scopes(inside, operations, scopes.defaults), (ScopeValue(scope.name),)


def with_unknown_outer(scopes: Scopes) -> Scopes:
    """The scopes where it is not known which are entered, if any."""
    return Scopes(UNKNOWN_TEXT, UNKNOWN_TEXT, scopes.defaults)


def join_scopes(one: Scopes, other: Scopes) -> Scopes:
    """The scopes behind two ways that the code may have gone."""
    return one if one == other else with_unknown_outer(one)


def _operation_name(scope: ScopeValue) -> Text:
    """A scope that is entered by its object names operations by its last part alone."""
    if scope.written is not None:
        return scope.written
    literal = scope.name.literal
    return UNKNOWN_TEXT if literal is None else text(literal.rpartition("/")[2])


def _inside(name: Text, outer: Text) -> Text:
    """What stands before the names in a scope; the root has nothing."""
    if name.literal == "" or (not name.parts and not outer.parts):
        return Text()
    return name + text("/")


def current(scopes: Scopes) -> ScopeValue:
    """What `tf.get_variable_scope()` gives."""
    return ScopeValue(scopes.names.without_suffix("/"))


def scope_argument(caller: InterpreterProtocol, bound: Bound) -> Text:
    """What stands before a name that is read in the scope `scope=`, or in the current one."""
    values = bound.get("scope", (Literal(None),))
    if values == (Literal(None),):
        return caller.frame.scopes.names
    names = texts(values)
    if len(names) != 1:
        return UNKNOWN_TEXT
    is_bare = bool(names[0].parts) and not names[0].tail.endswith("/")
    return names[0] + text("/") if is_bare else names[0]


# Defaults of arguments


def is_arg_scope(name: str) -> bool:
    """Whether a full name is that of `slim.arg_scope`."""
    return canonical(name) in _ARG_SCOPES or name.endswith(".arg_scope.arg_scope")


def open_arg_scope(caller: InterpreterProtocol, arguments: Arguments) -> Values:
    """`slim.arg_scope([functions], argument=value, …)`, or one that was made before."""
    first = next((values for key, values in arguments if key is None), UNKNOWN)
    given = [value for value in first if isinstance(value, Defaults)]
    if given:
        return (given[0],) if len(first) == 1 else UNKNOWN
    functions: list[str] = []
    for value in first:
        items = value.items if isinstance(value, Sequence) else ((value,),)
        functions += [key for item in items for each in item if (key := _key(each))]
    named = [(key, values) for key, values in arguments if key not in (None, "*", "**") and key]
    rows = tuple((function, key, values) for function in functions for key, values in named)
    return (Defaults((caller.frame.scopes.defaults.rows + rows)[-_MAX_ROWS:]),)


def _key(value: Value) -> str:
    if isinstance(value, Qualified):
        return canonical(value.name)
    return value.function.name if isinstance(value, FunctionValue) else ""


def with_defaults(defaults: Defaults, function: str, bound: Bound) -> Bound:
    """The arguments of a call with those that an `arg_scope` around gives."""
    if not defaults.rows:
        return bound
    given = {key: values for name, key, values in defaults.rows if _same(name, function)}
    return {**given, **bound}


_ALIASES = {
    "convolution2d": "conv2d",
    "convolution2d_transpose": "conv2d_transpose",
    "separable_convolution2d": "separable_conv2d",
    "linear": "fully_connected",
    "relu": "fully_connected",
    "convolution": "conv2d",
}


def _same(name: str, function: str) -> bool:
    return usual_layer(name.rpartition(".")[2]) == usual_layer(function.rpartition(".")[2])


def usual_layer(name: str) -> str:
    """One name for a layer of slim that has several: `conv2d` for `convolution2d`."""
    return _ALIASES.get(name, name)


# Layers


def layer_variables(
    caller: InterpreterProtocol, name: str, bound: Bound
) -> tuple[GraphVariable, ...]:
    """The variables that a layer makes, named as far as its arguments tell."""
    last = canonical(name).rpartition(".")[2]
    is_slim = not canonical(name).startswith("tensorflow.layers")
    layer = (_SLIM if is_slim else LAYERS).get(last)
    if layer is None:
        return ()
    wanted = bound.get("scope" if is_slim else "name", (Literal(None),))
    outer = caller.frame.scopes.names
    found: list[GraphVariable] = []
    for scope in _layer_scopes(wanted, layer):
        inside = outer + scope + text("/")
        names = suffixes(caller, layer, bound)
        found += [GraphVariable(inside + variable, None) for variable in names]
    return tuple(found)


def _layer_scopes(values: Values, layer: Layer) -> tuple[Text, ...]:
    found: dict[Text, None] = {}
    for value in values:
        if isinstance(value, Literal) and value.value is None:
            found[text(layer.scope) + NUMBERED] = None
        else:
            found.update(dict.fromkeys(texts((value,)) or (UNKNOWN_TEXT,)))
    return tuple(found)


def suffixes(caller: InterpreterProtocol, layer: Layer, bound: Bound) -> tuple[Text, ...]:
    names = [text(each) for each in layer.variables]
    for variable, switch, is_default in layer.switches:
        if _is_on(bound.get(switch), is_default):
            names.append(text(variable))
    if layer.bias is None:
        return tuple(names)
    normalizer = bound.get("normalizer_fn", (Literal(None),))
    if normalizer == (Literal(None),):
        if bound.get("biases_initializer") != (Literal(None),):
            names.append(text(layer.bias))
        return tuple(names)
    for value in normalizer:
        function = _key(value)
        norm = _SLIM.get(function.rpartition(".")[2])
        if norm is not None:
            given = with_defaults(caller.frame.scopes.defaults, function, {})
            given = {**given, **named_values(bound.get("normalizer_params", ()))}
            inside = text(norm.scope + "/")
            names += [inside + each for each in suffixes(caller, norm, given)]
    return tuple(names)


def named_values(values: Values) -> dict[str, Values]:
    """The entries of a dictionary by their keys, where those are known."""
    found: dict[str, Values] = {}
    for value in values:
        if isinstance(value, Mapping):
            for keys, given in value.entries:
                found.update({key.literal: given for key in texts(keys) if key.literal})
    return found


def keyword_arguments(
    arguments: Arguments, *, is_first_a_mapping: bool = True
) -> dict[str, Values]:
    """What is given by name, or by a dictionary in the first place."""
    first = next((values for key, values in arguments if key is None), ())
    found = named_values(first) if is_first_a_mapping else {}
    return {**found, **{key: values for key, values in arguments if key is not None}}


def _is_on(values: Values | None, is_default: bool) -> bool:
    if values is None:
        return is_default
    return not all(isinstance(each, Literal) and not each.value for each in values)


# Layers that are repeated


def repeat_layer(
    caller: InterpreterProtocol, entry: Entry, node: ir.Call, arguments: Arguments
) -> None:
    """`slim.repeat(inputs, times, layer, …, scope=)` and `slim.stack(inputs, layer, items)`."""
    positional = [values for key, values in arguments if key is None]
    is_stack = entry.short_name == "stack"
    if len(positional) < 3:
        return
    layers = positional[1] if is_stack else positional[2]
    times = _times(positional[2] if is_stack else positional[1], is_stack)
    given = tuple((k, v) for k, v in arguments if k is not None and k != "scope")
    scope = next((values for key, values in arguments if key == "scope"), (Literal(None),))
    rest = () if is_stack else tuple((None, values) for values in positional[3:])
    outer = caller.frame.scopes
    for layer in layers:
        names = [each for each in scope if isinstance(each, Text)]
        whole = names[0] if names else text("Stack" if is_stack else "Repeat") + NUMBERED
        inner = names[0] if names else text(_key(layer).rpartition(".")[2])
        whole_scope = outer.names + whole + text("/")
        caller.frame.scopes = replace(outer, names=whole_scope)
        for number in times:
            if caller.work.is_spent:
                break
            caller.work.spent += STEPS_A_SITE
            name = inner + (text(f"_{number}") if number else Text((Hole(r"_\d+"),)))
            caller.apply(
                layer,
                node,
                ((None, UNKNOWN), *rest, *given, ("scope", (_unwritten(name),))),
            )
    caller.frame.scopes = outer


def _unwritten(name: Text) -> Text:
    """The text without its places: the string is one for all the layers."""
    return Text(tuple(p if isinstance(p, Hole) else Piece(p.text) for p in name.parts))


def _times(values: Values, is_stack: bool) -> tuple[int, ...]:
    if len(values) == 1:
        value = values[0]
        if is_stack and isinstance(value, Sequence) and value.is_complete:
            return tuple(range(1, min(len(value.items), _MAX_REPEATED) + 1))
        if isinstance(value, Literal) and type(value.value) is int:
            return tuple(range(1, min(value.value, _MAX_REPEATED) + 1))
    return (0,)
