"""Functions of Python and of its standard library, by their full names."""

from __future__ import annotations

import math
import posixpath
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from ckptls.source.program.core.arguments import Arguments
from ckptls.source.program.core.library_object import LibraryObject, Method
from ckptls.source.program.core.objects import (
    UNKNOWN,
    DictValue,
    LibraryName,
    ListValue,
    PartialText,
    Value,
    join_texts,
)
from ckptls.source.program.python import container_methods, text_methods
from ckptls.source.program.python.program_objects import (
    BoundMethod,
    ClassValue,
    FunctionValue,
    Instance,
    ModuleValue,
)

_MAX_ITEMS = 10_000
Run = Any
FUNCTIONS: dict[str, Callable[[Run, Arguments], Value]] = {}


def _python(*names: str) -> Callable[[Any], Any]:
    def register(function: Any) -> Any:
        for name in names:
            FUNCTIONS[name] = function
        return function

    return register


def _first(arguments: Arguments, index: int = 0) -> Value:
    given = arguments.positional
    return given[index] if index < len(given) else None


@_python("builtins.range", "builtins.xrange", "six.moves.range", "six.moves.xrange")
def _range(run: Run, arguments: Arguments) -> Value:
    given = arguments.positional
    if not given or not all(type(each) is int for each in given) or not arguments.is_exact:
        return UNKNOWN
    try:
        return range(*given)
    except (TypeError, ValueError):
        return UNKNOWN


@_python("builtins.len")
def _len(run: Run, arguments: Arguments) -> Value:
    value = _first(arguments)
    if isinstance(value, str | bytes | tuple | range):
        return len(value)
    if isinstance(value, ListValue):
        return len(value.items) if value.is_exact else UNKNOWN
    if isinstance(value, DictValue):
        return len(value.entries) if value.is_exact else UNKNOWN
    if isinstance(value, Instance) and not value.of.is_tuple:
        return run.call_method(value, "__len__")
    items = run.iterate(value)
    return len(items) if items is not None else UNKNOWN


@_python("builtins.enumerate")
def _enumerate(run: Run, arguments: Arguments) -> Value:
    items = run.iterate(_first(arguments))
    start = arguments.bind("iterable start", start=0)["start"]
    if items is None or type(start) is not int:
        return UNKNOWN
    return ListValue([(start + index, item) for index, item in enumerate(items)])


@_python("builtins.zip", "itertools.izip", "six.moves.zip")
def _zip(run: Run, arguments: Arguments) -> Value:
    several = [run.iterate(each) for each in arguments.positional]
    if not arguments.is_exact or any(each is None for each in several):
        return UNKNOWN
    return ListValue(list(zip(*several, strict=False)))


@_python("builtins.map", "six.moves.map")
def _map(run: Run, arguments: Arguments) -> Value:
    function, *rest = arguments.positional or (UNKNOWN,)
    several = [run.iterate(each) for each in rest]
    if not several or any(each is None for each in several):
        with run.uncertain():
            run.call(function, Arguments(tuple(UNKNOWN for _ in rest)))
        return UNKNOWN
    return ListValue([run.call(function, Arguments(row)) for row in zip(*several, strict=False)])


@_python("builtins.filter", "six.moves.filter")
def _filter(run: Run, arguments: Arguments) -> Value:
    function, items = _first(arguments), run.iterate(_first(arguments, 1))
    if items is None:
        return UNKNOWN
    kept: list[Value] = []
    is_exact = True
    for item in items:
        result = item if function is None else run.call(function, Arguments((item,)))
        truth = run.truth(result)
        is_exact = is_exact and truth is not None
        kept += [item] if truth else []
    return ListValue(kept, is_exact)


@_python("builtins.sorted")
def _sorted(run: Run, arguments: Arguments) -> Value:
    items = run.iterate(_first(arguments))
    ordered = container_methods.sort(run, items, arguments) if items is not None else None
    return ListValue(ordered) if ordered is not None else ListValue([], is_exact=False)


@_python("builtins.reversed")
def _reversed(run: Run, arguments: Arguments) -> Value:
    items = run.iterate(_first(arguments))
    return ListValue(items[::-1]) if items is not None else UNKNOWN


