"""Analyses a folder of repositories and tells what was understood of each.

    python tests/corpus/run.py [REPOSITORY…] [--json] [--reasons] [--findings] [--pin CKPT]
        [--planted FOLDER]

The environment variable CKPTLS_CORPUS names the folder: a repository in each folder of it,
`owner__name` (see `list_repositories.py`). Exit code 1 if a file crashed or took too long.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

if __package__ in (None, ""):
    sys.path.insert(0, str(Path(__file__).parents[1]))
from corpus.survey import SECONDS_FOR_A_FILE, Survey, counted, survey

FOLDER = "CKPTLS_CORPUS"
_MOST_REASONS = 12
_MOST = 20


def main(arguments: Sequence[str] | None = None) -> int:
    """Print what came of the repositories that the arguments name, or of all."""
    parser = argparse.ArgumentParser(description="analyse a folder of repositories")
    parser.add_argument("repositories", nargs="*", help="owner__name (default: all)")
    parser.add_argument("--json", action="store_true", help="all sites and findings, as JSON")
    parser.add_argument("--reasons", action="store_true", help="why texts are not known")
    parser.add_argument("--findings", action="store_true", help="each finding with its line")
    parser.add_argument("--pin", action="append", default=[], metavar="CKPT")
    parser.add_argument(
        "--planted", metavar="FOLDER", help="pin what `plant.py` wrote there for each repository"
    )
    parser.add_argument("--limit", type=int, default=SECONDS_FOR_A_FILE, metavar="SECONDS")
    args = parser.parse_args(arguments)
    folder = os.environ.get(FOLDER)
    if not folder or not Path(folder).is_dir():
        print(f"{FOLDER} does not name a folder of repositories", file=sys.stderr)
        return 2
    done = []
    for each in surveys(Path(folder), args.repositories, args.pin, args.limit, args.planted):
        if args.json:
            # One by one: what was done counts even if the run is ended.
            print("," if done else "[", json.dumps(as_data(each)), flush=True)
        done.append(each)
    if args.json:
        print("]" if done else "[]")
    else:
        print("\n".join(table(done)))
        if args.findings:
            print("\n".join(told(done)))
        if args.reasons:
            print("\n".join(reasons(done)))
    return int(any(each.crashes or each.hangs for each in done))


def surveys(
    folder: Path,
    names: Iterable[str] = (),
    pins: Sequence[str] = (),
    limit: int = SECONDS_FOR_A_FILE,
    planted: str | None = None,
) -> Iterator[Survey]:
    """The surveys of the repositories in a folder, in order of name."""
    wanted = list(names) or sorted(
        each.name for each in folder.iterdir() if each.is_dir() and not each.name.startswith(".")
    )
    for name in wanted:
        if sys.stderr.isatty():
            print(f"\r\x1b[K{name}", end="", file=sys.stderr, flush=True)
        own = str(Path(planted or os.devnull) / f"{name}.ckpt")
        given = [*pins, own] if os.path.exists(own + ".index") else pins
        yield survey(folder / name, given, limit)


def as_data(done: Survey) -> dict[str, object]:
    """A survey as plain data, with its shares."""
    return {**asdict(done), "shares": done.shares(), "roles": counted(done.sites)}


_HEAD = (
    *("repository", "files", "relevant", "seconds", "slowest", "sites"),
    *("path", "bound", "named", "model bound", "model named", "findings"),
)


def table(done: Sequence[Survey]) -> list[str]:
    """A line for each repository and one for all, then what went wrong and what was found."""
    total = Survey("all")
    for each in done:
        total.files += each.files
        total.relevant += each.relevant
        total.seconds += each.seconds
        total.sites += each.sites
        total.findings += each.findings
        if each.slowest_seconds > total.slowest_seconds:
            total.slowest_seconds = each.slowest_seconds
            total.slowest = f"{each.repository}/{each.slowest}"
    rows = [_HEAD, *(_row(each) for each in [*done, total])]
    widths = [max(len(row[index]) for row in rows) for index in range(len(_HEAD))]
    lines = [
        "  ".join(
            cell.ljust(width) if not index else cell.rjust(width)
            for index, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
    lines += ["", "sites by role: " + _counts(counted(total.sites))]
    lines += ["findings by rule: " + _counts(Counter(row.code for row in total.findings))]
    lines += [f"slowest file: {total.slowest} ({total.slowest_seconds:.2f} s)"]
    lines += [
        f"{name}: {had:,} of {of:,} ({_share((had, of))})"
        for name, (had, of) in total.shares().items()
    ]
    for each in done:
        for what in ("crashes", "hangs", "problems"):
            lines += [f"{what}: {each.repository}/{text}" for text in getattr(each, what)[:_MOST]]
    return lines


def _row(done: Survey) -> tuple[str, ...]:
    shares = done.shares()
    return (
        done.repository,
        f"{done.files:,}",
        f"{done.relevant:,}",
        f"{done.seconds:.1f}",
        f"{done.slowest_seconds:.2f}",
        f"{len(done.sites):,}",
        _share(shares["path known"]),
        _share(shares["read bound"]),
        _share(shares["read named"]),
        _share(shares["model bound"]),
        _share(shares["model named"]),
        f"{len(done.findings):,}",
    )


def _share(pair: tuple[int, int]) -> str:
    return f"{100 * pair[0] / pair[1]:.0f} %" if pair[1] else "-"


def _counts(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in counts.most_common()) or "none"


def told(done: Sequence[Survey]) -> list[str]:
    """Each finding, its line of code under it."""
    return [
        f"{each.repository}/{row.file}:{row.line}: [{row.code}] {row.message}\n    {row.source}"
        for each in done
        for row in each.findings
    ]


def reasons(done: Sequence[Survey]) -> list[str]:
    """The most frequent reasons for texts that are not known, with a place for each."""
    lines: list[str] = []
    rows = [(each.repository, row) for each in done for row in each.sites if row.reason]
    for kind in ("path", "name", "model"):
        counts: Counter[tuple[str, str]] = Counter()
        places: dict[tuple[str, str], str] = {}
        for repository, row in rows:
            if row.kind == kind:
                key = (row.function, row.reason)
                counts[key] += 1
                places.setdefault(key, f"{repository}/{row.file}:{row.line}")
        lines.append(f"{kind}: {sum(counts.values()):,} not known")
        lines += [
            f"  {count:>4}  {function}: {reason}  ({places[function, reason]})"
            for (function, reason), count in counts.most_common(_MOST_REASONS)
        ]
    return lines


if __name__ == "__main__":
    sys.exit(main())
