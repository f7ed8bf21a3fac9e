"""The house stays one-way, and what is generated is fresh."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

from ckptls.cli.rule import pages
from ckptls.features.rule import all_rules
from ckptls.workspace.settings import Settings

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "server" / "ckptls"
# What each room may know, beside itself.
MAY_KNOW = {
    "checkpoint": set(),
    "source": set(),
    "workspace": {"source", "checkpoint"},
    "features": {"workspace", "source", "checkpoint"},
    "lsp": {"features", "workspace", "source", "checkpoint"},
    "cli": {"lsp", "features", "workspace", "source", "checkpoint"},
}
MODULES = sorted(PACKAGE.rglob("*.py"))


def imports(path: Path) -> set[str]:
    """The full names of all modules that a file imports, at whatever depth."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            found.add(node.module or "")
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_rooms_know_only_the_rooms_below(path):
    room = path.relative_to(PACKAGE).parts[0]
    names = imports(path)
    known = {name.split(".")[1] for name in names if name.startswith("ckptls.")}
    # The modules beside the rooms are doors into the house.
    assert room not in MAY_KNOW or (known & MAY_KNOW.keys()) - {room} <= MAY_KNOW[room]
    roots = {name.partition(".")[0] for name in names}
    assert "tensorflow" not in roots
    if room not in ("lsp",):
        assert not roots & {"lsprotocol", "pygls"}
    assert path.read_text("utf-8").count("\n") <= 500


def test_the_server_is_started_without_tensorflow_numpy_rapidfuzz_or_regex():
    code = (
        "import sys, ckptls.lsp.server, ckptls.lsp.handlers\n"
        "late = ('tensorflow', 'numpy', 'rapidfuzz', 'regex', 'rich')\n"
        "print([m for m in late if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_pages_of_the_rules_are_fresh():
    folder = ROOT / "docs" / "rules"
    assert {path.name for path in folder.glob("*.md")} == pages().keys()
    for name, text in pages().items():
        assert (folder / name).read_text("utf-8") == text, "run: ckptls rule --write docs/rules"


@pytest.mark.parametrize("rule", all_rules(), ids=lambda rule: rule.code)
def test_each_rule_is_documented_and_tested(rule):
    text = rule.documentation()
    for heading in ("What it does", "Why is this bad?", "Example", "When it stays silent"):
        assert f"## {heading}" in text
    name = rule.code.replace("-", "_")
    assert type(rule).__module__ == f"ckptls.features.rules.{name}"
    assert (ROOT / "tests" / "features" / "rules" / f"test_{name}.py").is_file()
    claims = (ROOT / "tests" / "oracle").glob("test_claims*.py")
    texts = "".join(path.read_text("utf-8") for path in claims)
    assert rule.code in texts or f"test_{name}" in texts, "TensorFlow is not asked about it"


def test_the_extension_offers_every_setting():
    manifest = json.loads((ROOT / "vscode-extension" / "package.json").read_text("utf-8"))
    offered = set(manifest["contributes"]["configuration"]["properties"])
    for each in fields(Settings):
        assert f"ckptls.{each.name.replace('_', '-')}" in offered
