"""Loads model files of `ckptls trace`, with the places of their variables in today's code."""

from __future__ import annotations

import hashlib
from pathlib import Path

from ckptls.source.inventory.model_file import TracedModel, read_model_file
from ckptls.workspace.safe_open import decode_text, read_regular

_MAX_BYTES = 128_000_000
_MAX_SOURCE_BYTES = 2_000_000


def load_model_file(path: Path) -> TracedModel:
    """The model in a file; places have the offsets of their lines where the code is here.

    Raises:
        ModelFileError: it is not a model file.
        OSError: it cannot be read, or is too large.
    """
    text = decode_text(read_regular(path, _MAX_BYTES))
    return read_model_file(text, str(path.resolve().parent), _Lines().find_span)


def changed_files(model: TracedModel) -> tuple[str, ...]:
    """The files of the traced program that are not what they were, or are gone."""
    return tuple(path for path, checksum in model.checksums.items() if _checksum(path) != checksum)


def _checksum(path: str) -> str | None:
    try:
        return hashlib.sha256(read_regular(path, _MAX_SOURCE_BYTES)).hexdigest()
    except OSError:
        return None


class _Lines:
    """The lines of source files, each file read once."""

    def __init__(self) -> None:
        self._spans: dict[str, list[tuple[int, int]]] = {}

    def find_span(self, path: str, line: int) -> tuple[int, int]:
        """Start and end of the code of a 0-based line, without the blanks around it."""
        if path not in self._spans:
            self._spans[path] = self._read(path)
        spans = self._spans[path]
        return spans[line] if line < len(spans) else (0, 0)

    def _read(self, path: str) -> list[tuple[int, int]]:
        try:
            text = decode_text(read_regular(path, _MAX_SOURCE_BYTES))
        except OSError:
            return []
        spans = []
        start = 0
        for line in text.split("\n"):
            indent = len(line) - len(line.lstrip())
            spans.append((start + indent, max(start + indent, start + len(line.rstrip()))))
            start += len(line) + 1
        return spans
