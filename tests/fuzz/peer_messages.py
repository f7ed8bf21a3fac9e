"""Messages of every kind that a server offers, made from the protocol's own types."""

from __future__ import annotations

import enum
import types as python_types
from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import attrs
from lsprotocol import converters, types

Json = dict[str, Any]
_CONVERTER = converters.get_converter()
_MAX_DEPTH = 6
REQUESTS = tuple(
    method
    for method, (_, response, *_) in types.METHOD_TO_TYPES.items()
    if response is not None
    and types.message_direction(method) != "serverToClient"
    and method not in ("initialize", "shutdown")
)
# Those for which documents are not simply told again are sent by the session itself.
NOTIFICATIONS = (
    *("textDocument/didSave", "textDocument/willSave", "$/setTrace", "initialized", "$/progress"),
    *("window/workDoneProgress/cancel", "workspace/didChangeWatchedFiles"),
    *("notebookDocument/didSave", "notebookDocument/didChange"),
    *("notebookDocument/didChange", "notebookDocument/didClose"),
    *("workspace/didCreateFiles", "workspace/didRenameFiles", "workspace/didDeleteFiles"),
    *("no/such", "$/no/such"),
)
ODD = (
    *(None, True, False, 0, -1, 7, 2**31, 2**63, 2**70, 1.5, 1e99, "", "x", "\ud800", "\x00"),
    *([], {}, [[]], [None], {"": None}, {"jsonrpc": "2.0", "id": 1, "method": "x"}),
    *("a" * 5000, {"uri": None}, [1, "2", {}]),
)

# Its answer is held back until there is news, so that it cannot be waited for.
HELD = "workspace/diagnostic"


def offered(capabilities: Json) -> list[str]:
    """The requests that a server says it answers."""
    inner = capabilities.get("workspace", {})
    names = [*capabilities, *(name for name in inner if name != "workspaceFolders")]
    stems = [name.removesuffix("Provider").lower() for name in names]
    known = {made for stem in stems for made in (stem, f"prepare{stem}", f"{stem}item")}
    return [
        method
        for method in REQUESTS
        if method != HELD
        and (
            known & {piece.lower() for piece in method.split("/")}
            or method.replace("/", "").lower() in known
        )
    ]


class Builder:
    """Makes up parameters; `uri` and `place` choose addresses and positions."""

    def __init__(
        self,
        random: Random,
        uri: Callable[[], str],
        place: Callable[[], Json],
        commands: Sequence[str],
    ) -> None:
        self._random = random
        self._uri = uri
        self._place = place
        self._commands = commands

    def params(self, method: str) -> Any:
        """Parameters that the protocol allows, for the better part."""
        if method == "workspace/executeCommand" and self._commands:
            place = self._place()
            sensible = [self._uri(), place["line"], place["character"]]
            arguments = sensible[: self._random.randint(1, 3)]
            return {"command": self._random.choice(self._commands), "arguments": arguments}
        kind = types.METHOD_TO_TYPES.get(method, (None, None, None))[2]
        if kind is None:
            return self._random.choice(ODD)
        made = _CONVERTER.unstructure(self._value(kind, "", 0), kind)
        # What a mistake opens, nobody would know to close.
        is_right = method.endswith("didOpen") or self._random.random() > 0.08
        return made if is_right else self._mistaken(made)

    def _value(self, kind: Any, name: str, depth: int) -> Any:
        choose = self._random.choice
        if kind is types.Position:
            return types.Position(**self._place())
        if kind is types.Range and self._random.random() < 0.8:
            ends = sorted((self._place() for _ in "12"), key=lambda p: (p["line"], p["character"]))
            return types.Range(*(types.Position(**end) for end in ends))
        if attrs.has(kind):
            return self._object(kind, depth)
        if get_origin(kind) in (Union, python_types.UnionType):
            kinds = [each for each in get_args(kind) if each is not type(None)]
            return self._value(choose(kinds), name, depth)
        if get_origin(kind) is Literal:
            return choose(get_args(kind))
        if isinstance(kind, type) and issubclass(kind, enum.Enum):
            return choose(list(kind))
        if kind is str:
            is_uri = "uri" in name or name == "document"
            return self._uri() if is_uri else choose(("", "x", "vgg_16/fc8", "😀", "\ud83d"))
        if kind is int:
            return choose((0, 1, 2, 3, 100, 2**31 - 1))
        if kind in (bool, float):
            return kind(choose((0, 1)))
        outer = get_origin(kind)
        if isinstance(outer, type) and issubclass(outer, Mapping):
            return {self._uri(): self._value(get_args(kind)[1], name, depth + 1)}
        if isinstance(outer, type) and issubclass(outer, Sequence):
            inner = get_args(kind)[0]
            return [self._value(inner, name, depth) for _ in range(self._random.randint(0, 2))]
        return choose((None, 1, "x", [], {}))

    def _object(self, kind: Any, depth: int) -> Any:
        hints = get_type_hints(kind)
        given = {}
        for field in attrs.fields(kind):
            is_needed = field.default is attrs.NOTHING
            if isinstance(field.default, str):
                continue  # nothing else is allowed
            if is_needed or (depth < _MAX_DEPTH and field.init and self._random.random() < 0.3):
                given[field.name] = self._value(hints[field.name], field.name, depth + 1)
        return kind(**given)

    def _mistaken(self, made: Any) -> Any:
        """With one part exchanged for something else."""
        if isinstance(made, dict) and made and self._random.random() < 0.8:
            key = self._random.choice(list(made))
            return {**made, key: self._mistaken(made[key])}
        return self._random.choice(ODD)
