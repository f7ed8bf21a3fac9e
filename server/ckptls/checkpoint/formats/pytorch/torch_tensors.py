"""The tensors that calls in a PyTorch pickle would make.

Source: torch/_utils.py, torch/_tensor.py (functions that rebuild tensors), torch/storage.py,
torch/nested/_internal/nested_tensor.py.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from ckptls.checkpoint.arrays import foreign_dtypes
from ckptls.checkpoint.core.dtypes import item_bytes
from ckptls.checkpoint.core.errors import CheckpointDamaged
from ckptls.checkpoint.core.limits import checked_shape
from ckptls.checkpoint.formats.pytorch.pickle_symbols import Call, Global, Mapping, Persistent

# The class of a storage -> the type of its elements
_STORAGES = {
    "Float": "float32",
    "Double": "float64",
    "Half": "float16",
    "BFloat16": "bfloat16",
    "Long": "int64",
    "Int": "int32",
    "Short": "int16",
    "Char": "int8",
    "Byte": "uint8",
    "Untyped": "uint8",
    "Bool": "bool",
    "ComplexFloat": "complex64",
    "ComplexDouble": "complex128",
    "QInt8": "qint8",
    "QUInt8": "quint8",
    "QInt32": "qint32",
    "QUInt4x2": foreign_dtypes.unknown("quint4x2"),
    "QUInt2x4": foreign_dtypes.unknown("quint2x4"),
}
_STORED = frozenset(_STORAGES.values())
# Functions that make a tensor of (storage, offset, shape, strides, ...) -> the place of the
# dtype among their arguments, and of the flags that `torch.conj` and `torch._neg_view` set.
_OF_STORAGE: dict[str, tuple[int | None, int | None]] = {
    "_rebuild_tensor": (None, None),
    "_rebuild_tensor_v2": (None, 6),
    "_rebuild_tensor_v3": (6, 7),
    "_rebuild_qtensor": (None, None),
}
# Functions that make a tensor of another one, their first argument -> the place of the
# attributes that it is given.
_WRAPPERS: dict[str, int | None] = {
    "torch._utils._rebuild_parameter": None,
    "torch._utils._rebuild_parameter_with_state": 3,
    "torch._utils._rebuild_device_tensor_from_cpu_tensor": None,
    "torch.nn.parameter.Parameter": None,  # these three before PyTorch 0.4
    "torch.nn.parameter.Variable": None,
    "torch.autograd.variable.Variable": None,
}
# Functions that call their first argument with the third -> the place of the attributes.
_TYPED = {"torch._tensor._rebuild_from_type_v2": 3, "torch._tensor._rebuild_from_type": 3}
_LISTED_ONLY = {
    # name -> the places of dtype and shape
    "torch._utils._rebuild_meta_tensor_no_storage": (0, 1),
    "torch._utils._rebuild_wrapper_subclass": (1, 2),
}
_ARRAY_MAKERS = frozenset(
    f"numpy.{core}.{name}"
    for core in ("core", "_core")
    for name in ("multiarray._reconstruct", "numeric._frombuffer")
)
_MAX_WRAPPERS = 8


@dataclass(frozen=True, slots=True)
class Tensor:
    """One tensor; offset and strides count elements.

    Attributes:
        storage: the name of the record with its elements; None if they are not in one place.
        is_conjugated, is_negated: what is done to the stored elements when they are read.
        note: what its dtype and shape do not say; empty for most.
        problem: why PyTorch would refuse it; empty for most.
    """

    dtype: str
    shape: tuple[int, ...]
    storage: str | None = None
    offset: int = 0
    strides: tuple[int, ...] = ()
    is_conjugated: bool = False
    is_negated: bool = False
    note: str = ""
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Storage:
    """A run of elements that lies outside of the pickle.

    Attributes:
        start: which of its elements is the first one of the view that is meant.
    """

    name: str
    dtype: str
    start: int = 0

    @property
    def item_bytes(self) -> int:
        """Bytes of one element, 0 if the type is not known."""
        return item_bytes(self.dtype)


def makes_tensor(symbol: Any) -> bool:
    """Whether a symbol is a call of a function that makes tensors."""
    return (
        symbol.__class__ is Call
        and symbol.function.__class__ is Global
        and is_maker(symbol.function.name)
    )


@lru_cache(maxsize=1024)
def is_maker(function: str) -> bool:
    """Whether a function of this name makes tensors."""
    return (
        function in _WRAPPERS
        or function in _TYPED
        or (function.startswith("torch.") and function.rpartition(".")[2].startswith("_rebuild_"))
    )


def is_array(symbol: Any) -> bool:
    """Whether a symbol is a call that makes an array of NumPy, other than one of objects."""
    if symbol.__class__ is not Call or symbol.function.__class__ is not Global:
        return False
    if symbol.function.name not in _ARRAY_MAKERS:
        return False
    elements_at = symbol.state[-1] if isinstance(symbol.state, tuple) and symbol.state else None
    return not isinstance(elements_at, list)


def tensor_of(
    call: Call, name: str, tensor_outside: Callable[[Any], Tensor | None]
) -> Tensor | None:
    """The tensor that a call would make; None if that is not known.

    Args:
        tensor_outside: the tensor that lies outside of the pickle under a name.

    Raises:
        CheckpointDamaged: an invalid shape, or a place outside of the storage.
    """
    made, _ = _unwrapped(call)
    if isinstance(made, Persistent):
        return tensor_outside(made.name)
    return None if made is None else _rebuilt(made, name)


def attributes_of(call: Call) -> list[Any]:
    """The attributes that the tensor of a call would be given, but for those of nested tensors,
    which are its own parts.
    """
    if not is_with_attributes(call):
        return []
    made, attributes = _unwrapped(call)
    is_nested = isinstance(made, Call) and made.function.name.endswith("._rebuild_njt")
    return [] if is_nested else attributes


def is_with_attributes(call: Call) -> bool:
    """Whether the tensor that a call would make may be given attributes: most are not."""
    return call.function.name in _TYPED or _WRAPPERS.get(call.function.name) is not None


def _unwrapped(call: Call) -> tuple[Call | Persistent | None, list[Any]]:
    """The call that makes the tensor itself, and the attributes that others give it."""
    attributes: list[Any] = []
    for _ in range(_MAX_WRAPPERS):
        arguments = call.arguments
        if not isinstance(call.function, Global) or not isinstance(arguments, tuple):
            return None, attributes
        function = call.function.name
        if function in _TYPED and len(arguments) > 2:
            attributes += arguments[_TYPED[function] :]
            call = Call(arguments[0], arguments[2])
        elif function in _WRAPPERS and isinstance((*arguments, None)[0], (Call, Persistent)):
            place = _WRAPPERS[function]
            attributes += [] if place is None else arguments[place : place + 1]
            if isinstance(arguments[0], Persistent):
                return arguments[0], attributes
            call = arguments[0]
        else:
            return call, attributes
    return None, attributes


def storage_of(symbol: Any) -> Storage | None:
    """The storage that a symbol refers to; None if it is something else."""
    key = symbol.name if isinstance(symbol, Persistent) else None
    if not isinstance(key, tuple) or len(key) < 5 or key[0] not in ("storage", b"storage"):
        return None
    start = 0
    view = key[5] if len(key) > 5 else None
    if isinstance(view, tuple) and len(view) == 3 and type(view[1]) is int and view[1] >= 0:
        start = view[1]  # a view of a storage, before PyTorch 0.4
    return Storage(str(key[2])[:256], storage_dtype(key[1]), start)


def dtype_of(symbol: Any) -> str:
    """TensorFlow's name of a dtype of PyTorch, marked as unknown if there is none."""
    name = symbol.name.rpartition(".")[2] if isinstance(symbol, Global) else "?"
    return foreign_dtypes.of_name(name)


