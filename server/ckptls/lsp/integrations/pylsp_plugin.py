"""The plugin of python-lsp-server (`pylsp`): for editors that take one server for Python.

The hooks pass requests on to a `ckptls server` in a process of its own, so that neither its
running time nor a crash affects pylsp. Settings: `pylsp.plugins.ckptls`, with the names of
`ckptls.toml`.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pluggy import HookimplMarker

from ckptls.lsp.integrations.subprocess_client import ServerProcess
from ckptls.lsp.protocol.client_capabilities import REPLACES_LITERALS

logger = logging.getLogger(__name__)
hookimpl = HookimplMarker("pylsp")

NAME = "ckptls"
_MAX_STARTS = 3
# How long a request of the editor waits for our part of the answer; findings come from a thread.
_SECONDS_TO_ANSWER = 1.0
_SECONDS_TO_FIND = 5.0
# Without position encodings, because pylsp counts in UTF-16, and without defaults of completion
# lists, because pylsp drops them.
_PASSED_ON = ("hover", "publishDiagnostics", "codeAction", "definition", "references")


@dataclass(slots=True)
class _Opened:
    """A document as the server knows it, its findings, and its owners in pylsp."""

    text: str
    version: int
    config: Any
    workspace: Any
    found: Any = None


class PylspBridge:
    """Connects pylsp with a server process, which is started with pylsp."""

    def __init__(self) -> None:
        self._peer: ServerProcess | None = None
        self._starts = 0
        self._opened: dict[str, _Opened] = {}
        self._roots: set[str] = set()
        self._lock = threading.RLock()

    def ask(self, method: str, config: Any, workspace: Any, document: Any, **params: Any) -> Any:
        """Returns the answer to a request about a document; None if it comes too late."""
        peer = self._synchronize(config, workspace, document)
        if peer is None or peer.is_busy:
            return None
        params["textDocument"] = {"uri": document.uri}
        return peer.ask(f"textDocument/{method}", params, _SECONDS_TO_ANSWER)

    def resolve_documentation(self, data: Any) -> dict[str, Any]:
        """Returns the documentation of a completion item as a dictionary, by its `data`."""
        peer = self._peer
        if peer is None or data is None or peer.is_busy:
            return {}
        item = {"label": "", "data": data}
        answer = peer.ask("completionItem/resolve", item, _SECONDS_TO_ANSWER)
        found = answer.get("documentation") if isinstance(answer, dict) else None
        return {"documentation": found} if found else {}

    def find(self, config: Any, workspace: Any, document: Any) -> list[Any]:
        """Returns the findings of a document; the last ones if an answer comes too late."""
        peer = self._synchronize(config, workspace, document)
        if peer is None:
            return []
        params = {"textDocument": {"uri": document.uri}}
        report = peer.ask("textDocument/diagnostic", params, _SECONDS_TO_FIND)
        with self._lock:
            opened = self._opened.get(document.uri)
            if opened is None:
                return []
            if isinstance(report, dict):
                opened.found = report.get("items")
            return list(opened.found or ())

    def start(self, config: Any, workspace: Any) -> None:
        """Starts the server, so that it is ready when the first document comes."""
        with self._lock:
            self._ensure_running(config, workspace)

    def open_document(self, config: Any, workspace: Any, document: Any) -> None:
        """Sends a document to the server, which then reads its checkpoints ahead of requests."""
        self._synchronize(config, workspace, document)

    def configure(self, config: Any) -> None:
        """Sends the settings of pylsp to the server."""
        with self._lock:
            if self._peer is not None:
                self._peer.notify("workspace/didChangeConfiguration", _settings(config))

    def close(self) -> None:
        with self._lock:
            peer, self._peer = self._peer, None
            self._starts = _MAX_STARTS
        if peer is not None:
            peer.end()

    def _synchronize(self, config: Any, workspace: Any, document: Any) -> ServerProcess | None:
        """Returns the server after sending it the current text of a document."""
        uri, text = document.uri, document.source
        with self._lock:
            peer = self._ensure_running(config, workspace)
            if peer is None:
                return None
            self._add_folder(peer, workspace)
            self._forget_closed(peer, keep=uri)
            opened = self._opened.get(uri)
            if opened is None:
                self._opened[uri] = _Opened(text, 1, config, workspace)
                item = {"uri": uri, "languageId": "python", "version": 1, "text": text}
                peer.notify("textDocument/didOpen", {"textDocument": item})
            elif opened.text != text:
                opened.text, opened.version = text, opened.version + 1
                which = {"uri": uri, "version": opened.version}
                changes = [{"text": text}]
                peer.notify(
                    "textDocument/didChange", {"textDocument": which, "contentChanges": changes}
                )
            return peer

    def _ensure_running(self, config: Any, workspace: Any) -> ServerProcess | None:
        if self._peer is not None and not self._peer.is_gone:
            return self._peer
        if self._starts >= _MAX_STARTS:
            return None
        self._starts += 1
        self._opened.clear()
        self._roots = {workspace.root_uri} - {""}
        try:
            self._peer = ServerProcess(_introduction(config, self._roots), self._refresh)
        except OSError as error:
            logger.warning("ckptls cannot be started: %s", error)
            return None
        self._peer.notify("workspace/didChangeConfiguration", _settings(config))
        return self._peer

    def _add_folder(self, peer: ServerProcess, workspace: Any) -> None:
        root = workspace.root_uri
        if root and root not in self._roots:
            self._roots.add(root)
            event = {"added": _folders([root]), "removed": []}
            peer.notify("workspace/didChangeWorkspaceFolders", {"event": event})

    def _forget_closed(self, peer: ServerProcess, keep: str) -> None:
        """Closes documents that pylsp has closed, which calls no hook for that."""
        for uri, opened in list(self._opened.items()):
            if uri != keep and uri not in opened.workspace.documents:
                del self._opened[uri]
                peer.notify("textDocument/didClose", {"textDocument": {"uri": uri}})

    def _refresh(self) -> None:
        """Has pylsp lint documents whose findings changed, because a checkpoint was read."""
        with self._lock:
            several = list(self._opened.items())
        for uri, opened in several:
            document = opened.workspace.documents.get(uri)
            if document is None:
                continue
            before = opened.found
            if self.find(opened.config, opened.workspace, document) != (before or []):
                _lint(opened, document)


def _lint(opened: _Opened, document: Any) -> None:
    """Publishes the findings of all plugins, as pylsp does after an edit."""
    config, workspace = opened.config, opened.workspace
    hooks = config.plugin_manager.subset_hook_caller("pylsp_lint", config.disabled_plugins)
    answers = hooks(config=config, workspace=workspace, document=document, is_saved=False)
    found = [each for answer in answers for each in answer or ()]
    workspace.publish_diagnostics(document.uri, found, document.version)


def _introduction(config: Any, roots: set[str]) -> dict[str, Any]:
    capabilities = config.capabilities if isinstance(config.capabilities, Mapping) else {}
    text = capabilities.get("textDocument") or {}
    known = {name: text[name] for name in _PASSED_ON if text.get(name) is not None}
    completion = text.get("completion") or {}
    resolves = {"resolveSupport": {"properties": ["documentation"]}}
    known["completion"] = {
        "completionItem": {**(completion.get("completionItem") or {}), **resolves}
    }
    # pylsp asks for these whether its client supports them or not.
    known |= {"definition": {}, "references": {}, "diagnostic": known.get("publishDiagnostics", {})}
    return {
        "processId": os.getpid(),
        "clientInfo": {"name": "pylsp"},
        # Of all clients of pylsp only JupyterLab sends no process ID.
        "initializationOptions": {REPLACES_LITERALS: config.process_id is None},
        "rootUri": next(iter(roots), None),
        "workspaceFolders": _folders(sorted(roots)),
        "capabilities": {
            "textDocument": known,
            "workspace": {"workspaceFolders": True, "diagnostics": {"refreshSupport": True}},
        },
    }


def _folders(roots: list[str]) -> list[dict[str, str]]:
    return [{"uri": root, "name": root.rpartition("/")[2]} for root in roots]


def _settings(config: Any) -> dict[str, Any]:
    given = config.plugin_settings(NAME)
    own = {name: value for name, value in given.items() if name != "enabled"}
    return {"settings": {NAME: own}}


_bridge = PylspBridge()


# ---------------------------------------------------------------- pylsp's hooks


@hookimpl
def pylsp_settings() -> dict[str, Any]:
    return {"plugins": {NAME: {"enabled": True}}}


@hookimpl
def pylsp_initialize(config: Any, workspace: Any) -> None:
    _bridge.start(config, workspace)


@hookimpl
def pylsp_document_did_open(config: Any, workspace: Any, document: Any) -> None:
    _bridge.open_document(config, workspace, document)


@hookimpl
def pylsp_workspace_configuration_changed(config: Any) -> None:
    _bridge.configure(config)


@hookimpl
def pylsp_completions(
    config: Any, workspace: Any, document: Any, position: dict[str, int]
) -> list[Any] | None:
    answer = _bridge.ask("completion", config, workspace, document, position=position)
    if not isinstance(answer, dict):
        return None
    # pylsp reads keys of its own from `data`, which must be an object.
    return [{**item, "data": {NAME: item.get("data")}} for item in answer["items"]]


@hookimpl(tryfirst=True)
def pylsp_completion_item_resolve(completion_item: dict[str, Any]) -> dict[str, Any] | None:
    data = completion_item.get("data")
    if not isinstance(data, dict) or NAME not in data:
        return None
    return {**completion_item, **_bridge.resolve_documentation(data[NAME])}


@hookimpl(tryfirst=True)
def pylsp_hover(config: Any, workspace: Any, document: Any, position: dict[str, int]) -> Any:
    return _bridge.ask("hover", config, workspace, document, position=position)


@hookimpl
def pylsp_lint(config: Any, workspace: Any, document: Any) -> list[Any]:
    return _bridge.find(config, workspace, document)


@hookimpl
def pylsp_code_actions(
    config: Any, workspace: Any, document: Any, range: dict[str, Any], context: dict[str, Any]
) -> Any:
    return _bridge.ask(
        "codeAction",
        config,
        workspace,
        document,
        range=range,
        context={"diagnostics": [], **context},
    )


@hookimpl
def pylsp_definitions(config: Any, workspace: Any, document: Any, position: dict[str, int]) -> Any:
    return _bridge.ask("definition", config, workspace, document, position=position)


@hookimpl
def pylsp_references(
    config: Any,
    workspace: Any,
    document: Any,
    position: dict[str, int],
    exclude_declaration: bool,
) -> Any:
    context = {"includeDeclaration": not exclude_declaration}
    return _bridge.ask(
        "references", config, workspace, document, position=position, context=context
    )


@hookimpl
def pylsp_shutdown() -> None:
    _bridge.close()
