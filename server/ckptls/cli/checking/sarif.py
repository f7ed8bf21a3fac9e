"""Findings as SARIF 2.1.0, which code scanning of GitHub and others read.

Source: OASIS, Static Analysis Results Interchange Format (SARIF) Version 2.1.0.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from ckptls._version import __version__
from ckptls.checkpoint.core.printable import printable
from ckptls.cli.checking.file_checker import Change, Extent, Found
from ckptls.cli.checking.messages import message_in_file
from ckptls.features.common.results import Severity
from ckptls.features.common.rule import Rule
from ckptls.features.diagnostics.all_rules import all_rules

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_ROOT = "WORKING_DIRECTORY"


def sarif(found: Sequence[Found], problems: Sequence[str]) -> dict[str, Any]:
    """A log of one run; `problems` become notifications of the tool."""
    rules = sorted(all_rules(), key=lambda rule: rule.code)
    index = {rule.code: number for number, rule in enumerate(rules)}
    invocation: dict[str, Any] = {"executionSuccessful": not problems}
    if problems:
        invocation["toolExecutionNotifications"] = [
            {"level": "error", "message": {"text": problem}} for problem in problems
        ]
    driver = {"name": "ckptls", "version": __version__, "rules": [_rule(each) for each in rules]}
    return {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": driver},
                "invocations": [invocation],
                "columnKind": "utf16CodeUnits",
                "originalUriBaseIds": {_ROOT: {"uri": Path(os.getcwd()).as_uri() + "/"}},
                "results": [_result(each, index[each.code]) for each in found],
            }
        ],
    }


def _rule(rule: Rule) -> dict[str, Any]:
    page = rule.documentation()
    return {
        "id": rule.code,
        "shortDescription": {"text": rule.summary()},
        "help": {"text": page, "markdown": page},
        "defaultConfiguration": {"level": _level(rule.severity)},
    }


def _result(found: Found, rule: int) -> dict[str, Any]:
    artifact = {"uri": quote(found.path), "uriBaseId": _ROOT}
    if os.path.isabs(found.path):
        artifact = {"uri": Path(found.path).as_uri()}
    properties: dict[str, Any] = {"checkpoint": found.checkpoint}
    if found.cell is not None:
        properties |= {"cell": found.cell, "cellLine": found.extent.start.line}
    result: dict[str, Any] = {
        "ruleId": found.code,
        "ruleIndex": rule,
        "level": _level(Severity(found.severity)),
        "message": {"text": printable(message_in_file(found))},
        "locations": [
            {"physicalLocation": {"artifactLocation": artifact, "region": _region(found.in_file)}}
        ],
        "properties": properties,
    }
    if found.changes:
        result["fixes"] = [_fix(artifact, each) for each in found.changes]
    return result


def _fix(artifact: dict[str, str], change: Change) -> dict[str, Any]:
    replacement = {
        "deletedRegion": _region(change.in_file),
        "insertedContent": {"text": change.new_text},
    }
    changed = {"artifactLocation": artifact, "replacements": [replacement]}
    return {"description": {"text": change.title}, "artifactChanges": [changed]}


def _region(extent: Extent) -> dict[str, int]:
    start, end = extent
    return {
        "startLine": start.line + 1,
        "startColumn": start.character + 1,
        "endLine": end.line + 1,
        "endColumn": end.character + 1,
    }


def _level(severity: Severity) -> str:
    return severity.label if severity <= Severity.WARNING else "note"
