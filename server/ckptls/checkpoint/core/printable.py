"""Text from files and servers, made safe to show."""

from __future__ import annotations


def printable(text: str) -> str:
    """`text` with escapes in place of characters that do not show, or that steer a terminal or
    the direction of writing. Its letters, digits, punctuation and ordinary spaces stay.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
