"""From the values of an argument to the sites in it."""

from __future__ import annotations

from ckptls.source.semantics.catalogue import Effect, Entry, Roles
from ckptls.source.semantics.pattern_text import Hole, Text
from ckptls.source.semantics.sites import Counterpart, PathUse, Place, Role, Site
from ckptls.source.semantics.values import (
    GraphVariable,
    Literal,
    Mapping,
    Qualified,
    ScopeValue,
    Sequence,
    Values,
    is_known,
    texts,
)
from ckptls.source.semantics.work import Work

Shape = tuple["int | None", ...]
# What the interpreter does for calls whose names stand inside the scopes around them.
DEFINING = frozenset(
    {
        *(Effect.DEFINE, Effect.SCOPE, Effect.LAYER, Effect.OPERATION, Effect.NAME_SCOPE),
        *(Effect.KERAS_LAYER, Effect.CELL, Effect.NETWORK, Effect.STEP, Effect.TEMPLATE),
    }
)
_PATTERNS = (Role.PATTERN, Role.LAYER_PATTERN)
# The scopes that come before a name where it is used, and not where it is given.
SOMEWHERE = Text((Hole(r"(.*/)?"),))


class Emitter:
    """Notes the sites of one call in `sites`."""

    def __init__(
        self,
        sites: list[Site],
        entry: Entry,
        place: Place,
        paths: tuple[PathUse, ...],
        outer: Text,
        is_certain: bool,
        is_guarded: bool,
        is_lenient: bool,
        work: Work,
    ) -> None:
        self._sites = sites
        self._work = work
        self._entry = entry
        self._place = place
        self._paths = paths
        self.outer = outer
        self._is_certain = is_certain
        self._is_guarded = is_guarded
        self._is_lenient = is_lenient
        self.shape: Shape | None = None
        self.dtype: str | None = None
        self.reshapes = False
        self.library = ""

    def emit(
        self,
        values: Values,
        roles: Roles,
        parameter: str,
        paths: tuple[PathUse, ...] | None = None,
    ) -> None:
        """The sites of one argument, wherever in it the names stand."""
        if roles.itself:
            self._names(values, roles.itself, parameter, paths=paths)
        for value in values:
            if roles.items and isinstance(value, Sequence):
                for item in value.items:
                    self._names(item, roles.items, parameter)
            elif roles.items and not roles.itself and isinstance(value, Text):
                is_only = len(values) == 1
                self._names((value,), roles.items, parameter, is_certain=is_only, is_bare=True)
            elif roles.keys and isinstance(value, Mapping):
                for key, assigned in value.entries:
                    self._entry_sites(key, assigned, roles, parameter, value.repeated)
            elif roles.values and isinstance(value, Mapping):
                for _, assigned in value.entries:
                    self._names(assigned, roles.values, parameter)
            elif roles.keys and isinstance(value, Sequence):
                self._pairs(value, roles, parameter)

    def _pairs(self, value: Sequence, roles: Roles, parameter: str) -> None:
        for item in value.items:
            for pair in item:
                if isinstance(pair, Sequence) and len(pair.items) == 2:
                    self._entry_sites(pair.items[0], pair.items[1], roles, parameter)
                elif isinstance(pair, Text) and value.kind == "set":
                    # A dictionary whose first key is being typed looks like a set.
                    self._names((pair,), roles.keys, parameter, is_certain=False)

    def _entry_sites(
        self,
        key: Values,
        assigned: Values,
        roles: Roles,
        parameter: str,
        repeated: tuple[Text, ...] = (),
    ) -> None:
        self._names(
            key,
            roles.keys,
            parameter,
            counterpart=_counterpart(assigned),
            is_repeated=len(key) == 1 and key[0] in repeated,
        )
        if roles.values:
            # Names of the model are looked up in no checkpoint of the call.
            is_read = Role.VARIABLE in roles.values
            self._names(assigned, roles.values, parameter, paths=None if is_read else ())

    def _names(
        self,
        values: Values,
        roles: tuple[Role, ...],
        parameter: str,
        is_certain: bool = True,
        counterpart: Counterpart | None = None,
        paths: tuple[PathUse, ...] | None = None,
        is_bare: bool = False,
        is_repeated: bool = False,
    ) -> None:
        alternatives = [value for value in texts(values) if value.origins]
        is_only = len(alternatives) == 1 and is_known(values)
        self._work.found(len(alternatives))
        for value in alternatives:
            role = _role(value, roles)
            self._sites.append(
                Site(
                    role=role,
                    accepts=frozenset(roles),
                    text=value,
                    outer=Text() if role is Role.PATH else self.outer,
                    function=self._entry.name,
                    parameter=parameter,
                    paths=self._paths if paths is None else paths,
                    place=self._place,
                    is_certain=self._is_certain and is_certain and is_only and not _is_gap(value),
                    is_guarded=self._is_guarded,
                    is_lenient=self._is_lenient,
                    is_definition=self._entry.effect in DEFINING,
                    strips_output=self._entry.strips_output,
                    shape=self.shape,
                    counterpart=counterpart,
                    dtype=self.dtype,
                    match=self._entry.match if role in _PATTERNS else None,
                    output=self._entry.output,
                    is_bare=is_bare,
                    is_repeated=is_repeated,
                    reshapes=self.reshapes,
                    library=self.library,
                )
            )


