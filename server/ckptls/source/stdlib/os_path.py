"""What `os.path` and `pathlib` do to paths; a `pathlib` path is kept as its text.

Each function takes values and returns values; what cannot be determined becomes a hole.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import islice

from ckptls.source.semantics.pattern_text import UNKNOWN_TEXT, Piece, Text, text
from ckptls.source.semantics.values import (
    UNKNOWN,
    Flag,
    Latest,
    LatestName,
    Literal,
    Member,
    Qualified,
    Sequence,
    Value,
    Values,
    as_text,
    texts,
    union,
)

Arguments = tuple[Values, ...]
_MAX_PATHS = 64


def join(arguments: Arguments) -> Values:
    """`os.path.join`: an absolute part starts over; an unknown part is a hole."""
    if arguments and any(isinstance(value, LatestName) for value in arguments[-1]):
        return union(*(_join_latest(arguments[:-1], value) for value in arguments[-1]))
    found: tuple[Text, ...] = (Text(),)
    for argument in arguments:
        rights = texts(argument) or (UNKNOWN_TEXT,)
        joined = (_join(left, right) for left in found for right in rights)
        found = tuple(islice(joined, _MAX_PATHS))
    return found


def _join_latest(before: Arguments, last: Value) -> Values:
    """A directory, and the base name of its newest checkpoint behind it."""
    latest = last.latest if isinstance(last, LatestName) else last
    if not isinstance(latest, Latest):
        return join((*before, (last,)))
    if latest.flag is None:
        literals = [each.literal for each in texts(join(before))]
        is_of_it = literals == [latest.directory.literal] != [None]
    else:
        # As `flags.latest` says which flag it is.
        is_of_it = len(before) == 1 and _is_named(before[0], latest.flag)
    beside = replace(latest, is_beside=True)
    return (beside,) if is_of_it else join((*before, (UNKNOWN_TEXT,)))


def _base_name(arguments: Arguments) -> Values:
    given = arguments[0] if arguments else UNKNOWN
    return union(
        *(
            (LatestName(latest=value),)
            if isinstance(value, Latest)
            else (split(each)[1] for each in texts((value,)))
            for value in given
        )
    )


def _is_named(values: Values, flag: str) -> bool:
    named = [value.name for value in values if isinstance(value, Flag | Member)]
    return len(values) == 1 and named == [flag]


def _join(left: Text, right: Text) -> Text:
    if right.head.startswith("/") or not left.parts:
        return right
    tail = left.parts[-1]
    if isinstance(tail, Piece) and (tail.text.endswith("/") or not tail.text):
        return left + right
    return left + text("/") + right


def split(path: Text) -> tuple[Text, Text]:
    """The directory and the last part of a path."""
    literal = path.literal
    if literal is None:
        cut = path.tail.rfind("/")
        if cut >= 0:
            return UNKNOWN_TEXT, text(path.tail[cut + 1 :])
        return UNKNOWN_TEXT, UNKNOWN_TEXT
    cut = literal.rfind("/")
    directory = path.cut(0, cut if cut > 0 else cut + 1)
    return directory, path.cut(cut + 1, len(literal))


def split_extension(path: Text) -> tuple[Text, Text]:
    """A path before its last dot, and the rest."""
    literal = path.literal
    if literal is None:
        tail = path.tail
        dot = tail.rfind(".")
        if dot <= tail.rfind("/"):
            return path, Text()
        return path.without_suffix(tail[dot:]), text(tail[dot:])
    dot = literal.rfind(".")
    if dot <= literal.rfind("/") + 1:
        return path, Text()
    return path.cut(0, dot), path.cut(dot, len(literal))


def _first(arguments: Arguments) -> tuple[Text, ...]:
    return texts(arguments[0]) if arguments else (UNKNOWN_TEXT,)


def _same(arguments: Arguments) -> Values:
    return arguments[0] if arguments else UNKNOWN


def _pairs(arguments: Arguments, cut: Callable[[Text], tuple[Text, Text]]) -> Values:
    rows = [cut(each) for each in _first(arguments)]
    return tuple(Sequence("tuple", ((left,), (right,))) for left, right in rows) or UNKNOWN


def _each(arguments: Arguments, change: Callable[[Text], Text]) -> Values:
    """A path changed; what stands for a path that something else knows stays what it is."""
    given = arguments[0] if arguments else UNKNOWN
    return union(*(_changed(value, change) for value in given))


def _changed(value: Value, change: Callable[[Text], Text]) -> Values:
    if isinstance(value, Flag | Latest | Member | Qualified):
        return (value,)
    return tuple(change(each) for each in texts((value,)))


def _absolute(arguments: Arguments) -> Values:
    return _each(arguments, lambda path: _without_slash(normalized(path)))


def pure(arguments: Arguments) -> Values:
    """What `pathlib` makes of texts: a path has no slash at its end."""
    return tuple(
        _without_slash(each) if isinstance(each, Text) else each for each in join(arguments)
    )


def _without_slash(path: Text) -> Text:
    literal = path.literal
    if literal is None or not literal.endswith("/") or not literal.strip("/"):
        return path
    return path.cut(0, len(literal.rstrip("/")))


def normalized(path: Text) -> Text:
    """A path without `..`, as long as that does not touch what is written in the document."""
    literal = path.literal
    if literal is None or "/.." not in literal or path.origins:
        return path
    parts: list[str] = []
    for part in literal.split("/"):
        if part == ".." and parts and parts[-1] not in ("", ".."):
            parts.pop()
        elif part != ".":
            parts.append(part)
    return text("/".join(parts) or "/")


def expanded(path: Text) -> Text:
    """`expanduser`: the `~` becomes one that is no longer written in the code."""
    first = path.parts[0] if path.parts else None
    if not isinstance(first, Piece) or first.origin is None or not first.text.startswith("~"):
        return path
    return Text((Piece("~"), first.cut(1, len(first.text)), *path.parts[1:]))


FUNCTIONS: dict[str, Callable[[Arguments], Values]] = {
    "os.path.join": join,
    "os.path.dirname": lambda arguments: union(split(each)[0] for each in _first(arguments)),
    "os.path.basename": _base_name,
    "os.path.split": lambda arguments: _pairs(arguments, split),
    "os.path.splitext": lambda arguments: _pairs(arguments, split_extension),
    "os.path.abspath": _absolute,
    "os.path.realpath": _absolute,
    "os.path.normpath": _absolute,
    "os.path.expanduser": lambda arguments: _each(arguments, expanded),
    "os.path.expandvars": _same,
    "os.path.normcase": _same,
    "os.path.relpath": _same,
    "os.fspath": _same,
    "os.fsencode": _same,
    "os.fsdecode": _same,
    "os.getcwd": lambda arguments: (text("."),),
    "tensorflow.io.gfile.join": join,
    "tensorflow.resource_loader.get_path_to_datafile": lambda arguments: UNKNOWN,
    "pathlib.Path": pure,
    "pathlib.PurePath": pure,
    "pathlib.PosixPath": pure,
    "pathlib.PurePosixPath": pure,
    "epath.Path": pure,
    "etils.epath.Path": pure,
    "pathlib.Path.home": lambda arguments: (text("~"),),
    "pathlib.Path.cwd": lambda arguments: (text("."),),
    "posixpath.join": join,
}
_SAME_PATH = frozenset(
    {"as_posix", "resolve", "absolute", "expanduser", "__fspath__", "__str__", "relative_to"}
)


CONSTANTS = {
    "os.sep": text("/"),
    "os.path.sep": text("/"),
    "os.curdir": text("."),
    "os.pardir": text(".."),
    "os.extsep": text("."),
}


def member(path: Text, name: str) -> Values | None:
    """An attribute of a `pathlib` path; None for what is no attribute of one."""
    match name:
        case "parent":
            literal = path.literal
            is_bare = literal is not None and "/" not in literal
            return (text("."),) if is_bare else (split(path)[0],)
        case "name":
            return (split(path)[1],)
        case "stem":
            return (split_extension(split(path)[1])[0],)
        case "suffix":
            return (split_extension(split(path)[1])[1],)
        case "parents":
            parents: list[Values] = []
            current = path
            while current.literal not in (None, "", "/") and len(parents) < 16:
                current = split(current)[0]
                parents.append((current if current.parts else text("."),))
            return (Sequence("list", tuple(parents), is_complete=path.literal is not None),)
    return None


def method(path: Text, name: str, arguments: Arguments) -> Values | None:
    """What a method of a `pathlib` path gives; None for what is no method of one."""
    if name == "expanduser":
        return (expanded(path),)
    if name in _SAME_PATH:
        return (path,) if name != "relative_to" else UNKNOWN
    if name == "joinpath":
        return pure(((path,), *arguments))
    if name == "with_suffix" and arguments:
        stem = split_extension(path)[0]
        return union(stem + each for each in texts(arguments[0]))
    if name == "with_name" and arguments:
        return join(((split(path)[0],), arguments[0]))
    if name == "with_stem" and arguments:
        suffix = split_extension(path)[1]
        return join(((split(path)[0],), tuple(each + suffix for each in texts(arguments[0]))))
    return None


def to_text(arguments: Arguments) -> Values:
    """`str(…)`."""
    if not arguments:
        return (Text(),)
    kept = (Flag, Latest, Member)
    return tuple(each if isinstance(each, kept) else as_text(each) for each in arguments[0])


def is_empty(values: Values) -> bool:
    """Whether the values are None and nothing else."""
    return values == (Literal(None),)
