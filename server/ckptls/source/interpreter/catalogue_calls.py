"""What functions of the catalogue do: the sites among their arguments, and what comes back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

from ckptls.source.interpreter.expressions import Evaluator
from ckptls.source.semantics.catalogue import Catalogue, Effect, Entry, Roles
from ckptls.source.semantics.module import Environment
from ckptls.source.semantics.pattern_text import UNKNOWN_TEXT, Text
from ckptls.source.semantics.run_state import CallRecord, Frame
from ckptls.source.semantics.site_emitter import DEFINING, SOMEWHERE, Emitter, dtype_of, shape_of
from ckptls.source.semantics.sites import Evidence, PathForm, PathUse, Place, Restore, Role, Save
from ckptls.source.semantics.values import (
    UNKNOWN,
    Arguments,
    CheckpointManager,
    GraphVariable,
    KerasModel,
    Latest,
    Literal,
    MovingAverage,
    NameTest,
    ObjectCheckpoint,
    Saver,
    Tracked,
    Value,
    Values,
    texts,
)
from ckptls.source.stdlib import flags
from ckptls.source.stdlib.argument_binding import (
    Bound,
    bind_arguments,
    is_reshaping,
    may_be_set,
    path_parameter,
    saved_path,
)
from ckptls.source.syntax import ir
from ckptls.source.syntax.ir import Chunk
from ckptls.source.tensorflow import (
    make_template,
    moving_average,
    object_checkpoint,
    rnn_cells,
    variable_scope,
)
from ckptls.source.tensorflow.variable_selection import (
    restored_names,
    saved_names,
    select_variables,
    written_map,
)

# What is given a name in one place, and makes its variables in another.
_RUN_LATER = frozenset({Effect.CELL, Effect.TEMPLATE})
_OF_SAVERS = Roles(keys=(Role.VARIABLE,))


def library_of(receiver: Tracked | None) -> str:
    """The module of Keras that a model was made with; empty for all else."""
    return receiver.library if isinstance(receiver, KerasModel) else ""


class CatalogueCall(NamedTuple):
    """A call of a function of the catalogue, as its effect sees it.

    Attributes:
        receiver: the object whose method is called; None for a function.
        paths: the checkpoints that the call is about.
        emitter: notes names in the arguments, with what the scopes around the call add.
    """

    entry: Entry
    node: ir.Call
    bound: Bound
    receiver: Tracked | None
    paths: tuple[PathUse, ...]
    emitter: Emitter


class Catalogued(Evaluator):
    """Follows calls of what the catalogue knows."""

    def __init__(
        self, module: Frame, chunk: Chunk, catalogue: Catalogue, environment: Environment
    ) -> None:
        super().__init__(module, chunk, environment)
        self.catalogue = catalogue
        self.quiet = 0
        # The call in this document by which code of another module is run.
        self.entrance: Place | None = None
        self.recorded_calls: set[CallRecord] = set()

    def apply(self, callee: Value, node: ir.Call, arguments: Arguments) -> Values:
        """What calling one possible callee gives; see `calls`."""
        return UNKNOWN

    def place(self, node: ir.Call | ir.Subscript | ir.Compare) -> Place:
        """Where a node stands, or the call in this document that led to it."""
        return self.entrance or Place(self.chunk, node.start, node.end)

    def _emitter(
        self,
        entry: Entry,
        node: ir.Call,
        paths: tuple[PathUse, ...],
        is_certain: bool = True,
        is_lenient: bool = False,
    ) -> Emitter:
        return Emitter(
            self.effects.sites if not self.quiet else [],
            entry,
            self.place(node),
            paths,
            self._outer(entry),
            is_certain,
            (self.frame.is_guarded or entry.effect is Effect.TEST)
            and entry.effect is not Effect.NAME_TEST,
            is_lenient or entry.is_lenient,
            self.work,
        )

    def emitter_of(
        self, entry: Entry, node: ir.Call | ir.Compare, paths: tuple[PathUse, ...]
    ) -> Emitter:
        """An emitter for names that no scope and no guard around them concerns."""
        sites = self.effects.sites if not self.quiet else []
        return Emitter(sites, entry, self.place(node), paths, Text(), True, False, False, self.work)

    def uses_of(self, value: Tracked) -> tuple[PathUse, ...]:
        """The checkpoints that an object was made from."""
        return self.path_uses(value.paths, PathForm(value.form), None)

    def tracked_member(self, value: Tracked, name: str) -> Values | None:
        """What is read off an object that the catalogue follows; None if it does not say."""
        entry = self.catalogue.attribute(value.kind, name)
        return self._result(entry, {}, value) if entry is not None else None

    def _outer(self, entry: Entry) -> Text:
        """What stands before the names that a call defines."""
        if entry.effect in (Effect.OPERATION, Effect.NAME_SCOPE):
            return self.frame.scopes.operations
        if entry.effect is Effect.KERAS_LAYER:
            return Text()
        if entry.effect in _RUN_LATER:
            return self.frame.scopes.names + SOMEWHERE
        return self.frame.scopes.names if entry.effect in DEFINING else Text()

    def apply_entry(
        self,
        entry: Entry,
        node: ir.Call,
        arguments: Arguments,
        receiver: Tracked | None,
        library: str = "",
    ) -> Values:
        """What a call gives that is known to be one of the catalogue's.

        `library` is that of `Site`; a method is of the library of its receiver.
        """
        bound = bind_arguments(entry, arguments)
        bound = variable_scope.with_defaults(self.frame.scopes.defaults, entry.name, bound)
        parameter = path_parameter(entry, bound, receiver)
        paths: tuple[PathUse, ...] = ()
        if parameter is not None:
            form = entry.form_of(parameter)
            paths = self.path_uses(bound.get(parameter, UNKNOWN), form, node)
        elif receiver is not None:
            paths = self.uses_of(receiver)
        is_lenient = may_be_set(entry.lenient_when, bound)
        # What a saver is made with is judged where it restores, a cell where it runs.
        is_certain = entry.effect is not Effect.SAVER and entry.effect not in _RUN_LATER
        emitter = self._emitter(entry, node, paths, is_certain, is_lenient)
        emitter.reshapes = is_reshaping(entry, bound, receiver)
        emitter.library = library or library_of(receiver)
        if entry.effect is Effect.DEFINE:
            emitter.shape = shape_of(bound.get("shape", UNKNOWN))
            emitter.dtype = dtype_of(bound.get("dtype", UNKNOWN))
        elif entry.effect is Effect.SCOPED:
            emitter.outer = variable_scope.scope_argument(self, bound)
        for name, roles in entry.roles.items():
            if name in bound:
                values = bound[name]
                if entry.effect is Effect.OPERATION:
                    values = (
                        tuple(each + variable_scope.NUMBERED for each in texts(values)) or UNKNOWN
                    )
                own = paths
                if Role.PATH in roles.itself and name != parameter:
                    own = self.path_uses(values, entry.form_of(name), node)
                emitter.emit(values, roles, name, own)
        if entry.effect is Effect.LAYER:
            self._layered(entry, node, bound, arguments)
        call = CatalogueCall(entry, node, bound, receiver, paths, emitter)
        effect = _EFFECTS.get(entry.effect) if entry.effect is not None else None
        result = effect(self, call) if effect is not None else None
        return self._result(entry, bound, receiver, emitter.library) if result is None else result

    def _result(
        self, entry: Entry, bound: Bound, receiver: Tracked | None, library: str = ""
    ) -> Values:
        if entry.effect is Effect.TEST:
            return (NameTest(),)
        if entry.returns is None:
            return UNKNOWN
        if entry.returns in ("saved", "saved-step"):
            return saved_path(entry, bound)
        parameter = path_parameter(entry, bound, receiver)
        given = bound.get(parameter, UNKNOWN) if parameter is not None else ()
        form = entry.form_of(parameter or "")
        if receiver is not None and receiver.paths:
            given, form = receiver.paths, PathForm(receiver.form)
        if entry.returns == "latest":
            return flags.latest_checkpoint(given)
        if entry.returns == "manager":
            return (object_checkpoint.make_manager(bound, given, form.value),)
        if entry.returns == "keras-model":
            return (KerasModel(given, form.value, library),)
        return (Tracked(entry.returns, given, form.value),)

    def define_variables(self, entry: Entry, bound: Bound, emitter: Emitter) -> Values:
        """The variables that a call makes; they are noted as variables of the model."""
        names = texts(bound.get("name", UNKNOWN))
        end = Text()
        if entry.effect is Effect.OPERATION:
            end = variable_scope.NUMBERED
            names = texts(bound.get("name", (variable_scope.VARIABLE,)))
        outer = self._outer(entry)
        made = tuple(GraphVariable(outer + n + end, emitter.shape, emitter.dtype) for n in names)
        if not self.quiet:
            self.effects.variables += made
        return made or UNKNOWN

    def _layered(self, entry: Entry, node: ir.Call, bound: Bound, arguments: Arguments) -> None:
        if entry.short_name in ("repeat", "stack"):
            variable_scope.repeat_layer(self, entry, node, arguments)
        elif not self.quiet:
            self.effects.variables += variable_scope.layer_variables(self, entry.name, bound)

    def note_restore(self, call: CatalogueCall, variables: Values, roles: Roles | None) -> None:
        """Notes that values of a checkpoint are assigned to variables of the model."""
        include, exclude, is_certain = restored_names(variables)
        if self.quiet:
            return
        place, fits = self.place(call.node), call.emitter.reshapes
        is_certain = is_certain and not self.frame.is_guarded
        assigned = written_map(variables, roles)
        restore = Restore(call.paths, include, exclude, is_certain, place, False, fits, assigned)
        self.effects.restores.append(restore)

    def note_weights(self, call: CatalogueCall) -> None:
        """Notes that weights are loaded; which of the variables get them is not followed here."""
        if self.quiet:
            return
        entry, bound = call.entry, call.bound
        is_load = entry.effect is Effect.LOAD_WEIGHTS
        by_layer = is_load and bound.get("by_name") == (Literal(True),)
        include = () if is_load else None
        name = "var_name_to_prev_var_name"
        assigned = written_map(bound.get(name, UNKNOWN), entry.roles.get(name))
        place = self.place(call.node)
        library = call.emitter.library if is_load else ""
        restore = Restore(call.paths, include, (), False, place, by_layer, False, assigned, library)
        self.effects.restores.append(restore)

    def path_uses(
        self, values: Values, form: PathForm, node: ir.Call | None
    ) -> tuple[PathUse, ...]:
        """The checkpoints that an argument (or, without `node`, a receiver) stands for."""
        found: list[PathUse] = []
        for value in values:
            if isinstance(value, Latest):
                evidence = Evidence.FLOW if value.flag is None else Evidence.FILE
                use = PathUse(value.directory, PathForm.ANY, evidence, True, value.flag)
                found.append(replace(use, is_beside=value.is_beside))
            elif (name := flags.flag_name_of(value)) is not None:
                found.append(PathUse(UNKNOWN_TEXT, form, Evidence.FILE, flag=name))
            elif not (isinstance(value, Literal) and value.value is None):
                for each in texts((value,)):
                    is_here = node is not None and self._is_inside(each, node)
                    evidence = Evidence.CALL if is_here else Evidence.FLOW
                    found.append(PathUse(each, form, evidence))
        return tuple(dict.fromkeys(found))

    def _is_inside(self, value: Text, node: ir.Call) -> bool:
        origins = value.origins
        return bool(origins) and all(
            origin.chunk is self.chunk and node.start <= origin.start <= node.end
            for origin in origins
        )


def _open_scope(caller: Catalogued, call: CatalogueCall) -> Values:
    return variable_scope.open_scope(caller, call.bound)


def _open_name_scope(caller: Catalogued, call: CatalogueCall) -> Values:
    return variable_scope.open_name_scope(caller, call.bound)


def _define_variable(caller: Catalogued, call: CatalogueCall) -> Values:
    return caller.define_variables(call.entry, call.bound, call.emitter)


def _select_variables(caller: Catalogued, call: CatalogueCall) -> Values:
    return (select_variables(call.entry, call.bound),)


def _make_saver(caller: Catalogued, call: CatalogueCall) -> Values:
    variables = call.bound.get("var_list", (Literal(None),))
    return (Saver(variables=variables, reshapes=call.emitter.reshapes),)


def _make_saver_of_graph(caller: Catalogued, call: CatalogueCall) -> Values:
    return (Saver(variables=UNKNOWN),)


def _restore_by_saver(caller: Catalogued, call: CatalogueCall) -> None:
    receiver = call.receiver
    variables = receiver.variables if isinstance(receiver, Saver) else UNKNOWN
    call.emitter.emit(variables, _OF_SAVERS, "var_list")
    caller.note_restore(call, variables, _OF_SAVERS)


def _restore_by_map(caller: Catalogued, call: CatalogueCall) -> None:
    name = "var_list" if "var_list" in call.bound else "assignment_map"
    caller.note_restore(call, call.bound.get(name, UNKNOWN), call.entry.roles.get(name))


def _save_by_saver(caller: Catalogued, call: CatalogueCall) -> None:
    if not caller.quiet and isinstance(call.receiver, Saver):
        names = saved_names(call.receiver.variables)
        caller.effects.saves.append(Save(caller.place(call.node), *names))


def _save_by_manager(caller: Catalogued, call: CatalogueCall) -> Values | None:
    if not isinstance(call.receiver, CheckpointManager):
        return None
    return object_checkpoint.save_by_manager(caller, call.node, call.receiver, call.bound)


def _load_weights(caller: Catalogued, call: CatalogueCall) -> None:
    caller.note_weights(call)


def _make_cell(caller: Catalogued, call: CatalogueCall) -> Values:
    return rnn_cells.make_cell(caller, call.entry, call.bound)


def _run_network(caller: Catalogued, call: CatalogueCall) -> Values:
    return rnn_cells.run_network(caller, call.entry, call.bound, call.emitter)


def _step_cell(caller: Catalogued, call: CatalogueCall) -> Values | None:
    if call.receiver is None:
        return None
    return rnn_cells.call_cell(caller, call.receiver, call.bound, call.emitter)


def _make_template(caller: Catalogued, call: CatalogueCall) -> Values:
    return make_template.make(caller, call.bound)


def _make_average(caller: Catalogued, call: CatalogueCall) -> Values:
    return moving_average.make_average(call.bound)


def _read_average(caller: Catalogued, call: CatalogueCall) -> Values | None:
    if not isinstance(call.receiver, MovingAverage):
        return None
    return moving_average.call_method(call.entry.short_name, call.receiver, call.bound)


def _check_exists(caller: Catalogued, call: CatalogueCall) -> None:
    if not caller.quiet:
        caller.effects.checked += texts(call.bound.get("path", ()))


def _make_object_checkpoint(caller: Catalogued, call: CatalogueCall) -> Values:
    return (ObjectCheckpoint(keywords=object_checkpoint.list_keywords(caller, call.node)),)


def _restore_objects(caller: Catalogued, call: CatalogueCall) -> None:
    keywords = object_checkpoint.keywords_of(call.receiver, call.bound)
    call.emitter.emit(keywords, object_checkpoint.ROLES, "keyword")


# What each effect does once the sites among the arguments are noted. A function that returns
# None leaves the value of the call to `returns` of the entry. The effects that are not here only
# change how sites are noted.
_EFFECTS: dict[Effect, Callable[[Catalogued, CatalogueCall], Values | None]] = {
    Effect.SCOPE: _open_scope,
    Effect.NAME_SCOPE: _open_name_scope,
    Effect.DEFINE: _define_variable,
    Effect.OPERATION: _define_variable,
    Effect.SELECT: _select_variables,
    Effect.SELECT_SOME: _select_variables,
    Effect.SAVER: _make_saver,
    Effect.IMPORT_GRAPH: _make_saver_of_graph,
    Effect.RESTORE: _restore_by_saver,
    Effect.ASSIGN: _restore_by_map,
    Effect.SAVE: _save_by_saver,
    Effect.SAVE_MANAGED: _save_by_manager,
    Effect.LOAD_WEIGHTS: _load_weights,
    Effect.WARM_START: _load_weights,
    Effect.CELL: _make_cell,
    Effect.NETWORK: _run_network,
    Effect.STEP: _step_cell,
    Effect.TEMPLATE: _make_template,
    Effect.AVERAGE: _make_average,
    Effect.AVERAGED: _read_average,
    Effect.EXISTS: _check_exists,
    Effect.OBJECTS: _make_object_checkpoint,
    Effect.RESTORE_OBJECTS: _restore_objects,
}