@_python("builtins.list", "builtins.set", "builtins.frozenset", "builtins.tuple", "builtins.iter")
def _list(run: Run, arguments: Arguments) -> Value:
    if not arguments.positional and arguments.is_exact:
        return () if arguments.function.endswith("tuple") else ListValue([], kind=_kind(arguments))
    items = run.iterate(_first(arguments))
    if arguments.function.endswith("tuple"):
        return tuple(items) if items is not None else UNKNOWN
    if items is None:
        return ListValue([], is_exact=False, kind=_kind(arguments))
    if _kind(arguments) == "set":
        kept: list[Value] = []
        for item in items:
            if not container_methods.contains(kept, item, True):
                kept.append(item)
        items = kept
    return ListValue(items, kind=_kind(arguments))


def _kind(arguments: Arguments) -> str:
    return "set" if arguments.function.endswith("set") else "list"


@_python(
    *("builtins.dict", "collections.OrderedDict", "collections.defaultdict"),
    *("easydict.EasyDict", "collections.Counter", "addict.Dict"),
)
def _dict(run: Run, arguments: Arguments) -> Value:
    made = DictValue({}, arguments.is_exact)
    positional = arguments.positional
    if arguments.function.endswith("defaultdict"):
        positional = positional[1:]
        made.is_exact = False
    container_methods.call(run, made, "update", Arguments(positional, arguments.keywords))
    return made


@_python("builtins.isinstance")
def _isinstance(run: Run, arguments: Arguments) -> Value:
    value, kinds = _first(arguments), _first(arguments, 1)
    several = kinds if isinstance(kinds, tuple) else (kinds,)
    found = [_is_of(value, each) for each in several]
    return True if True in found else UNKNOWN if None in found else False


_TYPES: dict[str, tuple[type, ...]] = {
    "str": (str, PartialText), "unicode": (str,), "basestring": (str,), "bytes": (bytes,),
    "int": (int,), "long": (int,), "float": (float,), "bool": (bool,), "tuple": (tuple,),
    "list": (ListValue,), "set": (ListValue,), "dict": (DictValue,), "object": (object,),
    "complex": (complex,),
}  # fmt: skip
_CONTAINERS = {"list": "list", "set": "set"}


def _is_of(value: Value, kind: Value) -> bool | None:
    if value is UNKNOWN or kind is UNKNOWN:
        return None
    if isinstance(kind, ClassValue):
        if isinstance(value, Instance):
            return kind in value.of.lineage()
        return None if isinstance(value, LibraryObject) else False
    if isinstance(kind, LibraryName):
        name = kind.name.removeprefix("builtins.")
        if name in ("str", "six.string_types") or name.endswith("string_types"):
            return isinstance(value, str | PartialText)
        types = _TYPES.get(name)
        if types is not None:
            if isinstance(value, Instance):
                return name == "object" or (name == "tuple" and value.of.is_tuple)
            if isinstance(value, LibraryObject):
                return None if name == "object" else False
            wanted = _CONTAINERS.get(name)
            if isinstance(value, ListValue) and wanted is not None:
                return value.kind == wanted
            return isinstance(value, types)
        names = getattr(value, "class_names", None)
        if isinstance(value, LibraryObject) and names is not None:
            return name in names
        if isinstance(value, str | int | float | tuple | ListValue | DictValue | type(None)):
            return False
    if isinstance(kind, type(None)):
        return None
    return None


@_python("builtins.getattr")
def _getattr(run: Run, arguments: Arguments) -> Value:
    value, name = _first(arguments), _first(arguments, 1)
    if not isinstance(name, str):
        return UNKNOWN
    found = run.get_attribute(value, name)
    has_default = len(arguments.positional) > 2
    if found is UNKNOWN and has_default and _has(value, name) is False:
        return arguments.positional[2]
    return found


@_python("builtins.hasattr")
def _hasattr(run: Run, arguments: Arguments) -> Value:
    value, name = _first(arguments), _first(arguments, 1)
    found = _has(value, name) if isinstance(name, str) else None
    return UNKNOWN if found is None else found


def _has(value: Value, name: str) -> bool | None:
    if isinstance(value, Instance):
        if name in value.attributes or value.of.find(name) is not None:
            return True
        return False if value.base is None and value.of.find("__getattr__") is None else None
    if isinstance(value, ModuleValue):
        return name in value.frame.names or None
    if isinstance(value, ListValue):
        return hasattr([], name)
    if isinstance(value, int | str | tuple | type(None)):
        return hasattr(value, name)
    return None


