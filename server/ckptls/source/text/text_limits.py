"""How long a text or a dotted name may be before the interpreter gives it up."""

from __future__ import annotations

# A text with more pieces, or a string of more characters, is not followed: it may be any text.
MAX_PIECES = 128
MAX_LENGTH = 8_192
# Names of more characters are not followed.
MAX_NAME = 1_000
