"""The tensors in what a PyTorch pickle would build, by name, and what is not understood of it.

A name is the way to the tensor, joined with dots, as state dicts join the names of modules:
keys of dictionaries, places in lists, attributes of objects. Whole modules are named as their
own `state_dict()` names them.

Source: torch/nn/modules/module.py, torch/fx/graph_module.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from ckptls.checkpoint.core.errors import CheckpointTooLarge, CheckpointUnsupported
from ckptls.checkpoint.core.limits import MAX_NAME_BYTES
from ckptls.checkpoint.core.problem import Problem, Severity, make_note
from ckptls.checkpoint.formats.pytorch.pickle_scanner import Pickle
from ckptls.checkpoint.formats.pytorch.pickle_symbols import Call, Global, Mapping, Persistent
from ckptls.checkpoint.formats.pytorch.torch_functions import (
    CONTAINERS,
    HARMLESS,
    MODULE_MAKERS,
    shown,
    unknown_calls,
)
from ckptls.checkpoint.formats.pytorch.torch_tensors import (
    Tensor,
    attributes_of,
    is_array,
    is_with_attributes,
    makes_tensor,
    storage_of,
    tensor_of,
)

MAX_DEPTH = 200
MAX_VISITED = 4_000_000
UNNAMED = "tensor"
_MAX_KEY_PARTS = 16
_MAX_KEY_DEPTH = 4
_MODULE_PARTS = ("_parameters", "_buffers", "_modules")
_SCRIPTED = "__torch__."
_Parts = Iterator[tuple[str, Any]]


@dataclass(frozen=True, slots=True)
class Listed:
    """The tensors of a pickle in its order, and what is odd or not listed."""

    tensors: dict[str, Tensor]
    problems: tuple[Problem, ...]


def listed(
    pickle: Pickle,
    members_of: Callable[[str], frozenset[str] | None] = lambda _: None,
    tensor_outside: Callable[[Any], Tensor | None] = lambda _: None,
) -> Listed:
    """The tensors of a pickle.

    Args:
        members_of: the parameters and buffers of a class of TorchScript; None if unknown.
        tensor_outside: the tensor that lies outside of the pickle under a name.

    Raises:
        CheckpointDamaged: a tensor that cannot be.
        CheckpointUnsupported: nesting without measure.
    """
    walk = _Walk(members_of, tensor_outside)
    # A few lists that hold each other twice have more ways than there are atoms: the length of
    # the pickle bounds how many are followed.
    most = min(MAX_VISITED, 1000 + 4 * pickle.end)
    for name, tensor in walk.tensors(pickle.root, most):
        if name in walk.found:
            what = "several tensors have one name; the first is listed"
            walk.note("duplicate-name", what, name, Severity.NOTE)
        else:
            walk.found[name] = tensor
    for name, tensor in walk.found.items():
        if tensor.note:
            walk.note("unusual-tensor", tensor.note, name, Severity.NOTE)
        if tensor.problem:
            walk.note("unknown-dtype", tensor.problem, name)
    walk.note_hidden()
    problems = [*walk.problems(), *unknown_calls(pickle)]
    if list(walk.found) == [UNNAMED] and makes_tensor(pickle.root):
        what = f"it holds one tensor without a name, listed as `{UNNAMED}`"
        problems.append(make_note("unnamed-tensor", what))
    return Listed(walk.found, tuple(problems))


class _Walk:
    """One way through all symbols of a pickle.

    What holds no tensor anywhere below is not walked through again for names: a pickle with
    millions of numbers is as quick as one without.
    """

    def __init__(
        self,
        members_of: Callable[[str], frozenset[str] | None],
        tensor_outside: Callable[[Any], Tensor | None],
    ) -> None:
        self.found: dict[str, Tensor] = {}
        self._members_of = members_of
        self._tensor_outside = tensor_outside
        self._notes: dict[Problem, dict[str, None]] = {}
        self._met: set[int] = set()  # the ids of the tensors that were met
        self._hidden: list[tuple[str, Any]] = []  # (name, attribute) of modules, not walked through

    def note(self, code: str, what: str, name: str, severity: Severity = Severity.PROBLEM) -> None:
        """Keep a sentence about a name; one sentence about many names becomes one problem."""
        problem = Problem(code, what, severity=severity)
        self._notes.setdefault(problem, {})[name or UNNAMED] = None

    def problems(self) -> list[Problem]:
        """Return what was noted, each with its first name and how many more there are."""
        found = []
        for noted, names in self._notes.items():
            others = f" and {len(names) - 1:,} more" if len(names) > 1 else ""
            what = f"{noted.what}: `{next(iter(names))}`{others}"
            found.append(replace(noted, what=what))
        return found

    def tensors(self, root: Any, most: int) -> Iterator[tuple[str, Tensor]]:
        """(name, tensor) of all tensors below a symbol, in the order of the pickle."""
        fruitful = self._with_tensors(root)
        rest: list[tuple[str, Any, tuple[int, ...]]] = [("", root, ())]
        visited = 0
        while rest:
            name, symbol, above = rest.pop()
            visited += 1
            if visited > most:
                raise CheckpointUnsupported("a pickle whose objects hold each other without end")
            if len(name) > MAX_NAME_BYTES:
                raise CheckpointTooLarge("a tensor whose name is longer than 4,096 characters")
            if isinstance(symbol, Persistent):
                yield from self._outside(name, symbol)
                continue
            if is_array(symbol):
                self.note("not-listed", "arrays of NumPy are not listed", name, Severity.NOTE)
                continue
            if makes_tensor(symbol):
                self._met.add(id(symbol))
                made = tensor_of(symbol, name, self._tensor_outside)
                if made is not None:
                    yield name or UNNAMED, made
                else:
                    function = shown(symbol.function.name)
                    what = f"tensors that `{function}` makes in an unknown way are not listed"
                    self.note("not-listed", what, name)
            if len(above) >= MAX_DEPTH:
                what = f"tensors inside of {MAX_DEPTH} containers are not listed"
                self.note("not-listed", what, name)
            elif id(symbol) not in above:
                inside = (*above, id(symbol))
                parts = [
                    (f"{name}.{key}" if name and key else name or key, value, inside)
                    for key, value in self._parts(symbol, name)
                    if id(value) in fruitful
                ]
                rest.extend(reversed(parts))

    def note_hidden(self) -> None:
        """Note the attributes of modules that hold tensors which were not met, after all others.

        Quantized modules keep their weights in such attributes, and put them into their
        `state_dict()` by code of their own.
        """
        seen: set[int] = set()
        for name, attribute in self._hidden:
            rest, is_new = [attribute], False
            while rest:
                symbol = rest.pop()
                if id(symbol) in seen:
                    continue
                seen.add(id(symbol))
                if makes_tensor(symbol):
                    is_new = is_new or id(symbol) not in self._met
                elif _is_container(symbol):
                    rest += (value for _, value in self._parts(symbol, None))
            if is_new:
                self.note(
                    "not-listed",
                    "attributes of modules that are no parameters, buffers or modules are not "
                    "listed, though they hold tensors",
                    name,
                    Severity.NOTE,
                )

    def _outside(self, name: str, symbol: Persistent) -> Iterator[tuple[str, Tensor]]:
        tensor = self._tensor_outside(symbol.name)
        if tensor is not None:
            yield name or UNNAMED, tensor
        elif storage_of(symbol) is not None:
            self.note("not-listed", "storages, which are not tensors, are not listed", name)
        else:
            self.note("not-listed", "objects outside of the pickle are not listed", name)

    def _with_tensors(self, root: Any) -> set[int]:
        """The ids of the tensors, and of what holds some at any depth."""
        above: dict[int, list[int]] = {}  # the containers that hold a container
        fruitful: set[int] = set()
        seeds: list[int] = []
        rest: list[Any] = []
        seen: set[int] = set()

        def meet(symbol: Any, place: int | None) -> None:
            is_leaf = _is_leaf(symbol)
            if is_leaf:
                fruitful.add(id(symbol))
                if place is not None and place not in fruitful:
                    fruitful.add(place)
                    seeds.append(place)
            elif not _is_container(symbol):
                return
            elif place is not None:
                above.setdefault(id(symbol), []).append(place)
            if id(symbol) not in seen and (not is_leaf or _is_carrying(symbol)):
                seen.add(id(symbol))
                rest.append(symbol)

        meet(root, None)
        while rest:
            symbol = rest.pop()
            for _, value in self._parts(symbol, None):
                meet(value, id(symbol))
        while seeds:
            for place in above.get(seeds.pop(), ()):
                if place not in fruitful:
                    fruitful.add(place)
                    seeds.append(place)
        return fruitful

    def _parts(self, symbol: Any, name: str | None) -> _Parts:
        """What a symbol holds, by key; an empty key stands for the symbol itself.

        Without a name also what is not listed: the other attributes of modules.
        """
        if isinstance(symbol, Mapping):
            yield from self._by_key(symbol.pairs, name)
        elif isinstance(symbol, (list, tuple)):
            yield from ((str(place), value) for place, value in enumerate(symbol))
        elif isinstance(symbol, Call):
            yield from self._parts_of_call(symbol, name)

    def _parts_of_call(self, call: Call, name: str | None) -> _Parts:
        function = call.function.name if isinstance(call.function, Global) else ""
        arguments = call.arguments
        if makes_tensor(call):
            for attributes in attributes_of(call):
                yield from self._attributes(attributes, name)
            return
        if not isinstance(arguments, tuple):
            arguments = (arguments,)
        if function in CONTAINERS:
            for first in arguments[:1]:
                yield from self._items_of(first, name)
        elif function in MODULE_MAKERS:
            for body in arguments[:1]:
                yield from self._attributes(body, name)
        elif function.endswith("._reconstructor"):
            for state in arguments[2:3]:
                yield from self._parts(state, name)
        elif function not in HARMLESS:
            yield from self._parts(arguments, name)
        if call.pairs:
            yield from self._by_key(call.pairs, name)
        yield from ((str(place), value) for place, value in enumerate(call.items or ()))
        if function.startswith(_SCRIPTED):
            yield from self._scripted(function, call.state)
        else:
            yield from self._attributes(call.state, name)

    def _items_of(self, first: Any, name: str | None) -> _Parts:
        """What a container is made of: the pairs of a dictionary may come as a list of them."""
        is_pairs = isinstance(first, list) and all(
            isinstance(each, (list, tuple)) and len(each) == 2 and _key(each[0]) for each in first
        )
        if is_pairs:
            yield from self._by_key([tuple(pair) for pair in first], name)
        else:
            yield from self._parts(first, name)

    def _by_key(self, pairs: list[tuple[Any, Any]], name: str | None) -> _Parts:
        """(key, value), of equal keys the last: as assigning them one after the other."""
        last: dict[Any, tuple[str, Any]] = {}
        for place, (key, value) in enumerate(pairs):
            text = _key(key)
            if text is None:
                last[id(key)] = str(place), value
                if name is not None and (_is_container(value) or _is_leaf(value)):
                    what = "of keys that are not texts or numbers the places are shown"
                    self.note("unnamed-keys", what, name, Severity.NOTE)
            else:
                last[key if isinstance(key, (str, int, float)) else (type(key), text)] = text, value
        yield from last.values()

    def _attributes(self, state: Any, name: str | None) -> _Parts:
        if isinstance(state, tuple):  # with slots: (dictionary, slots)
            for part in state:
                if isinstance(part, Mapping):
                    yield from self._attributes(part, name)
                elif makes_tensor(part) or _is_container(part):
                    yield from self._parts((part,), name)
            return
        if not isinstance(state, Mapping):
            if state is not None:
                yield from self._parts(state, name)
            return
        attributes = dict(self._by_key(state.pairs, name))
        if "_modules" not in attributes or name is None:
            yield from attributes.items()
            return
        self._hidden += (
            (f"{name}.{key}" if name else key, value)
            for key, value in attributes.items()
            if key not in _MODULE_PARTS and _is_container(value)
        )
        passing = _names_of_set(attributes.get("_non_persistent_buffers_set"))
        for part in _MODULE_PARTS:
            for key, value in self._parts(attributes.get(part), name):
                if part != "_buffers" or key not in passing:
                    yield key, value

    def _scripted(self, function: str, state: Any) -> _Parts:
        """The parameters, buffers and submodules among the attributes of a TorchScript object."""
        if not isinstance(state, Mapping):
            return
        members = self._members_of(function)
        for key, value in self._by_key(state.pairs, None):
            is_object = isinstance(value, Call) and isinstance(value.function, Global)
            is_module = is_object and self._members_of(value.function.name) is not None
            if members is None or key in members or is_module:
                yield key, value


def _is_leaf(symbol: Any) -> bool:
    return isinstance(symbol, Persistent) or makes_tensor(symbol) or is_array(symbol)


def _is_container(symbol: Any) -> bool:
    return isinstance(symbol, (Mapping, list, tuple, Call))


def _is_carrying(symbol: Any) -> bool:
    """Whether a tensor may have attributes, tensors among them."""
    return isinstance(symbol, Call) and is_with_attributes(symbol)


def _key(symbol: Any, depth: int = 0) -> str | None:
    """The text for a key; None if it has none that would say which key it is."""
    if isinstance(symbol, str):
        return repr(symbol) if depth else symbol
    if isinstance(symbol, int) and symbol.bit_length() > 64:
        return None
    if symbol is None or isinstance(symbol, (int, float)):
        return str(symbol)
    if isinstance(symbol, bytes):
        return repr(symbol[:MAX_NAME_BYTES])
    if isinstance(symbol, Global):
        return symbol.name
    if isinstance(symbol, Call) and symbol.function == Global("_codecs.encode"):
        text = symbol.arguments[0] if isinstance(symbol.arguments, tuple) else None
        if isinstance(text, str) and text.isascii():  # bytes, in protocols before 3
            return repr(text.encode())
    if isinstance(symbol, tuple) and len(symbol) <= _MAX_KEY_PARTS and depth < _MAX_KEY_DEPTH:
        parts = [_key(part, depth + 1) for part in symbol]
        if all(part is not None for part in parts):
            return f"({', '.join(map(str, parts))}{',' if len(parts) == 1 else ''})"
    return None


def _names_of_set(symbol: Any) -> set[str]:
    items = symbol if isinstance(symbol, list) else []
    if isinstance(symbol, Call) and isinstance(symbol.arguments, tuple) and symbol.arguments:
        items = symbol.arguments[0] if isinstance(symbol.arguments[0], list) else []
    return {item for item in items if isinstance(item, str)}
