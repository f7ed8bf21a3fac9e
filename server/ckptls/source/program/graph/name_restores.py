"""Savers and what else restores variables by their names in a checkpoint.

Source: `saver.py` and `checkpoint_utils.py` of TensorFlow 1.15, `variables.py` of tf_slim 1.1.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from ckptls.source.inventory.model_inventory import CodeSpan, Gap
from ckptls.source.inventory.restore_request import (
    Reaction,
    RequestedVariable,
    RestoreKind,
    RestoreRequest,
)
from ckptls.source.program.core.arguments import Arguments
from ckptls.source.program.core.library import base_class, function
from ckptls.source.program.core.library_object import LibraryObject, Method
from ckptls.source.program.core.objects import UNKNOWN, DictValue, ListValue, PartialText, Value
from ckptls.source.program.core.run_protocol import Run
from ckptls.source.program.graph.graph_state import GraphState, current_graph
from ckptls.source.program.graph.variables import GLOBAL_VARIABLES, VariableObject
from ckptls.source.semantics.pattern_text import Hole, Piece, Text, text
from ckptls.source.semantics.saved_paths import may_be_saved
from ckptls.source.semantics.sites import Evidence, PathForm, PathUse

_UNKNOWN_LIST = "which variables are restored is not known"


class LatestPath(LibraryObject):
    """The newest checkpoint of a directory: what `tf.train.latest_checkpoint` gives."""

    def __init__(self, directory: Value) -> None:
        self.directory = directory

    def truth(self, run: Run) -> bool | None:
        return None


class CheckpointState(LibraryObject):
    """`tf.train.get_checkpoint_state(directory)`."""

    def __init__(self, directory: Value) -> None:
        self.directory = directory

    def get_attribute(self, run: Run, name: str) -> Value:
        return LatestPath(self.directory) if name == "model_checkpoint_path" else UNKNOWN


def path_uses(path: Value, form: PathForm) -> tuple[PathUse, ...]:
    """What a value of a program says of where a checkpoint is."""
    is_latest = isinstance(path, LatestPath)
    if isinstance(path, LatestPath):
        path, form = path.directory, PathForm.ANY
    if isinstance(path, str):
        return (PathUse(text(path), form, Evidence.FLOW, is_latest),)
    if isinstance(path, PartialText):
        parts = (Piece(part) if part is not None else Hole(".*") for part in path.parts)
        return (PathUse(Text(tuple(parts)), form, Evidence.FLOW, is_latest),)
    return ()


@dataclass(slots=True)
class WrittenPaths:
    """What a run has saved to so far; None stands for a path that is not known."""

    paths: list[Text | None] = field(default_factory=list)

    def note(self, path: Value) -> None:
        """The program saves to a path."""
        uses = path_uses(path, PathForm.OUTPUT)
        self.paths += [use.text for use in uses] or [None]

    def may_have(self, uses: tuple[PathUse, ...]) -> bool:
        """Whether the program itself may have written what it reads."""
        if not self.paths or None in self.paths or not uses:
            return bool(self.paths)
        return any(
            saved is not None and may_be_saved(saved, use) for saved in self.paths for use in uses
        )


@dataclass(frozen=True, slots=True)
class Wanted:
    """A variable that is restored, by the key that it is looked up by."""

    key: str
    variable: VariableObject
    place: CodeSpan | None = None


@dataclass(frozen=True, slots=True)
class Wish:
    """What a saver or map asks for; `gap` says why some of it is not known."""

    items: tuple[Wanted, ...] = ()
    gap: str = ""


def _variable_of(value: Value) -> VariableObject | None:
    return value if isinstance(value, VariableObject) else None


def read_wish(run: Run, variables: Value, place: CodeSpan | None = None) -> Wish:
    """What a `var_list` asks for: None, a list, or a dictionary."""
    if variables is None:
        members = current_graph(run).collection(GLOBAL_VARIABLES)
        found = [each for each in members.items if isinstance(each, VariableObject)]
        return Wish(tuple(Wanted(each.whole, each) for each in found))
    if isinstance(variables, DictValue):
        return _read_map(run, variables, place)
    items = run.iterate(variables)
    is_exact = items is not None
    if isinstance(variables, ListValue):
        items = variables.items
    wanted = [Wanted(each.whole, each) for each in items or () if isinstance(each, VariableObject)]
    is_exact = is_exact and len(wanted) == len(items or ())
    return Wish(tuple(wanted), "" if is_exact else _UNKNOWN_LIST)


def _read_map(run: Run, variables: DictValue, place: CodeSpan | None) -> Wish:
    wanted: list[Wanted] = []
    is_exact = variables.is_exact
    for key, value in variables.entries.items():
        several = value.items if isinstance(value, ListValue) else [value]
        for each in several:
            variable = _variable_of(each)
            if isinstance(key, str) and variable is not None:
                wanted.append(Wanted(key, variable, place))
            else:
                is_exact = False
    return Wish(tuple(wanted), "" if is_exact else _UNKNOWN_LIST)


def note(
    run: Run,
    arguments: Arguments,
    name: str,
    path: Value,
    wish: Wish,
    *,
    form: PathForm = PathForm.PREFIX,
    on_missing: Reaction = Reaction.RAISES,
    on_shape: Reaction = Reaction.RAISES,
) -> None:
    """Notes a restore by names at the call that is run."""
    place = arguments.place
    if place is None:
        return
    records = {each: each.record(run) for each in dict.fromkeys(w.variable for w in wish.items)}
    items = tuple(
        RequestedVariable(
            *(records[each.variable], each.key, each.variable.is_exact, each.place, ""),
            part=each.variable.part,
            is_sure=each.variable.is_made(run),
        )
        for each in wish.items
    )
    paths = path_uses(path, form)
    run.note_restore(
        RestoreRequest(
            RestoreKind.NAMES,
            name,
            place,
            arguments.name_place or place,
            paths,
            items,
            (Gap(place, wish.gap),) if wish.gap else (),
            on_missing,
            on_shape,
            run.is_certain,
            run.state(WrittenPaths).may_have(paths),
            run.is_guarded,
            current_graph(run).inventory(run),
        )
    )


class SaverObject(LibraryObject):
    """`tf.train.Saver(…)`: what it restores is settled when it is made."""

    def __init__(self, wish: Wish, reshapes: bool | None = False) -> None:
        self.wish = wish
        self.reshapes = reshapes

    def get_attribute(self, run: Run, name: str) -> Value:
        if name == "restore":
            return Method(self, name, _restore)
        if name == "save":
            return Method(self, name, _save)
        return UNKNOWN

    def truth(self, run: Run) -> bool | None:
        return True


def shape_reaction(run: Run, reshapes: bool | None = False) -> Reaction:
    """What happens to a variable of another shape."""
    if reshapes is not False:
        return Reaction.RESHAPES
    return Reaction.TAKES if run.state(GraphState).has_resource_variables else Reaction.RAISES


@function("tensorflow.train.Saver")
def make_saver(run: Run, arguments: Arguments) -> Value:
    bound = arguments.bind("var_list reshape")
    first = arguments.places[0] if arguments.places else None
    place = arguments.keyword_places.get("var_list", first)
    wish = read_wish(run, bound["var_list"], place)
    if not arguments.is_exact:
        wish = Wish(wish.items, _UNKNOWN_LIST)
    reshapes = run.truth(bound["reshape"]) if bound["reshape"] is not None else False
    return SaverObject(wish, reshapes)


@base_class("tensorflow.train.Saver")
class SaverBase(SaverObject):
    """A saver of a class of the program."""

    def __init__(self, instance: Value) -> None:
        super().__init__(Wish((), _UNKNOWN_LIST))
        self.instance = instance

    def call_instance(self, run: Run, arguments: Arguments) -> Value:
        return UNKNOWN


def _restore(run: Run, saver: SaverObject, arguments: Arguments) -> Value:
    path = arguments.bind("sess save_path")["save_path"]
    reaction = shape_reaction(run, saver.reshapes)
    name = "tensorflow.train.Saver.restore"
    note(run, arguments, name, path, saver.wish, on_shape=reaction)
    return None


def _save(run: Run, saver: SaverObject, arguments: Arguments) -> Value:
    path = arguments.bind("sess save_path global_step")["save_path"]
    run.state(WrittenPaths).note(path)
    return UNKNOWN


@function("tensorflow.train.latest_checkpoint")
def latest_checkpoint(run: Run, arguments: Arguments) -> Value:
    return LatestPath(arguments.bind("checkpoint_dir")["checkpoint_dir"])


@function("tensorflow.train.get_checkpoint_state")
def get_checkpoint_state(run: Run, arguments: Arguments) -> Value:
    return CheckpointState(arguments.bind("checkpoint_dir")["checkpoint_dir"])


@function("tensorflow.train.import_meta_graph")
def import_meta_graph(run: Run, arguments: Arguments) -> Value:
    run.note_gap("the graph comes from a file", arguments.place)
    return SaverObject(Wish((), "the graph comes from a file"))


@function(
    "tf_slim.assign_from_checkpoint_fn",
    "tf_slim.assign_from_checkpoint",
    "tensorflow.contrib.framework.assign_from_checkpoint_fn",
    "tensorflow.contrib.framework.assign_from_checkpoint",
)
def assign_from_checkpoint(run: Run, arguments: Arguments) -> Value:
    bound = arguments.bind("model_path var_list ignore_missing_vars reshape_variables")
    ignores = run.truth(bound["ignore_missing_vars"]) if bound["ignore_missing_vars"] else False
    reshapes = run.truth(bound["reshape_variables"]) if bound["reshape_variables"] else False
    note(
        run,
        arguments,
        arguments.function,
        bound["model_path"],
        read_wish(run, bound["var_list"], arguments.keyword_places.get("var_list")),
        on_missing=Reaction.RAISES if ignores is False else Reaction.LOGS,
        on_shape=shape_reaction(run, reshapes),
    )
    return UNKNOWN


@function("tensorflow.train.init_from_checkpoint")
def init_from_checkpoint(run: Run, arguments: Arguments) -> Value:
    bound = arguments.bind("ckpt_dir_or_file assignment_map")
    wish = _read_assignments(run, bound["assignment_map"], arguments)
    path = bound["ckpt_dir_or_file"]
    note(run, arguments, arguments.function, path, wish, form=PathForm.ANY)
    return None


def _read_assignments(run: Run, given: Value, arguments: Arguments) -> Wish:
    place = arguments.keyword_places.get("assignment_map")
    if place is None and len(arguments.places) > 1:
        place = arguments.places[1]
    if not isinstance(given, DictValue):
        return Wish((), _UNKNOWN_LIST)
    store = current_graph(run).store
    wanted: list[Wanted] = []
    is_exact = given.is_exact
    for key, value in given.entries.items():
        variable = _variable_of(value)
        if not isinstance(key, str):
            is_exact = False
        elif variable is not None:
            wanted.append(Wanted(key, variable, place))
        elif isinstance(value, str) and value in store:
            wanted.append(Wanted(key, store[value], place))
        elif isinstance(value, str) and value.endswith("/") and key.endswith("/"):
            scope, source = value.strip("/"), key.strip("/")
            for name, each in store.items():
                if not scope or name.startswith(scope + "/"):
                    rest = name[len(scope) + 1 :] if scope else name
                    wanted.append(Wanted(f"{source}/{rest}" if source else rest, each, place))
        else:
            is_exact = False
    return Wish(tuple(wanted), "" if is_exact else _UNKNOWN_LIST)
