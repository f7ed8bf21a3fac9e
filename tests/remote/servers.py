"""Servers on loopback that count what is asked of them: the web, S3 (moto's), Google's JSON API."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import md5
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server


@dataclass(frozen=True)
class Request:
    """One request, as it came in; `sent_bytes` of body went back."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    status: int
    sent_bytes: int


@dataclass
class Site:
    """A web server: its files by path, what it is able to, and the requests so far.

    `answers` are statuses that some paths get instead; `pages` are directories it lists.
    """

    files: dict[str, bytes] = field(default_factory=dict)
    has_ranges: bool = True
    has_validators: bool = True
    has_head: bool = True
    has_lengths: bool = True
    answers: dict[str, int] = field(default_factory=dict)
    pages: set[str] = field(default_factory=set)
    fallback: bytes | None = None
    redirects: dict[str, str] = field(default_factory=dict)
    range_shift: int = 0
    has_half_bodies: bool = False
    wait_seconds: float = 0.0
    arrivals: int = 0
    requests: list[Request] = field(default_factory=list)
    url: str = ""

    @property
    def sent_bytes(self) -> int:
        return sum(request.sent_bytes for request in self.requests)

    def bodies(self) -> list[str]:
        """The paths of which content was sent, in order."""
        return [r.path for r in self.requests if r.method == "GET" and r.sent_bytes]


@dataclass(frozen=True)
class _Reply:
    """An answer; a `Connection: close` among the headers stands for a length."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    is_half: bool = False


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    answer: Callable[[], _Reply]
    record: Callable[[Request], None]

    def do_GET(self) -> None:
        reply = self.answer()
        is_head = self.command == "HEAD"
        url = urlsplit(self.path)
        headers = {key.lower(): value for key, value in self.headers.items()}
        sent = 0 if is_head else len(reply.body)
        self.record(
            Request(self.command, unquote(url.path), url.query, headers, reply.status, sent)
        )
        self.send_response(reply.status)
        for key, value in reply.headers.items():
            self.send_header(key, value)
        if reply.headers.get("Connection") != "close":
            self.send_header("Content-Length", str(len(reply.body) * (1 + reply.is_half)))
        self.end_headers()
        if not is_head:
            self.wfile.write(reply.body)
            self.close_connection = self.close_connection or reply.is_half

    do_HEAD = do_GET  # noqa: N815  the name that http.server looks for

    def log_message(self, *args: object) -> None:
        """Nothing: the tests look at what was recorded."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *args: object) -> None:
        """A client that goes away early is no error."""


@contextmanager
def _serving(
    answer: Callable[[BaseHTTPRequestHandler], _Reply], record: Callable[[Request], None]
) -> Iterator[str]:
    class Handler(_Handler):
        pass

    Handler.answer, Handler.record = answer, lambda self, request: record(request)
    server = _Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def web_server(site: Site) -> Iterator[Site]:
    """Serves a site."""
    with _serving(lambda handler: _answer(site, handler), site.requests.append) as site.url:
        yield site


def _answer(site: Site, handler: BaseHTTPRequestHandler) -> _Reply:
    path = unquote(urlsplit(handler.path).path)
    site.arrivals += 1
    time.sleep(site.wait_seconds)
    if path in site.redirects:
        return _Reply(302, b"", {"Location": site.redirects[path]})
    if path in site.answers:
        return _Reply(site.answers[path], b"no")
    if handler.command == "HEAD" and not site.has_head:
        return _Reply(405)
    if path in site.pages:
        links = sorted({name[len(path) :].partition("/") for name in site.files if path in name})
        page = "".join(f'<a href="{name}{slash}">x</a>' for name, slash, _ in links)
        return _Reply(200, page.encode(), {"Content-Type": "text/html"})
    if path not in site.files:
        if site.fallback is not None:
            return _Reply(200, site.fallback, {"Content-Type": "text/html; charset=utf-8"})
        return _Reply(404, b"not here")
    return _file(site, site.files[path], handler.headers.get("Range"))


