"""What a server says that it can do, and what it then does."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from lsprotocol import converters, types

from lsp.conftest import current_vscode
from lsp.wire import Wire, framed

DOCUMENT = {"textDocument": {"uri": "file:///nowhere/train.py"}}
PLACE = {**DOCUMENT, "position": {"line": 0, "character": 0}}
START = {"line": 0, "character": 0}
RANGE = {**DOCUMENT, "range": {"start": START, "end": START}}
# Each ability of a server by its name in the protocol, and the requests that it promises.
PROMISED: dict[str, list[tuple[str, dict[str, Any]]]] = {
    "completionProvider": [
        ("textDocument/completion", PLACE),
        ("completionItem/resolve", {"label": "a"}),
    ],
    "hoverProvider": [("textDocument/hover", PLACE)],
    "codeActionProvider": [("textDocument/codeAction", {**RANGE, "context": {"diagnostics": []}})],
    "definitionProvider": [("textDocument/definition", PLACE)],
    "referencesProvider": [
        ("textDocument/references", {**PLACE, "context": {"includeDeclaration": True}})
    ],
    "documentHighlightProvider": [("textDocument/documentHighlight", PLACE)],
    "documentSymbolProvider": [("textDocument/documentSymbol", DOCUMENT)],
    "foldingRangeProvider": [("textDocument/foldingRange", DOCUMENT)],
    "executeCommandProvider": [
        ("workspace/executeCommand", {"command": "ckptls.explain", "arguments": ["x", 0, 0]}),
        ("workspace/executeCommand", {"command": "ckptls.showRestore", "arguments": ["x", 0]}),
    ],
    "renameProvider": [
        ("textDocument/rename", {**PLACE, "newName": "b"}),
        ("textDocument/prepareRename", PLACE),
    ],
    "documentLinkProvider": [("textDocument/documentLink", DOCUMENT)],
    "codeLensProvider": [("textDocument/codeLens", DOCUMENT)],
    "inlayHintProvider": [("textDocument/inlayHint", RANGE)],
    "workspaceSymbolProvider": [("workspace/symbol", {"query": "a"})],
    "semanticTokensProvider": [
        ("textDocument/semanticTokens/full", DOCUMENT),
        ("textDocument/semanticTokens/full/delta", {**DOCUMENT, "previousResultId": "1"}),
        ("textDocument/semanticTokens/range", RANGE),
    ],
    "diagnosticProvider": [
        ("textDocument/diagnostic", DOCUMENT),
        ("workspace/diagnostic", {"previousResultIds": []}),
    ],
    "workspace": [("workspace/textDocumentContent", {"uri": "ckptls:/nowhere"})],
}
NO_REQUESTS = {"positionEncoding", "textDocumentSync", "notebookDocumentSync"}


@pytest.fixture
def wire() -> Iterator[Wire]:
    opened = Wire()
    yield opened
    opened.kill()


def all_abilities() -> Any:
    abilities = current_vscode()
    assert abilities.text_document is not None
    abilities.notebook_document = types.NotebookDocumentClientCapabilities(
        types.NotebookDocumentSyncClientCapabilities()
    )
    abilities.text_document.semantic_tokens = types.SemanticTokensClientCapabilities(
        types.ClientSemanticTokensRequestOptions(), [], [], []
    )
    return converters.get_converter().unstructure(abilities)


def test_all_that_is_offered_is_answered(wire: Wire):
    offered = wire.start(all_abilities())
    assert offered.keys() == PROMISED.keys() | NO_REQUESTS
    asked = [each for several in PROMISED.values() for each in several]
    for identifier, (method, params) in enumerate(asked, 1):
        wire.send(id=identifier, method=method, params=params)
    for identifier, (method, _) in enumerate(asked, 1):
        assert "error" not in wire.answer(identifier), method


def test_a_client_without_abilities_is_offered_what_each_knows(wire: Wire):
    offered = wire.start()
    assert offered.keys() == {
        *("positionEncoding", "textDocumentSync", "completionProvider", "hoverProvider"),
        *("codeActionProvider", "executeCommandProvider", "workspace"),
    }
    assert offered["executeCommandProvider"] == {"commands": ["ckptls.explain"]}
    assert "resolveProvider" not in offered["completionProvider"]
    assert "textDocumentContent" not in offered["workspace"]


def test_messages_sent_together_with_initialize_are_answered(wire: Wire, folder: Path):
    uri = (folder / "train.py").as_uri()
    code = "import tensorflow as tf\ntf.train.load_variable('vgg_16.ckpt', 'vgg_16/fc8/weights')\n"
    item = {"uri": uri, "languageId": "python", "version": 1, "text": code}
    place = {"textDocument": {"uri": uri}, "position": {"line": 1, "character": 45}}
    said: list[tuple[str, dict[str, Any]]] = [
        ("initialized", {}),
        ("textDocument/didOpen", {"textDocument": item}),
    ]
    hello = {"processId": None, "rootUri": folder.as_uri(), "capabilities": {}}
    data = framed({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": hello})
    for method, params in said:
        data += framed({"jsonrpc": "2.0", "method": method, "params": params})
    data += framed({"jsonrpc": "2.0", "id": 1, "method": "textDocument/hover", "params": place})
    wire.write(data)
    assert wire.answer(0)["result"]["capabilities"]["hoverProvider"] is True
    assert "float32" in wire.answer(1)["result"]["contents"]["value"]


def test_initialize_is_answered_before_features_are_loaded():
    code = (
        "import io, sys\n"
        "from ckptls.lsp.server import create_server\n"
        "server, output = create_server(), io.BytesIO()\n"
        "server.protocol.set_writer(output)\n"
        "hello = {'processId': None, 'capabilities': {}}\n"
        "server.protocol.take({'id': 0, 'method': 'initialize', 'params': hello})\n"
        "assert b'hoverProvider' in output.getvalue()\n"
        "rooms = ('features', 'workspace', 'source', 'checkpoint')\n"
        "known = [name for name in sys.modules if name.startswith('ckptls.')]\n"
        "print([name for name in known if name.split('.')[1] in rooms])\n"
        "server.equip()\n"
        "print('ckptls.features.hover.hover' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[:2] == ["[]", "True"]