@_python("builtins.setattr")
def _setattr(run: Run, arguments: Arguments) -> Value:
    if len(arguments.positional) == 3 and isinstance(arguments.positional[1], str):
        run.set_attribute(*arguments.positional)
    return None


@_python("builtins.callable")
def _callable(run: Run, arguments: Arguments) -> Value:
    value = _first(arguments)
    if isinstance(value, FunctionValue | BoundMethod | ClassValue):
        return True
    if isinstance(value, LibraryName) and value.name in FUNCTIONS:
        return True
    if isinstance(value, str | int | float | tuple | ListValue | DictValue | type(None)):
        return False
    return UNKNOWN


@_python("builtins.type")
def _type(run: Run, arguments: Arguments) -> Value:
    value = _first(arguments)
    if isinstance(value, Instance):
        return value.of
    for name, types in _TYPES.items():
        if type(value) is types[0] and name not in ("object", "set"):
            return LibraryName(f"builtins.{name}")
    return UNKNOWN


@_python("builtins.int", "builtins.float", "builtins.bool", "builtins.abs", "builtins.round")
def _number(run: Run, arguments: Arguments) -> Value:
    value = _first(arguments)
    name = arguments.function.rpartition(".")[2]
    if name == "bool":
        truth = run.truth(value)
        return UNKNOWN if truth is None else truth
    if isinstance(value, LibraryObject):
        value = value.get_attribute(run, "value")
    if not isinstance(value, int | float | str) or not arguments.is_exact:
        return UNKNOWN
    functions: dict[str, Callable[..., Any]] = {
        "int": int,
        "float": float,
        "abs": abs,
        "round": round,
    }
    try:
        return functions[name](*(value, *arguments.positional[1:]))
    except (TypeError, ValueError, OverflowError):
        return UNKNOWN


@_python("builtins.str", "builtins.repr", "builtins.unicode", "six.text_type", "six.ensure_str")
def _str(run: Run, arguments: Arguments) -> Value:
    value = _first(arguments)
    if not arguments.positional:
        return ""
    if isinstance(value, str) and arguments.function.endswith("repr"):
        return repr(value)
    return join_texts(text_methods.format_value(value, ""))


@_python("builtins.max", "builtins.min", "builtins.sum", "builtins.all", "builtins.any")
def _reduce(run: Run, arguments: Arguments) -> Value:
    name = arguments.function.rpartition(".")[2]
    many = len(arguments.positional) > 1 and name in ("max", "min")
    items = list(arguments.positional) if many else run.iterate(_first(arguments))
    if items is None or arguments.has("key"):
        return UNKNOWN
    if name in ("all", "any"):
        truths = [run.truth(each) for each in items]
        sure = name == "any"
        return sure if sure in truths else UNKNOWN if None in truths else not sure
    if not all(isinstance(each, int | float) for each in items):
        return UNKNOWN
    start = _first(arguments, 1) or 0
    functions: dict[str, Callable[[Any], Any]] = {"max": max, "min": min, "sum": sum}
    try:
        return functions[name](items) + (start if name == "sum" else 0)
    except (TypeError, ValueError):
        return UNKNOWN


@_python("builtins.next")
def _next(run: Run, arguments: Arguments) -> Value:
    return UNKNOWN


@_python("builtins.object")
def _object(run: Run, arguments: Arguments) -> Value:
    return Instance(ClassValue("object", (), {}))


@_python("builtins.divmod", "builtins.pow")
def _divmod(run: Run, arguments: Arguments) -> Value:
    one, other = _first(arguments), _first(arguments, 1)
    sign = "//" if arguments.function.endswith("divmod") else "**"
    first = run.operate(sign, one, other)
    return (first, run.operate("%", one, other)) if sign == "//" else first


# The standard library


def _math(name: str) -> None:
    function = getattr(math, name)

    def call(run: Run, arguments: Arguments) -> Value:
        try:
            if all(type(each) in (int, float) for each in arguments.positional):
                return function(*arguments.positional)
        except (ValueError, OverflowError, TypeError):
            return UNKNOWN
        return UNKNOWN

    def call_numpy(run: Run, arguments: Arguments) -> Value:
        found = call(run, arguments)
        return float(found) if isinstance(found, int) else found

    FUNCTIONS[f"math.{name}"], FUNCTIONS[f"numpy.{name}"] = call, call_numpy


