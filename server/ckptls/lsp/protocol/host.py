"""What the protocol asks of the server whose messages it passes on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from ckptls.lsp.protocol.client_capabilities import Client


class Host(Protocol):
    """The server of one connection; see `connection.Server`.

    Attributes:
        ends_with_client: whether it is the child of its client, and must not outlive it.
    """

    ends_with_client: bool

    def introduce(self, client: Client, folders: Sequence[str]) -> None:
        """Take note of who the client is, and of the addresses of its folders."""

    def equip(self) -> None:
        """Load what answers a client that has introduced itself, once."""

    def shut_down(self) -> None:
        """End what goes on in the background."""
