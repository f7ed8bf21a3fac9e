"""`ckptls rule`: what a rule says, and the pages made from the rules."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from ckptls.features.common.rule import Rule
from ckptls.features.diagnostics.all_rules import all_rules, rule_of
from ckptls.source.semantics.sites import Evidence

HELP = "Explain a rule, or list all rules."


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this command."""
    parser.add_argument("code", metavar="CODE", nargs="?", help="a rule, such as unknown-variable")
    parser.add_argument(
        "--write", metavar="FOLDER", help="write the page of every rule into a folder"
    )


def run(args: argparse.Namespace) -> int:
    """Print a rule's page or the list of rules; 2 if there is no such rule."""
    if args.write:
        folder = Path(args.write)
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in pages().items():
            (folder / name).write_text(text, "utf-8")
        return 0
    if args.code is None:
        rules = sorted(all_rules(), key=lambda each: each.code)
        width = max(len(rule.code) for rule in rules) + 2
        for rule in rules:
            print(f"{rule.code:<{width}}{rule.severity.label:<9}{rule.summary()}")
        return 0
    found = rule_of(args.code)
    if found is None:
        print(f"ckptls: unknown rule `{args.code}`; {_known(args.code)}", file=sys.stderr)
        return 2
    print(page(found), end="")
    return 0


def _known(code: str) -> str:
    from ckptls.checkpoint.names.edit_distance import nearest

    codes = sorted(rule.code for rule in all_rules())
    near = nearest(code, codes, limit=1)
    return f"did you mean `{near[0]}`?" if near else f"expected one of {', '.join(codes)}"


def pages() -> dict[str, str]:
    """The page of every rule and the index of them, by file name."""
    found = {f"{rule.code}.md": page(rule) for rule in all_rules()}
    return {"README.md": index(), **found}


def page(rule: Rule) -> str:
    """A rule's documentation page in Markdown."""
    return f"# {rule.code}\n\n{_facts(rule)}\n\n{rule.documentation()}\n"


def _facts(rule: Rule) -> str:
    needs = {
        Evidence.CALL: "Reported from the code alone, or from the path that it checks",
        Evidence.PINNED: "Reported where the code, a comment or a setting names the checkpoint",
        Evidence.FILE: "Also reported where only another path in the file names the checkpoint",
    }
    fix = "A quick fix is offered." if rule.has_fix else "There is no quick fix."
    return f"Severity: {rule.severity.label}. {fix} {needs[rule.needs]}."


def index() -> str:
    """A page that lists all rules, those that count most on one string first."""
    rows = [
        f"| [{rule.code}]({rule.code}.md) | {rule.severity.label} |"
        f" {'yes' if rule.has_fix else ''} | {rule.summary()} |"
        for rule in all_rules()
    ]
    return _INDEX + "\n".join(rows) + "\n"


_INDEX = """# Rules

The rules of `ckptls check` and the editor, in order of precedence: a string gets one finding,
from the most specific rule. No rule reports anything where it is not certain which checkpoint the
code refers to, or where the code itself tests whether a name exists. The
[settings](../settings.md) change severities and turn rules off.

| rule | severity | quick fix | |
|---|---|---|---|
"""