def _file(site: Site, body: bytes, wanted: str | None) -> _Reply:
    headers = {"Content-Type": "application/octet-stream"}
    if site.has_validators:
        headers["ETag"] = f'"{md5(body[:4096] + body[-4096:]).hexdigest()}"'
        headers["Last-Modified"] = "Wed, 01 Jan 2025 00:00:00 GMT"
    if wanted and site.has_half_bodies:
        return _Reply(200, body[: len(body) // 2], headers, is_half=len(body) % 2 == 0)
    if wanted and site.has_ranges:
        first, last = (int(part) for part in wanted.removeprefix("bytes=").split("-"))
        if first >= len(body):
            return _Reply(416, b"", {"Content-Range": f"bytes */{len(body)}"})
        first, last = first + site.range_shift, min(last + site.range_shift, len(body) - 1)
        headers["Content-Range"] = f"bytes {first}-{last}/{len(body)}"
        return _Reply(206, body[first : last + 1], headers)
    if not site.has_lengths:
        headers["Connection"] = "close"
    return _Reply(200, body, headers)


@contextmanager
def google_server(objects: dict[str, bytes], requests: list[Request]) -> Iterator[str]:
    """What gcsfs needs of the JSON API: objects of one bucket called `bucket`, read only."""
    with _serving(lambda handler: _google(objects, handler), requests.append) as url:
        yield url


def _google(objects: dict[str, bytes], handler: BaseHTTPRequestHandler) -> _Reply:
    url = urlsplit(handler.path)
    query = dict(parse_qsl(url.query))
    place = url.path.partition("/storage/v1/b/bucket")[2]
    if place == "/o":
        return _as_json(_google_listing(objects, query.get("prefix", ""), query.get("delimiter")))
    if not place and url.path.endswith("/b/bucket"):
        return _as_json({"name": "bucket"})
    name = unquote(place.removeprefix("/o/"))
    if name not in objects:
        return _as_json({"error": {"code": 404, "message": "not here"}}, 404)
    if query.get("alt") == "media":
        first, last = handler.headers["Range"].removeprefix("bytes=").split("-")
        return _Reply(206, objects[name][int(first) : int(last) + 1])
    return _as_json(_google_object(objects, name))


def _google_listing(objects: dict[str, bytes], prefix: str, delimiter: str | None) -> object:
    items, prefixes = [], set()
    for name in objects:
        rest = name[len(prefix) :]
        if not name.startswith(prefix):
            continue
        if delimiter and delimiter in rest:
            prefixes.add(prefix + rest.partition(delimiter)[0] + delimiter)
        else:
            items.append(_google_object(objects, name))
    return {"items": items, "prefixes": sorted(prefixes)}


def _google_object(objects: dict[str, bytes], name: str) -> object:
    generation = str(int(md5(objects[name]).hexdigest()[:12], 16))
    return {
        "name": name,
        "bucket": "bucket",
        "size": str(len(objects[name])),
        "generation": generation,
        "updated": "2025-01-01T00:00:00.000Z",
    }


def _as_json(value: object, status: int = 200) -> _Reply:
    return _Reply(status, json.dumps(value).encode(), {"Content-Type": "application/json"})


class _Quiet(WSGIRequestHandler):
    def log_request(self, *args: Any) -> None:
        """Nothing."""


@contextmanager
def s3_server(requests: list[Request]) -> Iterator[str]:
    """Moto's S3 server, with every request noted."""
    inner = DomainDispatcherApplication(create_backend_app)

    def application(environ: dict[str, Any], start_response: Any) -> Any:
        seen: dict[str, str] = {}

        def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            seen["status"] = status[:3]
            return start_response(status, headers, *rest)

        body = b"".join(inner(environ, start))
        method = environ["REQUEST_METHOD"]
        sent = 0 if method == "HEAD" else len(body)
        requests.append(
            Request(
                method,
                environ["PATH_INFO"],
                environ.get("QUERY_STRING", ""),
                {},
                int(seen["status"]),
                sent,
            )
        )
        return [body]

    server = make_server("127.0.0.1", 0, application, threaded=True, request_handler=_Quiet)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