for _name in ("ceil", "floor", "sqrt", "log", "log2", "exp", "pow"):
    if hasattr(math, _name):
        _math(_name)


@_python("numpy.prod")
def _prod(run: Run, arguments: Arguments) -> Value:
    items = run.iterate(_first(arguments))
    if items is None or not all(type(each) is int for each in items):
        return UNKNOWN
    return math.prod(items)


@_python("os.path.join", "posixpath.join")
def _join(run: Run, arguments: Arguments) -> Value:
    if all(isinstance(each, str) for each in arguments.positional) and arguments.positional:
        return posixpath.join(*arguments.positional)
    parts: list[Value] = []
    for number, each in enumerate(arguments.positional):
        parts += ["/", each] if number else [each]
    return join_texts(*parts)


@_python(
    *("os.path.basename", "os.path.dirname", "os.path.normpath", "os.path.splitext"),
    *("os.path.split", "os.path.expanduser", "os.path.abspath", "os.path.realpath", "os.fspath"),
)
def _path(run: Run, arguments: Arguments) -> Value:
    value = _first(arguments)
    name = arguments.function.rpartition(".")[2]
    if not isinstance(value, str):
        return UNKNOWN
    if name in ("basename", "dirname", "normpath", "splitext", "split"):
        return getattr(posixpath, name)(value)
    if name == "fspath":
        return value
    return value if value.startswith("/") else UNKNOWN


@_python("collections.namedtuple", "typing.NamedTuple")
def _namedtuple(run: Run, arguments: Arguments) -> Value:
    bound = arguments.bind("typename field_names rename defaults")
    fields = bound["field_names"]
    if isinstance(fields, str):
        names: list[Value] = list(fields.replace(",", " ").split())
    else:
        names = run.iterate(fields) or []
        names = [each[0] if isinstance(each, tuple) and each else each for each in names]
    if not names or not all(isinstance(each, str) for each in names):
        return UNKNOWN
    defaults = run.iterate(bound["defaults"]) if bound.get("defaults") is not None else []
    behind = names[len(names) - len(defaults) :] if defaults else []
    values: dict[Value, Value] = dict(zip(behind, defaults or [], strict=False))
    title = bound["typename"]
    return ClassValue(title if isinstance(title, str) else "", (), values, None, tuple(names), True)


class PartialCall(LibraryObject):
    """`functools.partial(function, …)`."""

    def __init__(self, function: Value, arguments: Arguments) -> None:
        self.function = function
        self.arguments = arguments

    def call(self, run: Run, arguments: Arguments) -> Value:
        merged = replace(
            arguments,
            positional=(*self.arguments.positional, *arguments.positional),
            keywords={**self.arguments.keywords, **arguments.keywords},
            is_exact=self.arguments.is_exact and arguments.is_exact,
            places=(*self.arguments.places, *arguments.places),
        )
        return run.call(self.function, merged)

    def get_attribute(self, run: Run, name: str) -> Value:
        if name == "func":
            return self.function
        return UNKNOWN

    def truth(self, run: Run) -> bool | None:
        return True


class ExitStack(LibraryObject):
    """`contextlib.ExitStack()`: contexts that are left when it is."""

    def __init__(self) -> None:
        self.entered: list[Value] = []

    def get_attribute(self, run: Run, name: str) -> Value:
        return Method(self, name, _enter_context) if name == "enter_context" else UNKNOWN

    def leave(self, run: Run) -> None:
        for context in reversed(self.entered):
            if isinstance(context, LibraryObject):
                context.leave(run)
            else:
                run.call(run.get_attribute(context, "__exit__"), Arguments((None,) * 3))
        self.entered = []


def _enter_context(run: Run, stack: ExitStack, arguments: Arguments) -> Value:
    context = _first(arguments)
    if isinstance(context, LibraryObject):
        stack.entered.append(context)
        return context.enter(run)
    if isinstance(context, Instance):
        stack.entered.append(context)
        return run.call(run.get_attribute(context, "__enter__"), Arguments())
    run.note_gap("a context of an ExitStack is not followed", arguments.place)
    return UNKNOWN


@_python("contextlib.ExitStack")
def _exit_stack(run: Run, arguments: Arguments) -> Value:
    return ExitStack()