def shape_of(symbol: Any, name: str) -> tuple[int, ...]:
    """The shape in a tuple, a list or a `torch.Size`.

    Raises:
        CheckpointDamaged: an invalid one.
    """
    if isinstance(symbol, Call) and isinstance(symbol.arguments, tuple) and symbol.arguments:
        symbol = symbol.arguments[0]
    return checked_shape(symbol if isinstance(symbol, (list, tuple)) else (None,), name)


def _rebuilt(call: Call, name: str) -> Tensor | None:
    function, arguments = call.function.name, call.arguments
    if not is_maker(function):
        return None
    last = function.rpartition(".")[2]
    if last in _OF_STORAGE and len(arguments) >= 4:
        return _of_storage(last, arguments, name)
    if function in _LISTED_ONLY:
        dtype_at, shape_at = _LISTED_ONLY[function]
        if len(arguments) <= shape_at:
            return None
        return Tensor(dtype_of(arguments[dtype_at]), shape_of(arguments[shape_at], name))
    if last == "_rebuild_sparse_tensor" and len(arguments) == 2:
        return _sparse(arguments[1], name)
    if last == "_rebuild_nested_tensor" and arguments:
        return _nested(arguments[0], name)
    if last == "_rebuild_njt" and arguments and isinstance(arguments[0], Mapping):
        values = [value for key, value in arguments[0].pairs if key == "values"]
        return _nested(values[0], name) if values else None
    if last in ("_rebuild_device_tensor_from_numpy", "_rebuild_xla_tensor") and len(arguments) > 1:
        return _of_numpy(arguments[0], dtype_of(arguments[1]), name)
    return None


