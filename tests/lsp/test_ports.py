"""A server that listens on a port speaks to clients that know its token, and to nobody else."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Origin

from ckptls.lsp.transport import tcp
from lsp.conftest import COMMAND
from lsp.wire import Message, framed, received

TOKEN = "a-token-for-tests"
SECONDS = 20.0


class Service:
    """A server process that listens on a free port of the loopback interface."""

    def __init__(self, kind: str, *arguments: str, token: str | None = TOKEN) -> None:
        env = {name: value for name, value in os.environ.items() if name != "CKPTLS_TOKEN"}
        if token is not None:
            env["CKPTLS_TOKEN"] = token
        self.process = subprocess.Popen(
            [*COMMAND, f"--{kind}", "127.0.0.1:0", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=env,
            text=True,
        )
        assert self.process.stderr is not None
        self.greeting = self.process.stderr.readline()
        found = re.search(r"127\.0\.0\.1:(\d+)", self.greeting)
        assert found is not None, self.greeting
        self.port = int(found[1])

    def connection(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), SECONDS)

    def answer_to(self, data: bytes) -> bytes:
        """All that comes back on a new connection until the server closes it."""
        with self.connection() as connection:
            try:
                connection.sendall(data)
                return b"".join(iter(lambda: connection.recv(4096), b""))
            except (ConnectionResetError, BrokenPipeError):
                return b""

    def stop(self) -> None:
        assert self.process.poll() is None, "the server has ended"
        self.process.kill()
        self.process.communicate()


@contextmanager
def started(kind: str, *arguments: str, token: str | None = TOKEN) -> Iterator[Service]:
    service = Service(kind, *arguments, token=token)
    try:
        yield service
    finally:
        service.stop()


@pytest.fixture
def tcp_service() -> Iterator[Service]:
    with started("tcp") as service:
        yield service


@pytest.fixture
def ws_service() -> Iterator[Service]:
    with started("ws") as service:
        yield service


class TcpClient:
    """A client on a connection of its own."""

    def __init__(self, service: Service, token: object = TOKEN) -> None:
        self.connection = service.connection()
        self.stream = self.connection.makefile("rb")
        options = {"token": token}
        params = {"processId": None, "capabilities": {}, "initializationOptions": options}
        self.send(id=0, method="initialize", params=params)

    def send(self, **message: Any) -> None:
        self.connection.sendall(framed({"jsonrpc": "2.0", **message}))

    def answer(self, identifier: int) -> Message:
        for message in received(self.stream):
            if message.get("id") == identifier and "method" not in message:
                return message
        raise AssertionError("the connection was closed")

    def close(self) -> None:
        self.stream.close()
        self.connection.close()


def initialize(options: object) -> bytes:
    params = {"processId": None, "capabilities": {}, "initializationOptions": options}
    return framed({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params})


BODY = initialize({"token": TOKEN}).partition(b"\r\n\r\n")[2]
STRANGERS = {
    "no token": initialize({}),
    "no options": initialize(None),
    "another token": initialize({"token": TOKEN[:-1] + "x"}),
    "a token that is not a string": initialize({"token": [TOKEN]}),
    "a surrogate as token": initialize({"token": "\ud800"}),
    "another first message": framed({"jsonrpc": "2.0", "id": 0, "method": "shutdown"}),
    "not an object": framed([TOKEN]),
    "not JSON": b"Content-Length: 3\r\n\r\n{{{",
    "an HTTP request": b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n%s"
    % (len(BODY), BODY),
    "an HTTP request in text": b"POST / HTTP/1.1\r\nContent-Type: text/plain\r\n"
    b"Content-Length: 9999\r\n\r\n" + initialize({"token": TOKEN}),
    "a length of 4 GB": b"Content-Length: 4294967296\r\n\r\n" + b"x" * 100_000,
    "a header without an end": b"Content-Length" * 10_000,
    "many headers": b"Content-Type: x\r\n" * 10_000,
    "nothing but an end": b"\r\n" * 10,
}


@pytest.mark.parametrize("data", STRANGERS.values(), ids=STRANGERS)
def test_tcp_closes_the_connection_of_a_stranger_without_an_answer(tcp_service, data):
    assert tcp_service.answer_to(data) == b""
    with closing(TcpClient(tcp_service)) as client:
        assert "capabilities" in client.answer(0)["result"]


def test_tcp_serves_a_client_after_another_and_beside_another(tcp_service):
    with closing(TcpClient(tcp_service)) as one, closing(TcpClient(tcp_service)) as other:
        for client in (one, other):
            assert "capabilities" in client.answer(0)["result"]
        one.send(id=7, method="no/such")
        other.send(id=8, method="no/such")
        assert one.answer(7)["error"]["code"] == other.answer(8)["error"]["code"] == -32601
        one.send(id=9, method="shutdown")
        assert one.answer(9)["result"] is None
        one.send(method="exit")
        assert one.stream.read() == b""
        other.send(id=10, method="no/such")
        assert other.answer(10)["error"]["code"] == -32601
    with closing(TcpClient(tcp_service)) as third:
        assert "capabilities" in third.answer(0)["result"]


def test_tcp_sessions_do_not_share_documents(tcp_service, tmp_path: Path):
    uri = (tmp_path / "a.py").as_uri()
    with closing(TcpClient(tcp_service)) as one, closing(TcpClient(tcp_service)) as other:
        for client, name in ((one, "a:0"), (other, "a")):
            client.answer(0)
            client.send(method="initialized", params={})
            text = f'tf.train.load_checkpoint("gone.ckpt").get_tensor("{name}")\n'
            document = {"uri": uri, "languageId": "python", "version": 1, "text": text}
            client.send(method="textDocument/didOpen", params={"textDocument": document})
        found = {}
        for name, client in (("one", one), ("other", other)):
            client.send(
                id=1, method="textDocument/diagnostic", params={"textDocument": {"uri": uri}}
            )
            found[name] = [each["code"] for each in client.answer(1)["result"]["items"]]
        assert found == {"one": ["tensor-suffix"], "other": []}


def test_tcp_survives_half_open_connections(tcp_service):
    waiting = [tcp_service.connection() for _ in range(300)]
    try:
        with closing(TcpClient(tcp_service)) as client:
            assert "capabilities" in client.answer(0)["result"]
        assert waiting[0].recv(1) == b"", "the oldest is closed"
        waiting[-1].sendall(initialize({"token": TOKEN}))
        assert waiting[-1].recv(14) == b"Content-Length"
    finally:
        for connection in waiting:
            connection.close()


def test_tcp_closes_a_connection_that_sends_too_much(tcp_service):
    with closing(TcpClient(tcp_service)) as client:
        client.answer(0)
        client.connection.sendall(b"Content-Length: 4294967296\r\n\r\n")
        assert client.stream.read() == b""
    with closing(TcpClient(tcp_service)) as client:
        assert "capabilities" in client.answer(0)["result"]


def test_tcp_refuses_more_sessions_than_it_can_hold(tcp_service):
    clients = [TcpClient(tcp_service) for _ in range(tcp.MAX_SESSIONS)]
    try:
        for client in clients:
            client.answer(0)
        with closing(TcpClient(tcp_service)) as one_more:
            assert one_more.stream.read() == b""
        clients.pop().close()
        for _ in range(100):
            with closing(TcpClient(tcp_service)) as again:
                if again.stream.read(1):
                    return
        raise AssertionError("the place of a client that left is not free")
    finally:
        for client in clients:
            client.close()


def test_a_token_is_made_and_printed_if_none_is_given():
    with started("tcp", token=None) as service:
        made = re.search(r"the token of clients is (\S{32})$", service.greeting.strip())
        assert made is not None
        assert service.answer_to(initialize({"token": TOKEN})) == b""
        with closing(TcpClient(service, made[1])) as client:
            assert "capabilities" in client.answer(0)["result"]


def test_a_token_that_is_given_is_not_printed(tcp_service):
    assert TOKEN not in tcp_service.greeting


# Websockets


def address(service: Service, query: str = f"?token={TOKEN}") -> str:
    return f"ws://127.0.0.1:{service.port}/{query}"


@pytest.mark.parametrize("query", ["", "?token=", "?token=x", f"?token=x&token={TOKEN}"])
def test_ws_refuses_an_address_without_the_token(ws_service, query):
    with pytest.raises(InvalidStatus, match="403"):
        connect(address(ws_service, query))


@pytest.mark.parametrize("origin", ["https://page.example", "null", "http://127.0.0.1:80"])
def test_ws_refuses_web_pages(ws_service, origin):
    with pytest.raises(InvalidStatus, match="403"):
        connect(address(ws_service), origin=origin)


@pytest.mark.parametrize("target", ["//[?token=x", "http://[/?token=x", "/#?token=" + TOKEN])
def test_ws_refuses_an_invalid_address(ws_service, target):
    headers = "Host: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    headers += f"Sec-WebSocket-Key: {'A' * 22}==\r\nSec-WebSocket-Version: 13\r\n"
    answer = ws_service.answer_to(f"GET {target} HTTP/1.1\r\n{headers}\r\n".encode())
    assert answer.startswith(b"HTTP/1.1 403")


def test_ws_refuses_plain_http(ws_service):
    answer = ws_service.answer_to(b"GET /?token=x HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert re.match(rb"HTTP/1.1 (403|426) ", answer)
    assert not re.match(
        rb"HTTP/1.1 2", ws_service.answer_to(b"POST / HTTP/1.1\r\nHost: x\r\n\r\n{}")
    )


def test_ws_admits_a_page_that_the_user_allows():
    origin = Origin("https://editor.example")
    with started("ws", "--allow-origin", origin) as service:
        with connect(address(service), origin=origin) as client:
            assert "capabilities" in ask(client, 0, "initialize")["result"]
        with pytest.raises(InvalidStatus, match="403"):
            connect(address(service), origin=Origin("https://page.example"))


def test_ws_serves_several_clients(ws_service):
    with connect(address(ws_service)) as one, connect(address(ws_service)) as other:
        for client in (one, other):
            assert "capabilities" in ask(client, 0, "initialize")["result"]
        assert ask(one, 1, "shutdown")["result"] is None
        one.send(json.dumps({"jsonrpc": "2.0", "method": "exit"}))
        assert list(one) == []
        assert ask(other, 2, "no/such")["error"]["code"] == -32601
        other.send("{{{")
        assert json.loads(other.recv(SECONDS))["error"]["code"] == -32700
    with connect(address(ws_service)) as third:
        assert "capabilities" in ask(third, 0, "initialize")["result"]


def test_ws_prints_the_whole_address():
    with started("ws", token=None) as service:
        found = re.search(r"ws://127\.0\.0\.1:\d+/\?token=\S+", service.greeting)
        assert found is not None
        with connect(found[0]) as client:
            assert "capabilities" in ask(client, 0, "initialize")["result"]


def ask(client: Any, identifier: int, method: str) -> Message:
    params = {"processId": None, "capabilities": {}} if method == "initialize" else None
    message = {"jsonrpc": "2.0", "id": identifier, "method": method, "params": params}
    client.send(json.dumps(message))
    while True:
        answer: Message = json.loads(client.recv(SECONDS))
        if answer.get("id") == identifier:
            return answer


# What cannot be


def refused(*arguments: str, token: str = TOKEN) -> str:
    ran = subprocess.run(
        [*COMMAND, *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "CKPTLS_TOKEN": token},
        stdin=subprocess.DEVNULL,
        check=False,
    )
    assert (ran.returncode, ran.stdout) == (2, "")
    return ran.stderr.splitlines()[-1]


@pytest.mark.parametrize("kind", ["tcp", "ws"])
def test_busy_port_is_reported_in_a_sentence(kind):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        said = refused(f"--{kind}", f"127.0.0.1:{port}")
    assert said == f"ckptls: cannot listen on 127.0.0.1:{port}: Address already in use"


@pytest.mark.parametrize("host", ["0.0.0.0", "[::]"])
def test_other_machines_may_connect_only_with_the_option(host):
    assert "other machines could connect" in refused("--tcp", f"{host}:0")


def test_empty_token_is_reported_in_a_sentence():
    assert refused("--tcp", "127.0.0.1:0", token=" ").startswith("ckptls: CKPTLS_TOKEN is empty")


def test_unknown_host_is_reported_in_a_sentence():
    said = refused("--tcp", "no-such-host.invalid:80")
    assert said == "ckptls: cannot listen on no-such-host.invalid:80: unknown host"


@pytest.mark.parametrize("text", ["9000", "127.0.0.1:x", "127.0.0.1:70000", ":²"])
def test_invalid_address_is_reported_in_a_sentence(text):
    assert refused("--tcp", text).endswith(f"`{text}` is not HOST:PORT")
