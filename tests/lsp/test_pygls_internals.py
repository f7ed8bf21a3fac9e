"""What `language_server_protocol` relies on in pygls beside its documented interface.

Each test names one thing. One that fails after an upgrade says what pygls has moved.
"""

from __future__ import annotations

import ast
import inspect
import io
import json
import re
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types
from pygls.lsp.server import LanguageServer
from pygls.protocol import LanguageServerProtocol

import ckptls.lsp
from ckptls.lsp.protocol import language_server_protocol
from ckptls.lsp.protocol.language_server_protocol import Protocol

# Methods of pygls that our protocol replaces: pygls itself has to call them.
REPLACED = {
    "_check_handler_result",
    "_execute_handler",
    "_handle_cancel_notification",
    "_send_data",
    "_send_handler_result",
    "_send_response",
}
# Attributes and methods of pygls that it reads.
READ = {
    "_converter",
    "_include_headers",
    "_request_futures",
    "_result_types",
    "_serialize_message",
    "_server",
    "_shutdown",
}
Call = tuple[tuple[Any, ...], dict[str, Any]]


class Recorder(LanguageServerProtocol):
    """pygls as it is; notes the calls of the methods that our protocol replaces."""

    def __init__(self, server: Any, converter: Any) -> None:
        self.calls: dict[str, list[Call]] = {name: [] for name in REPLACED}
        super().__init__(server, converter)
        for name in REPLACED:
            setattr(self, name, self._noting(name, getattr(self, name)))

    def _noting(self, name: str, method: Callable[..., Any]) -> Callable[..., Any]:
        def noting(*args: Any, **kwargs: Any) -> Any:
            self.calls[name].append((args, kwargs))
            return method(*args, **kwargs)

        return noting


@pytest.fixture
def pygls() -> Recorder:
    server = LanguageServer("test", "1", protocol_cls=Recorder)
    protocol: Recorder = server.protocol  # type: ignore[assignment]
    protocol.set_writer(io.BytesIO())  # type: ignore[arg-type]

    @server.feature(types.TEXT_DOCUMENT_HOVER)
    def hover(params: types.HoverParams) -> None:
        protocol.seen_id = protocol.msg_id  # type: ignore[attr-defined]

    @server.feature(types.TEXT_DOCUMENT_DID_SAVE)
    def saved(params: types.DidSaveTextDocumentParams) -> None:
        """A notification of ours."""

    return protocol


def ask(protocol: Recorder, identifier: int = 7) -> None:
    place = types.TextDocumentIdentifier("file:///x.py"), types.Position(0, 0)
    protocol.handle_message(types.HoverRequest(identifier, types.HoverParams(*place)))


def tell(protocol: Recorder) -> None:
    params = types.DidSaveTextDocumentParams(types.TextDocumentIdentifier("file:///x.py"))
    protocol.handle_message(types.DidSaveTextDocumentNotification(params))