def _is_gap(value: Text) -> bool:
    """Whether nothing stands between two separators of a list in a text, or behind the last."""
    return value.literal == "" and any(origin.is_item for origin in value.origins)


def _role(value: Text, roles: tuple[Role, ...]) -> Role:
    """Of several roles that a place takes, a slash at the end tells a scope from a variable."""
    if len(roles) == 1:
        return roles[0]
    is_scope = value.tail.endswith("/")
    for role in roles:
        if is_scope == (role in (Role.SCOPE, Role.GRAPH_SCOPE)):
            return role
    return roles[0]


def _counterpart(values: Values) -> Counterpart | None:
    if len(values) != 1:
        return None
    value = values[0]
    if isinstance(value, GraphVariable):
        return Counterpart(value.name, value.shape, value.dtype)
    if isinstance(value, Text):
        return Counterpart(value, None, is_text=True)
    if isinstance(value, ScopeValue):
        return Counterpart(value.name, None)
    return None


def shape_of(values: Values) -> Shape | None:
    """A shape written as a list or tuple of numbers; None for a size that is not a number."""
    if len(values) != 1 or not isinstance(values[0], Sequence) or not values[0].is_complete:
        return None
    return tuple(_size(item) for item in values[0].items)


def _size(values: Values) -> int | None:
    if len(values) == 1 and isinstance(values[0], Literal):
        value = values[0].value
        if isinstance(value, int) and not isinstance(value, bool):
            return value
    return None


_DTYPES = frozenset(
    {"float16", "float32", "float64", "bfloat16", "int8", "int16", "int32", "int64", "uint8"}
    | {"uint16", "uint32", "uint64", "bool", "complex64", "complex128", "string"}
)
_OLD_NAMES = {"half": "float16", "float": "float32", "double": "float64", "bool_": "bool"}


def dtype_of(values: Values) -> str | None:
    """The dtype that `tf.float16`, `np.float16` or `"float16"` names; None for all else."""
    if len(values) != 1:
        return None
    value = values[0]
    name = value.literal if isinstance(value, Text) else None
    if isinstance(value, Qualified) and value.name.partition(".")[0] in ("tensorflow", "numpy"):
        name = value.name.rpartition(".")[2]
    return known_dtype(name or "")


def known_dtype(name: str) -> str | None:
    """A dtype by the name that code gives it, as checkpoints call it; None if there is none."""
    name = _OLD_NAMES.get(name, name)
    return name if name in _DTYPES else None
