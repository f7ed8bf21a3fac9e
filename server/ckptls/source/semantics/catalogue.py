"""The catalogue: what each function does with paths and names, as data.

The entries are in `catalogue.toml`; a user's own functions become entries of the same kind.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import cache
from importlib import resources
from typing import Any

from ckptls.source.semantics.sites import Match, Output, PathForm, Role

# Places where the same function is found under another name: (prefix, what it stands for).
_SAME = (
    ("tensorflow.compat.v1", "tensorflow"),
    ("tensorflow.compat.v2", "tensorflow"),
    ("tensorflow._api.v2.compat.v1", "tensorflow"),
    ("tensorflow.contrib.slim", "tf_slim"),
    ("tensorflow.contrib.layers", "tf_slim"),
    ("tensorflow.contrib.training", "tf_slim"),
    ("tensorflow.contrib.framework.python.framework.checkpoint_utils", "tensorflow.train"),
    ("tensorflow.contrib.framework.python.ops.variables", "tensorflow.contrib.framework"),
    ("tensorflow.contrib.framework.python.framework", "tensorflow.contrib.framework"),
    ("tensorflow.python.training.checkpoint_utils", "tensorflow.train"),
    ("tensorflow.python.training.checkpoint_management", "tensorflow.train"),
    ("tensorflow.python.training.py_checkpoint_reader", "tensorflow.train"),
    ("tensorflow.python.training.saver", "tensorflow.train"),
    ("tensorflow.python.training.training", "tensorflow.train"),
    ("tensorflow.python.training.warm_starting_util", "tensorflow.train"),
    ("tensorflow.python.training.monitored_session", "tensorflow.train"),
    ("tensorflow.python.training.supervisor", "tensorflow.train"),
    ("tensorflow.python.training.basic_session_run_hooks", "tensorflow.train"),
    ("tensorflow.python.training.checkpoint_ops", "tensorflow.train"),
    ("tensorflow.python.training.moving_averages", "tensorflow.train"),
    ("tensorflow.python.pywrap_tensorflow", "tensorflow.train"),
    ("tensorflow.pywrap_tensorflow", "tensorflow.train"),
    ("tensorflow.python.framework.graph_util", "tensorflow.graph_util"),
    ("tensorflow.python.framework.importer", "tensorflow"),
    ("tensorflow.python.framework.ops", "tensorflow"),
    ("tensorflow.python.ops.variable_scope", "tensorflow"),
    ("tensorflow.python.ops.variables", "tensorflow"),
    ("tensorflow.python.ops.template", "tensorflow"),
    ("tensorflow.python.ops.rnn_cell_impl", "tensorflow.nn.rnn_cell"),
    ("tensorflow.python.ops.rnn_cell", "tensorflow.nn.rnn_cell"),
    ("tensorflow.python.ops.rnn", "tensorflow.nn"),
    ("tensorflow.contrib.rnn.python.ops.rnn_cell", "tensorflow.contrib.rnn"),
    ("tensorflow.contrib.rnn.python.ops.rnn", "tensorflow.contrib.rnn"),
    ("tensorflow.models.rnn.rnn_cell", "tensorflow.nn.rnn_cell"),
    ("tensorflow.python.client.session", "tensorflow"),
    ("tensorflow.python.keras", "keras"),
    ("tensorflow.contrib.keras", "keras"),
    ("tensorflow.keras", "keras"),
    ("tf_keras", "keras"),
    ("tf_slim.ops.variables", "tf_slim"),
    ("tf_slim.variables", "tf_slim"),
    ("tf_slim.layers.layers", "tf_slim"),
    ("tf_slim.layers", "tf_slim"),
    ("sonnet.v1", "sonnet"),
)


class Effect(str, Enum):
    """What the interpreter does for a call beside noting its sites (`effect` of an entry)."""

    # Scopes and variables of a graph.
    SCOPE = "scope"
    NAME_SCOPE = "name-scope"
    DEFINE = "define"
    OPERATION = "operation"
    LAYER = "layer"
    # The names are inside the scope that an argument gives.
    SCOPED = "scoped"
    KERAS_LAYER = "keras-layer"
    # Objects that make their variables where they run.
    CELL = "cell"
    NETWORK = "network"
    STEP = "step"
    TEMPLATE = "template"
    # Selections of variables; `SELECT_SOME` by what is not a name.
    SELECT = "select"
    SELECT_SOME = "select-some"
    AVERAGE = "average"
    AVERAGED = "averaged"
    # Savers and restores.
    SAVER = "saver"
    IMPORT_GRAPH = "import-graph"
    SAVE = "save"
    RESTORE = "restore"
    ASSIGN = "assign"
    LOAD_WEIGHTS = "load-weights"
    WARM_START = "warm-start"
    # Object-based checkpoints.
    OBJECTS = "objects"
    RESTORE_OBJECTS = "restore-objects"
    SAVE_MANAGED = "save-managed"
    # Questions of the code: whether a checkpoint has a name, whether a name matches a text,
    # whether there is a file.
    TEST = "test"
    NAME_TEST = "name-test"
    EXISTS = "exists"


@dataclass(frozen=True, slots=True)
class Roles:
    """What the strings of one argument name, by where they stand in it."""

    itself: tuple[Role, ...] = ()
    items: tuple[Role, ...] = ()
    keys: tuple[Role, ...] = ()
    values: tuple[Role, ...] = ()


@dataclass(frozen=True, slots=True)
class Entry:
    """One function or method; `parameters` are tuples of accepted spellings.

    lenient_when/is_lenient: the flag under which, or whether always, a wrong name is only
    logged. reshapes_when: the flag under which another shape is made to fit. output: what
    the function wants of the number behind a tensor's name. match: how it compares patterns
    with names. is_attribute: it is read, not called.
    """

    name: str
    parameters: tuple[tuple[str, ...], ...] = ()
    roles: Mapping[str, Roles] = field(default_factory=dict)
    of: str | None = None
    returns: str | None = None
    path_forms: Mapping[str, PathForm] = field(default_factory=dict)
    effect: Effect | None = None
    lenient_when: str | None = None
    is_lenient: bool = False
    reshapes_when: str | None = None
    strips_output: bool = False
    output: Output = Output.FORBIDDEN
    match: Match = Match.START
    is_attribute: bool = False

    @property
    def path_parameters(self) -> tuple[str, ...]:
        """The parameters that name a checkpoint to read, the one that counts most first."""
        return tuple(
            parameter
            for parameter, roles in self.roles.items()
            if Role.PATH in roles.itself and self.form_of(parameter) is not PathForm.OUTPUT
        )

    def form_of(self, parameter: str) -> PathForm:
        """What a path must be for a parameter."""
        return self.path_forms.get(parameter, PathForm.ANY)

    @property
    def short_name(self) -> str:
        return self.name.rpartition(".")[2]


_TELL_NOTHING = frozenset(
    {"get", "name_scope", "exists", "isfile", "isdir", "lexists", "glob", "Glob", "run", "read"}
    | {"save", "graph", "Exists", "IsDirectory", "evaluate", "predict", "train", "write"}
    | {"__call__", "startswith", "endswith", "as_default", "export"}
)
# Objects that matter only through what is done with them.
_PASSED_ON = frozenset({"session", "graph", "keras-model"})
# Common words, which are functions of the catalogue in slim alone.
_OF_SLIM = frozenset({b"stack", b"repeat", b"linear", b"variable", b"relu"})
_WORD = re.compile(rb"[A-Za-z_]\w*")
_WORD_CHARACTER = re.compile(rb"\w")
_WORD_BEFORE = re.compile(rb"[A-Za-z_]\w*\Z")


class Catalogue:
    """Entries, found by full name, or by kind of object and method name."""

    def __init__(self, entries: Iterable[Entry], own: Iterable[Entry] = ()) -> None:
        self._functions: dict[str, Entry] = {}
        self._methods: dict[tuple[str, str], Entry] = {}
        # Functions that projects copy from each other, known by their last name: `*.name`.
        self._copied: dict[str, Entry] = {}
        words: set[str] = set()
        telling: set[str] = set()
        # Names of the user's own functions: a file with one of them is looked at.
        self.own_words = frozenset(entry.short_name.encode() for entry in own)
        for entry in (*entries, *own):
            words.add(entry.short_name)
            is_passed_on = entry.returns in _PASSED_ON and not entry.path_parameters
            if entry.effect is not Effect.KERAS_LAYER and not is_passed_on:
                telling.add(entry.short_name)
            if entry.name.startswith("*."):
                self._copied[entry.short_name] = entry
            elif entry.of is None:
                self._functions[canonical(entry.name)] = entry
            else:
                self._methods[entry.of, entry.name] = entry
        self._by_method: dict[str, tuple[Entry, ...]] = {}
        for (_, method), entry in self._methods.items():
            if not entry.is_attribute and method not in _ONLY_KNOWN:
                self._by_method[method] = (*self._by_method.get(method, ()), entry)
        # The last parts of all names: code without any of them calls none of the functions.
        # Some alone say nothing: a `get` needs a map, a scope of operations a variable in it.
        self.words = frozenset(word.encode() for word in words - _TELL_NOTHING)
        plain = frozenset(word.encode() for word in telling - _TELL_NOTHING)
        self._plain_words = plain - _OF_SLIM

    def mentioned(self, data: bytes) -> bytes:
        """Returns a word of the text that names one of the functions; empty if no word does."""
        return min(self._telling(data).intersection(_WORD.findall(data)), default=b"")

    def mentions(self, data: bytes, word: bytes) -> bool:
        """Whether `mentioned` could return that word; usually much cheaper."""
        place = data.find(word) if word and word in self._telling(data) else -1
        while place >= 0:
            end = place + len(word)
            if _WORD_BEFORE.search(data, max(place - 100, 0), place) is None and not (
                _WORD_CHARACTER.match(data, end)
            ):
                return True
            place = data.find(word, end)
        return False

    def _telling(self, data: bytes) -> frozenset[bytes]:
        return self.words if b"slim" in data or b"contrib" in data else self._plain_words

    def function(self, name: str) -> Entry | None:
        """The entry of a function by its full dotted name, however it was imported."""
        found = self._functions.get(canonical(name))
        if found is None and self._copied:
            found = self._copied.get(name.rpartition(".")[2])
        return found

    def attribute(self, kind: str, name: str) -> Entry | None:
        """The entry of something that is read off an object that the catalogue follows."""
        entry = self._methods.get((kind, name))
        return entry if entry is not None and entry.is_attribute else None

    def method(self, kind: str, name: str) -> Entry | None:
        """The entry of a method of an object that the catalogue follows."""
        entry = self._methods.get((kind, name))
        return entry if entry is None or not entry.is_attribute else None

    def methods(self, name: str) -> tuple[Entry, ...]:
        """Every method of that name, for receivers that are not known."""
        return self._by_method.get(name, ())

    def with_entries(self, entries: Iterable[Entry]) -> Catalogue:
        """A catalogue that also holds `entries`, the user's own first."""
        built_in = (*self._functions.values(), *self._methods.values(), *self._copied.values())
        return Catalogue(built_in, entries)


