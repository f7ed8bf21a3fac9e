"""`tf.make_template`: a function whose variables are made by its first call."""

from __future__ import annotations

from ckptls.source.program.core.arguments import Arguments
from ckptls.source.program.core.library import function
from ckptls.source.program.core.library_object import LibraryObject
from ckptls.source.program.core.objects import UNKNOWN, Value
from ckptls.source.program.core.run_protocol import Run
from ckptls.source.program.graph.scopes import VariableScope, open_scope

_OWN = ("create_scope_now_", "unique_name_", "custom_getter_")


class TemplateObject(LibraryObject):
    """What `tf.make_template` gives; `scope` is known after the first call."""

    def __init__(self, body: Value, name: Value, unique_name: Value, given: Arguments) -> None:
        self.body = body
        self.name = name
        self.unique_name = unique_name
        self.given = given
        self.getter = given.keywords.get("custom_getter_")
        self.scope: VariableScope | None = None

    def call(self, run: Run, arguments: Arguments) -> Value:
        settings = {"custom_getter": self.getter} if self.getter is not None else {}
        place = self.given.place
        if self.scope is None:
            context = open_scope(run, self.unique_name, self.name, settings=settings, place=place)
        else:
            context = open_scope(run, self.scope, reuse=True, place=place)
        scope = context.enter(run)
        if self.scope is None and isinstance(scope, VariableScope):
            self.scope = scope
        bound = {k: v for k, v in self.given.keywords.items() if k not in _OWN}
        for name in ("name_", "func_"):
            bound.pop(name, None)
        try:
            return run.call(self.body, arguments.with_keywords(bound))
        finally:
            context.leave(run)


@function("tensorflow.make_template")
def make_template(run: Run, arguments: Arguments) -> Value:
    given = arguments.bind("name_ func_ create_scope_now_ unique_name_ custom_getter_")
    if given["func_"] is UNKNOWN:
        run.note_gap("the function of a template is not known", arguments.place)
    made = TemplateObject(given["func_"], given["name_"], given["unique_name_"], arguments)
    if given["create_scope_now_"] not in (None, False):
        context = open_scope(run, made.unique_name, made.name, place=arguments.place)
        scope = context.enter(run)
        context.leave(run)
        made.scope = None if not isinstance(scope, VariableScope) else scope
        run.note_gap("a template opens its scope before its first call", arguments.place)
    return made