def private_names() -> set[str]:
    """The names beginning with `_` that our protocol reads or defines, and pygls has too."""
    tree = ast.parse(inspect.getsource(Protocol))
    used = {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and getattr(node.value, "id", "") in ("self", "super")
    }
    used |= {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    instance = LanguageServer("test", "1").protocol
    return {name for name in used if name.startswith("_") and hasattr(instance, name)}


def test_all_private_names_in_use_are_tested_here() -> None:
    assert {each for each in private_names() if not each.startswith("__")} == REPLACED | READ


def test_only_one_module_extends_the_protocol_of_pygls() -> None:
    folder = Path(ckptls.lsp.__file__).parent
    private = re.compile(r"from pygls\.protocol|import pygls\.protocol|\bprotocol\._")
    using = {path for path in folder.rglob("*.py") if private.search(path.read_text("utf-8"))}
    assert using == {Path(language_server_protocol.__file__)}


@pytest.mark.parametrize("name", sorted(REPLACED))
def test_replaced_method_takes_the_arguments_that_pygls_gives(name: str) -> None:
    theirs = inspect.signature(getattr(LanguageServerProtocol, name)).parameters
    ours = inspect.signature(getattr(Protocol, name)).parameters
    assert [(each.name, each.kind) for each in ours.values()] == [
        (each.name, each.kind) for each in theirs.values()
    ]


@pytest.mark.parametrize(
    "name", [name for name in vars(Protocol) if name.startswith("lsp_")], ids=str
)
def test_builtin_handler_replaces_that_of_pygls(name: str) -> None:
    theirs, ours = getattr(LanguageServerProtocol, name, None), getattr(Protocol, name)
    assert theirs is not None, "both would be registered"
    assert theirs.method_name == ours.method_name


def test_execute_handler_runs_requests_and_notifications(pygls: Recorder) -> None:
    ask(pygls)
    tell(pygls)
    requested, notified = (kwargs for _, kwargs in pygls.calls["_execute_handler"])
    assert requested["msg_id"] == 7
    assert set(requested) == set(notified) == {"msg_id", "handler", "callback", "args"}


def test_send_handler_result_ends_a_request(pygls: Recorder) -> None:
    ask(pygls)
    ((future,), kwargs) = pygls.calls["_send_handler_result"][0]
    assert isinstance(future, Future) and kwargs == {"msg_id": 7}


def test_check_handler_result_ends_a_notification(pygls: Recorder) -> None:
    tell(pygls)
    ((future,), kwargs) = pygls.calls["_check_handler_result"][0]
    assert isinstance(future, Future) and not kwargs


def test_send_response_answers_a_request(pygls: Recorder) -> None:
    ask(pygls)
    (args, kwargs) = pygls.calls["_send_response"][0]
    assert args == (7,) and kwargs == {"result": None}


def test_send_data_sends_answers_notifications_and_requests(pygls: Recorder) -> None:
    ask(pygls)
    pygls.notify(types.WINDOW_LOG_MESSAGE, types.LogMessageParams(types.MessageType.Info, "x"))
    pygls.send_request(types.WORKSPACE_DIAGNOSTIC_REFRESH)
    sent = [type(args[0]).__name__ for args, _ in pygls.calls["_send_data"]]
    assert sent == [
        "JsonRPCResponseMessage",
        "LogMessageNotification",
        "DiagnosticRefreshRequest",
    ]


def test_cancel_notification_is_handled_by_its_method(pygls: Recorder) -> None:
    pygls.handle_message(types.CancelNotification(types.CancelParams(7)))
    assert pygls.calls["_handle_cancel_notification"] == [((7,), {})]


def test_request_futures_and_result_types_hold_what_the_client_was_asked(pygls: Recorder) -> None:
    future = pygls.send_request(types.WORKSPACE_CONFIGURATION, None, msg_id="own")
    assert pygls._request_futures["own"] is future
    assert pygls._result_types["own"] is types.ConfigurationResponse


def test_request_futures_hold_handlers_that_go_on(pygls: Recorder) -> None:
    future: Future[Any] = Future()
    pygls._request_futures[7] = future
    pygls.handle_message(types.CancelNotification(types.CancelParams(7)))
    assert future.cancelled()


def test_message_id_is_known_in_a_handler(pygls: Recorder) -> None:
    ask(pygls, 9)
    assert pygls.seen_id == 9  # type: ignore[attr-defined]


def test_shutdown_flag_stops_requests(pygls: Recorder) -> None:
    assert pygls._shutdown is False
    pygls._shutdown = True
    ask(pygls)
    assert not pygls.calls["_execute_handler"]


def test_include_headers_is_set_with_the_writer(pygls: Recorder) -> None:
    pygls.set_writer(io.BytesIO(), include_headers=True)  # type: ignore[arg-type]
    assert pygls._include_headers is True
    pygls.set_writer(io.BytesIO(), include_headers=False)  # type: ignore[arg-type]
    assert pygls._include_headers is False


def test_serialize_message_makes_json_of_typed_results(pygls: Recorder) -> None:
    text = json.dumps({"at": types.Position(1, 2)}, default=pygls._serialize_message)
    assert json.loads(text) == {"at": {"line": 1, "character": 2}}


def test_converter_structures_typed_messages(pygls: Recorder) -> None:
    data = {"jsonrpc": "2.0", "id": 1, "method": "shutdown"}
    assert isinstance(
        pygls._converter.structure(data, types.ShutdownRequest), types.ShutdownRequest
    )


def test_server_is_the_one_it_was_made_for() -> None:
    server = LanguageServer("test", "1")
    assert server.protocol._server is server
