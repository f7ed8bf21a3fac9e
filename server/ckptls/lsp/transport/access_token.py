"""Access to a server that listens on a port: only clients that know its token.

Every program of the machine, and every web page in its browser, can connect to a port of the
loopback interface. What a server knows is what its user may read, so a connection has to prove
that the same user made it.
"""

from __future__ import annotations

import hmac
import os
import secrets
import socket
import sys
from collections.abc import Collection
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any

from lsprotocol import types

TOKEN_VARIABLE = "CKPTLS_TOKEN"
_TOKEN_BYTES = 24


class ListenError(Exception):
    """The server cannot listen on a port; the message says why."""


@dataclass(frozen=True, slots=True)
class Access:
    """What a connection must prove.

    token: the secret of this server; is_own: it was made at start, not given by the user.
    origins: the origins of web pages that may connect, as in their `Origin` header.
    """

    token: str = field(repr=False)
    is_own: bool
    origins: frozenset[str] = frozenset()

    def admits_token(self, given: object) -> bool:
        """Whether it is the token; the time does not depend on how much of it is right."""
        if not isinstance(given, str):
            return False
        sent = given.encode("utf-8", "surrogatepass")
        return hmac.compare_digest(sent, self.token.encode("utf-8", "surrogateescape"))

    def admits_origins(self, given: Collection[str]) -> bool:
        """Whether no web page connects, or one that the user allows."""
        return all(origin in self.origins for origin in given)

    def admits_first(self, message: Any) -> bool:
        """Whether the first message is `initialize` with the token, which is removed from it."""
        params = message.get("params") if isinstance(message, dict) else None
        options = params.get("initializationOptions") if isinstance(params, dict) else None
        if message_method(message) != types.INITIALIZE or not isinstance(options, dict):
            return False
        return self.admits_token(options.pop("token", None))


def message_method(message: Any) -> object:
    """Returns the method of a message; None if it has none."""
    return message.get("method") if isinstance(message, dict) else None


def create_access(origins: Collection[str] = ()) -> Access:
    """Returns the access to a new server: with the token of the environment, or a new one.

    The variable is removed, so that no process that the server starts inherits it.

    Raises:
        ListenError: the environment gives an empty token.
    """
    given = os.environ.pop(TOKEN_VARIABLE, None)
    if given is not None and not given.strip():
        raise ListenError(f"{TOKEN_VARIABLE} is empty; give it a secret, or unset it")
    token = given or secrets.token_urlsafe(_TOKEN_BYTES)
    return Access(token, given is None, frozenset(origins))


def listening_socket(host: str, port: int, is_public: bool) -> socket.socket:
    """Returns a socket that listens on an address of this machine.

    is_public: whether other machines may reach it.

    Raises:
        ListenError: the host is unknown, other machines could reach it although they may not,
            or the port is in use or not permitted.
    """
    shown = f"{host}:{port}"
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as error:
        raise ListenError(f"cannot listen on {shown}: unknown host") from error
    if not is_public and not all(_is_loopback(address[4][0]) for address in found):
        raise ListenError(
            f"cannot listen on {shown}: other machines could connect, unencrypted; "
            "use 127.0.0.1, or add --allow-other-machines"
        )
    family, _, _, _, address = found[0]
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        if sys.platform != "win32":  # there the option would let two servers share a port
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(128)
    except OSError as error:
        listening.close()
        raise ListenError(f"cannot listen on {shown}: {error.strerror}") from error
    listening.setblocking(False)
    return listening


def shown_address(listening: socket.socket) -> str:
    """Returns `127.0.0.1:9000`, with the port that the system chose for port 0."""
    host, port = listening.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _is_loopback(host: object) -> bool:
    return ip_address(str(host).partition("%")[0]).is_loopback
