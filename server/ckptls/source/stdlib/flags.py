"""Values from outside the program: command-line flags, arguments, the environment.

What a flag is worth is, in this order: what the user's settings say, what the code assigns
or gives as its default; if neither says anything, a `Flag`, for which the scripts and
configurations of the project may have a value.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from ckptls.source.semantics.pattern_text import UNKNOWN_TEXT, Text, text
from ckptls.source.semantics.values import (
    UNKNOWN,
    Flag,
    FlagHolder,
    FunctionValue,
    Latest,
    Literal,
    Member,
    Outside,
    Qualified,
    Record,
    Sequence,
    Unknown,
    Value,
    Values,
    texts,
)
from ckptls.source.stdlib import strings
from ckptls.source.syntax.ir import Chunk

if TYPE_CHECKING:
    from ckptls.source.semantics.interpreter_protocol import InterpreterProtocol
    from ckptls.source.semantics.values import Arguments
    from ckptls.source.syntax import ir

# The flags of `absl` and `tf.app.flags` are one for the whole program.
FLAGS = Record("flags", Chunk(("flags", False, b"")))
_FLAGS = re.compile(r"(?:tensorflow(?:\..*)?|absl)(?:\.app)?\.flags\.(FLAGS|DEFINE\w*)")
_MAKERS = {
    "argparse.ArgumentParser": "parser",
    "configargparse.ArgumentParser": "parser",
    "configargparse.ArgParser": "parser",
    "tap.Tap": "parser",
    "optparse.OptionParser": "parser",
    "argparse.Namespace": "namespace",
    "types.SimpleNamespace": "namespace",
    "easydict.EasyDict": "namespace",
    "addict.Dict": "namespace",
    "munch.Munch": "namespace",
    "ml_collections.ConfigDict": "namespace",
    "ml_collections.config_dict.ConfigDict": "namespace",
    "yacs.config.CfgNode": "namespace",
    "tensorflow.contrib.training.HParams": "namespace",
    "tensorflow.estimator.RunConfig": "namespace",
    "box.Box": "namespace",
    "attrdict.AttrDict": "namespace",
    **dict.fromkeys(
        (
            *("configparser.ConfigParser", "configparser.RawConfigParser"),
            *("configparser.SafeConfigParser", "ConfigParser.ConfigParser"),
            *("ConfigParser.SafeConfigParser", "ConfigParser.RawConfigParser"),
            "six.moves.configparser.ConfigParser",
        ),
        "sections",
    ),
}
# What a namespace has from a file or another unknown source, under no name.
_REST = "**"
_OPTIONS = frozenset({"click.option", "click.argument"})
# What stands for a default in a signature or class; whether it is the first argument, too.
_FIELDS = {
    **dict.fromkeys(("typer.Option", "typer.Argument", "pydantic.Field"), True),
    **dict.fromkeys(("dataclasses.field", "attr.ib", "attr.field", "attrs.field"), False),
}
_SAME_PARSER = frozenset(
    {"add_argument_group", "add_mutually_exclusive_group", "add_subparsers", "add_parser"}
)
_PARSES = frozenset({"parse_args", "parse_known_args", "parse_intermixed_args"})
# Methods of records, which are no attributes that somebody sets.
METHODS = frozenset(
    {
        *(*_SAME_PARSER, *_PARSES, "add_argument", "add_option", "set_defaults", "update", "get"),
        *("add_hparam", "merge_from_dict", "get_flag_value", "pop", "setdefault", "clone", "copy"),
        *("flag_values_dict", "append_flag_values", "parse", "get_namespace"),
    }
)


def normalize_name(name: str) -> str:
    """A flag's name as an attribute: without dashes before it, `_` for those inside."""
    return name.lstrip("-").replace("-", "_")


def is_flags(name: str) -> bool:
    """Whether a full name is that of the global flags object."""
    return name.endswith("flags.FLAGS") and _FLAGS.fullmatch(name) is not None


def read_record(caller: InterpreterProtocol, record: Record, name: str) -> Values:
    """`record.name`."""
    wanted = caller.environment.flags.get(name)
    if wanted is not None and record.kind != "namespace":
        return (text(wanted),)
    values = caller.read_key(record.key(name))
    if values is None:
        is_closed = record.kind == "namespace" and caller.read_key(record.key(_REST)) is None
        return UNKNOWN if is_closed or record.kind == "sections" else (Flag(name),)
    known = tuple(value for value in values if not _is_nothing(value))
    return known or (Flag(name),)


def _is_nothing(value: object) -> bool:
    """A default that stands for none: None or an empty text."""
    if isinstance(value, Literal):
        return value.value is None
    return isinstance(value, Text) and value.literal == ""


