"""The house stays one-way, and what is generated is fresh."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from dataclasses import fields
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from ckptls.cli.commands.rule import pages
from ckptls.features.diagnostics.all_rules import all_rules
from ckptls.workspace.settings import Settings

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "server" / "ckptls"
# The rooms in import order: each may import those before it, but for `source` and `checkpoint`,
# which do not know each other. In a room, its packages in import order: a package imports only
# itself and those before it; `-` stands for the modules right in the room.
ROOMS = {
    "checkpoint": """core names storage codecs objects model layout arrays formats.shared
        formats.tensorflow formats.tensorflow.v2 formats.tensorflow.v1 formats.hdf5 formats.keras
        formats.orbax formats.pytorch formats graphs locate - compare verify""",
    "source": """text syntax notebooks semantics stdlib tensorflow interpreter inventory
        program.core program.graph program.layers program.keras program.python program -""",
    "workspace": "-",
    "features": """patterns common paths names restores diagnostics.rules diagnostics completion
        hover code_actions navigation annotations""",
    "lsp": "protocol convert session transport handlers - integrations",
    "cli": "output checking tracing commands -",
}
PACKAGES = {room: packages.split() for room, packages in ROOMS.items()}
# One module a rule, a request and a command; elsewhere a package has about 15 modules at most.
MANY = {"features.diagnostics.rules", "lsp.handlers", "workspace"}
MOST = 18
# Modules of one name in two rooms are two sides of one thing: a feature and who offers it.
SIDES = {"features", "lsp", "cli", "checkpoint"}
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


def place_of(path: Path) -> tuple[str, str]:
    """The room and the package of a module: ("checkpoint", "formats.hdf5")."""
    room, *rest = path.relative_to(PACKAGE).parts[:-1] or ("",)
    return room, ".".join(rest) or "-"


def name_of(path: Path) -> str:
    parts = ("ckptls", *path.relative_to(PACKAGE).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


BY_NAME = {name_of(path): path for path in MODULES}


def own_imports(path: Path) -> set[str]:
    """The modules of the package that a module imports, lazily and for types included."""
    names = {name for name in imports(path) if name.partition(".")[0] == "ckptls"}
    found = names & BY_NAME.keys()
    # What is imported from a package is one of its modules, where it has one of that name.
    return {name for name in found if not any(each.startswith(name + ".") for each in found)}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_down(path: Path) -> None:
    room, package = place_of(path)
    names = imports(path)
    roots = {name.partition(".")[0] for name in names}
    assert "tensorflow" not in roots
    if room != "lsp":
        assert not roots & {"lsprotocol", "pygls"}
    if room not in ROOMS:  # the modules beside the rooms lead into them
        return
    rooms, packages = list(ROOMS), PACKAGES[room]
    for name in own_imports(path):
        other, below = place_of(BY_NAME[name])
        if other == room:
            assert packages.index(below) <= packages.index(package), f"{name} is above"
        elif other in ROOMS:
            assert rooms.index(other) < rooms.index(room), f"{name} is above"
            assert {other, room} != {"source", "checkpoint"}


def test_no_module_imports_itself_over_others() -> None:
    needs = {name: own_imports(path) - {name} for name, path in BY_NAME.items()}
    TopologicalSorter(needs).prepare()  # raises CycleError, which names the circle


def test_packages_are_those_of_the_table() -> None:
    found = {place_of(path) for path in MODULES}
    assert {place for place in found if place[0]} == {
        (room, package) for room, packages in PACKAGES.items() for package in packages
    } | {(room, "-") for room in ROOMS}
    for room, package in sorted(found):
        modules = [path for path in MODULES if place_of(path) == (room, package)]
        (about,) = (path for path in modules if path.name == "__init__.py")
        text = ast.get_docstring(ast.parse(about.read_text("utf-8"))) or ""
        assert len(re.findall(r"[.:](?:\s|$)", text)) >= 1, f"{room} {package}: say what is in it"
        whole = f"{room}.{package}".removesuffix(".-")
        assert len(modules) <= MOST or whole in MANY, f"{whole} has {len(modules)} modules"


def test_a_module_has_a_name_of_its_own() -> None:
    by_base: dict[str, set[str]] = {}
    for path in MODULES:
        if path.stem not in ("__init__", "__main__"):
            by_base.setdefault(path.stem, set()).add(place_of(path)[0])
    several = {base: rooms for base, rooms in by_base.items() if len(rooms) > 1}
    assert {base for base, rooms in several.items() if not rooms <= SIDES} == set()
    bases = [(place_of(path)[0], path.stem) for path in MODULES if path.stem != "__init__"]
    assert sorted(bases) == sorted(set(bases)), "two modules of one name in a room"


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


# What opens a file or reads it. Files that are not ours are opened by `open_regular` alone,
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
    ("cli/main.py", "os.open"),  # of /dev/null, for writing
    # A file of our own making; and in the process of the user's program, the files of it.
    ("cli/tracing/trace_process.py", "os.open"),
    ("cli/tracing/traced_program.py", "os.open"),
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
    assert found - _MAY_OPEN == set(), "use storage/open_regular or workspace/safe_open"
