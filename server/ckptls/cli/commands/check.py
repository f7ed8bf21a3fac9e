"""`ckptls check`: the findings of files and notebooks, for a person or for another program."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from ckptls.checkpoint.core.printable import printable
from ckptls.checkpoint.storage.filesystem import is_remote, plain_if_local
from ckptls.cli.checking.check_report import FORMATS, place, report, statistics
from ckptls.cli.checking.file_checker import Checked, Checker, Found, Options, count_fixable
from ckptls.cli.output.console import format_count, note, write_lines
from ckptls.features.common.results import Severity
from ckptls.features.diagnostics.all_rules import all_rules
from ckptls.workspace.project import find_sources

HELP = """Check the checkpoint names in Python files and notebooks. Exit code 0: nothing found;
1: findings; 2: could not run, or not check all."""

_STDIN = "-"
_SECONDS_BEFORE_PROGRESS = 1.0
_SECONDS_BETWEEN = 0.1


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this command."""
    parser.add_argument(
        "paths",
        metavar="PATH",
        nargs="*",
        default=["."],
        help="files, folders, or `-` for standard input (default: the working directory)",
    )
    parser.add_argument("--format", choices=FORMATS, default="text")
    parser.add_argument("--fix", action="store_true", help="apply the fixes that are certain")
    parser.add_argument("--diff", action="store_true", help="show what --fix would change")
    _add_choice(parser)
    parser.add_argument(
        "--checkpoint",
        metavar="CKPT",
        action="append",
        default=[],
        help="the checkpoint of the files, where the code does not name one",
    )
    parser.add_argument(
        "--remote",
        action="store_true",
        help="also read checkpoints on other machines that the code names (gs://, s3://, ...)",
    )
    parser.add_argument(
        "--fail-on",
        choices=[severity.label for severity in Severity],
        default="hint",
        help="the least severity that makes the exit code 1 (default: hint)",
    )
    parser.add_argument("--statistics", action="store_true", help="count findings by rule")
    parser.add_argument(
        "--stdin-filename", metavar="PATH", help="the path that standard input is checked as"
    )
    parser.add_argument(
        "--jobs", "-j", metavar="N", type=_jobs, help="the maximum number of processes"
    )


def _add_choice(parser: argparse.ArgumentParser) -> None:
    for name, what in (("--select", "the only rules to run"), ("--ignore", "rules not to run")):
        parser.add_argument(
            name, metavar="CODES", action="append", default=[], help=f"{what}, separated by commas"
        )
    parser.add_argument(
        "--no-gitignore", action="store_true", help="also check files that .gitignore excludes"
    )
    parser.add_argument(
        "--force-exclude",
        action="store_true",
        help="apply the setting `exclude` also to paths that are named here",
    )


