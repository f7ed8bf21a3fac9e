"""A connection's server: light until the client has introduced itself."""

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


# Registers all that answers a client with these folders (addresses); its session.
Equip = Callable[["Server", Client, Sequence[str]], "Session"]


class Server(LanguageServer):
    """A connection's server, with its session."""

    protocol: Protocol

    def __init__(self, equip: Equip) -> None:
        super().__init__("ckptls", __version__, protocol_cls=Protocol)
        self._equip = equip
        self._introduction: tuple[Client, Sequence[str]] | None = None
        self._session: Session | None = None
        # Whether it is the child of its client, and must not outlive it.
        self.ends_with_client = False

    def introduce(self, client: Client, folders: Sequence[str]) -> None:
        """Takes note of who the client is, and of the addresses of its folders."""
        self._introduction = client, folders

    def equip(self) -> None:
        """Loads what answers a client that has introduced itself, once."""
        if self._session is None and self._introduction is not None:
            introduction, self._introduction = self._introduction, None
            try:
                self._session = self._equip(self, *introduction)
            except Exception:
                logger.exception("the server cannot be equipped; it answers nothing")

    @property
    def session(self) -> Session:
        """What is known of the client and its files; only once it has introduced itself."""
        self.equip()
        assert self._session is not None
        return self._session

    def shut_down(self) -> None:
        """Ends what goes on in the background."""
        if self._session is not None:
            self._session.shut_down()

    def report_server_error(self, error: Exception, source: Any) -> None:
        """Only to the log: telling a client that may be gone would fail in turn."""
        logger.error("%s", error, exc_info=error)
        if source is JsonRpcException and isinstance(error, (ValueError, RecursionError)):
            self.protocol.refuse_unreadable(error)