def call_qualified(
    caller: InterpreterProtocol, name: str, place: int, arguments: Arguments
) -> Values | None:
    """A call of something imported; None if it has nothing to do with flags."""
    kind = _MAKERS.get(name)
    if kind is not None:
        record = Record(kind, caller.chunk, place)
        for key, values in arguments:
            if key not in (None, "*", "**"):
                caller.write_key(record.key(str(key)), values)
            elif kind == "namespace":
                _from_mapping(caller, record, values)
        return (record,)
    if name in ("os.environ.get", "os.getenv", "os.environ.setdefault"):
        return _environment(caller, arguments)
    if name in _FIELDS:
        given = _given(arguments, 0 if _FIELDS[name] else 99, "default")
        return given if given is not None else UNKNOWN
    if "flags.DEFINE" in name and _FLAGS.fullmatch(name) is not None:
        return _defined(caller, name, arguments)
    return None


def flag_name_of(value: Value) -> str | None:
    """The name of a flag, or of a key of a configuration, whose value the code does not say."""
    from ckptls.source.semantics.module import LIBRARIES

    if isinstance(value, Flag):
        return value.name
    if isinstance(value, Member) and isinstance(value.value, Unknown | Outside | Member):
        return normalize_name(value.name)
    if isinstance(value, Qualified) and value.name.count(".") > 1:
        root, _, rest = value.name.partition(".")
        return None if root in LIBRARIES else rest.rpartition(".")[2]
    return None


def latest_checkpoint(values: Values) -> Values:
    """The newest checkpoint of each directory among the values."""
    found: list[Value] = []
    for value in values:
        name = flag_name_of(value)
        if name is not None:
            found.append(Latest(UNKNOWN_TEXT, name))
        else:
            found += [Latest(each) for each in texts((value,))]
    return tuple(found) or UNKNOWN


def _given(arguments: Arguments, position: int, name: str) -> Values | None:
    positional = [values for key, values in arguments if key is None]
    for key, values in arguments:
        if key == name:
            return values
    return positional[position] if position < len(positional) else None


def _from_mapping(caller: InterpreterProtocol, record: Record, values: Values) -> None:
    from ckptls.source.semantics.values import Mapping as Dictionary

    for value in values:
        if isinstance(value, Dictionary):
            for keys, assigned in value.entries:
                for key in texts(keys):
                    if key.literal is not None:
                        caller.write_key(record.key(key.literal), assigned or UNKNOWN)
        if not isinstance(value, Dictionary) or not value.is_complete:
            caller.write_key(record.key(_REST), UNKNOWN)


def _environment(caller: InterpreterProtocol, arguments: Arguments) -> Values:
    names = texts(_given(arguments, 0, "key") or ())
    literal = names[0].literal if len(names) == 1 else None
    default = _given(arguments, 1, "default")
    if literal is None:
        return default if default is not None else UNKNOWN
    found = read_environment(caller, literal)
    if isinstance(found[0], Flag) and default is not None and not all(map(_is_nothing, default)):
        return default
    return found


def read_environment(caller: InterpreterProtocol, name: str) -> Values:
    """`os.environ[name]`."""
    wanted = caller.environment.flags.get(name)
    return (text(wanted),) if wanted is not None else (Flag(name),)


def _listed(kind: str, default: Values) -> Values:
    """A text as the default of a flag that is a list."""
    found: list[Value] = []
    for value in default:
        if not isinstance(value, Text) or kind not in _LISTS:
            found.append(value)
        elif (separator := _LISTS[kind]) is None:
            found.append(Sequence("list", ((value,),)))
        else:
            split = strings.text_method(value, "split", separator)
            for each in split:
                items = each.items if isinstance(each, Sequence) else ()
                stripped = tuple(_stripped(item) for item in items)
                found.append(Sequence("list", stripped, is_complete=isinstance(each, Sequence)))
    return tuple(found)


# What separates the items in the text of a default; None where it is one item.
_LISTS: dict[str, strings.Arguments | None] = {
    "DEFINE_list": ((text(","),),),
    "DEFINE_spaceseplist": (),
    "DEFINE_multi_string": None,
    "DEFINE_multi": None,
}


def _stripped(values: Values) -> Values:
    return tuple(v for each in texts(values) for v in strings.text_method(each, "strip", ()))


def _defined(caller: InterpreterProtocol, maker: str, arguments: Arguments) -> Values:
    names = texts(_given(arguments, 0, "name") or ())
    default = _given(arguments, 1, "default")
    if len(names) != 1 or names[0].literal is None:
        return UNKNOWN
    name = normalize_name(names[0].literal)
    if default is not None:
        default = _listed(maker.rpartition(".")[2], default)
    caller.write_key(FLAGS.key(name), default if default is not None else (Literal(None),))
    return (FlagHolder(flag=name),)


def member(caller: InterpreterProtocol, value: FlagHolder, name: str) -> Values:
    """`.value` or `.default` of what `DEFINE_string` gives back."""
    if name in ("value", "default"):
        return read_record(caller, FLAGS, value.flag)
    return UNKNOWN


