"""What is shipped: the lock of the extension, the tags of wheels, and what SECURITY.md promises."""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parents[1]
LOCK = ROOT / "vscode-extension" / "python" / "requirements.lock"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
sys.path.insert(0, str(ROOT))

from hatch_build import TARGETS, platform_tag  # noqa: E402


def test_the_lock_has_hashes_for_all_that_the_server_needs():
    lines = LOCK.read_text("utf-8").replace("\\\n", " ").splitlines()
    entries = [line for line in lines if line.strip() and not line.lstrip().startswith("#")]
    locked = {}
    for entry in entries:
        pin, *hashes = re.split(r"\s+--hash=", entry.strip())
        assert hashes and all(re.fullmatch(r"sha256:[0-9a-f]{64}", each) for each in hashes), pin
        (specifier,) = Requirement(pin).specifier
        assert specifier.operator == "==", pin
        name = canonicalize_name(Requirement(pin).name)
        assert name not in locked, "the wheels of all Pythons are laid over each other"
        locked[name] = specifier.version
    for need in map(Requirement, PROJECT["dependencies"]):
        assert locked[canonicalize_name(need.name)] in need.specifier, need


@pytest.mark.parametrize(
    ("platform", "tag"),
    [
        ("linux-x86_64", "linux_x86_64"),
        ("macosx-11.0-arm64", "macosx_11_0_arm64"),
        ("macosx-10.9-x86_64", "macosx_10_9_x86_64"),
        ("win-amd64", "win_amd64"),
        ("win-arm64", "win_arm64"),
    ],
)
def test_wheels_are_named_for_the_platform_they_are_made_on(platform, tag):
    assert platform_tag(platform) == tag


def test_an_index_accepts_the_tags_of_linux():
    assert all(re.fullmatch(r"(many|musl)linux_\d+_\d+_(x86_64|aarch64)", tag) for tag in TARGETS)


def test_every_promise_names_tests_that_are_there():
    text = (ROOT / "SECURITY.md").read_text("utf-8")
    rows = re.findall(r"^\| (?!promise|---)(.+?) \| (.+?) \|$", text, re.MULTILINE)
    assert rows
    for promise, tests in rows:
        named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", tests)
        assert named, promise
        for file, test in named:
            defined = {
                node.name
                for node in ast.walk(ast.parse((ROOT / file).read_text("utf-8")))
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            }
            assert test in defined, f"{file} has no {test}"


def test_the_classifiers_name_the_pythons_that_are_tested():
    named = [each for each in PROJECT["classifiers"] if re.search(r":: 3\.\d+$", each)]
    assert [each.rpartition(" ")[2] for each in named] == ["3.10", "3.11", "3.12", "3.13", "3.14"]
