"""Follows a program of a test as the workspace does: its modules are files beside it."""

from __future__ import annotations

from pathlib import Path

from ckptls.source.inventory.restore_request import ProgramFacts
from ckptls.source.program.follow_program import ProgramOptions, follow_program


class _Files:
    def __init__(self, root: Path) -> None:
        self.root = root

    def find(self, name: str, importer: str) -> str | None:
        below = Path(importer).parent if name.startswith(".") else self.root
        stem = below.joinpath(*name.strip(".").split("."))
        for path in (stem.with_suffix(".py"), stem / "__init__.py"):
            if path.is_file():
                return str(path)
        return None

    def read(self, path: str) -> str | None:
        return Path(path).read_text() if Path(path).is_file() else None


def follow(path: Path, keras: int) -> ProgramFacts:
    return follow_program(str(path), _Files(path.parent), ProgramOptions(keras=keras))
