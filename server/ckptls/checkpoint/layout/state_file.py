"""The `checkpoint` state file, in which a saver notes its latest checkpoint.

It is protocol-buffer text. TensorFlow ignores the whole file if any of it is not valid, and
so does this reader.

Source: tensorflow/python/training/checkpoint_state.proto; the text format's
specification; what TensorFlow's own parser was seen to accept.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ckptls.checkpoint.core.errors import CheckpointError, CheckpointForeign
from ckptls.checkpoint.storage import foreign_files
from ckptls.checkpoint.storage.filesystem import is_file, open_file

MAX_STATE_BYTES = 1 << 20  # a longer file is not read at all

_PATH = "model_checkpoint_path"
_ALL_PATHS = "all_model_checkpoint_paths"
_TIMES = ("all_model_checkpoint_timestamps", "last_preserved_timestamp")
_REPEATED = (_ALL_PATHS, "all_model_checkpoint_timestamps")

_TOKEN = re.compile(
    r"""
      (?P<space>    [ \t\r\n\v\f]+ | \#[^\n]* )
    | (?P<string>   "(?:[^"\\\n]|\\.)*" | '(?:[^'\\\n]|\\.)*' )
    | (?P<number>   -?\s* (?: (?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?[fF]?
                             | (?i:infinity|inf|nan) ) (?![A-Za-z0-9_]) )
    | (?P<name>     [A-Za-z_][A-Za-z0-9_]* )
    | (?P<sign>     [:;,\[\]] )
    """,
    re.VERBOSE,
)
_ESCAPE = re.compile(r"(?s)\\([0-7]{1,3}|[xX][0-9a-fA-F]{1,2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|.)")
_SIMPLE_ESCAPES = dict(zip("abfnrtv\\'\"?", "\a\b\f\n\r\t\v\\'\"?", strict=True))


@dataclass(frozen=True, slots=True)
class State:
    """What a state file says; paths as written, relative ones to the file's directory."""

    path: str
    all_paths: tuple[str, ...]


def parse_state(data: bytes) -> State | None:
    """The state in the bytes of a state file; None where TensorFlow would find none.

    That is: an unknown field, anything that is no text format, or no checkpoint named.
    """
    try:
        values = _parse(_Tokens(data.decode("utf-8")))
    except ValueError:
        return None
    paths = values.get(_PATH)
    return State(paths[-1], tuple(values.get(_ALL_PATHS, ()))) if paths and paths[-1] else None


def read_state(path: str) -> State | None:
    """What the state file at `path` says; None if it is not there, too long or not valid."""
    if not is_file(path):
        return None
    try:
        with open_file(path) as file:
            if file.size > MAX_STATE_BYTES:
                return None
            return parse_state(file.read_at(0, file.size))
    except CheckpointError:
        return None


def foreign_state(path: str) -> str:
    """What stands in the place of a state file, and what to do about it: a Git LFS pointer, a web
    page, an archive; empty if it is something else."""
    try:
        with open_file(path) as file:
            refusal = foreign_files.refusal(
                file.read_at(0, min(file.size, foreign_files.HEAD_BYTES))
            )
    except CheckpointForeign as error:
        refusal = error
    except CheckpointError:
        return ""
    # An invalid state file is text as well, which says nothing.
    if not isinstance(refusal, CheckpointForeign) or refusal.what == f"it is {foreign_files.TEXT}":
        return ""
    return f"{refusal.what}; {refusal.hint}"


def base_name(path: str) -> str:
    """The last part of a path in a state file, on whatever system that was written."""
    return path.replace("\\", "/").rpartition("/")[2]


class _Tokens:
    """The tokens of a text, one of them in view."""

    def __init__(self, text: str) -> None:
        self._rest = _tokens(text)
        self.kind, self.text = next(self._rest)

    def take(self) -> str:
        """The token in view, as the next one comes into it."""
        text = self.text
        self.kind, self.text = next(self._rest, ("end", ""))
        return text

    def take_if(self, *texts: str) -> bool:
        """Take the token in view if it is one of these signs."""
        is_it = self.kind == "sign" and self.text in texts
        if is_it:
            self.take()
        return is_it


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    pos = 0
    while pos < len(text):
        match = _TOKEN.match(text, pos)
        if match is None:
            raise ValueError(f"invalid text-format token at character {pos}")
        pos = match.end()
        if match.lastgroup and match.lastgroup != "space":
            yield match.lastgroup, match[0]
    yield "end", ""


def _parse(tokens: _Tokens) -> dict[str, list[str]]:
    """The values of each field; numbers are checked and dropped."""
    values: dict[str, list[str]] = {}
    while tokens.kind != "end":
        field = tokens.take()
        if field not in (_PATH, _ALL_PATHS, *_TIMES) or not tokens.take_if(":"):
            raise ValueError(f"no field: {field}")
        read = _number if field in _TIMES else _string
        found = values.setdefault(field, [])
        if field in _REPEATED and tokens.take_if("["):
            found.extend(_list(tokens, read))
        else:
            found.append(read(tokens))
        tokens.take_if(";", ",")
    return values


def _list(tokens: _Tokens, read: Callable[[_Tokens], str]) -> Iterator[str]:
    if tokens.take_if("]"):
        return
    yield read(tokens)
    while tokens.take_if(","):
        yield read(tokens)
    if not tokens.take_if("]"):
        raise ValueError("a list without its end")


def _number(tokens: _Tokens) -> str:
    if tokens.kind != "number":
        raise ValueError(f"no number: {tokens.text}")
    return tokens.take()


def _string(tokens: _Tokens) -> str:
    """One string: pieces that stand side by side are one."""
    if tokens.kind != "string":
        raise ValueError(f"no string: {tokens.text}")
    pieces = b""
    while tokens.kind == "string":
        pieces += _unescaped(tokens.take()[1:-1])
    return pieces.decode("utf-8")


def _unescaped(text: str) -> bytes:
    return b"".join(
        _escape(part) if i % 2 else part.encode("utf-8")
        for i, part in enumerate(_ESCAPE.split(text))
    )


def _escape(code: str) -> bytes:
    """The bytes that an escape stands for, given without its backslash."""
    if code[0] in "01234567":
        return bytes([int(code, 8) & 0xFF])
    if code[0] in "xX" and len(code) > 1:
        return bytes([int(code[1:], 16)])
    if code[0] in "uU" and len(code) > 1:
        number = int(code[1:], 16)
        if number > sys.maxunicode:
            raise ValueError(f"no character: {number:#x}")
        return chr(number).encode("utf-8")
    return _SIMPLE_ESCAPES.get(code, "\\" + code).encode("utf-8")