def _of_storage(function: str, arguments: tuple[Any, ...], name: str) -> Tensor:
    storage = storage_of(arguments[0])
    offset, sizes, strides = arguments[1:4]
    if storage is None:
        raise CheckpointDamaged(f"`{name}` is a tensor without a storage")
    dtype_at, flags_at = _OF_STORAGE[function]
    dtype = storage.dtype
    if dtype_at is not None and len(arguments) > dtype_at:
        dtype = dtype_of(arguments[dtype_at])
    shape, steps = shape_of(sizes, name), shape_of(strides, name)
    if type(offset) is not int or not 0 <= offset < 1 << 63 or len(steps) != len(shape):
        raise CheckpointDamaged(f"`{name}` is a tensor that does not lie in its storage")
    flags = arguments[flags_at] if flags_at is not None and len(arguments) > flags_at else None
    pairs = flags.pairs if isinstance(flags, Mapping) else []
    is_set = {str(key)[:64] for key, value in pairs if value is not False}
    others = sorted(is_set - {"conj", "neg"})
    return Tensor(
        dtype,
        shape,
        storage.name,
        offset + storage.start,
        steps,
        is_conjugated="conj" in is_set,
        is_negated="neg" in is_set,
        note=f"a flag that is not known, `{others[0]}`, is ignored" if others else "",
        problem="" if storage.dtype in _STORED else "PyTorch does not know its type of elements",
    )


def _sparse(data: Any, name: str) -> Tensor | None:
    """A sparse tensor is listed by its whole shape; `data` ends with values, shape, a flag."""
    if not isinstance(data, tuple):
        return None
    for place, part in enumerate(data):
        is_shape = isinstance(part, Call) and part.function == Global("torch.Size")
        if is_shape and place:
            dense = _dense(data[place - 1], name)
            return Tensor(dense.dtype, shape_of(part, name)) if dense else None
    return None


def _nested(buffer: Any, name: str) -> Tensor | None:
    """A nested tensor has no one shape: it is listed as the buffer that all its parts lie in."""
    values = _dense(buffer, name)
    note = "nested tensors are listed as the buffer of all their parts"
    return replace(values, note=note) if values else None


def _dense(symbol: Any, name: str) -> Tensor | None:
    """The tensor of a call whose elements lie in a storage; None of any other call."""
    made = _unwrapped(symbol)[0] if isinstance(symbol, Call) else None
    if not isinstance(made, Call) or made.function.name.rpartition(".")[2] not in _OF_STORAGE:
        return None
    return _rebuilt(made, name)


def _of_numpy(array: Any, dtype: str, name: str) -> Tensor | None:
    """A tensor of a device without storages: an array of NumPy, of which only the shape is read."""
    state = array.state if isinstance(array, Call) else None
    if not isinstance(state, tuple) or len(state) < 2:
        return None
    return Tensor(dtype, shape_of(state[1], name))


def storage_dtype(symbol: Any) -> str:
    """The type of the elements of a class of storages, marked as unknown if it is not one."""
    name = symbol.name.rpartition(".")[2] if isinstance(symbol, Global) else "?"
    return _STORAGES.get(name.removesuffix("Storage")) or foreign_dtypes.unknown(name)