@_python("functools.partial")
def _partial(run: Run, arguments: Arguments) -> Value:
    return PartialCall(_first(arguments), arguments.after(1)) if arguments.positional else UNKNOWN


@_python("functools.wraps", "functools.lru_cache", "functools.cache", "six.add_metaclass")
def _wraps(run: Run, arguments: Arguments) -> Value:
    return LibraryName("functools.identity")


@_python("functools.reduce", "builtins.reduce", "six.moves.reduce")
def _fold(run: Run, arguments: Arguments) -> Value:
    items = run.iterate(_first(arguments, 1))
    if items is None:
        return UNKNOWN
    if len(arguments.positional) > 2:
        items = [arguments.positional[2], *items]
    if not items:
        return UNKNOWN
    found = items[0]
    for item in items[1:]:
        found = run.call(_first(arguments), Arguments((found, item)))
    return found


@_python("functools.identity")
def _identity(run: Run, arguments: Arguments) -> Value:
    return _first(arguments)


@_python("copy.copy", "copy.deepcopy")
def _copy(run: Run, arguments: Arguments) -> Value:
    return _copied(_first(arguments), arguments.function.endswith("deepcopy"), 0)


def _copied(value: Value, is_deep: bool, depth: int) -> Value:
    if depth > 20:
        return UNKNOWN

    def inner(each: Value) -> Value:
        return _copied(each, True, depth + 1) if is_deep else each

    if isinstance(value, ListValue):
        return ListValue([inner(each) for each in value.items], value.is_exact, value.kind)
    if isinstance(value, DictValue):
        return DictValue({k: inner(v) for k, v in value.entries.items()}, value.is_exact)
    if isinstance(value, Instance) and value.base is None:
        return Instance(value.of, {k: inner(v) for k, v in value.attributes.items()})
    return value


@_python("itertools.chain", "itertools.chain.from_iterable")
def _chain(run: Run, arguments: Arguments) -> Value:
    given: Any = arguments.positional
    if arguments.function.endswith("from_iterable"):
        given = run.iterate(_first(arguments))
    several = [run.iterate(each) for each in given or ()]
    if given is None or any(each is None for each in several):
        return UNKNOWN
    return ListValue([item for each in several for item in each or ()])


@_python("itertools.product")
def _product(run: Run, arguments: Arguments) -> Value:
    rows: list[tuple[Value, ...]] = [()]
    for each in arguments.positional:
        items = run.iterate(each)
        if items is None or len(rows) * len(items) > _MAX_ITEMS or arguments.keywords:
            return UNKNOWN
        rows = [(*row, item) for row in rows for item in items]
    return ListValue(list(rows))


@_python("types.SimpleNamespace", "argparse.Namespace", "tf_slim.HParams")
def _namespace(run: Run, arguments: Arguments) -> Value:
    return Instance(ClassValue("Namespace", (), {}), dict(arguments.keywords))


_SIMPLE = re.compile(r"[\w /:.\-^$\\|?]*\Z")


@_python("re.match", "re.search", "re.sub", "re.fullmatch")
def _regex(run: Run, arguments: Arguments) -> Value:
    given = arguments.positional
    if not all(isinstance(each, str) and len(each) < 500 for each in given) or len(given) < 2:
        return UNKNOWN
    # Only patterns without repetitions: nothing of a program may take long.
    if not _SIMPLE.match(given[0]) or arguments.keywords:
        return UNKNOWN
    try:
        if arguments.function.endswith("sub"):
            return re.sub(*given) if len(given) == 3 else UNKNOWN
        found = getattr(re, arguments.function.rpartition(".")[2])(*given[:2])
    except (re.error, TypeError, IndexError):
        return UNKNOWN
    return None if found is None else UNKNOWN


_OTHERS = """
    print open input raw_input id hash vars dir format chr ord hex oct bin slice Exception
    ValueError TypeError KeyError IndexError NotImplementedError RuntimeError AttributeError
    ImportError AssertionError StopIteration OSError IOError NameError property staticmethod
    classmethod super memoryview bytearray exit quit
"""
_OWN = [name.removeprefix("builtins.") for name in FUNCTIONS if name.startswith("builtins.")]
BUILTINS: dict[str, Value] = {
    **{name: LibraryName(f"builtins.{name}") for name in (*_OWN, *_TYPES, *_OTHERS.split())},
    "__debug__": True,
    "NotImplemented": UNKNOWN,
}
