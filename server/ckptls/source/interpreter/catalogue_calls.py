"""What functions of the catalogue do: the sites among their arguments, and what comes back."""

from __future__ import annotations

from dataclasses import replace

from ckptls.source.interpreter.expressions import Evaluator
from ckptls.source.semantics.catalogue import Catalogue, Entry, Roles
from ckptls.source.semantics.module import Environment
from ckptls.source.semantics.pattern_text import UNKNOWN_TEXT, Text, text
from ckptls.source.semantics.run_state import CallRecord, Frame
from ckptls.source.semantics.site_emitter import DEFINING, SOMEWHERE, Emitter, dtype_of, shape_of
from ckptls.source.semantics.sites import Evidence, PathForm, PathUse, Place, Restore, Role, Save
from ckptls.source.semantics.values import (
    UNKNOWN,
    Arguments,
    GraphVariable,
    Latest,
    Literal,
    Tracked,
    Value,
    Values,
    texts,
)
from ckptls.source.stdlib import flags
from ckptls.source.stdlib.argument_binding import (
    Bound,
    bind_arguments,
    is_on,
    path_parameter,
    reshapes,
    saved,
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
    assigned_map,
    restored_names,
    saved_names,
    selection,
)

# What is given a name in one place, and makes its variables in another.
_RUN_LATER = frozenset({"cell", "template"})
_OF_SAVERS = Roles(keys=(Role.VARIABLE,))