# Methods that so many objects have that a string in a call of one tells nothing.
_ONLY_KNOWN = frozenset(
    {"run", "startswith", "endswith", "save", "restore", "read", "predict", "evaluate"}
)


@cache
def canonical(name: str) -> str:
    """One name for a function that TensorFlow offers under several."""
    for prefix, same in _SAME:
        if name.startswith(prefix + "."):
            return canonical(same + name[len(prefix) :])
    return name


def keras_library(name: str) -> str:
    """The module that a function of Keras is of, by its name as it was imported.

    `keras`, `tensorflow.keras` (which may be either Keras) or `tf_keras` (with TensorFlow's own
    copy of Keras 2); empty for what is not of Keras.
    """
    if name.startswith(("tf_keras.", "tensorflow.python.keras.", "tensorflow.contrib.keras.")):
        return "tf_keras"
    if name.startswith("keras."):
        return "keras"
    is_of_tensorflow = name.startswith("tensorflow.") and canonical(name).startswith("keras.")
    return "tensorflow.keras" if is_of_tensorflow else ""


@cache
def builtin_catalogue() -> Catalogue:
    """The catalogue that comes with ckptls."""
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    data = resources.files("ckptls.source.semantics").joinpath("catalogue.toml").read_text("utf-8")
    return Catalogue(parse_entries(tomllib.loads(data)))


