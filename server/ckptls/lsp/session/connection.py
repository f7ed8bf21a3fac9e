"""The server of one connection, which loads its handlers after `initialize`."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from pygls.exceptions import JsonRpcException
from pygls.lsp.server import LanguageServer

from ckptls._version import __version__
from ckptls.lsp.protocol.client_capabilities import Client
from ckptls.lsp.protocol.language_server_protocol import Protocol

if TYPE_CHECKING:
    from ckptls.lsp.session.session import Session

logger = logging.getLogger(__name__)


# Registers all handlers for a client with these folders (URIs), and returns its session.
Equip = Callable[["Server", Client, Sequence[str]], "Session"]


class Server(LanguageServer):
    """The server of one connection, with its session."""

    protocol: Protocol

    def __init__(self, equip: Equip) -> None:
        super().__init__("ckptls", __version__, protocol_cls=Protocol)
        self._equip = equip
        self._introduction: tuple[Client, Sequence[str]] | None = None
        self._session: Session | None = None
        # Whether the process must end when its client does.
        self.ends_with_client = False

    def introduce(self, client: Client, folders: Sequence[str]) -> None:
        """Keeps the abilities of the client and the URIs of its folders."""
        self._introduction = client, folders

    def equip(self) -> None:
        """Loads the request handlers, once, after `introduce`."""
        if self._session is None and self._introduction is not None:
            introduction, self._introduction = self._introduction, None
            try:
                self._session = self._equip(self, *introduction)
            except Exception:
                logger.exception("loading the request handlers failed; no request is answered")

    @property
    def session(self) -> Session:
        """The state of the client and its files; only after `introduce`."""
        self.equip()
        assert self._session is not None
        return self._session

    def shut_down(self) -> None:
        """Stops all work in the background."""
        if self._session is not None:
            self._session.shut_down()

    def report_server_error(self, error: Exception, source: Any) -> None:
        """Logs an error, and sends nothing: the client may be gone."""
        logger.error("%s", error, exc_info=error)
        if source is JsonRpcException and isinstance(error, (ValueError, RecursionError)):
            self.protocol.refuse_unreadable(error)
