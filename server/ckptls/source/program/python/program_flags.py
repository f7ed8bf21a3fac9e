"""Command-line flags of a program: of TensorFlow, absl and argparse, with their default values."""

from __future__ import annotations

from typing import Any

from ckptls.source.program.core.arguments import Arguments
from ckptls.source.program.core.library_object import LibraryObject, Method
from ckptls.source.program.core.objects import UNKNOWN, DictValue, LibraryName, ListValue, Value
from ckptls.source.program.python.builtin_functions import FUNCTIONS
from ckptls.source.program.python.program_objects import ClassValue, Instance
from ckptls.source.stdlib.flags import normalize_name

Run = Any
_KINDS = ("string", "integer", "float", "boolean", "bool", "enum", "list", "multi_string")


class FlagTable(LibraryObject):
    """`FLAGS`: the flags that were defined, by name; `given` are values that the user has set."""

    def __init__(self) -> None:
        self.values: dict[str, Value] = {}
        self.given: dict[str, str] = {}

    def get_attribute(self, run: Run, name: str) -> Value:
        if name in ("FLAGS", "flag_values_dict", "__flags", "flags"):
            return self if name == "FLAGS" else UNKNOWN
        return self.values.get(name, UNKNOWN)

    def set_attribute(self, run: Run, name: str, value: Value) -> None:
        run.set_entry(self.values, name, value)

    def get_item(self, run: Run, key: Value) -> Value:
        return self.values.get(key, UNKNOWN) if isinstance(key, str) else UNKNOWN

    def call(self, run: Run, arguments: Arguments) -> Value:
        return UNKNOWN

    def define(self, name: str, default: Value) -> None:
        """A flag is defined; what the user has set goes before its default."""
        known = self.given.get(normalize_name(name))
        self.values[name] = default if known is None else _converted(known, default)


def _converted(text: str, default: Value) -> Value:
    if isinstance(default, bool):
        return text.lower() in ("1", "true", "yes")
    if isinstance(default, int | float):
        try:
            return type(default)(text)
        except ValueError:
            return UNKNOWN
    return text


def table_of(run: Run) -> FlagTable:
    """The flags of a run."""
    table: FlagTable = run.state(FlagTable)
    return table


def _define(run: Run, arguments: Arguments) -> Value:
    kind = arguments.function.rpartition(".")[2].removeprefix("DEFINE_")
    bound = arguments.bind("name|flag_name default|default_value|docstring help")
    name, default = bound["name"], bound["default"]
    if isinstance(name, str):
        if kind == "list" and isinstance(default, str):
            default = ListValue(list(default.split(",")))
        table_of(run).define(name, UNKNOWN if default is None else default)
    return UNKNOWN


def _flags(run: Run, arguments: Arguments) -> Value:
    return table_of(run)


def _run_app(run: Run, arguments: Arguments) -> Value:
    main = arguments.bind("main")["main"]
    if main is None:
        main = run.frame.home.frame.names.get("main", UNKNOWN)
    return run.call(main, Arguments((UNKNOWN,)))


class Parser(LibraryObject):
    """`argparse.ArgumentParser(…)`, and its groups."""

    def __init__(self) -> None:
        self.names: dict[str, Value] = {}

    def get_attribute(self, run: Run, name: str) -> Value:
        methods = {
            "add_argument": _add_argument,
            "parse_args": _parse_args,
            "parse_known_args": lambda run, parser, given: (
                _parse_args(run, parser, given),
                UNKNOWN,
            ),
            "set_defaults": _set_defaults,
        }
        if name in methods:
            return Method(self, name, methods[name])
        if name in ("add_argument_group", "add_mutually_exclusive_group", "add_subparsers"):
            return Method(self, name, lambda run, parser, given: parser)
        if name == "add_parser":
            return Method(self, name, lambda run, parser, given: parser)
        return UNKNOWN


def _add_argument(run: Run, parser: Parser, arguments: Arguments) -> Value:
    spelled = [each for each in arguments.positional if isinstance(each, str)]
    long = next((each for each in spelled if each.startswith("--")), spelled[0] if spelled else "")
    name = arguments.keywords.get("dest", long.lstrip("-").replace("-", "_"))
    default = arguments.keywords.get("default")
    action = arguments.keywords.get("action")
    if action in ("store_true", "store_false") and default is None:
        default = action == "store_false"
    if not isinstance(name, str) or not name:
        return UNKNOWN
    known = table_of(run).given.get(normalize_name(name))
    kind = arguments.keywords.get("type")
    if known is not None and isinstance(kind, LibraryName) and kind.name in _NUMBERS:
        default = _converted(known, _NUMBERS[kind.name])
    elif known is not None:
        default = _converted(known, default)
    parser.names[name] = UNKNOWN if default is None else default
    return UNKNOWN


_NUMBERS: dict[str, Value] = {"builtins.int": 0, "builtins.float": 0.0}


def _set_defaults(run: Run, parser: Parser, arguments: Arguments) -> Value:
    parser.names.update(arguments.keywords)
    return None


def _parse_args(run: Run, parser: Parser, arguments: Arguments) -> Value:
    return Instance(ClassValue("Namespace", (), {}), dict(parser.names))


def _make_parser(run: Run, arguments: Arguments) -> Value:
    return Parser()


def _vars(run: Run, arguments: Arguments) -> Value:
    value = arguments.positional[0] if arguments.positional else UNKNOWN
    return DictValue(value.attributes) if isinstance(value, Instance) else UNKNOWN


for _home in ("tensorflow.app.flags", "tensorflow.flags", "absl.flags", "gflags"):
    for _kind in _KINDS:
        FUNCTIONS[f"{_home}.DEFINE_{_kind}"] = _define
    FUNCTIONS[f"{_home}.FLAGS"] = _flags
for _home in ("tensorflow.app.run", "absl.app.run"):
    FUNCTIONS[_home] = _run_app
FUNCTIONS["argparse.ArgumentParser"] = _make_parser
FUNCTIONS["builtins.vars"] = _vars
