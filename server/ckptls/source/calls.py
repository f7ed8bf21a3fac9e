"""Calls: which function, what its arguments name, and what comes back."""

from __future__ import annotations

from ckptls.source import (
    averages,
    cells,
    containers,
    flags,
    ir,
    library,
    name_tests,
    objects,
    scopes,
    stacks,
    templates,
)
from ckptls.source.arguments import (
    Bound,
    bind_arguments,
    is_on,
    partial_names,
    path_parameter,
    reshapes,
    saved,
    spread,
)
from ckptls.source.catalogue import Catalogue, Entry, Roles, canonical
from ckptls.source.chunks import Chunk
from ckptls.source.containers import Arguments, items_of
from ckptls.source.emit import DEFINING, SOMEWHERE, Emitter, dtype_of, shape_of
from ckptls.source.evaluate import Evaluator
from ckptls.source.modules import Environment
from ckptls.source.selections import assigned_map, restored_names, saved_names, selection
from ckptls.source.sites import Evidence, PathForm, PathUse, Place, Restore, Role, Save
from ckptls.source.special import SPECIAL
from ckptls.source.state import CallRecord, Frame
from ckptls.source.values import (
    UNKNOWN,
    UNKNOWN_TEXT,
    ClassValue,
    FunctionValue,
    GraphVariable,
    Instance,
    Latest,
    Literal,
    Mapping,
    Member,
    Outside,
    Qualified,
    Record,
    Sequence,
    Text,
    Tracked,
    Unknown,
    Value,
    Values,
    texts,
    union,
)

# Libraries with things of the same names as TensorFlow's: `safe_open(…).get_tensor("x")`.
_LOOKALIKES = frozenset(
    {
        *("safetensors", "h5py", "torch", "gguf", "numpy", "onnx", "jax", "flax", "orbax"),
        *("paddle", "mxnet", "pandas", "zipfile", "lmdb", "pickle", "joblib", "json", "yaml"),
        *("dgl", "transformers", "huggingface_hub", "tflite_runtime", "tensorrt", "zarr"),
    }
)


