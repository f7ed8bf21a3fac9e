"""The two units in which places in a text are counted.

Trees of tree-sitter and the texts of chunks count bytes of UTF-8; sites, cursors and everything
outside `source` count code points. For a text of ASCII both are the same, so a mistake shows only
in other texts: `Statement.byte` and `Statement.char` convert.
"""

from __future__ import annotations

from typing import NewType

# A number of bytes of UTF-8 from some start.
ByteOffset = NewType("ByteOffset", int)
# A number of code points from some start.
CodePoint = NewType("CodePoint", int)
