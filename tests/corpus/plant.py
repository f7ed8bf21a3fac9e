"""Checkpoints for repositories that have none: of the names that their own code makes.

    python tests/corpus/plant.py FOLDER [REPOSITORY…]

Writes `FOLDER/owner__name.ckpt.index` for each repository of CKPTLS_CORPUS: every variable
that the analysis sees a file make, and every name that it sees one read. With it given to
`run.py --planted FOLDER`, all rules run on all files, and whatever they tell about a
repository that works is to be judged: it should be nothing.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

if __package__ in (None, ""):
    sys.path.insert(0, str(Path(__file__).parents[1]))
from checkpoint import crafted
from ckptls.source.semantics.pattern_text import Hole, Text
from ckptls.source.semantics.sites import Role
from ckptls.workspace.project import find_sources
from ckptls.workspace.source_files import SourceError, source_file
from corpus.survey import rooted_checker

_MOST_NAMES = 20_000
_NUMBERS = ("0", "1", "2")
_MADE = re.compile(r"[A-Za-z0-9.][\w.\-/]*")
# What stands in the place of a part that only the program knows.
_ANY = "part"


def main(arguments: Sequence[str]) -> int:
    """Write a checkpoint for each repository; the number of names is printed."""
    corpus = os.environ.get("CKPTLS_CORPUS", "")
    if not arguments or not Path(corpus).is_dir():
        print(__doc__, file=sys.stderr)
        return 2
    target = Path(arguments[0])
    target.mkdir(parents=True, exist_ok=True)
    wanted = arguments[1:] or sorted(
        each.name for each in Path(corpus).iterdir() if not each.name.startswith(".")
    )
    for name in wanted:
        shapes = names_of(Path(corpus) / name)
        if shapes:
            plant(target / f"{name}.ckpt", shapes)
        print(f"{name}: {len(shapes):,} names")
    return 0


def plant(prefix: Path, shapes: dict[str, tuple[int, ...]]) -> None:
    """An index of float variables; the bytes of the values are not there."""
    rows = [(name, crafted.FLOAT, shape) for name, shape in shapes.items()]
    prefix.with_name(prefix.name + ".index").write_bytes(crafted.index(rows))


def names_of(repository: Path) -> dict[str, tuple[int, ...]]:
    """Names of variables that the files of a repository make or read, with their shapes."""
    checker, workspace = rooted_checker(repository)
    found: dict[str, tuple[int, ...]] = {}
    for file in find_sources([str(repository)], checker.projects).files:
        data = file.read_bytes()
        if not workspace.is_relevant(file, data):
            continue
        try:
            program = source_file(file, data).program
        except SourceError:
            continue
        opened = workspace.open(str(file), file, program)
        analysis = opened.document.analysis()
        workspace.close(str(file))
        for variable in analysis.variables:
            shape = tuple(size or 1 for size in variable.shape or ())
            _add(found, variable.name, shape)
        for site in analysis.sites:
            if site.role is Role.VARIABLE and site.paths:
                filled = site.counterpart.shape if site.counterpart is not None else None
                shape = tuple(size or 1 for size in filled or ())
                _add(found, site.full_text, shape)
        if len(found) > _MOST_NAMES:
            break
    return _without_clashes(found)


def _add(found: dict[str, tuple[int, ...]], name: Text, shape: tuple[int, ...]) -> None:
    """Takes a name up; a shape that the code gives is kept."""
    for each in spelled(name):
        found[each] = shape or found.get(each, ())


def spelled(text: Text) -> Iterator[str]:
    """What a name may be: numbers for holes of digits, any one word for others."""
    if sum(isinstance(part, Hole) for part in text.parts) > 3:
        return
    ways = [""]
    for part in text.parts:
        choices: Iterable[str] = (part.text,) if not isinstance(part, Hole) else _filled(part)
        ways = [way + choice for way in ways for choice in choices]
    yield from (way for way in ways if _MADE.fullmatch(way))


def _filled(hole: Hole) -> tuple[str, ...]:
    if hole.pattern == r"\d+":
        return _NUMBERS
    return ("",) if re.fullmatch(hole.pattern, "") and hole.pattern != ".*" else (_ANY,)


def _without_clashes(found: dict[str, tuple[int, ...]]) -> dict[str, tuple[int, ...]]:
    return {name: shape for name, shape in sorted(found.items()) if not name.endswith("/")}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
