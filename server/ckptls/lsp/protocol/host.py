"""The interface of the server that the protocol passes messages to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from ckptls.lsp.protocol.client_capabilities import Client


class Host(Protocol):
    """The server of one connection; see `connection.Server`.

    Attributes:
        ends_with_client: whether the process must end when its client does.
    """

    ends_with_client: bool

    def introduce(self, client: Client, folders: Sequence[str]) -> None:
        """Keep the abilities of the client and the URIs of its folders."""

    def equip(self) -> None:
        """Load the request handlers, once, after `introduce`."""

    def shut_down(self) -> None:
        """Stop all work in the background."""
