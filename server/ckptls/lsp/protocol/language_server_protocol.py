"""Extends pygls 2.1: order of messages, cancellation, errors, and results that are JSON already.

Parts of pygls that are private are replaced here and nowhere else, and each is tested in
`tests/lsp/test_pygls_internals.py`. What differs from pygls:

- Messages that two threads write at once are not mixed: the writer takes a lock.
- An error is logged, and not reported to a client that may be gone. A broken pipe ends the
  server.
- A request that cannot be understood, comes before `initialize` or after `shutdown`, or whose
  answer cannot be written is answered with an error. Clients see no tracebacks.
- Only the outermost object of a message is taken for a message.
- A client can cancel only its own requests and answer only those of the server. A wrong answer
  raises where it is awaited.
- Futures of notifications are not kept, and `shutdown` cancels what is under way.
- pygls keeps no second copy of the texts: `Documents` has them.
- Capabilities are sent before the handlers are loaded.
- The windows of a JupyterLab share one server through jupyter-lsp. Each sends `initialize` and
  is answered; the session begins once.
- A long list of results may be JSON already (see `Ready`), because converting it is slow.
"""

from __future__ import annotations

import asyncio
import inspect
import json
import logging
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeGuard, cast

from lsprotocol import types
from pygls.exceptions import (
    JsonRpcException,
    JsonRpcInternalError,
    JsonRpcInvalidParams,
    JsonRpcInvalidRequest,
    JsonRpcMethodNotFound,
    JsonRpcParseError,
    JsonRpcRequestCancelled,
    JsonRpcServerNotInitialized,
)
from pygls.protocol import LanguageServerProtocol, lsp_method
from pygls.protocol.json_rpc import (
    JsonRPCNotification,
    JsonRPCRequestMessage,
    JsonRPCResponseMessage,
)

from ckptls.lsp.protocol import failures, process_exit
from ckptls.lsp.protocol.client_capabilities import Client
from ckptls.lsp.protocol.foreground import Foreground
from ckptls.lsp.protocol.server_capabilities import capabilities

if TYPE_CHECKING:
    from pygls.io_ import AsyncWriter, Writer

    from ckptls.lsp.protocol.host import Host

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Ready:
    """A result that is JSON already; converting a hundred typed items costs milliseconds."""

    value: object


class LockedWriter:
    """Writes one message after the other, from any thread."""

    def __init__(self, writer: AsyncWriter | Writer) -> None:
        self._writer = writer
        self._lock = threading.Lock()

    def close(self) -> Any:
        return self._writer.close()

    def write(self, data: bytes) -> Any:
        with self._lock:
            return self._writer.write(data)


def _delegate_to_feature(method: str) -> Any:
    """Returns a handler that passes a notification on to the registered one, if any."""

    @lsp_method(method)
    def hand_on(self: Protocol, params: Any) -> Any:
        handler = self.fm.features.get(method)
        if handler is not None:
            yield handler, (params,), None

    return hand_on


