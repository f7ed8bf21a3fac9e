"""Files that are not open see modules as the editor has them, saved or not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from checkpoint import crafted
from lsp.wire import Message, Wire

ABLE: Message = {
    "workspace": {
        "configuration": True,
        "diagnostics": {"refreshSupport": True},
        "didChangeWatchedFiles": {"dynamicRegistration": True},
    },
    "textDocument": {"diagnostic": {}, "references": {}},
}
HEAD = "import tensorflow as tf\n"
READS = HEAD + "from {} import {} as P\ntf.train.load_variable(P, 'net/nothing')\n"


@pytest.fixture
def wire(tmp_path: Path) -> Iterator[Wire]:
    index = crafted.index([("net/weights", crafted.FLOAT, [2])])
    (tmp_path / "a.ckpt.index").write_bytes(index)
    files = {
        "paths.py": "CKPT = 'elsewhere'\nSCOPE = 'old'\n",
        "over.py": "from paths import CKPT as PATH\n",
        "one.py": READS.format("paths", "CKPT"),
        "two.py": READS.format("over", "PATH"),
        "model.py": HEAD + "from paths import SCOPE\ntf.get_variable(SCOPE + '/weights', [2])\n",
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    settings = [{"diagnosticMode": "workspace"}]
    opened = Wire(replies={"workspace/configuration": {"result": settings}})
    opened.start(ABLE, workspaceFolders=[{"uri": tmp_path.as_uri(), "name": ""}])
    yield opened
    opened.kill()


def open_document(wire: Wire, uri: str, text: str) -> None:
    item = {"uri": uri, "languageId": "python", "version": 1, "text": text}
    wire.send(method="textDocument/didOpen", params={"textDocument": item})


def change(wire: Wire, uri: str, version: int, text: str) -> None:
    document = {"uri": uri, "version": version}
    params = {"textDocument": document, "contentChanges": [{"text": text}]}
    wire.send(method="textDocument/didChange", params=params)


class Told:
    """What a client knows that asks for the findings of the workspace again and again."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._asked = 100
        self._known: dict[str, str] = {}
        self.codes: dict[str, list[Any]] = {}
        self._ask()

    def _ask(self) -> None:
        self._asked += 1
        ids = [{"uri": uri, "value": value} for uri, value in self._known.items()]
        params = {"previousResultIds": ids}
        self._wire.send(id=self._asked, method="workspace/diagnostic", params=params)

    def until(self, expected: dict[str, list[str]]) -> None:
        while {name: codes for name, codes in self.codes.items() if codes} != expected:
            for each in self._wire.answer(self._asked)["result"]["items"]:
                if each["kind"] == "full":
                    self._known[each["uri"]] = each["resultId"]
                    name = each["uri"].rpartition("/")[2]
                    self.codes[name] = [item["code"] for item in each["items"]]
            self._ask()


def test_findings_of_other_files_follow_what_is_typed(wire: Wire, tmp_path: Path):
    uri = (tmp_path / "paths.py").as_uri()
    open_document(wire, uri, "CKPT = 'a.ckpt'\n")
    told = Told(wire)
    wrong = ["unknown-variable"]
    told.until({"one.py": wrong, "two.py": wrong})
    for version, path in ((2, "elsewhere"), (3, "a.ckpt")):
        change(wire, uri, version, f"CKPT = '{path}'\n")
        told.until({"one.py": wrong, "two.py": wrong} if path == "a.ckpt" else {})
    # What was never saved is gone with the document.
    wire.send(method="textDocument/didClose", params={"textDocument": {"uri": uri}})
    told.until({})


def test_references_in_other_files_have_the_names_of_what_is_typed(wire: Wire, tmp_path: Path):
    uri = (tmp_path / "train.py").as_uri()
    open_document(wire, uri, HEAD + "tf.train.load_variable('a.ckpt', 'new/weights')\n")
    params = {
        "textDocument": {"uri": uri},
        "position": {"line": 1, "character": 40},
        "context": {"includeDeclaration": True},
    }
    wire.send(id=1, method="textDocument/references", params=params)
    assert [each["uri"] for each in wire.answer(1)["result"]] == [uri]
    open_document(wire, (tmp_path / "paths.py").as_uri(), "SCOPE = 'new'\n")
    wire.send(id=2, method="textDocument/references", params=params)
    found = [each["uri"].rpartition("/")[2] for each in wire.answer(2)["result"]]
    assert found == ["train.py", "model.py"]


IMPORTS = {
    "helper.py": (
        "from pkg.helper import restore",
        "from .helper import *",
        "from . import restore",
    ),
    "__init__.py": ("from pkg import restore", "from . import restore", "from .. import pkg"),
    # Nobody has saved it yet.
    "new.py": ("from pkg.new import restore", "from .new import *", "from pkg.new import restore"),
}


@pytest.mark.parametrize(("typed", "several"), IMPORTS.items(), ids=IMPORTS)
def test_files_are_looked_at_when_what_they_import_begins_to_read_checkpoints(
    wire: Wire, tmp_path: Path, typed: str, several: tuple[str, ...]
):
    """They do not mention TensorFlow themselves, and were nothing to look at before."""
    silent = "def restore(name): pass\n"
    reads = HEAD + "def restore(name): return tf.train.load_variable('a.ckpt', name)\n"
    files = {"__init__.py": "from .helper import restore\n", "helper.py": silent}
    files |= {f"train_{i}.py": f"{each}\nrestore('net/no')\n" for i, each in enumerate(several)}
    files["train_2.py"] = files["train_2.py"].replace("pkg\nrestore", "pkg\npkg.restore")
    files["beside.py"] = "restore('net/no')\n"
    (tmp_path / "pkg").mkdir()
    for name, text in files.items():
        (tmp_path / "pkg" / name).write_text(text)
    uri = (tmp_path / "pkg" / typed).as_uri()
    open_document(wire, uri, silent)
    told = Told(wire)
    # More often than all is looked at again because the workspace has been scanned.
    for version, text in enumerate((reads, silent, reads, silent), start=2):
        change(wire, uri, version, text)
        wrong = [name for name in files if name.startswith("train")] if text is reads else []
        told.until({name: ["unknown-variable"] for name in wrong})
