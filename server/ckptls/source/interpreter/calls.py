"""Calls: which function, what its arguments name, and what comes back."""

from __future__ import annotations

from dataclasses import replace

from ckptls.source.interpreter.builtin_calls import SPECIAL
from ckptls.source.interpreter.catalogue_calls import Catalogued
from ckptls.source.semantics.catalogue import Entry, Roles, canonical, keras_library
from ckptls.source.semantics.pattern_text import Text
from ckptls.source.semantics.site_emitter import Emitter
from ckptls.source.semantics.sites import Evidence, Role
from ckptls.source.semantics.values import (
    UNKNOWN,
    Arguments,
    ClassValue,
    FunctionTemplate,
    FunctionValue,
    Instance,
    Mapping,
    Member,
    NameTest,
    Outside,
    PartialCall,
    Qualified,
    Record,
    Sequence,
    StringTemplate,
    Tracked,
    Unknown,
    Value,
    Values,
    union,
    weight_of,
)
from ckptls.source.stdlib import containers, flags, strings
from ckptls.source.stdlib.argument_binding import bind_arguments, spread_arguments
from ckptls.source.stdlib.containers import items_of
from ckptls.source.syntax import ir
from ckptls.source.tensorflow import exit_stack, make_template, name_comparison, variable_scope

# Libraries with things of the same names as TensorFlow's: `safe_open(…).get_tensor("x")`.
_LOOKALIKES = frozenset(
    {
        *("safetensors", "h5py", "torch", "gguf", "numpy", "onnx", "jax", "flax", "orbax"),
        *("paddle", "mxnet", "pandas", "zipfile", "lmdb", "pickle", "joblib", "json", "yaml"),
        *("dgl", "transformers", "huggingface_hub", "tflite_runtime", "tensorrt", "zarr"),
    }
)


class Caller(Catalogued):
    """Evaluates calls with the catalogue, and notes the sites among their arguments."""

    def call(self, node: ir.Call) -> Values:
        callees = self.evaluate(node.function)
        arguments = spread_arguments(
            tuple((a.name, self.evaluate(a.value)) for a in node.arguments)
        )
        return union(*(self.apply(callee, node, arguments) for callee in callees))

    def apply(self, callee: Value, node: ir.Call, arguments: Arguments) -> Values:
        """What calling one possible callee gives."""
        self.work.spent += 1
        if isinstance(callee, Qualified):
            if not self.work.affords(sum(weight_of(values) for _, values in arguments)):
                return UNKNOWN
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
        if isinstance(callee, PartialCall):
            given = (*callee.arguments, *arguments)
            return union(*(self.apply(each, node, given) for each in callee.function))
        if isinstance(callee, Tracked):
            entry = self.catalogue.method(callee.kind, "__call__")
            if entry is not None and isinstance(callee, FunctionTemplate):
                return make_template.call(self, entry, callee, node, arguments)
            return UNKNOWN if entry is None else self.apply_entry(entry, node, arguments, callee)
        return UNKNOWN

    def apply_function(self, callee: FunctionValue, node: ir.Call, arguments: Arguments) -> Values:
        """A call of a function of the project; see `functions`."""
        return UNKNOWN

    def instance(self, of: ClassValue, node: ir.Call, arguments: Arguments) -> Values:
        """An object that calling a class of the project makes; see `functions`."""
        return (Instance(of),)

    def _apply_qualified(self, name: str, node: ir.Call, arguments: Arguments) -> Values:
        entry = self.catalogue.function(name)
        if entry is not None:
            return self.apply_entry(entry, node, arguments, None, keras_library(name))
        found = flags.call_qualified(self, name, node.start, arguments)
        if found is not None:
            return found
        if variable_scope.is_arg_scope(name):
            return variable_scope.open_arg_scope(self, arguments)
        positional = tuple(values for key, values in arguments if key is None)
        canonical_name = canonical(name)
        known = strings.FUNCTIONS.get(canonical_name)
        if known is not None:
            return known(positional)
        if name_comparison.note_regex_call(self, name, node, arguments):
            return (NameTest(),)
        special = SPECIAL.get(canonical_name)
        if special is not None:
            return special(self, node, arguments)
        if name.partition(".")[0] in _LOOKALIKES:
            return (Outside(),)
        return UNKNOWN

    def _apply_member(self, callee: Member, node: ir.Call, arguments: Arguments) -> Values:
        value, name = callee.value, callee.name
        positional = tuple(values for key, values in arguments if key is None)
        given = sum(weight_of(values) for _, values in arguments)
        if isinstance(value, Text):
            given += value.length // 2
        if not self.work.affords(weight_of((value,)) + given):
            return UNKNOWN
        if name in exit_stack.METHODS:
            return exit_stack.call_method(self, value, name, arguments)
        if isinstance(value, Text):
            if name in ("format", "format_map"):
                named = variable_scope.keyword_arguments(
                    arguments, is_first_a_mapping=name == "format_map"
                )
                return strings.format_text(value, positional, named)
            return strings.text_method(value, name, positional)
        if isinstance(value, Record):
            return self.resolved(flags.call_record(self, value, name, arguments, node))
        if isinstance(value, Tracked):
            if isinstance(value, StringTemplate) and name in ("substitute", "safe_substitute"):
                return strings.substitute_template(
                    value.template, variable_scope.keyword_arguments(arguments)
                )
            entry = self.catalogue.method(value.kind, name)
            if entry is not None:
                return self.apply_entry(entry, node, arguments, value)
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
            return flags.read_setting(positional)
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
                values = bound.get(parameter, ())
                if Role.PATH not in roles.itself:
                    emitter.emit(values, roles, parameter)
                elif name in _READING:
                    uses = self.path_uses(values, entry.form_of(parameter), node)
                    # It helps, and proves nothing.
                    weak = tuple(replace(use, evidence=Evidence.WORKSPACE) for use in uses)
                    emitter.emit(values, roles, parameter, weak)

    def tested_in(self, left: Values, right: Values, node: ir.Compare) -> None:
        for value in right:
            if isinstance(value, Tracked) and value.kind in containers.NAME_MAPS:
                self._looked_up(value, left, node, is_test=True)
            elif isinstance(value, Sequence):
                for each in dict.fromkeys(v for item in value.items for v in item):
                    if isinstance(each, Tracked) and each.kind == "checkpoint-name":
                        self._looked_up(each, left, node, is_test=True)

    def compared(self, operator: str, left: Values, right: Values, node: ir.Compare) -> None:
        name_comparison.note_comparison(self, operator, left, right, node)

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
            name_comparison.ASKED if is_test else _LOOKUP,
            self.place(node),
            self.uses_of(value),
            Text(),
            True,
            self.frame.is_guarded or is_test,
            False,
            self.work,
        )
        emitter.emit(key, Roles(itself=(Role.VARIABLE,)), "key")


# Methods that read a file of weights, whatever they are methods of.
_READING = frozenset({"load_weights"})
_LOOKUP = Entry("variable map")


def _is_function(value: Value) -> bool:
    return isinstance(value, FunctionValue)


def _is_outside(value: Value) -> bool:
    while isinstance(value, Member):
        value = value.value
    return isinstance(value, Outside)


_MUTATIONS = frozenset({"append", "extend", "insert", "remove", "pop", "add"})