class Caller(Evaluator):
    """Evaluates calls with the catalogue, and notes the sites among their arguments."""

    def __init__(
        self, module: Frame, chunk: Chunk, catalogue: Catalogue, environment: Environment
    ) -> None:
        super().__init__(module, chunk, environment)
        self.catalogue = catalogue
        self.quiet = 0
        # The call in this document by which code of another module is run.
        self.entrance: Place | None = None
        self.recorded_calls: set[CallRecord] = set()

    def call(self, node: ir.Call) -> Values:
        callees = self.evaluate(node.function)
        arguments = spread(tuple((a.name, self.evaluate(a.value)) for a in node.arguments))
        return union(*(self.apply(callee, node, arguments) for callee in callees))

    def apply(self, callee: Value, node: ir.Call, arguments: Arguments) -> Values:
        """What calling one possible callee gives."""
        if isinstance(callee, Qualified):
            return self._apply_qualified(callee.name, node, arguments)
        if isinstance(callee, Member):
            return self._apply_member(callee, node, arguments)
        if isinstance(callee, FunctionValue):
            return self.apply_function(callee, node, arguments)
        if isinstance(callee, ClassValue):
            return self.instance(callee, node, arguments)
        if isinstance(callee, Instance):
            methods = self.class_member(callee, "__call__")
            found = [self.apply(m, node, arguments) for m in methods if _is_function(m)]
            return union(*found)
        if isinstance(callee, Tracked) and callee.kind == "partial":
            function, *before = callee.detail
            given = (*zip(partial_names(callee), before, strict=True), *arguments)
            return union(*(self.apply(each, node, given) for each in function))
        if isinstance(callee, Tracked):
            entry = self.catalogue.method(callee.kind, "__call__")
            if entry is not None and callee.kind == templates.KIND:
                return templates.called(self, entry, callee, node, arguments)
            return UNKNOWN if entry is None else self._apply_entry(entry, node, arguments, callee)
        return UNKNOWN

    def apply_function(self, callee: FunctionValue, node: ir.Call, arguments: Arguments) -> Values:
        """A call of a function of the project; see `functions`."""
        return UNKNOWN

    def instance(self, of: ClassValue, node: ir.Call, arguments: Arguments) -> Values:
        """An object that calling a class of the project makes; see `functions`."""
        return (Instance(of),)

    def place(self, node: ir.Call | ir.Subscript | ir.Compare) -> Place:
        """Where a node stands, or the call in this document that led to it."""
        return self.entrance or Place(self.chunk, node.start, node.end)

    def _apply_qualified(self, name: str, node: ir.Call, arguments: Arguments) -> Values:
        entry = self.catalogue.function(name)
        if entry is not None:
            return self._apply_entry(entry, node, arguments, None)
        found = flags.call_qualified(self, name, node.start, arguments)
        if found is not None:
            return found
        if scopes.is_arg_scope(name):
            return scopes.arg_scope(self, arguments)
        positional = tuple(values for key, values in arguments if key is None)
        canonical_name = canonical(name)
        known = library.FUNCTIONS.get(canonical_name)
        if known is not None:
            return known(positional)
        if name_tests.called(self, name, node, arguments):
            return (Tracked("name-test"),)
        special = SPECIAL.get(canonical_name)
        if special is not None:
            return special(self, node, arguments)
        if name.partition(".")[0] in _LOOKALIKES:
            return (Outside(),)
        return UNKNOWN

    def _apply_member(self, callee: Member, node: ir.Call, arguments: Arguments) -> Values:
        value, name = callee.value, callee.name
        positional = tuple(values for key, values in arguments if key is None)
        if name in stacks.METHODS:
            return stacks.called(self, value, name, arguments)
        if isinstance(value, Text):
            if name in ("format", "format_map"):
                named = scopes.named(arguments, is_first_a_mapping=name == "format_map")
                return library.format_text(value, positional, named)
            return library.text_method(value, name, positional)
        if isinstance(value, Record):
            return self.resolved(flags.call_record(self, value, name, arguments, node))
        if isinstance(value, Tracked):
            if value.kind == "template" and name in ("substitute", "safe_substitute"):
                return library.substituted(value.detail[0], scopes.named(arguments))
            entry = self.catalogue.method(value.kind, name)
            if entry is not None:
                return self._apply_entry(entry, node, arguments, value)
            return containers.names_method(value, name) or UNKNOWN
        if isinstance(value, Mapping):
            if name == "update":
                self._updated(node, value, arguments)
            elif name == "setdefault" and len(positional) == 2:
                self.rebound(node, containers.with_item((value,), *positional))
            return self.resolved(containers.mapping_method(value, name, positional))
        if isinstance(value, Sequence) and name in _MUTATIONS:
            self._mutated(node, value, name, positional)
            return UNKNOWN
        if isinstance(value, Unknown | Member | Qualified) and not _is_outside(value):
            self._unsure(name, node, arguments)
        if name == "get" and isinstance(value, Unknown | Outside | Member):
            return flags.setting(positional)
        return UNKNOWN

    def rebound(self, node: ir.Call, values: Values) -> None:
        """The name whose method is called means these values from now on."""
        function = node.function
        if isinstance(function, ir.Attribute) and isinstance(function.value, ir.Name):
            self.assign(function.value.name, values)

    def _updated(self, node: ir.Call, value: Mapping, arguments: Arguments) -> None:
        more = containers.to_dict(arguments)[0]
        entries = value.entries + (more.entries if isinstance(more, Mapping) else ())
        is_complete = value.is_complete and isinstance(more, Mapping) and more.is_complete
        self.rebound(node, (Mapping(entries, is_complete),))

    def _mutated(
        self, node: ir.Call, value: Sequence, name: str, positional: tuple[Values, ...]
    ) -> None:
        if len(value.items) >= containers.MAX_ENTRIES and not value.is_complete:
            return  # It is full, and known to have others.
        is_complete = value.is_complete and name in ("append", "extend", "add")
        items = value.items
        if positional and name in ("append", "add"):
            items = (*items, positional[0])
        elif positional and name == "extend":
            more, is_whole = items_of(positional[0])
            items, is_complete = (*items, *more), is_complete and is_whole
        if len(items) > containers.MAX_ENTRIES:
            items, is_complete = items[: containers.MAX_ENTRIES], False
        self.rebound(node, (Sequence(value.kind, items, is_complete),))

    def _unsure(self, name: str, node: ir.Call, arguments: Arguments) -> None:
        """A method of a thing that may or may not be what the catalogue knows."""
        for entry in self.catalogue.methods(name):
            bound = bind_arguments(entry, arguments)
            emitter = self._emitter(entry, node, (), is_certain=False)
            for parameter, roles in entry.roles.items():
                if Role.PATH not in roles.itself:
                    emitter.emit(bound.get(parameter, ()), roles, parameter)

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
        )

    def emitter_of(
        self, entry: Entry, node: ir.Call | ir.Compare, paths: tuple[PathUse, ...]
    ) -> Emitter:
        """An emitter for names that no scope and no guard around them concerns."""
        sites = self.effects.sites if not self.quiet else []
        return Emitter(sites, entry, self.place(node), paths, Text(), True, False, False)

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

    def _apply_entry(
        self, entry: Entry, node: ir.Call, arguments: Arguments, receiver: Tracked | None
    ) -> Values:
        bound = bind_arguments(entry, arguments)
        bound = scopes.with_defaults(self.frame.scopes.defaults, entry.name, bound)
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
        if entry.effect == "define":
            emitter.shape = shape_of(bound.get("shape", UNKNOWN))
            emitter.dtype = dtype_of(bound.get("dtype", UNKNOWN))
        elif entry.effect == "scoped":
            emitter.outer = scopes.given(self, bound)
        for name, roles in entry.roles.items():
            if name in bound:
                values = bound[name]
                if entry.effect == "operation":
                    values = tuple(each + scopes.NUMBERED for each in texts(values)) or UNKNOWN
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
                return scopes.opened(self, bound)
            case "name-scope":
                return scopes.opened_name_scope(self, bound)
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
                return objects.saved(self, node, receiver, bound)
            case "load-weights" | "warm-start":
                self._taken(entry, bound, paths, node)
            case "cell":
                return cells.made(self, entry, bound)
            case "network":
                return cells.run(self, entry, bound, emitter)
            case "step" if receiver is not None:
                return cells.step(self, receiver, bound, emitter)
            case "template":
                return templates.made(self, bound)
            case "average":
                return averages.made(bound)
            case "averaged" if receiver is not None:
                return averages.asked(entry.short_name, receiver, bound)
            case "exists":
                self.effects.checked += texts(bound.get("path", ()))
            case "objects":
                return (Tracked("object-checkpoint", detail=(objects.keywords(self, node),)),)
            case "restore-objects":
                emitter.emit(objects.of(receiver, bound), objects.ROLES, "keyword")
            case "import-graph":
                return (Tracked("saver", detail=(UNKNOWN,)),)
        return self._result(entry, bound, receiver)

    def _result(self, entry: Entry, bound: Bound, receiver: Tracked | None) -> Values:
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
        detail = objects.managed(bound) if entry.returns == "manager" else ()
        return (Tracked(entry.returns, given, detail, form.value),)

    def _defined(self, entry: Entry, bound: Bound, emitter: Emitter) -> Values:
        names = texts(bound.get("name", UNKNOWN))
        end = Text()
        if entry.effect == "operation":
            end = scopes.NUMBERED
            names = texts(bound.get("name", (scopes.VARIABLE,)))
        outer = self._outer(entry)
        made = tuple(GraphVariable(outer + n + end, emitter.shape, emitter.dtype) for n in names)
        if not self.quiet:
            self.effects.variables += made
        return made or UNKNOWN

    def _layered(self, entry: Entry, node: ir.Call, bound: Bound, arguments: Arguments) -> None:
        if entry.short_name in ("repeat", "stack"):
            scopes.repeated(self, entry, node, arguments)
        elif not self.quiet:
            self.effects.variables += scopes.layer_variables(self, entry.name, bound)

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

    def _taken(self, entry: Entry, bound: Bound, paths: tuple[PathUse, ...], node: ir.Call) -> None:
        """Weights are taken; which of the variables get them is not followed here."""
        if not self.quiet:
            by_layer = entry.effect == "load-weights" and bound.get("by_name") == (Literal(True),)
            include = () if entry.effect == "load-weights" else None
            name = "var_name_to_prev_var_name"
            assigned = assigned_map(bound.get(name, UNKNOWN), entry.roles.get(name))
            place = self.place(node)
            restore = Restore(paths, include, (), False, place, by_layer, False, assigned)
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
                found.append(use)
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

    def tested_in(self, left: Values, right: Values, node: ir.Compare) -> None:
        for value in right:
            if isinstance(value, Tracked) and value.kind in containers.NAME_MAPS:
                self._looked_up(value, left, node, is_test=True)
            elif isinstance(value, Sequence):
                for each in dict.fromkeys(v for item in value.items for v in item):
                    if isinstance(each, Tracked) and each.kind == "checkpoint-name":
                        self._looked_up(each, left, node, is_test=True)

    def compared(self, operator: str, left: Values, right: Values, node: ir.Compare) -> None:
        name_tests.compared(self, operator, left, right, node)

    def subscripted(self, value: Values, index: Values, node: ir.Subscript) -> Values:
        for container in value:
            if isinstance(container, Tracked) and container.kind == "variable-map":
                self._looked_up(container, index, node, is_test=False)
        return super().subscripted(value, index, node)

    def _looked_up(
        self, value: Tracked, key: Values, node: ir.Subscript | ir.Compare, is_test: bool
    ) -> None:
        emitter = Emitter(
            self.effects.sites if not self.quiet else [],
            name_tests.ASKED if is_test else _LOOKUP,
            self.place(node),
            self.uses_of(value),
            Text(),
            True,
            self.frame.is_guarded or is_test,
            False,
        )
        emitter.emit(key, Roles(itself=(Role.VARIABLE,)), "key")


_LOOKUP = Entry("variable map")
_OF_SAVERS = Roles(keys=(Role.VARIABLE,))
# What is given a name in one place, and makes its variables in another.
_RUN_LATER = frozenset({"cell", "template"})


def _is_function(value: Value) -> bool:
    return isinstance(value, FunctionValue)


def _is_outside(value: Value) -> bool:
    while isinstance(value, Member):
        value = value.value
    return isinstance(value, Outside)


_MUTATIONS = frozenset({"append", "extend", "insert", "remove", "pop", "add"})