def parse_entries(data: Mapping[str, Any]) -> list[Entry]:
    """The entries of a catalogue in the form of `catalogue.toml`.

    Raises: ValueError or KeyError where an entry is not of that form.
    """
    found: list[Entry] = []
    for section in ("function", "method", "attribute"):
        for table in data.get(section, ()):
            found += (_entry(name, table, section == "attribute") for name in table["names"])
    return found


def _entry(name: str, table: Mapping[str, Any], is_attribute: bool) -> Entry:
    roles = {key: _roles(value) for key, value in table.get("roles", {}).items()}
    return Entry(
        name=name,
        parameters=tuple(tuple(each.split("|")) for each in table.get("parameters", ())),
        roles=roles,
        of=table.get("of"),
        returns=table.get("returns"),
        path_forms=_path_forms(table.get("path-form", PathForm.ANY), roles),
        effect=Effect(table["effect"]) if "effect" in table else None,
        lenient_when=table.get("lenient-when"),
        is_lenient=table.get("lenient", False),
        reshapes_when=table.get("reshapes-when"),
        strips_output=table.get("strips-output", False),
        output=Output(table.get("output", Output.FORBIDDEN)),
        match=Match(table.get("match", Match.START)),
        is_attribute=is_attribute,
    )


def _path_forms(
    form: str | Mapping[str, str], roles: Mapping[str, Roles]
) -> Mapping[str, PathForm]:
    """One form for all parameters that are paths, or a form for each of them."""
    if isinstance(form, str):
        paths = (name for name, each in roles.items() if Role.PATH in each.itself)
        return dict.fromkeys(paths, PathForm(form))
    return {name: PathForm(each) for name, each in form.items()}


def _roles(value: str | list[str] | Mapping[str, list[str]]) -> Roles:
    if isinstance(value, str):
        return Roles(itself=(Role(value),))
    if isinstance(value, list):
        return Roles(itself=tuple(Role(each) for each in value))
    return Roles(**{key: tuple(Role(each) for each in value[key]) for key in value})
