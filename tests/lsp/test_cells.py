"""What else is shown in the cells of a notebook: hints, lenses, links, symbols, colours, fills."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from checkpoint import crafted
from lsp.wire import Message, Wire

ABLE: Message = {
    "workspace": {"configuration": True, "textDocumentContent": {}},
    "textDocument": {
        "inlayHint": {},
        "codeLens": {},
        "documentLink": {},
        "documentSymbol": {"hierarchicalDocumentSymbolSupport": True},
        "semanticTokens": {
            "requests": {"full": True},
            "tokenTypes": [],
            "tokenModifiers": [],
            "formats": ["relative"],
        },
        "foldingRange": {},
    },
    "notebookDocument": {"synchronization": {}},
}
SETTINGS = {"inlayHints": True, "semanticTokens": True}
CELLS = {
    "first": "import tensorflow as tf\n%matplotlib inline\nckpt = 'a.ckpt'",
    "model": "é = '😀'\nwith tf.variable_scope('net'):\n    tf.get_variable('weights')",
    "read": "'😀'; tf.train.load_variable(ckpt, 'net/weights')",
    "restore": "x = 1\ntf.train.Saver().restore(session, ckpt)",
    "fill": "tf.train.init_from_checkpoint(ckpt, {})",
}
_ids = itertools.count(1)


@pytest.fixture(scope="module")
def wire(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wire]:
    folder = tmp_path_factory.mktemp("cells")
    index = crafted.index([("net/weights", crafted.FLOAT, [2])])
    (folder / "a.ckpt.index").write_bytes(index)
    opened = Wire(replies={"workspace/configuration": {"result": [SETTINGS]}})
    opened.start(ABLE, workspaceFolders=[{"uri": folder.as_uri(), "name": ""}])
    notebook = {
        "uri": f"{folder.as_uri()}/explore.ipynb",
        "notebookType": "jupyter-notebook",
        "version": 1,
        "cells": [{"kind": 2, "document": uri(folder, name)} for name in CELLS],
    }
    texts = [
        {"uri": uri(folder, name), "languageId": "python", "version": 1, "text": text}
        for name, text in CELLS.items()
    ]
    params = {"notebookDocument": notebook, "cellTextDocuments": texts}
    opened.send(method="notebookDocument/didOpen", params=params)
    opened.folder = folder  # type: ignore[attr-defined]
    yield opened
    opened.kill()


def uri(folder: Path, name: str) -> str:
    return f"{folder.as_uri()}/explore.ipynb#{name}".replace("file:", "vscode-notebook-cell:")


def ask(wire: Wire, method: str, cell: str, **more: Any) -> Any:
    identifier = next(_ids)
    document = {"uri": uri(wire.folder, cell)}  # type: ignore[attr-defined]
    params = {"textDocument": document, **more}
    wire.send(id=identifier, method=f"textDocument/{method}", params=params)
    return wire.answer(identifier)["result"]


def asked(wire: Wire, method: str, cell: str, **more: Any) -> Any:
    """The answer once the settings have been told and the checkpoint has been read."""
    for _ in range(100):
        found = ask(wire, method, cell, **more)
        if found and (not isinstance(found, dict) or found["data"]):
            return found
    raise AssertionError(f"{method} tells nothing of {cell}")


def whole(cell: str) -> Message:
    lines = CELLS[cell].split("\n")
    end = {"line": len(lines) - 1, "character": len(lines[-1].encode("utf-16-le")) // 2}
    return {"start": {"line": 0, "character": 0}, "end": end}


def at(line: int, start: int, end: int) -> Message:
    return {"start": {"line": line, "character": start}, "end": {"line": line, "character": end}}


def test_hints_stand_in_the_lines_of_their_cell(wire: Wire):
    (hint,) = asked(wire, "inlayHint", "read", range=whole("read"))
    assert (hint["position"], hint["label"]) == ({"line": 0, "character": 48}, "[2]")
    (made,) = asked(wire, "inlayHint", "model", range=whole("model"))
    assert made["position"] == {"line": 2, "character": 29}
    assert ask(wire, "inlayHint", "first", range=whole("first")) == []


def test_a_lens_stands_above_the_restore_of_its_cell(wire: Wire):
    (lens,) = asked(wire, "codeLens", "restore")
    assert lens["range"]["start"] == {"line": 1, "character": 0}
    assert lens["command"]["title"] == "a.ckpt: 1 name found"
    assert lens["command"]["arguments"][1] == 1
    assert ask(wire, "codeLens", "model") == []


def test_links_lead_from_the_cell_that_has_the_path(wire: Wire):
    (link,) = asked(wire, "documentLink", "first")
    assert link["range"] == at(2, 8, 14)
    assert not ask(wire, "documentLink", "read")


def test_symbols_are_those_of_the_cell(wire: Wire):
    (scope,) = asked(wire, "documentSymbol", "model")
    assert scope["name"] == "net"
    assert scope["selectionRange"] == at(1, 24, 27)
    assert [child["name"] for child in scope["children"]] == ["weights"]
    assert ask(wire, "documentSymbol", "read") == []


def test_colours_are_counted_from_the_start_of_the_cell(wire: Wire):
    assert asked(wire, "semanticTokens/full", "read")["data"][:3] == [0, 36, 11]
    assert ask(wire, "semanticTokens/full", "first")["data"] == []


def test_cells_have_no_scopes_of_checkpoints_to_fold(wire: Wire):
    assert ask(wire, "foldingRange", "model") == []


def test_a_map_in_a_cell_is_filled_from_the_cells_above(wire: Wire):
    context = {"diagnostics": [], "only": ["refactor"]}
    (action,) = asked(wire, "codeAction", "fill", range=whole("fill"), context=context)
    ((changed, (edit,)),) = action["edit"]["changes"].items()
    assert changed == uri(wire.folder, "fill")  # type: ignore[attr-defined]
    assert edit["range"] == at(0, 37, 37)
    assert edit["newText"] == '"net/weights": "net/weights"'
