"""The house stays one-way, and what is generated is fresh."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

from ckptls.cli.commands.rule import pages
from ckptls.features.diagnostics.all_rules import all_rules
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


def test_the_server_is_started_without_tensorflow_numpy_rapidfuzz_or_regex():
    code = (
        "import sys, ckptls.lsp.server, ckptls.lsp.handlers.all_handlers\n"
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
    assert type(rule).__module__ == f"ckptls.features.diagnostics.rules.{name}"
    assert (ROOT / "tests" / "features" / "rules" / f"test_{name}.py").is_file()
    claims = (ROOT / "tests" / "oracle").glob("test_claims*.py")
    texts = "".join(path.read_text("utf-8") for path in claims)
    assert rule.code in texts or f"test_{name}" in texts, "TensorFlow is not asked about it"


def test_the_extension_offers_every_setting():
    manifest = json.loads((ROOT / "vscode-extension" / "package.json").read_text("utf-8"))
    offered = set(manifest["contributes"]["configuration"]["properties"])
    for each in fields(Settings):
        assert f"ckptls.{each.name.replace('_', '-')}" in offered


# What opens a file or reads it. Files that are not ours are opened by `checkpoint/opening` alone,
# which takes regular files only, never waits for one, and reads no more than it is asked for.
_OPENS = {"open", "fdopen", "read_bytes", "read_text", "fromfile", "memmap", "mmap"}
_OPENS |= {"copy2", "copyfile", "genfromtxt", "loadtxt"}
# Of modules that have one; `load` and `File` are names of many things.
_OPENS_TOO = {"np.load", "numpy.load", "json.load", "tomllib.load", "pickle.load", "h5py.File"}
_OPENS_TOO |= {"library.File", "shutil.copy", "codecs.open", "io.open"}
_RESOURCE = "resources.files('ckptls.source.semantics').joinpath('catalogue.toml')"
_MAY_OPEN = {
    ("checkpoint/storage/open_regular.py", "os.open"),
    ("__init__.py", "open"),  # ours, of checkpoints
    ("workspace/source_files.py", "open"),  # with its opener
    # Files of our own making, and pipes, by descriptors that are open already.
    ("checkpoint/formats/hdf5/worker.py", "os.fdopen"),
    ("checkpoint/storage/block_cache.py", "os.fdopen"),
    ("workspace/source_files.py", "os.fdopen"),
    # Other things of that name, not files: members of archives, parts of HDF5, documents, stores.
    ("checkpoint/storage/zip_archive.py", "self._zip.open"),
    ("checkpoint/formats/pytorch/torch_tar.py", "reader.read_bytes"),
    ("checkpoint/formats/hdf5/hdf5_file.py", "h5.h5o.open"),
    ("checkpoint/formats/hdf5/hdf5_file.py", "library.File"),  # of a stream, over `OpenFile`
    ("checkpoint/arrays/mapped.py", "numpy.memmap"),  # of a file that is open, and a file still
    ("cli/main.py", "os.open"),  # of /dev/null, for writing
    ("source/semantics/catalogue.py", f"{_RESOURCE}.read_text"),
    ("lsp/transport/stdio.py", "open"),  # of a descriptor
}
_OPENS_DOCUMENTS = {"workspace.open", "self.workspace.open", "self._workspace.open"}
_OPENS_DOCUMENTS |= {
    "self._shards.open",
    "self._files.open",
    "self.documents.open",
    "ls.session.open",
}


def test_files_are_opened_by_one_module_alone():
    found = set()
    for path in MODULES:
        place = path.relative_to(PACKAGE).as_posix()
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            called = ast.unparse(node.func)
            is_one = called.rpartition(".")[2] in _OPENS or called in _OPENS_TOO
            if is_one and called not in _OPENS_DOCUMENTS:
                found.add((place, called))
    assert found - _MAY_OPEN == set(), "use checkpoint/opening or workspace/regular"