def library_of(receiver: Tracked | None) -> str:
    """The module of Keras that a model was made with; empty for all else."""
    if receiver is None or receiver.kind != "keras-model" or not receiver.detail:
        return ""
    return "".join(each.literal or "" for each in receiver.detail[0] if isinstance(each, Text))


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
            (self.frame.is_guarded or entry.effect == "test") and entry.effect != "name-test",
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
        if entry.effect in ("operation", "name-scope"):
            return self.frame.scopes.operations
        if entry.effect == "keras-layer":
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
        is_lenient = is_on(entry.lenient_when, bound)
        # What a saver is made with is judged where it restores, a cell where it runs.
        is_certain = entry.effect != "saver" and entry.effect not in _RUN_LATER
        emitter = self._emitter(entry, node, paths, is_certain, is_lenient)
        emitter.reshapes = reshapes(entry, bound, receiver)
        emitter.library = library or library_of(receiver)
        if entry.effect == "define":
            emitter.shape = shape_of(bound.get("shape", UNKNOWN))
            emitter.dtype = dtype_of(bound.get("dtype", UNKNOWN))
        elif entry.effect == "scoped":
            emitter.outer = variable_scope.given(self, bound)
        for name, roles in entry.roles.items():
            if name in bound:
                values = bound[name]
                if entry.effect == "operation":
                    values = (
                        tuple(each + variable_scope.NUMBERED for each in texts(values)) or UNKNOWN
                    )
                own = paths
                if Role.PATH in roles.itself and name != parameter:
                    own = self.path_uses(values, entry.form_of(name), node)
                emitter.emit(values, roles, name, own)
        if entry.effect == "layer":
            self._layered(entry, node, bound, arguments)
        return self._effect(entry, node, bound, receiver, paths, emitter)

    def _effect(
        self,
        entry: Entry,
        node: ir.Call,
        bound: Bound,
        receiver: Tracked | None,
        paths: tuple[PathUse, ...],
        emitter: Emitter,
    ) -> Values:
        match entry.effect:
            case "scope":
                return variable_scope.opened(self, bound)
            case "name-scope":
                return variable_scope.opened_name_scope(self, bound)
            case "define" | "operation":
                return self._defined(entry, bound, emitter)
            case "select" | "select-some":
                return (selection(entry, bound),)
            case "saver":
                variables = bound.get("var_list", (Literal(None),))
                flag: Values = (Literal(emitter.reshapes),)
                return (Tracked("saver", detail=(variables, flag)),)
            case "restore":
                variables = receiver.detail[0] if receiver and receiver.detail else UNKNOWN
                emitter.emit(variables, _OF_SAVERS, "var_list")
                self._restored(variables, paths, node, emitter.reshapes, _OF_SAVERS)
            case "assign":
                name = "var_list" if "var_list" in bound else "assignment_map"
                variables = bound.get(name, UNKNOWN)
                self._restored(variables, paths, node, emitter.reshapes, entry.roles.get(name))
            case "save":
                if not self.quiet and receiver is not None:
                    names = saved_names(receiver.detail[0])
                    self.effects.saves.append(Save(self.place(node), *names))
            case "save-managed" if receiver is not None:
                return object_checkpoint.saved(self, node, receiver, bound)
            case "load-weights" | "warm-start":
                self._taken(entry, bound, paths, node, emitter.library)
            case "cell":
                return rnn_cells.made(self, entry, bound)
            case "network":
                return rnn_cells.run(self, entry, bound, emitter)
            case "step" if receiver is not None:
                return rnn_cells.step(self, receiver, bound, emitter)
            case "template":
                return make_template.made(self, bound)
            case "average":
                return moving_average.made(bound)
            case "averaged" if receiver is not None:
                return moving_average.asked(entry.short_name, receiver, bound)
            case "exists" if not self.quiet:
                self.effects.checked += texts(bound.get("path", ()))
            case "objects":
                return (
                    Tracked("object-checkpoint", detail=(object_checkpoint.keywords(self, node),)),
                )
            case "restore-objects":
                emitter.emit(
                    object_checkpoint.of(receiver, bound), object_checkpoint.ROLES, "keyword"
                )
            case "import-graph":
                return (Tracked("saver", detail=(UNKNOWN,)),)
        return self._result(entry, bound, receiver, emitter.library)

    def _result(
        self, entry: Entry, bound: Bound, receiver: Tracked | None, library: str = ""
    ) -> Values:
        if entry.effect == "test":
            return (Tracked("name-test"),)
        if entry.returns is None:
            return UNKNOWN
        if entry.returns in ("saved", "saved-step"):
            return saved(entry, bound)
        parameter = path_parameter(entry, bound, receiver)
        given = bound.get(parameter, UNKNOWN) if parameter is not None else ()
        form = entry.form_of(parameter or "")
        if receiver is not None and receiver.paths:
            given, form = receiver.paths, PathForm(receiver.form)
        if entry.returns == "latest":
            return flags.latest(given)
        detail: tuple[Values, ...] = ()
        if entry.returns == "manager":
            detail = object_checkpoint.managed(bound)
        elif entry.returns == "keras-model":
            detail = ((text(library),),)
        return (Tracked(entry.returns, given, detail, form.value),)

    def _defined(self, entry: Entry, bound: Bound, emitter: Emitter) -> Values:
        names = texts(bound.get("name", UNKNOWN))
        end = Text()
        if entry.effect == "operation":
            end = variable_scope.NUMBERED
            names = texts(bound.get("name", (variable_scope.VARIABLE,)))
        outer = self._outer(entry)
        made = tuple(GraphVariable(outer + n + end, emitter.shape, emitter.dtype) for n in names)
        if not self.quiet:
            self.effects.variables += made
        return made or UNKNOWN

    def _layered(self, entry: Entry, node: ir.Call, bound: Bound, arguments: Arguments) -> None:
        if entry.short_name in ("repeat", "stack"):
            variable_scope.repeated(self, entry, node, arguments)
        elif not self.quiet:
            self.effects.variables += variable_scope.layer_variables(self, entry.name, bound)

    def _restored(
        self,
        variables: Values,
        paths: tuple[PathUse, ...],
        node: ir.Call,
        fits: bool,
        roles: Roles | None,
    ) -> None:
        include, exclude, is_certain = restored_names(variables)
        if self.quiet:
            return
        place = self.place(node)
        is_certain = is_certain and not self.frame.is_guarded
        assigned = assigned_map(variables, roles)
        restore = Restore(paths, include, exclude, is_certain, place, False, fits, assigned)
        self.effects.restores.append(restore)

    def _taken(
        self,
        entry: Entry,
        bound: Bound,
        paths: tuple[PathUse, ...],
        node: ir.Call,
        library: str,
    ) -> None:
        """Weights are taken; which of the variables get them is not followed here."""
        if not self.quiet:
            by_layer = entry.effect == "load-weights" and bound.get("by_name") == (Literal(True),)
            include = () if entry.effect == "load-weights" else None
            name = "var_name_to_prev_var_name"
            assigned = assigned_map(bound.get(name, UNKNOWN), entry.roles.get(name))
            place = self.place(node)
            library = library if entry.effect == "load-weights" else ""
            restore = Restore(paths, include, (), False, place, by_layer, False, assigned, library)
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
            elif (name := flags.name_of(value)) is not None:
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
