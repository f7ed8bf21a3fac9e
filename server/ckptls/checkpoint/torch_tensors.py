"""The tensors among the symbols of a PyTorch pickle, and their names.

A name is the way to the tensor, joined with dots, as state dicts join the names of modules:
keys of dictionaries, places in lists, attributes of objects. Whole modules are named as their
own `state_dict()` names them.

Source: torch/_utils.py, torch/_tensor.py (functions that rebuild tensors), torch/storage.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ckptls.checkpoint import elements
from ckptls.checkpoint.errors import CheckpointDamaged
from ckptls.checkpoint.limits import MAX_NAME_BYTES, checked_shape
from ckptls.checkpoint.pickles import Call, Global, Mapping, Persistent

MAX_DEPTH = 200
MAX_VISITED = 2_000_000
UNNAMED = "tensor"

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
}
# Functions that make a tensor of (storage, offset, shape, strides, ...).
_OF_STORAGE = ("_rebuild_tensor", "_rebuild_tensor_v2", "_rebuild_tensor_v3", "_rebuild_qtensor")
# Functions whose first argument is the tensor that they wrap.
_WRAPPERS = ("_rebuild_parameter", "_rebuild_parameter_with_state")
_MODULE_PARTS = ("_parameters", "_buffers", "_modules")


@dataclass(frozen=True, slots=True)
class Tensor:
    """One tensor; offset and strides count elements.

    Attributes:
        storage: the name of the record with its elements; None if they are not in one place.
    """

    dtype: str
    shape: tuple[int, ...]
    storage: str | None = None
    offset: int = 0
    strides: tuple[int, ...] = ()


def named_tensors(root: Any, pickle_bytes: int) -> Iterator[tuple[str, Tensor]]:
    """(name, tensor) of all tensors below a symbol, in the order of the pickle.

    What a pickle of this length can hold bounds how many ways to its objects are followed:
    a few lists that hold each other twice have more ways than there are atoms.

    Raises:
        CheckpointDamaged: a tensor that cannot be, or nesting without measure.
    """
    rest: list[tuple[str, Any, tuple[int, ...]]] = [("", root, ())]
    visited, most = 0, min(MAX_VISITED, 1000 + 4 * pickle_bytes)
    while rest:
        name, symbol, above = rest.pop()
        visited += 1
        if visited > most or len(name) > MAX_NAME_BYTES:
            raise CheckpointDamaged("a pickle whose objects hold each other without end")
        tensor = _tensor(symbol, name) if isinstance(symbol, Call) else None
        if tensor is not None:
            yield name or UNNAMED, tensor
        elif len(above) < MAX_DEPTH and id(symbol) not in above:
            inside = (*above, id(symbol))
            parts = [(_joined(name, key), value, inside) for key, value in _parts(symbol)]
            rest.extend(reversed(parts))


def _joined(name: str, key: str) -> str:
    return f"{name}.{key}" if name and key else name or key


def _parts(symbol: Any) -> Iterator[tuple[str, Any]]:
    """What a container holds, by key; an empty key stands for the container itself."""
    if isinstance(symbol, Mapping):
        yield from _by_key(symbol.pairs)
    elif isinstance(symbol, (list, tuple)):
        yield from ((str(place), value) for place, value in enumerate(symbol))
    elif isinstance(symbol, Call):
        yield from _by_key(symbol.pairs)
        yield from ((str(place), value) for place, value in enumerate(symbol.items))
        yield from _first_pairs(symbol)
        yield from _attributes(symbol.state)


def _by_key(pairs: list[tuple[Any, Any]]) -> Iterator[tuple[str, Any]]:
    last = {key: value for pair in pairs if (key := _key(pair[0])) for value in (pair[1],)}
    yield from last.items()


def _key(symbol: Any) -> str:
    if isinstance(symbol, str):
        return symbol
    is_small = isinstance(symbol, int) and symbol.bit_length() <= 64
    return str(symbol) if is_small else ""


def _first_pairs(call: Call) -> Iterator[tuple[str, Any]]:
    """The pairs that old protocols hand to `OrderedDict` when they call it."""
    if call.function == Global("collections.OrderedDict") and isinstance(call.arguments, tuple):
        for pairs in call.arguments[:1]:
            if isinstance(pairs, list):
                yield from _by_key([tuple(p) for p in pairs if _is_pair(p)])


def _is_pair(symbol: Any) -> bool:
    return isinstance(symbol, (list, tuple)) and len(symbol) == 2


def _attributes(state: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(state, tuple):  # with slots: (dictionary, slots)
        for part in state:
            if isinstance(part, Mapping):
                yield from _attributes(part)
        return
    if not isinstance(state, Mapping):
        return
    attributes = dict(_by_key(state.pairs))
    if "_modules" not in attributes:
        yield from attributes.items()
        return
    passing = _names_of_set(attributes.get("_non_persistent_buffers_set"))
    for part in _MODULE_PARTS:
        for key, value in _parts(attributes.get(part)):
            if part != "_buffers" or key not in passing:
                yield key, value


def _names_of_set(symbol: Any) -> set[str]:
    items = symbol if isinstance(symbol, list) else []
    if isinstance(symbol, Call) and isinstance(symbol.arguments, tuple) and symbol.arguments:
        items = symbol.arguments[0] if isinstance(symbol.arguments[0], list) else []
    return {item for item in items if isinstance(item, str)}


def _tensor(call: Call, name: str) -> Tensor | None:
    """The tensor that a call would make, or None if it makes something else."""
    for _ in range(8):
        arguments = call.arguments
        if not isinstance(call.function, Global) or not isinstance(arguments, tuple):
            return None
        function = call.function.name.rpartition(".")[2]
        is_typed = function == "_rebuild_from_type_v2" and len(arguments) > 2
        if is_typed:
            call = Call(arguments[0], arguments[2])
        elif function in _WRAPPERS and arguments and isinstance(arguments[0], Call):
            call = arguments[0]
        elif call.function.name.startswith("torch."):
            return _rebuilt(function, arguments, name)
        else:
            return None
    return None


def _rebuilt(function: str, arguments: tuple[Any, ...], name: str) -> Tensor | None:
    if function in _OF_STORAGE and len(arguments) >= 4:
        return _of_storage(function, arguments, name)
    if function == "_rebuild_meta_tensor_no_storage" and len(arguments) >= 2:
        return Tensor(_dtype(arguments[0]), _shape(arguments[1], name))
    if function == "_rebuild_wrapper_subclass" and len(arguments) >= 3:
        return Tensor(_dtype(arguments[1]), _shape(arguments[2], name))
    if function == "_rebuild_sparse_tensor" and len(arguments) == 2:
        return _sparse(arguments[1], name)
    return None


def _of_storage(function: str, arguments: tuple[Any, ...], name: str) -> Tensor:
    storage, offset, sizes, strides = arguments[:4]
    key = storage.name if isinstance(storage, Persistent) else None
    if not isinstance(key, tuple) or len(key) < 5 or key[0] != "storage":
        raise CheckpointDamaged(f"`{name}` is a tensor without a storage")
    dtype = _storage_dtype(key[1])
    if function == "_rebuild_tensor_v3" and len(arguments) > 6:
        dtype = _dtype(arguments[6])
    shape, steps = _shape(sizes, name), _shape(strides, name)
    if type(offset) is not int or not 0 <= offset < 1 << 63 or len(steps) != len(shape):
        raise CheckpointDamaged(f"`{name}` is a tensor that does not lie in its storage")
    return Tensor(dtype, shape, str(key[2])[:256], offset, steps)


def _sparse(data: Any, name: str) -> Tensor | None:
    """A sparse tensor is listed by its whole shape; `data` ends with values, shape, a flag."""
    if not isinstance(data, tuple):
        return None
    for place, part in enumerate(data):
        is_shape = isinstance(part, Call) and part.function == Global("torch.Size")
        values = data[place - 1] if place else None
        if is_shape and isinstance(values, Call):
            dense = _tensor(values, name)
            return Tensor(dense.dtype, _shape(part, name)) if dense else None
    return None


def _shape(symbol: Any, name: str) -> tuple[int, ...]:
    if isinstance(symbol, Call) and isinstance(symbol.arguments, tuple) and symbol.arguments:
        symbol = symbol.arguments[0]
    return checked_shape(symbol if isinstance(symbol, (list, tuple)) else (None,), name)


def _storage_dtype(symbol: Any) -> str:
    name = symbol.name.rpartition(".")[2] if isinstance(symbol, Global) else "?"
    return _STORAGES.get(name.removesuffix("Storage")) or elements.unknown(name)


def _dtype(symbol: Any) -> str:
    name = symbol.name.rpartition(".")[2] if isinstance(symbol, Global) else "?"
    return elements.of_name(name)