def _jobs(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


def run(args: argparse.Namespace) -> int:
    """Print the findings; 1 if there are any as severe as `--fail-on`, 2 if not all went well."""
    problem = _contradiction(args) or _unknown_codes([*args.select, *args.ignore])
    if problem:
        note(problem)
        return 2
    checker = Checker(_options(args))
    errors = [checker.workspace.load(pin).error for pin in checker.options.pins]
    for error in filter(None, errors):
        note(str(error))
    if any(errors):
        return 2
    if _STDIN in args.paths:
        file = Path(os.path.abspath(args.stdin_filename or "stdin.py"))
        return _finish([checker.check(file, sys.stdin.buffer.read())], 1, checker, args)
    sources = find_sources(
        args.paths,
        checker.projects,
        heeds_gitignore=not args.no_gitignore,
        excludes_named=args.force_exclude,
    )
    for refusal in sources.refused:
        note(refusal)
    if sources.refused:
        return 2
    for each in sources.notes:
        note(printable(each))
    files = list(sources.files)
    return _finish(_check_files(checker, files, args), len(files), checker, args)


def _contradiction(args: argparse.Namespace) -> str:
    """Why the options do not go together; empty if they do."""
    is_stdin = _STDIN in args.paths
    if is_stdin and len(args.paths) > 1:
        return "`-` (standard input) cannot be combined with other paths"
    if args.stdin_filename and not is_stdin:
        return "`--stdin-filename` requires the path `-`"
    if args.format != "text" and (args.diff or (args.fix and is_stdin)):
        what = "--diff" if args.diff else "--fix with standard input"
        return f"`{what}` prints code and cannot be combined with `--format {args.format}`"
    return ""


def _unknown_codes(given: Iterable[str]) -> str:
    from rapidfuzz.process import extractOne

    known = sorted(rule.code for rule in all_rules())
    for code in _codes(given):
        if code not in known:
            near = extractOne(code, known, score_cutoff=60)
            rest = f"did you mean `{near[0]}`?" if near else f"expected one of {', '.join(known)}"
            return f"unknown rule `{code}`; {rest}"
    return ""


def _codes(given: Iterable[str]) -> tuple[str, ...]:
    several = (code.strip() for each in given for code in each.split(","))
    return tuple(dict.fromkeys(code for code in several if code))


def _options(args: argparse.Namespace) -> Options:
    fixes = "show" if args.diff else "keep"
    if args.fix and not args.diff:
        fixes = "return" if _STDIN in args.paths else "write"
    return Options(
        tuple(_place(path) for path in args.checkpoint),
        args.remote,
        _codes(args.select),
        _codes(args.ignore),
        fixes,
    )


def _place(path: str) -> str:
    """A checkpoint named on the command line; an address stays as it is."""
    return path if is_remote(path) else os.path.abspath(plain_if_local(path))


def _check_files(
    checker: Checker, files: Sequence[Path], args: argparse.Namespace
) -> Iterator[Checked]:
    """The files, checked, in their order."""
    from ckptls.cli.checking.process_pool import check_all

    results = check_all(checker, files, args.jobs)
    return _with_progress(results, len(files)) if sys.stderr.isatty() else results


def _with_progress(results: Iterator[Checked], total: int) -> Iterator[Checked]:
    """Says on the terminal how far it is, once it takes a while."""
    started = shown_last = time.monotonic()
    is_shown = False
    for number, each in enumerate(results, 1):
        yield each
        now = time.monotonic()
        if now - started > _SECONDS_BEFORE_PROGRESS and now - shown_last > _SECONDS_BETWEEN:
            print(f"\r{number:,} of {total:,} files", end="", file=sys.stderr, flush=True)
            shown_last, is_shown = now, True
    if is_shown:
        print("\r\x1b[K", end="", file=sys.stderr, flush=True)


def _finish(
    results: Iterable[Checked], files: int, checker: Checker, args: argparse.Namespace
) -> int:
    """Print what came of it, and give the exit code."""
    checked = list(results)
    problems = [each.problem for each in checked if each.problem is not None]
    passed_over = [each.passed_over for each in checked if each.passed_over is not None]
    cut = [each.note for each in checked if each.note is not None]
    for problem in (*checker.projects.problems, *checker.notes, *problems, *passed_over, *cut):
        note(printable(problem))
    unseen = dict(pair for each in checked for pair in each.unseen)
    for path, reason in unseen.items():
        note(f"checkpoint `{path}` is not read: {reason}")
    for each in checked:
        _print_changes(each, is_written=not args.diff)
    found = [found for each in checked for found in each.found]
    if checker.options.fixes == "show":
        write_lines([each.diff for each in checked])
    elif checker.options.fixes == "return":
        sys.stdout.flush()
        sys.stdout.buffer.write(b"".join(each.data or b"" for each in checked))
    else:
        report(found, args.format, problems)
    _summarize(found, checked, len(unseen), files, args)
    worst = Severity[args.fail_on.upper()]
    if problems:
        return 2
    return int(any(each.severity <= worst for each in found))


def _print_changes(checked: Checked, *, is_written: bool) -> None:
    for each in checked.fixed if is_written else ():
        where = place(checked.path, each.cell, each.line, each.column)
        change = printable(f"`{each.old}` is now `{each.new}`")
        print(f"{where}: fixed [{each.code}] {change}", file=sys.stderr)


def _summarize(
    found: Sequence[Found],
    checked: Sequence[Checked],
    unseen: int,
    files: int,
    args: argparse.Namespace,
) -> None:
    if args.statistics:
        passed_over = sum(each.passed_over is not None for each in checked)
        lines = statistics(found, passed_over, unseen)
        is_plain = args.format == "text" and not args.diff and not args.fix
        write_lines(lines) if is_plain else sys.stderr.write("".join(lines))
    if args.format != "text":
        return
    fixed = sum(len(each.fixed) for each in checked)
    said = [format_count(len(found), "finding") if found else "nothing found"]
    if fixed:
        said.append(f"{fixed:,} would be fixed" if args.diff else f"{fixed:,} fixed")
    passed_over = sum(each.passed_over is not None for each in checked)
    said.append(f"{format_count(files - passed_over, 'file')} checked")
    if passed_over:
        said.append(f"{passed_over:,} skipped")
    if unseen:
        said.append(f"{format_count(unseen, 'checkpoint')} not read")
    text = ", ".join(said)
    number = count_fixable(found)
    if number and not fixed:
        text += f"; {number:,} fixable with --fix"
    sys.stdout.flush()
    print(text, file=sys.stderr)
