"""Whether a long text is Python at all, judged by samples of it.

For each token in an error the parser tries several ways to go on: a megabyte of brackets that do
not match takes it 30 times as long as a megabyte of code. Such a text has nothing to tell, so it is
not parsed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from ckptls.source.text.comments import scan_strings

if TYPE_CHECKING:
    from tree_sitter import Node, Tree

# Shorter texts take little time.
_LONG = 100_000
_SAMPLES = 16
_SAMPLE_BYTES = 1_024
# So many samples that are mostly errors are too many: what the rest takes is bounded then.
_TOO_MANY = 5
# From so many parts of errors a byte on a sample is broken. Prose has 0.2, the most of all that was
# seen in code (docstrings, tables of numbers) 0.2, junk 0.3 to 1.5.
_PARTS_A_BYTE = 0.25
_BRACKET = re.compile(rb"[()\[\]{}]")
_CLOSER = {b"(": b")", b"[": b"]", b"{": b"}"}
_OPENER = {closer: opener for opener, closer in _CLOSER.items()}


def is_mostly_errors(data: bytes, parse: Callable[[bytes], Tree]) -> bool:
    """Whether a text is so long and so broken that parsing it is not worth its time.

    The answer depends on the text alone. What `parse` is given is short.
    """
    if len(data) < _LONG:
        return False
    bad = known = 0
    step = (len(data) - _SAMPLE_BYTES) // (_SAMPLES - 1)
    for index in range(_SAMPLES):
        if bad + _SAMPLES - index < _TOO_MANY:
            return False
        begin = index * step
        # From the next line on, where there is one.
        begin = data.find(b"\n", begin, begin + _SAMPLE_BYTES // 2) + 1 or begin
        sample = data[begin : begin + _SAMPLE_BYTES]
        if not _is_broken(sample, parse):
            continue
        known, is_open = scan_strings(data, known, begin)
        bad += not is_open and all(_is_broken(each, parse) for each in _mended(sample))
        if bad >= _TOO_MANY:
            return True
    return False


def _is_broken(sample: bytes, parse: Callable[[bytes], Tree]) -> bool:
    return _error_parts(parse(sample).root_node) > len(sample) * _PARTS_A_BYTE


def _error_parts(root: Node) -> int:
    """How many nodes are errors, or stand directly in one."""
    count = 0
    pending = [root]
    while pending:
        node = pending.pop()
        if node.has_error:
            count += 1 + node.child_count if node.type == "ERROR" else node.is_missing
            pending.extend(node.children)
    return count


def _mended(sample: bytes) -> Iterator[bytes]:
    """The sample as it may be meant if it stands inside a list or a dictionary of many lines."""
    opened: list[bytes] = []
    before: list[bytes] = []
    for match in _BRACKET.finditer(sample):
        bracket = match[0]
        if bracket in _CLOSER:
            opened.append(bracket)
        elif not opened:
            before.append(_OPENER[bracket])
        elif _CLOSER[opened[-1]] == bracket:
            opened.pop()
    end = b"\n" + b"".join(_CLOSER[each] for each in reversed(opened))
    whole = b"".join(reversed(before)) + sample + end
    yield whole
    yield b"[" + whole + b"]"
    yield b"{" + whole + b"}"
