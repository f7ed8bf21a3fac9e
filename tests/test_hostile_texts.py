"""The regular expressions of the package need time in proportion to the text, whatever it is."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from hostile_texts import PACKAGE, Use, hostile_texts, too_slow


def test_no_regular_expression_of_ours_is_slow_on_hostile_texts():
    """Each constant pattern of the package, on texts made to be slow for it."""
    program = Path(__file__).with_name("hostile_texts.py")
    done = subprocess.run(
        [sys.executable, program], capture_output=True, text=True, timeout=600, check=True
    )
    lines = done.stdout.splitlines()
    assert lines[-1] == "END"
    assert [line for line in lines if line.startswith("SLOW")] == []
    tried = {line.split()[0].partition(":")[0] for line in lines[:-1]}
    written = {
        path.relative_to(PACKAGE).as_posix()
        for path in PACKAGE.rglob("*.py")
        if re.search(
            r"\bre\.(?:compile|search|match|fullmatch|sub|split|findall)\(r?b?[\"'(]",
            path.read_text("utf-8"),
        )
    }
    assert written - tried == set(), "patterns that the program does not find"


@pytest.mark.parametrize(
    "pattern, method",
    [
        (r"#[^\r\n]*?\bckptls:", "finditer"),
        (r"<a\s[^>]*?href", "findall"),
        (r"(?:[ \t]*(?:#[^\r\n]*)?(?:\r\n|\n|\r))*%%", "match"),
        (r"\s*\|", "split"),
        (r"(?:/+\.?)+$", "sub"),
        (r"(?:\s|#[^\n]*)*", "fullmatch"),
        (r"%[#0 +]*\d*d", "finditer"),
    ],
)
def test_hostile_texts_find_slow_patterns(pattern, method):
    use = Use("", re.compile(pattern), method)
    assert too_slow(use.run, hostile_texts(use.pattern))
