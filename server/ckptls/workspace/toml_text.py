"""TOML that people, or a hostile repository, have written: parsed within bounds."""

from __future__ import annotations

import re
import sys
from typing import Any

# The parser copies all parts of a key for each of them, so that long keys take time squared.
_MAX_KEY_PARTS = 64
_PART = r"""(?:[A-Za-z0-9_-]+|"[^"\n]*"|'[^'\n]*')[ \t]*\.[ \t]*"""
# A key stands at the beginning of a line or of an item, or in the head of a table.
_LONG_KEY = re.compile(rf"(?:^|[\[{{,])[ \t]*(?:{_PART}){{{_MAX_KEY_PARTS}}}", re.M)


class TomlError(ValueError):
    """A text that is not TOML, or too deep or too long to be read; the message is a sentence."""


def parse_toml(text: str) -> dict[str, Any]:
    """The table that a TOML text holds; a byte order mark before it is passed over.

    Raises:
        TomlError: it is not valid TOML, or beyond the bounds of the parser.
    """
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    text = text.removeprefix("\ufeff")
    long_key = _LONG_KEY.search(text)
    if long_key is not None:
        line = text.count("\n", 0, long_key.start()) + 1
        raise TomlError(f"a key has more than {_MAX_KEY_PARTS} parts (at line {line})")
    try:
        table: dict[str, Any] = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise TomlError(f"it is not valid TOML: {error}") from None
    except RecursionError:
        raise TomlError("it is nested too deeply") from None
    except ValueError:  # Python converts no decimal number of more than 4,300 digits
        raise TomlError("a number in it has too many digits") from None
    return table
