"""Changes that cut characters in halves, one editor's units against another's."""

from __future__ import annotations

import pytest
from lsprotocol import types

from ckptls.lsp.convert.content_changes import to_edit
from ckptls.source.text.source_text import SourceText


def changed(text: str, start: int, end: int, new: str, encoding: str = "utf-16") -> str:
    """A line in which `new` stands for the units from `start` to `end`."""
    span = types.Range(types.Position(0, start), types.Position(0, end))
    change = types.TextDocumentContentChangePartial(range=span, text=new)
    first, last, new = to_edit(SourceText(text), change, encoding)
    return text[:first] + new + text[last:]


@pytest.mark.parametrize(
    ("text", "start", "end", "new", "expected"),
    [
        ("a😀b", 2, 3, "\ude01", "a😁b"),
        ("a😀b", 1, 2, "\ud83c", "a\U0001f200b"),
        ("a😀b", 2, 2, "x", "a\ud83dx\ude00b"),
        ("a\ud83dx\ude00b", 2, 3, "", "a😀b"),
        ("a\ud83d", 2, 2, "\ude00", "a😀"),
        ("\ude00", 0, 0, "\ud83d", "😀"),
        ("😀😀", 1, 3, "", "😀"),
        ("é", 0, 0, "\ud83d", "\ud83dé"),
        ("a😀b", 3, 1, "x", "axb"),
    ],
)
def test_halves_that_meet_are_one_character(
    text: str, start: int, end: int, new: str, expected: str
):
    assert changed(text, start, end, new) == expected


@pytest.mark.parametrize(("encoding", "end"), [("utf-8", 5), ("utf-16", 3), ("utf-32", 2)])
def test_whole_characters_are_exchanged_in_any_units(encoding: str, end: int):
    assert changed("a😀b", 1, end, "é", encoding) == "aéb"


def test_halves_in_ascii_text_stay_halves():
    assert changed("ab", 1, 1, "\ude00") == "a\ude00b"