def call_record(
    caller: InterpreterProtocol, record: Record, name: str, arguments: Arguments, node: ir.Call
) -> Values:
    """A method of a parser, of flags or of a namespace."""
    if name in ("add_argument", "add_option", "add"):
        _added(caller, record, arguments, node)
    elif name in _SAME_PARSER:
        return (record,)
    elif name in _PARSES:
        parsed: Values = (Record("arguments", record.chunk, record.place),)
        # optparse gives a pair too, but of `parse_args`.
        if name == "parse_known_args":
            return (Sequence("tuple", (parsed, UNKNOWN)),)
        return parsed
    elif name in ("set_defaults", "update", "add_hparam", "merge_from_dict"):
        for key, values in arguments:
            if key not in (None, "*", "**"):
                caller.write_key(record.key(str(key)), values)
            else:
                _from_mapping(caller, record, values)
    elif name in ("get", "get_flag_value", "pop", "setdefault"):
        return _got(caller, record, arguments)
    elif name in ("flag_values_dict", "clone", "copy", "get_namespace", "parse"):
        return (record,)
    return UNKNOWN


def _got(caller: InterpreterProtocol, record: Record, arguments: Arguments) -> Values:
    if record.kind == "sections":
        return _option(arguments)
    names = texts(_given(arguments, 0, "name") or ())
    default = _given(arguments, 1, "default")
    if len(names) != 1 or names[0].literal is None:
        return UNKNOWN
    found = read_record(caller, record, names[0].literal)
    if all(isinstance(value, Flag | Unknown) for value in found) and default is not None:
        return default
    return found


def _option(arguments: Arguments) -> Values:
    """`parser.get(section, option, fallback=…)`: a flag of that name, as files have it."""
    names = texts(_given(arguments, 1, "option") or ())
    if len(names) != 1 or not names[0].literal:
        return UNKNOWN
    fallback = _given(arguments, 99, "fallback")
    flag = Flag(normalize_name(names[0].literal))
    return (flag,) if fallback is None or all(map(_is_nothing, fallback)) else (flag, *fallback)


def _converted(
    caller: InterpreterProtocol, default: Values, converter: Values, node: ir.Call
) -> Values:
    """A default that is a text goes through `type=` as what is typed does."""
    functions = [each for each in converter if isinstance(each, FunctionValue)]
    if not functions:
        return default
    found: list[Value] = []
    for value in default:
        if isinstance(value, Text):
            for each in functions:
                found += caller.apply(each, node, ((None, (value,)),))
        else:
            found.append(value)
    return tuple(found)


def _added(
    caller: InterpreterProtocol, record: Record, arguments: Arguments, node: ir.Call
) -> None:
    names = [each.literal for key, values in arguments if key is None for each in texts(values)]
    options = [name for name in names if name]
    if not options:
        return
    chosen = next((each for each in options if each.startswith("--")), options[0])
    given = texts(_given(arguments, 99, "dest") or ())
    name = given[0].literal if len(given) == 1 and given[0].literal else normalize_name(chosen)
    default = _given(arguments, 99, "default")
    if default is None:
        default = _given(arguments, 99, "const") or (Literal(None),)
    default = _converted(caller, default, _given(arguments, 99, "type") or (), node)
    caller.write_key(record.key(name), default)


def option_defaults(
    caller: InterpreterProtocol, decorators: tuple[object, ...]
) -> Mapping[str, Values]:
    """What `click.option` above a function gives to its parameters."""
    from ckptls.source.syntax import ir

    found: dict[str, Values] = {}
    for decorator in decorators:
        if not isinstance(decorator, ir.Call):
            continue
        called = caller.evaluate(decorator.function)
        if not any(isinstance(each, Qualified) and each.name in _OPTIONS for each in called):
            continue
        arguments = tuple((each.name, caller.evaluate(each.value)) for each in decorator.arguments)
        names = [t.literal for k, v in arguments if k is None for t in texts(v) if t.literal]
        plain = [name for name in names if not name.startswith("-")]
        name = plain[0] if plain else normalize_name(max(names, key=len, default=""))
        default = _given(arguments, 99, "default")
        wanted = caller.environment.flags.get(name)
        if wanted is not None:
            found[name] = (text(wanted),)
        else:
            nothing = default is None or all(map(_is_nothing, default))
            found[name] = (Flag(name),) if nothing or default is None else default
    return found


def read_setting(positional: tuple[Values, ...]) -> Values:
    """Treat `settings.get(key)` on an unknown object like a flag of that name."""
    keys = [each.literal for values in positional for each in texts(values)]
    if len(keys) != 1 or not keys[0]:
        return UNKNOWN
    return (Flag(normalize_name(keys[0])),)