class Protocol(LanguageServerProtocol):
    """The language server protocol as ckptls speaks it."""

    def __init__(self, server: Any, converter: Any) -> None:
        super().__init__(server, converter)
        self._is_initialized = False
        self._has_begun = False
        # The answer to `initialize` of each window of JupyterLab, which share one server.
        self._greeting: types.InitializeResult | None = None
        self._is_leaving = False
        self._sending: set[asyncio.Future[Any]] = set()
        # Requests of the client that are not answered yet, by their IDs.
        self._asked: dict[int | str, dict[str, Any]] = {}
        # Requests that a message cancels which is read, but not handled yet.
        self._revoked: set[int | str] = set()
        self.foreground = Foreground()

    # Messages in

    @property
    def _host(self) -> Host:
        return cast("Host", self._server)

    def structure_message(self, data: dict[str, Any]) -> Any:
        """Returns the object unchanged: pygls calls this for each object in a message."""
        return data

    def note(self, message: object) -> None:
        """Notes a message that waits to be handled; may be called from any thread."""
        self.foreground.count_read()
        if isinstance(message, dict) and message.get("method") == types.CANCEL_REQUEST:
            params = message.get("params")
            identifier = params.get("id") if isinstance(params, dict) else None
            if _is_id(identifier):
                self._revoked.add(identifier)

    def handle_message(self, message: Any) -> None:
        """Handles one message."""
        if not isinstance(message, dict):
            self._refuse(None, JsonRpcInvalidRequest("a message must be an object"))
        elif isinstance(message.get("method"), str):
            if "id" in message:
                self._take_request(message, message["id"], message["method"])
            else:
                self._take_notification(message, message["method"])
        elif _is_response(message):
            self._take_response(message, message["id"])
        else:
            identifier = message.get("id")
            error = JsonRpcInvalidRequest("neither a request nor a notification nor a response")
            self._refuse(identifier if _is_id(identifier) else None, error)

    def take(self, message: Any) -> None:
        """Handles a message, or the error of one that is not JSON; raises nothing."""
        try:
            if isinstance(message, Exception):
                self.refuse_unreadable(message)
            else:
                self.handle_message(message)
        except Exception as error:
            logger.exception("a message could not be handled")
            identifier = message.get("id") if isinstance(message, dict) else None
            if _is_id(identifier) and identifier in self._asked:
                self._answer_failure(identifier, error)
        finally:
            self.foreground.count_handled()

    def refuse_unreadable(self, error: BaseException) -> None:
        """Answers a message that is not JSON with an error."""
        self._refuse(None, JsonRpcParseError(f"invalid JSON: {type(error).__name__}: {error}"))

    def _take_request(self, message: dict[str, Any], identifier: Any, method: str) -> None:
        if not _is_id(identifier):
            self._refuse(None, JsonRpcInvalidRequest("an id must be a number or a string"))
        elif identifier in self._request_futures:
            self._refuse(identifier, JsonRpcInvalidRequest("a request with this id is in progress"))
        elif self._shutdown:
            self._refuse(identifier, JsonRpcInvalidRequest("the server has been shut down"))
        elif method == types.INITIALIZE and self._greeting is not None:
            self._send_response(identifier, self._greeting)
        elif (method == types.INITIALIZE) is self._is_initialized:
            again = JsonRpcInvalidRequest("the server is already initialized")
            early = JsonRpcServerNotInitialized("the server has not been initialized")
            self._refuse(identifier, again if self._is_initialized else early)
        elif identifier in self._revoked:
            self._refuse(identifier, JsonRpcRequestCancelled("cancelled"))
        else:
            self._answer(message, identifier, method)

    def _answer(self, message: dict[str, Any], identifier: int | str, method: str) -> None:
        kind = self.get_message_type(method)
        if kind is not None and self.get_result_type(method) is None:
            self._refuse(identifier, JsonRpcInvalidRequest(f"{method} is not a request"))
            return
        if self._is_initialized:
            self._host.equip()
        if method not in self.fm.features and method not in self.fm.builtin_features:
            self._refuse(identifier, JsonRpcMethodNotFound.of(method))
            return
        try:
            request = self._structured(message, kind or JsonRPCRequestMessage)
        except JsonRpcException as error:
            self._refuse(identifier, error)
            return
        self._asked[identifier] = message
        self.foreground.begin(identifier, method)
        super().handle_message(request)

    def _take_notification(self, message: dict[str, Any], method: str) -> None:
        kind = self.get_message_type(method)
        if not self._is_initialized and method != types.EXIT:
            logger.warning("%s before initialize", method)
        elif kind is not None and self.get_result_type(method) is not None:
            logger.warning("%s without an id", method)
        elif method == types.INITIALIZED and self._has_begun:
            logger.info("%s again", method)
        else:
            try:
                notification = self._structured(message, kind or JsonRPCNotification)
            except JsonRpcException as error:
                logger.warning("invalid %s: %s", method, error)
                return
            self._has_begun = self._has_begun or method == types.INITIALIZED
            if method != types.EXIT:
                self._host.equip()
            super().handle_message(notification)

    def _take_response(self, message: dict[str, Any], identifier: int | str) -> None:
        future = self._request_futures.get(identifier)
        if future is None or identifier in self._asked or future.done():
            logger.warning("response to an unknown request: %.80r", identifier)
            return
        self._request_futures.pop(identifier)
        kind = self._result_types.pop(identifier, None) or JsonRPCResponseMessage
        try:
            if "error" in message:
                error = self._structured(message, types.ResponseErrorMessage).error
                future.set_exception(JsonRpcException.from_error(error))
            else:
                future.set_result(self._structured(message, kind).result)
        except JsonRpcException as error:
            future.set_exception(error)

    def _structured(self, message: dict[str, Any], kind: Any) -> Any:
        whole = {"params": None, **message} if kind in _UNKNOWN else message
        try:
            return self._converter.structure({**whole, "jsonrpc": self.VERSION}, kind)
        except Exception as error:  # validators and hooks raise whatever they like
            reason = _reason(error)
            raise JsonRpcInvalidParams(f"invalid message: {reason}") from error

    def _handle_cancel_notification(self, msg_id: int | str) -> None:
        if not _is_id(msg_id):
            return
        self._revoked.discard(msg_id)
        if msg_id in self._asked:
            super()._handle_cancel_notification(msg_id)

    def _execute_handler(
        self, msg_id: Any, handler: Any, callback: Any, args: Any = None, kwargs: Any = None
    ) -> None:
        def finished(future: Any) -> None:
            self._request_futures.pop(msg_id, None)
            callback(future)

        super()._execute_handler(msg_id, handler, finished, args, kwargs)

    # Messages out

    def set_writer(self, writer: AsyncWriter | Writer, include_headers: bool = True) -> None:
        super().set_writer(LockedWriter(writer), include_headers)

    def _refuse(self, identifier: int | str | None, error: JsonRpcException) -> None:
        logger.warning("refused: %.200s", error.message)
        self._send_response(identifier, None, error.to_response_error())

    def _send_handler_result(self, future: Any, *, msg_id: int | str) -> None:
        if future.cancelled():
            error: BaseException | None = JsonRpcRequestCancelled("cancelled")
        else:
            error = future.exception()
        if error is None:
            self._send_response(msg_id, future.result())
        elif isinstance(error, JsonRpcException):
            self._send_response(msg_id, None, error.to_response_error())
        else:
            self._answer_failure(msg_id, error)

    def _answer_failure(self, msg_id: int | str, error: BaseException) -> None:
        """Logs an internal error, and answers the request that caused it."""
        logger.error("a request failed", exc_info=error)
        message = self._asked.get(msg_id, {})
        method = message.get("method", "")
        if failures.gets_empty_answer(method):
            empty = Ready(failures.empty_answer(method, message.get("params")))
            self._send_response(msg_id, empty)
        else:
            internal = JsonRpcInternalError(_reason(error))
            self._send_response(msg_id, None, internal.to_response_error())

    def _check_handler_result(self, future: Any) -> None:
        if not future.cancelled() and (error := future.exception()) is not None:
            logger.error("a notification failed", exc_info=error)

    def _send_response(
        self, msg_id: Any, result: Any = None, error: types.ResponseError | None = None
    ) -> None:
        self._asked.pop(msg_id, None)
        self.foreground.end(msg_id)
        if error is None and isinstance(result, Ready):
            self._send_data({"jsonrpc": self.VERSION, "id": msg_id, "result": result.value})
            return
        if error is not None:
            # The converter would leave out an id that is null.
            self._send_data({"jsonrpc": self.VERSION, "id": msg_id, "error": error})
        else:
            self._send_data(JsonRPCResponseMessage(msg_id, self.VERSION, result))

    def _send_data(self, data: Any) -> None:
        if self._is_leaving or self.writer is None:
            return
        try:
            body = json.dumps(data, default=self._serialize_message)
        except Exception as error:  # the request still needs an answer
            logger.exception("a message could not be serialized")
            self._send_failure(data, error)
            return
        if self._include_headers:
            kind = f"{self.CONTENT_TYPE}; charset={self.CHARSET}"
            body = f"Content-Length: {len(body)}\r\nContent-Type: {kind}\r\n\r\n{body}"
        try:
            sent = self.writer.write(body.encode(self.CHARSET))
        except (OSError, ValueError) as error:
            process_exit.exit_now(f"the connection to the client is lost: {error}")
        else:
            if inspect.isawaitable(sent):
                sending = asyncio.ensure_future(sent)
                self._sending.add(sending)
                sending.add_done_callback(self._sending.discard)

    def _send_failure(self, data: Any, error: Exception) -> None:
        identifier = data.get("id") if isinstance(data, dict) else getattr(data, "id", None)
        if isinstance(data, (dict, JsonRPCResponseMessage)):
            failure = JsonRpcInternalError(_reason(error)).to_response_error()
            self._send_response(identifier, None, failure)

    # The life of a connection

    @lsp_method(types.INITIALIZE)
    def lsp_initialize(self, params: types.InitializeParams) -> Any:
        # No handlers are registered yet, so the capabilities of pygls are replaced below.
        result = yield from super().lsp_initialize(params)
        encoding = result.capabilities.position_encoding
        client = Client.from_params(params, str(getattr(encoding, "value", encoding)))
        folders = [folder.uri for folder in params.workspace_folders or ()]
        if not folders and params.root_uri:
            folders = [params.root_uri]
        self._host.introduce(client, folders)
        result.capabilities = self.server_capabilities = capabilities(client)
        if self._host.ends_with_client and params.process_id is not None:
            process_exit.exit_with(params.process_id)
        self._is_initialized = True
        if client.replaces_literals:
            self._greeting = result
        return result

    @lsp_method(types.SHUTDOWN)
    def lsp_shutdown(self, *args: Any) -> Any:
        if types.SHUTDOWN in self.fm.features:  # else the server could not be equipped
            yield self.fm.features[types.SHUTDOWN], args, None
        own = self.msg_id
        for identifier, future in list(self._request_futures.items()):
            if identifier != own and not future.done():
                future.cancel()
        self._shutdown = True

    @lsp_method(types.EXIT)
    def lsp_exit(self, *args: Any) -> Any:
        self.leave()
        raise SystemExit(self.exit_code)

    @property
    def exit_code(self) -> int:
        """The exit code of the process: 0 only after `shutdown`."""
        return 0 if self._shutdown else 1

    def leave(self) -> None:
        """Stops sending: the client has sent `exit`, or is gone."""
        self._is_leaving = True

    @lsp_method(types.WINDOW_WORK_DONE_PROGRESS_CANCEL)
    def lsp_work_done_progress_cancel(self, params: types.WorkDoneProgressCancelParams) -> None:
        running = self.progress.tokens.get(params.token) if _is_id(params.token) else None
        if running is not None:
            running.cancel()

    # pygls would keep texts and folders itself, and fail on those that it does not know.

    lsp_text_document__did_open = _delegate_to_feature(types.TEXT_DOCUMENT_DID_OPEN)
    lsp_text_document__did_change = _delegate_to_feature(types.TEXT_DOCUMENT_DID_CHANGE)
    lsp_text_document__did_close = _delegate_to_feature(types.TEXT_DOCUMENT_DID_CLOSE)
    lsp_notebook_document__did_open = _delegate_to_feature(types.NOTEBOOK_DOCUMENT_DID_OPEN)
    lsp_notebook_document__did_change = _delegate_to_feature(types.NOTEBOOK_DOCUMENT_DID_CHANGE)
    lsp_notebook_document__did_close = _delegate_to_feature(types.NOTEBOOK_DOCUMENT_DID_CLOSE)
    lsp_workspace__did_change_workspace_folders = _delegate_to_feature(
        types.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS
    )


_UNKNOWN = (JsonRPCRequestMessage, JsonRPCNotification)


def _is_id(value: object) -> TypeGuard[int | str]:
    return isinstance(value, (int, str)) and not isinstance(value, bool)


def _is_response(message: dict[str, Any]) -> bool:
    has_result = "result" in message or "error" in message
    return "method" not in message and _is_id(message.get("id")) and has_result


def _reason(error: BaseException) -> str:
    """Returns the cause of an error in one line; errors of converters are groups."""
    while inner := getattr(error, "exceptions", ()):
        error = inner[0]
    lines = str(error).splitlines()
    return f"{type(error).__name__}: {lines[0]:.200}" if lines else type(error).__name__
