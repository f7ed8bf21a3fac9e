"""Code that compares names one by one: `name.startswith("x")`, `"x" in name`, `name == "x"`.

The names are those of a checkpoint, in a loop over its list or map, or those of variables
of the model. The strings they are compared with become sites whose `match` says how.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ckptls.source.semantics.catalogue import Effect, Entry, Roles
from ckptls.source.semantics.sites import Match, Role
from ckptls.source.semantics.values import Sequence, Tracked, Value, Values

if TYPE_CHECKING:
    from ckptls.source.semantics.interpreter_protocol import InterpreterProtocol
    from ckptls.source.semantics.values import Arguments
    from ckptls.source.syntax import ir

NAMES = frozenset({"checkpoint-name", "model-name"})
_REGEXES = {"re.match": Match.START, "re.search": Match.SEARCH, "re.fullmatch": Match.FULL}
# `name in shapes`, where the names of a checkpoint are asked for one.
ASKED = Entry("variable map test")
_PATTERN = Roles(itself=(Role.PATTERN,))
_ENTRIES = {match: Entry("name test", effect=Effect.NAME_TEST, match=match) for match in Match}


def note_comparison(
    caller: InterpreterProtocol, operator: str, left: Values, right: Values, node: ir.Compare
) -> None:
    """`left operator right` was met."""
    if operator in ("in", "not in"):
        for value in right:
            if _is_name(value):
                _note(caller, value, left, Match.CONTAINS, node)
            elif isinstance(value, Sequence):
                _among(caller, left, value, node)
    elif operator in ("==", "!="):
        for one, other in ((left, right), (right, left)):
            for value in one:
                if _is_name(value):
                    _note(caller, value, other, Match.EQUALS, node)


def _among(
    caller: InterpreterProtocol, left: Values, container: Sequence, node: ir.Compare
) -> None:
    """`name in ["a", "b"]`."""
    for value in left:
        if _is_name(value):
            for item in container.items:
                _note(caller, value, item, Match.EQUALS, node)


def note_regex_call(
    caller: InterpreterProtocol, name: str, node: ir.Call, arguments: Arguments
) -> bool:
    """Notes `re.match(pattern, name)` and its kind; whether it was one."""
    match = _REGEXES.get(name)
    positional = [values for key, values in arguments if key is None]
    if match is None or len(positional) < 2:
        return False
    names = [value for value in positional[1] if _is_name(value)]
    for value in names:
        _note(caller, value, positional[0], match, node)
    return bool(names)


def _is_name(value: Value) -> bool:
    return isinstance(value, Tracked) and value.kind in NAMES


def _note(
    caller: InterpreterProtocol,
    name: Value,
    texts: Values,
    match: Match,
    node: ir.Call | ir.Compare,
) -> None:
    if isinstance(name, Tracked):
        emitter = caller.emitter_of(_ENTRIES[match], node, caller.uses_of(name))
        emitter.emit(texts, _PATTERN, "checkpoint" if name.paths else "model")
